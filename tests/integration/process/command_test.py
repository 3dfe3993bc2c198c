"""The commands and their exit statuses (architecture.md 7)."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
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

    def test_a_column_list_is_checked_like_other_values(self):
        path = self.file("version: 1\n"
                         "starrocks: {load_urls: ['http://127.0.0.1:8030'], user: root}\n"
                         "tables:\n"
                         "  test.a: {properties: {columns: 'a b, (c'}}\n"
                         "listen: {grpc: ['0.0.0.0:7070', 'unix:relative']}\n")
        done = run("validate", path)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertRegex(done.stderr, rf"{path}:4:34: error: tables.test.a.properties.columns: item 1, `a b`, ")
        self.assertRegex(done.stderr, rf"{path}:5:17: error: listen.grpc\[0\]: .* without TLS")
        self.assertRegex(done.stderr, rf"{path}:5:33: error: listen.grpc\[1\]: ")
        path.write_bytes(b"version: 1\r\nstarrocks: {load_urls: ['http://127.0.0.1:8030'], user: root}\r\n\r")
        done = run("validate", path)
        self.assertRegex(done.stderr, rf"{path}:3:1: error: a carriage return")

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


class PushCase(ClusterCase):
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

    def lines(self, count):
        path = self.directory / "rows.csv"
        path.write_text("".join(f"{n},name {n},{n * 10}\n" for n in range(1, count + 1)), encoding="utf-8")
        return path

    def slow_loads(self, milliseconds):
        self.emulator.fault(operation="be.load", action="delay", delay_ms=milliseconds, times=0)
        self.emulator.fault(operation="be.stream_load", action="delay", delay_ms=milliseconds, times=0)


class PushTest(PushCase):
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

    def test_properties_cut_rows(self):
        path = self.directory / "rows.csv"
        path.write_bytes(b"1\x01a\nb\x015\x022\x01c\x016\x02")
        done = self.push("test.score_board", path, "--property", "column_separator=\\x01",
                         "--property", "row_delimiter=\\x02")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.scores(), [(1, "a\nb", 5), (2, "c", 6)])
        done = self.push("test.score_board", path, "--row-delimiter", "\\n", "--property", "row_delimiter=\\x02")
        self.assertEqual(done.returncode, 64, done.stdout + done.stderr)
        self.assertIn("row_delimiter", done.stderr)

    def test_a_target_that_is_none(self):
        for target in ("foo:bar:baz", "127.0.0.1:port", "127.0.0.1"):
            done = run("push", "--target", target, "test.score_board", "-", stdin="1,a,1\n")
            self.assertEqual(done.returncode, 64, done.stdout + done.stderr)
            self.assertIn(f"'{target}'", done.stderr)
            self.assertIn("host:port", done.stderr)

    def bar(self, *arguments):
        """What a terminal is shown, one text for each time that the line is written."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen([BINARY, "push", "--target", self.daemon.target, *map(str, arguments)],
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
        return [frame for frame in re.split("[\r\n]+", shown.decode()) if frame.strip()]

    def test_the_bar_never_goes_back(self):
        self.slow_loads(300)
        frames = self.bar("--batch-bytes", 65536, "test.score_board", self.lines(20000))
        shares = [int(frame.split("%")[0]) for frame in frames if "%" in frame]
        self.assertEqual(shares[0], 0, frames[:3])
        self.assertEqual(shares, sorted(shares), frames)
        self.assertEqual(shares[-1], 100)
        for frame in frames:
            if " 0 rows committed" in frame:
                self.assertNotIn("left", frame)

    def test_a_terminal_sees_a_bar(self):
        shown = "\r".join(self.bar("test.score_board", self.lines(20000)))
        self.assertIn("100%", shown)
        self.assertIn("20000", shown.replace(",", ""))


