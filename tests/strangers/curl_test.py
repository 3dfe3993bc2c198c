"""curl, with the commands of the StarRocks documentation; afterwards the rows are compared.

tests/emulator/server/curl_test.cpp judges the replies to the same commands. Here the rows in the
SQLite file count, a password is used, and both redirects of a follower are taken.
"""

import gzip
import json
import pathlib
import unittest

from stranger_case import PASSWORD, StrangerCase, output_of, tool

EXAMPLE = "1,Lily,23\n2,Rose,23\n3,Alice,24\n4,Julia,25\n"
EXAMPLE_ROWS = [(1, "Lily", 23), (2, "Rose", 23), (3, "Alice", 24), (4, "Julia", 25)]


class CurlTest(StrangerCase):
    NAME = "curl"

    @classmethod
    def prepare(cls):
        cls.curl = tool("curl", "curl")

    def file(self, name, content) -> pathlib.Path:
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_curl(self, *words) -> dict:
        text = output_of([self.curl, "-sS", "--max-time", "120", "--location-trusted", "-u", f"root:{PASSWORD}", *words], 150)
        return json.loads(text)

    def stream_load(self, table, path, *headers, url=None) -> dict:
        words = [word for header in ("Expect:100-continue", *headers) for word in ("-H", header)]
        return self.run_curl(*words, "-T", path, "-XPUT", f"{url or self.emulator.url}/api/test/{table}/_stream_load")

    def transaction(self, operation, label, *words, url=None) -> dict:
        method = "-XPUT" if operation == "load" else "-XPOST"
        return self.run_curl("-H", f"label:{label}", "-H", "Expect:100-continue", "-H", "db:test", "-H", "table:people",
                             *words, method, f"{url or self.follower}/api/transaction/{operation}")

    def load(self, label, path):
        reply = self.transaction("load", label, "-H", "column_separator:,", "-T", path)
        self.assertEqual(reply["Status"], "OK", reply)

    def test_stream_load_of_csv(self):
        reply = self.stream_load("people", self.file("a.csv", EXAMPLE), "label:123", "column_separator:,",
                                 "columns: id, name, score")
        self.assertEqual((reply["Status"], reply["NumberLoadedRows"]), ("Success", 4), reply)
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id", EXAMPLE_ROWS)

    def test_every_type_from_csv_and_from_json(self):
        self.emulator.execute("""CREATE TABLE test.kinds (id INT NOT NULL, b BOOLEAN NULL, l LARGEINT NULL, f DOUBLE NULL,
            d DECIMAL(10,2) NULL, c CHAR(5) NULL, day DATE NULL, t DATETIME NULL, j JSON NULL, a ARRAY<INT> NULL,
            m MAP<VARCHAR(9),INT> NULL, bin VARBINARY NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)""")
        line = ('1|true|170141183460469231731687303715884105727|0.5|12.30|ab|2024-02-29|1969-12-31 23:59:59.000001|'
                '{"k": [1, null]}|[1,null,3]|{"x":7}|616200\n2|\\N|\\N|\\N|\\N|\\N|\\N|\\N|\\N|\\N|\\N|\\N\n')
        columns = "columns: id, b, l, f, d, c, day, t, j, a, m, raw, bin = unhex(raw)"
        reply = self.stream_load("kinds", self.file("kinds.csv", line), "column_separator:|", columns)
        self.assertEqual((reply["Status"], reply["NumberLoadedRows"]), ("Success", 2), reply)
        row = {"id": 3, "b": False, "l": "-1", "f": 1e300, "d": "0.07", "c": "é", "day": "0000-01-01", "t": "9999-12-31 23:59:59",
               "j": {"k": "v"}, "a": [], "m": {"y": None}, "raw": "ff"}
        reply = self.stream_load("kinds", self.file("kinds.json", json.dumps([row])), "format: json", "strip_outer_array: true",
                                 columns)
        self.assertEqual((reply["Status"], reply["NumberLoadedRows"]), ("Success", 1), reply)
        rows = self.stored("SELECT * FROM kinds ORDER BY id")
        self.assertEqual(rows[0], (1, 1, "170141183460469231731687303715884105727", 0.5, "12.30", "ab", "2024-02-29",
                                   "1969-12-31 23:59:59.000001", '{"k": [1, null]}', "[1,null,3]", '{"x":7}', b"ab\0"))
        self.assertEqual(rows[1], (2, *[None] * 11))
        self.assertEqual(rows[2], (3, 0, "-1", 1e300, "0.07", "é", "0000-01-01", "9999-12-31 23:59:59", '{"k": "v"}', "[]",
                                   '{"y":null}', b"\xff"))

    def test_a_label_is_used_once(self):
        path = self.file("a.csv", EXAMPLE)
        self.stream_load("people", path, "label:once", "column_separator:,")
        reply = self.stream_load("people", self.file("b.csv", "9,Eve,1\n"), "label:once", "column_separator:,")
        self.assertEqual((reply["Status"], reply["ExistingJobStatus"]), ("Label Already Exists", "FINISHED"), reply)
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id", EXAMPLE_ROWS)

    def test_stream_load_of_json_through_the_follower(self):
        rows = [{"name": "Beijing", "code": 2}, {"name": "東京 \"x\"\n", "code": 3}, {"name": None, "code": 4}]
        reply = self.stream_load("people", self.file("a.json", json.dumps(rows)), "format: json", "strip_outer_array: true",
                                 'jsonpaths: ["$.name", "$.code"]', "columns: name, tmp, id = tmp * 100, score = tmp",
                                 url=self.follower)
        self.assertEqual(reply["Status"], "Success", reply)
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id",
                         [(200, "Beijing", 2), (300, "東京 \"x\"\n", 3), (400, None, 4)])

    def test_bad_rows_are_counted_and_explained(self):
        reply = self.stream_load("people", self.file("a.csv", EXAMPLE + "x,Bad,1\n"), "label:bad", "column_separator:,")
        self.assertEqual((reply["Status"], reply["Message"]), ("Fail", "too many filtered rows"), reply)
        self.assertEqual((reply["NumberTotalRows"], reply["NumberFilteredRows"]), (5, 1), reply)
        self.assertIn("Row: x,Bad,1", output_of([self.curl, "-sS", "--max-time", "120", reply["ErrorURL"]], 150))
        self.assert_rows("SELECT COUNT(*) FROM people", [(0,)])
        # The load failed, so its label is free again.
        reply = self.stream_load("people", self.file("b.csv", EXAMPLE + "x,Bad,1\n"), "label:bad", "column_separator:,",
                                 "max_filter_ratio:0.2")
        self.assertEqual((reply["Status"], reply["NumberFilteredRows"]), ("Success", 1), reply)
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id", EXAMPLE_ROWS)

    def test_a_large_gzip_file(self):
        lines = "".join(f"{i}\tline {i}\n" for i in range(200_000))
        reply = self.stream_load("log", self.file("a.gz", gzip.compress(lines.encode(), 1)), "format: gzip")
        self.assertEqual((reply["Status"], reply["NumberLoadedRows"]), ("Success", 200_000), reply)
        self.assert_rows("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM log", [(200_000, 200_000, 0, 199_999)])

    def test_transaction_in_two_phases(self):
        path = self.file("a.csv", EXAMPLE)
        self.assertEqual(self.transaction("begin", "txn_1")["Status"], "OK")
        self.load("txn_1", path)
        self.load("txn_1", self.file("b.csv", "5,Mia,\\N\n"))
        prepared = self.transaction("prepare", "txn_1")
        self.assertEqual((prepared["Status"], prepared["NumberLoadedRows"]), ("OK", 5), prepared)
        self.assert_rows("SELECT COUNT(*) FROM people", [(0,)])
        self.assertEqual(self.transaction("commit", "txn_1")["TxnId"], prepared["TxnId"])
        again = self.transaction("commit", "txn_1")
        self.assertEqual(again["Status"], "OK")
        self.assertIn("has already committed", again["Message"])
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id", [*EXAMPLE_ROWS, (5, "Mia", None)])

    def test_rollback_frees_the_label(self):
        for prepare in (False, True):
            with self.subTest(prepare=prepare):
                self.assertEqual(self.transaction("begin", "txn_2")["Status"], "OK")
                self.load("txn_2", self.file("a.csv", "7,Gone,7\n"))
                if prepare:
                    self.assertEqual(self.transaction("prepare", "txn_2")["Status"], "OK")
                self.assertEqual(self.transaction("rollback", "txn_2")["Status"], "OK")
                self.assert_rows("SELECT COUNT(*) FROM people", [(0,)])
        self.assertEqual(self.transaction("begin", "txn_2")["Status"], "OK")
        self.load("txn_2", self.file("b.csv", EXAMPLE))
        self.assertEqual(self.transaction("commit", "txn_2")["NumberLoadedRows"], 4)
        self.assertEqual(self.transaction("begin", "txn_2")["ExistingJobStatus"], "FINISHED")
        self.assert_rows("SELECT id, name, score FROM people ORDER BY id", EXAMPLE_ROWS)

    def test_a_wrong_password_loads_nothing(self):
        text = output_of([self.curl, "-sS", "--max-time", "120", "--location-trusted", "-u", "root:wrong", "-w", "\n%{http_code}",
                          "-H", "Expect:100-continue", "-T", self.file("a.csv", EXAMPLE),
                          f"{self.emulator.url}/api/test/people/_stream_load"], 150)
        self.assertEqual(text.splitlines()[-1], "401")
        self.assert_rows("SELECT COUNT(*) FROM people", [(0,)])


if __name__ == "__main__":
    unittest.main()
