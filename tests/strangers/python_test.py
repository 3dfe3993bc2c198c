"""Three Python loaders of the family: doris-stream-load, DorisClient and pydoris.

They were written for Apache Doris, whose Stream Load is the ancestor of that of StarRocks: the same URL,
redirect, labels and replies; their Doris-only headers must be ignored (starrocks-load-protocol.md 4.2).
Each has its own way with the redirect: HTTP/1.0, a first request without body for the address of the
BE, and requests with its credentials kept.
"""

import json
import sys
import unittest

from stranger_case import KEPT, PASSWORD, SOURCE, StrangerCase, kept, output_of

ROWS = [(1, "Lily", 23), (2, "Rose", None), (3, "東京", 24)]
ALL_PEOPLE = "SELECT id, name, score FROM people ORDER BY id"


class PythonTest(StrangerCase):
    NAME = "python"

    @classmethod
    def prepare(cls):
        requirements = SOURCE / "requirements.txt"

        def make(directory):
            output_of([sys.executable, "-m", "venv", "--clear", directory / "venv"], 300)
            output_of([directory / "venv/bin/pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check",
                       "-r", requirements], 600)

        kept("python", [requirements, sys.version], make)
        cls.python = KEPT / "python/venv/bin/python"

    def load(self, loader, rows, table="people", names=("id", "name", "score"), port="fe"):
        path = self.directory / "rows.json"
        path.write_text(json.dumps([dict(zip(names, row)) for row in rows]), encoding="utf-8")
        number = self.emulator.ports["be"][0] if port == "be" else self.emulator.ports[port]
        text = output_of([self.python, SOURCE / "python_driver.py", loader, number, PASSWORD, table, path], 300,
                         environment={"PYTHONPATH": "", "NO_PROXY": "*"})
        return json.loads(text.splitlines()[-1])

    def check_many(self, loader, port="fe"):
        self.load(loader, [(i, f"line {i}") for i in range(30_000)], "log", ("id", "line"), port)
        self.assert_rows("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM log", [(30_000, 30_000, 0, 29_999)])

    def test_doris_stream_load(self):
        # Its manual tells to name a BE.
        reply = self.load("doris-stream-load", ROWS, port="be")
        self.assertEqual((reply["Status"], reply["NumberLoadedRows"]), ("Success", 3), reply)
        self.assert_rows(ALL_PEOPLE, ROWS)
        self.check_many("doris-stream-load", port="be")

    def test_doris_stream_load_loses_its_credentials_at_the_redirect(self):
        # The library requests does not send them to another port, and the BE says so (1.1).
        reply = self.load("doris-stream-load", ROWS)
        self.assertEqual((reply["Status"], reply["Message"]), ("Fail", "no valid Basic authorization"), reply)
        self.assert_rows(ALL_PEOPLE, [])

    def test_doris_stream_load_sees_bad_rows(self):
        reply = self.load("doris-stream-load", [(1, "good", 1), ("x", "bad", 2)], port="be")
        self.assertEqual((reply["Status"], reply["Message"]), ("Fail", "too many filtered rows"), reply)
        self.assert_rows(ALL_PEOPLE, [])

    def test_doris_client(self):
        self.assertIs(self.load("DorisClient", ROWS), True)
        self.assert_rows(ALL_PEOPLE, ROWS)
        self.check_many("DorisClient")

    def test_doris_client_sees_a_refusal(self):
        self.assertIs(self.load("DorisClient", [(1, "good", 1)], names=("id", "name", "no_such_column`")), False)
        self.assert_rows(ALL_PEOPLE, [])

    def test_pydoris(self):
        self.assertIs(self.load("pydoris", ROWS, port="fe_follower"), True)
        self.assert_rows(ALL_PEOPLE, ROWS)
        # The same label again: refused, and nothing changes.
        self.assertIs(self.load("pydoris", [(9, "Twice", 9)], port="fe_follower"), False)
        self.assert_rows(ALL_PEOPLE, ROWS)


if __name__ == "__main__":
    unittest.main()
