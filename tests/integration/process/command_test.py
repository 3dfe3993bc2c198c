"""The commands and their exit statuses (architecture.md 7)."""

import os
import pathlib
import pty
import subprocess
import unittest

from loadstar_process import ClusterCase
from rows import TABLES

BINARY = os.environ["LOADSTAR_BINARY"]
ROOT = pathlib.Path(os.environ["LOADSTAR_SOURCE"])


def run(*arguments, stdin=None, **environment):
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **environment))


class ConfigurationTest(ClusterCase):
    def file(self, text):
        path = self.directory / "loadstar.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_all_problems_come_at_once_with_their_places(self):
        path = self.file("version: 1\n"
                         "starrocks:\n"
                         "  load_urls: [http://127.0.0.1:8030]\n"
                         "  user: root\n"
                         "defaults:\n"
                         "  flush:\n"
                         "    intervall: 10s\n"
                         "    max_bytes: 94371840\n")
        for command in (("validate", path), ("serve", "--config", path)):
            done = run(*command)
            self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
            text = done.stdout + done.stderr
            self.assertRegex(text, rf"{path}:7:5: .*intervall")
            self.assertIn("interval", text.replace("intervall", ""))
            self.assertRegex(text, rf"{path}:8:16: ")

    def test_a_file_that_is_not_there(self):
        done = run("serve", "--config", self.directory / "none.yaml")
        self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
        self.assertIn("none.yaml", done.stdout + done.stderr)

    def test_the_example_file_is_valid(self):
        password = self.file("secret\n")
        done = run("validate", ROOT / "config/loadstar.example.yaml", LOADSTAR_PASSWORD_FILE=str(password))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_starrocks_required_and_absent_is_69(self):
        path = self.file("version: 1\n"
                         "listen: {grpc: ['127.0.0.1:0']}\n"
                         "admin: {probe_listen: '127.0.0.1:0', listen: '127.0.0.1:0',\n"
                         "        startup: {require_starrocks: true, starrocks_timeout: 1s}}\n"
                         "starrocks: {load_urls: ['http://127.0.0.1:9'], user: root}\n")
        done = run("serve", "--config", path)
        self.assertEqual(done.returncode, 69, done.stdout + done.stderr)
        self.assertIn("127.0.0.1:9", done.stdout + done.stderr)

    def test_version(self):
        done = run("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^loadstar \d+\.\d+\.\d+")

    def test_an_unknown_command_is_refused(self):
        done = run("srve")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("srve", done.stdout + done.stderr)


class StartTest(ClusterCase):
    # ingest-api.md 4.5
    def test_a_small_label_memory_is_warned_of(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator)
        line = daemon.process.wait_line(lambda text: "StarRocks may forget transactions or labels too early" in text)
        self.assertIn("label_keep_max_num = 1000", line)


class PushTest(ClusterCase):
    TABLES = TABLES + """
CREATE TABLE test.score_board (id int NOT NULL, name varchar(100) NULL, score int NOT NULL)
ENGINE=OLAP PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
"""

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        self.daemon = self.start_daemon(self.emulator)

    def push(self, *arguments, stdin=None):
        return run("push", "--target", self.daemon.target, *arguments, stdin=stdin)

    def scores(self):
        return self.emulator.rows("SELECT id, name, score FROM score_board ORDER BY id")

    def test_a_csv_file_and_ndjson_from_standard_input(self):
        path = self.directory / "rows.csv"
        path.write_text("".join(f"{n},name {n},{n * 10}\n" for n in range(1, 5001)), encoding="utf-8")
        done = self.push("test.score_board", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.emulator.rows("SELECT COUNT(*) FROM score_board"), [(5000,)])
        self.assertIn("5,000", (done.stdout + done.stderr).replace("5000", "5,000"))
        self.assertNotIn("\r", done.stdout + done.stderr)  # plain lines when it is no terminal
        done = self.push("--format", "ndjson", "test.score_board", "-", stdin='{"id":1,"name":"changed","score":0}\n')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.scores()[0], (1, "changed", 0))

    def test_rows_that_were_not_committed_are_75(self):
        done = self.push("test.score_board", "-", stdin="1,good,1\nx,bad,1\n")
        self.assertEqual(done.returncode, 75, done.stdout + done.stderr)
        self.assertIn("ROWS_REJECTED", done.stdout + done.stderr)

    def test_a_table_that_does_not_exist(self):
        done = self.push("test.nonesuch", "-", stdin="1,a,1\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TABLE_NOT_FOUND", done.stdout + done.stderr)

    def test_a_file_that_does_not_exist(self):
        done = self.push("test.score_board", self.directory / "none.csv")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none.csv", done.stdout + done.stderr)

    def test_a_directory_is_no_file(self):
        done = self.push("test.score_board", self.directory)
        self.assertEqual(done.returncode, 66, done.stdout + done.stderr)
        self.assertIn("Is a directory", done.stderr)

    def test_a_terminal_sees_a_bar(self):
        path = self.directory / "rows.csv"
        path.write_text("".join(f"{n},name {n},{n * 10}\n" for n in range(1, 20001)), encoding="utf-8")
        ours, theirs = pty.openpty()
        child = subprocess.Popen([BINARY, "push", "--target", self.daemon.target, "test.score_board", path],
                                 stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the terminal's other side is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        self.assertEqual(child.wait(60), 0, shown)
        self.assertIn(b"100", shown)
        self.assertIn(b"\r", shown.replace(b"\r\n", b""))
        self.assertIn("20000", shown.decode(errors="replace").replace(",", ""))


if __name__ == "__main__":
    unittest.main()