class PushLimitsTest(PushCase):
    def start_with(self, **configuration):
        self.daemon = self.start_daemon(self.emulator, configuration)

    def test_batches_are_as_large_as_the_daemon_takes_them(self):
        self.start_with(listen={"max_message": "256KiB"})
        for arguments in ((), ("--batch-bytes", 67108864)):
            done = self.push("test.score_board", self.lines(20000), *arguments)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(self.emulator.rows("SELECT COUNT(*) FROM score_board"), [(20000,)])

    def test_a_row_that_no_message_holds_is_named_by_its_line(self):
        self.start_with(listen={"max_message": "64KiB"})
        done = self.push("test.score_board", "-", stdin=f"1,a,1\n2,{'x' * 70000},2\n3,c,3\n")
        self.assertEqual(done.returncode, 75, done.stdout + done.stderr)
        self.assertIn("line 2: the row is longer than", done.stderr)
        self.assertIn("listen.max_message", done.stderr)
        self.assertEqual(self.scores(), [(1, "a", 1)])

    def test_fewer_rows_than_the_daemon_takes(self):
        self.start_with(limits={"max_batch_rows": 1000})
        done = self.push("test.score_board", self.lines(5000))
        self.assertEqual(done.returncode, 75, done.stdout + done.stderr)
        self.assertIn("--batch-rows", done.stderr)
        self.assertIn("limits.max_batch_rows", done.stderr)
        done = self.push("test.score_board", self.lines(5000), "--batch-rows", 1000)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.emulator.rows("SELECT COUNT(*) FROM score_board"), [(5000,)])


class PushStopTest(PushCase):
    def start_push(self, *arguments, **options):
        return subprocess.Popen([BINARY, "push", "--target", self.daemon.target, *map(str, arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def wait_for_rows(self):
        self.wait_until(lambda: self.emulator.stored('SELECT COUNT(*) FROM "test.score_board"')[0][0] > 0)

    def test_a_signal_ends_it_with_the_line_to_go_on_from(self):
        self.slow_loads(200)
        text = self.lines(50_000).read_text(encoding="utf-8")
        for number in (signal.SIGINT, signal.SIGTERM):
            child = self.start_push("--batch-bytes", 4096, "-o", "json", "test.score_board", "-", stdin=subprocess.PIPE)
            child.stdin.write(text)  # and the pipe stays open: more may come
            self.wait_for_rows()
            child.send_signal(number)
            self.assertEqual(child.wait(60), 75)
            out, err = child.stdout.read(), child.stderr.read()
            for pipe in (child.stdin, child.stdout, child.stderr):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
            told = json.loads(out)
            committed = told["committed_rows"]
            self.assertGreater(committed, 0, out + err)
            self.assertFalse(told["complete"])
            self.assertIn("stopped by a signal", told["error"])
            self.assertEqual(told["next_line"], committed + 1)
            self.assertEqual(self.emulator.rows("SELECT COUNT(*), MAX(id) FROM score_board"), [(committed, committed)])
            self.emulator.execute("TRUNCATE TABLE test.score_board")

    def test_standard_input_that_says_nothing_does_not_prevent_it(self):
        child = self.start_push("--batch-rows", 2, "test.score_board", "-", stdin=subprocess.PIPE)
        child.stdin.write("1,a,1\n2,b,2\n3,c,3\n")
        child.stdin.flush()
        self.wait_for_rows()
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(30), 75)
        err = child.stderr.read()
        self.assertIn("2 rows committed", err)
        self.assertIn("go on from line 3", err)
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()
        self.assertEqual(self.scores(), [(1, "a", 1), (2, "b", 2)])

    def test_a_second_signal_ends_at_once(self):
        self.slow_loads(20_000)
        child = self.start_push("test.score_board", self.lines(1000))
        self.wait_until(lambda: self.daemon.metric("loadstar_buffer_bytes") > 0)
        child.send_signal(signal.SIGTERM)
        self.assertIn("a second signal ends at once", child.stderr.readline())
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(5), 75)
        for pipe in (child.stdout, child.stderr):
            pipe.close()


if __name__ == "__main__":
    unittest.main()
