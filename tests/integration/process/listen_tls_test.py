"""TLS of the listeners: what is refused at the start, how a certificate is renewed, what a peer that fails leaves."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import unittest

from loadstar_process import WAIT, ClusterCase

BINARY = os.environ["LOADSTAR_BINARY"]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=WAIT)


class ListenTlsCase(ClusterCase):
    def setUp(self):
        super().setUp()
        for name, days in (("first", 10), ("second", 20)):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days,
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.pem"))
            self.file(f"{name}.key").chmod(0o600)
        self.file("garbage").write_text("garbage\n", encoding="utf-8")
        self.file("empty").touch()
        # Clients trust both.
        self.file("trusted.pem").write_bytes(self.file("first.pem").read_bytes() + self.file("second.pem").read_bytes())

    def file(self, name):
        return self.directory / name

    def tls(self, certificate, key, **more):
        return {"enabled": True, "cert_file": str(self.file(certificate)), "key_file": str(self.file(key)),
                "reload_interval": "1s", **more}

    def use(self, certificate, key):
        """As `cp` does it: the files are emptied and written."""
        shutil.copyfile(self.file(certificate), self.file("live.pem"))
        shutil.copyfile(self.file(key), self.file("live.key"))

    def served(self, daemon):
        """Name and end of the certificate of a connection that gRPC answers."""
        context = ssl.create_default_context(cafile=self.file("trusted.pem"))
        context.set_alpn_protocols(["h2"])
        host, port = daemon.target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), WAIT) as plain:
            with context.wrap_socket(plain, server_hostname=host) as connection:
                self.assertTrue(connection.recv(9), "SETTINGS")
                shown = connection.getpeercert()
        return shown["subject"][0][0][1], ssl.cert_time_to_seconds(shown["notAfter"])


class StartTest(ListenTlsCase):
    def test_files_that_no_client_could_connect_with_are_refused(self):
        for tls, option, file, text in (
            (self.tls("garbage", "first.key"), "cert_file", "garbage", "holds no certificate in PEM"),
            (self.tls("first.pem", "garbage"), "key_file", "garbage", "holds no private key in PEM"),
            (self.tls("first.pem", "second.key"), "key_file", "second.key", "is not the key of the first certificate"),
            (self.tls("first.key", "first.pem"), "cert_file", "first.key", "holds no certificate in PEM"),
            (self.tls("first.key", "first.pem"), "key_file", "first.pem", "holds no private key in PEM"),
            (self.tls("empty", "first.key"), "cert_file", "empty", "is empty"),
            (self.tls("first.pem", "first.key", client_ca_file=str(self.file("garbage"))),
             "client_ca_file", "garbage", "holds no certificate in PEM"),
        ):
            with self.subTest(tls=tls):
                self.check_refused(tls, option, file, text)

    def check_refused(self, tls, option, file, text):
        path = self.file("loadstar.yaml")
        path.write_text(json.dumps({  # which is YAML
            "version": 1, "unknown_tables": "allow_with_defaults",
            "starrocks": {"load_urls": ["http://127.0.0.1:9"], "user": "root"},
            "listen": {"grpc": ["127.0.0.1:0"], "tls": tls},
            "admin": {"probe_listen": "127.0.0.1:0", "listen": "127.0.0.1:0"},
        }), encoding="utf-8")
        for command in (("validate", path), ("serve", "--config", path)):
            done = subprocess.run([BINARY, *command], capture_output=True, text=True, timeout=WAIT)
            self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
            self.assertRegex(done.stderr, rf"error: listen\.tls\.{option}: `[^`]*{file}` {text}")


class RenewalTest(ListenTlsCase):
    # F254
    def test_a_renewal_by_steps_ends_no_handshake_and_not_the_daemon(self):
        self.use("first.pem", "first.key")
        self.file("live.key").chmod(0o600)
        daemon = self.start_daemon(self.start_emulator(), {"listen": {"tls": self.tls("live.pem", "live.key")}})
        name, first_end = self.served(daemon)
        self.assertEqual(name, "first")
        for certificate, key, problem in (
            ("empty", "first.key", "is empty"),
            ("first.pem", "empty", "is empty"),
            ("garbage", "first.key", "holds no certificate"),
            ("second.pem", "first.key", "is not the key of"),
        ):
            seen = len(daemon.process.lines)
            self.use(certificate, key)
            line = json.loads(daemon.process.wait_line(
                lambda text, problem=problem: "the changed certificate is not used" in text and problem in text,
                start=seen))
            self.assertEqual(line["level"], "warn")
            self.assertEqual(self.served(daemon), ("first", first_end), problem)
            self.assertEqual(self.end_metric(daemon), first_end)
        self.use("second.pem", "second.key")
        line = json.loads(daemon.process.wait_line(lambda text: "the changed certificate is used" in text))
        self.assertEqual((line["level"], line["subject"]), ("info", "CN=second"))
        until = time.monotonic() + WAIT
        while (shown := self.served(daemon)) == ("first", first_end) and time.monotonic() < until:
            pass
        self.assertEqual(shown[0], "second")
        self.assertEqual(self.end_metric(daemon), shown[1])
        self.assertNotIn("PRIVATE KEY", "".join(daemon.process.lines))
        daemon.terminate()
        self.assertEqual(daemon.process.wait(), 0)

    def end_metric(self, daemon):
        return daemon.metric("loadstar_tls_certificate_expiry_timestamp_seconds", usage="grpc")


class PeerTest(ListenTlsCase):
    def test_failed_handshakes_leave_few_lines_and_each_is_json(self):
        daemon = self.start_daemon(self.start_emulator(), {"listen": {"tls": self.tls("first.pem", "first.key")}})
        host, port = daemon.target.rsplit(":", 1)
        for _ in range(200):
            with socket.create_connection((host, int(port)), WAIT) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: scanner\r\n\r\n")
                self.read_to_end(plain)
        self.assertEqual(self.served(daemon)[0], "first")
        daemon.terminate()
        self.assertEqual(daemon.process.wait(), 0)
        lines = [json.loads(line) for line in daemon.process.lines]  # each of them
        told = [line for line in lines if line.get("source") == "grpc" and line["level"] == "warn"]
        self.assertTrue(told)
        self.assertIn("Handshake failed", "".join(line["message"] for line in told))
        self.assertLess(len(told), 100)

    @staticmethod
    def read_to_end(connection):
        try:
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass


if __name__ == "__main__":
    unittest.main()
