"""The password of StarRocks is in no log, page or metric, plain or encoded."""

import base64
import os
import subprocess
import unittest

from loadstar_client import LoadstarError
from loadstar_process import WAIT, ClusterCase
from rows import TABLES, missing, write

CANARY = "canary-5f1c0de-pässword"
USER = "loader"


class SecretTest(ClusterCase):
    TABLES = TABLES

    def assert_hidden(self, where, text):
        pair = f"{USER}:{CANARY}".encode()
        for form in (CANARY, base64.b64encode(CANARY.encode()).decode(), base64.b64encode(pair).decode()):
            self.assertNotIn(form.rstrip("="), text, where)

    def start(self, emulator_password):
        emulator = self.start_emulator(options=["--user", f"{USER}:{emulator_password}"])
        password = self.directory / "password"
        password.write_text(CANARY + "\n", encoding="utf-8")
        password.chmod(0o400)
        # No "password" beside the file: the two exclude each other.
        daemon = self.new_daemon(
            [emulator.url],
            {"starrocks": {"password_file": str(password)},
             "shutdown": {"grace": "8s", "margin": "1s", "deadline": "3s"}},
            user=USER,
        )
        del daemon.configuration["starrocks"]["password"]
        return emulator, daemon.start()

    def assert_hidden_everywhere(self, daemon):
        for door, path in (("probe", "/metrics"), ("probe", "/readyz?verbose"), ("probe", "/livez?verbose"),
                           ("admin", "/"), ("admin", "/api/status"), ("admin", "/metrics")):
            status, body = daemon.get(path, door)
            self.assertEqual(status, 200, path)
            self.assert_hidden(path, body)
        daemon.terminate()
        self.assertEqual(daemon.process.wait(WAIT), 0)
        log = "\n".join(daemon.process.lines)
        self.assertGreater(len(log), 0)
        self.assert_hidden("log", log)

    def test_where_it_is_right(self):
        emulator, daemon = self.start(CANARY)
        with self.connect(daemon).writer("test", "a") as writer:
            write(writer, "a", 1)
        self.assertEqual(len(emulator.rows("SELECT * FROM events", user=USER, password=CANARY)), 3)
        self.assert_hidden_everywhere(daemon)

    def test_where_it_is_wrong(self):
        emulator, daemon = self.start("another")
        writer = self.connect(daemon).writer("test", "a", retry_for=0)
        write(writer, "a", 1)
        # An operator may put the account right, so rows wait (delivery-and-faults.md F267); the log says for what.
        daemon.process.wait_line(lambda line: "StarRocks refuses the account" in line, WAIT)
        with self.assertRaises(TimeoutError):
            writer.wait_committed(timeout=1.0)
        self.assertEqual(missing(emulator, "a", 1), [(1, 0), (1, 1), (1, 2)])
        # Nothing was received: without the table's schema no batch is taken.
        self.assertEqual(writer.received, 0)
        self.assert_hidden_everywhere(daemon)
        with self.assertRaises(LoadstarError) as raised:
            writer.wait_committed(timeout=WAIT)
        self.assert_hidden("error", str(raised.exception))

    def test_where_the_file_is_wrong(self):
        path = self.directory / "loadstar.yaml"
        path.write_text(f"version: 1\nstarrocks:\n  load_urls: [x]\n  user: {USER}\n  password: {CANARY}\n  pasword: {CANARY}\n",
                        encoding="utf-8")
        done = subprocess.run([os.environ["LOADSTAR_BINARY"], "validate", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 78)
        self.assert_hidden("validate", done.stdout + done.stderr)
        self.assertIn("pasword", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
