"""Exactly-once with a StarRocks that is reached by TLS."""

import ssl
import subprocess
import unittest

from loadstar_process import FaultProxy
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import commit


class TlsTest(OnceCase):
    """A proxy speaks TLS for the frontend and the backends. The frontend does not know that, and redirects to http://."""

    def setUp(self):
        super().setUp()
        self.daemon.stop()
        self.certificate = self.directory / "certificate.pem"
        key = self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=StarRocks", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        ports = self.emulator.ports
        self.proxy = FaultProxy([ports["fe"], *ports["be"]], context)
        self.addCleanup(self.proxy.stop)

    def start_by_tls(self, **more):
        starrocks = {**self.CONFIGURATION["starrocks"], "tls": {"enabled": True, "ca_file": str(self.certificate)}, **more}
        url = f"https://{self.proxy.address(self.emulator.ports['fe'])}"
        self.daemon = self.new_daemon([url], {**self.CONFIGURATION, "starrocks": starrocks}).start()
        self.client = self.connect(self.daemon)

    # F064: a redirect from https:// to http:// is not followed, unless the configuration names where it leads.
    def test_a_redirect_does_not_lead_out_of_tls(self):
        self.start_by_tls()
        stream = self.raw("a")
        stream.write(1, [0])
        error = self.refused("INTERVAL_LOST", stream.checkpoint, 1)
        self.assertRegex(str(error), "redirect from https to http://127.0.0.1:[0-9]+ refused")
        redirected = self.requests_of("a", "begin")
        self.assertEqual({(entry["server"], entry["http_status"]) for entry in redirected}, {("fe1", 307)})
        self.assertEqual(self.lines("a"), {})
        self.daemon.stop()
        self.start_by_tls(redirect_map=self.proxy.redirect_map)
        stream = self.raw("a", 2)
        stream.write(1, [0])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})


if __name__ == "__main__":
    unittest.main()
