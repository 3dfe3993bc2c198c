"""Hostile CSV, NDJSON and JSON arrays, made by Python's csv and json, through the real daemon."""

import csv
import io
import json
import unittest

from grpc import StatusCode
from loadstar.v1 import data_pb2
from loadstar_client import LoadstarError
from loadstar_process import WAIT, ClusterCase

from hostile import TEXTS

SOON = {"flush": {"max_ack_wait": "1ms", "jitter": "0%"}}
# As a client writes them, the bytes that StarRocks makes of them, and whether they are good.
SEPARATORS = [
    ("\\x01", "\x01", "\\x02", "\x02"), ("0x01", "\x01", "0x0A", "\n"), ("\\X1F", "\x1f", "\\x1E1E", "\x1e\x1e"),
    ("\\t", "\t", "\\n", "\n"), ("\t", "\t", "\n", "\n"), (",", ",", "\\x0D0A", "\r\n"), ("||", "||", "|\\n", "|\n"),
    ("\\0x2", "\\0x2", "\\x02", "\x02"), ("<sep>", "<sep>", "<row>", "<row>"), (" ", " ", "\\n", "\n"), ("\\x7F", "\x7f", "\\x00", "\0"),
]
BAD_SEPARATORS = ["\\xFF", "\\x80", "0x80", "é", "\\x", "0x", "\\x0", "\\x0G", "", "x" * 51, "\r\nAuthorization: x"]


class PayloadCase(ClusterCase):
    TABLES = """
    CREATE DATABASE test;
    CREATE TABLE test.t (id INT NOT NULL, v VARCHAR(1048576) NULL, w STRING NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
    CREATE TABLE test.alone (v STRING NULL) DUPLICATE KEY(v) DISTRIBUTED BY HASH(v);
    CREATE TABLE test.numbers (id INT NOT NULL, a BIGINT NULL, b LARGEINT NULL, c DOUBLE NULL, d DECIMAL(38,10) NULL, e DATE NULL,
      f DATETIME NULL, g ARRAY<STRING> NULL, h MAP<STRING,INT> NULL, i STRUCT<x INT, y STRING> NULL, j JSON NULL)
    DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
    """

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        self.daemon = self.start_daemon(self.emulator, {"defaults": SOON})
        self.client = self.connect(self.daemon)
        self._writers = 0

    def stored(self):
        return self.emulator.stored('SELECT id, v, w FROM "test.t" ORDER BY id')

    def refusal(self, write):
        self._writers += 1
        writer = self.client.writer("test", f"w{self._writers}")
        write(writer)
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        error = raised.exception
        return error.code, error.reason, error.violations[0].field if error.violations else ""


class CsvTest(PayloadCase):
    def test_separators_are_what_the_server_makes_of_them(self):
        expected = []
        with self.client.writer("test") as writer:
            for number, (column, column_bytes, row, row_bytes) in enumerate(SEPARATORS):
                def line(text):
                    return column_bytes.join(("7", text, "\\N")) + row_bytes

                # Without quoting a text cannot hold a separator, nor make one together with a neighbour.
                texts = [t for t in TEXTS if t != "\\N" and line(t).index(row_bytes) == len(line(t)) - len(row_bytes)
                         and line(t).removesuffix(row_bytes).split(column_bytes) == ["7", t, "\\N"]]
                self.assertGreater(len(texts), 10, column)
                lines = []
                for text in texts:
                    expected.append((len(expected), text, None))
                    lines.append(column_bytes.join((str(expected[-1][0]), text, "\\N")) + row_bytes)
                writer.write_csv("t", "".join(lines), len(lines), properties={"column_separator": column, "row_delimiter": row})
        self.assertEqual(self.stored(), expected)

    def test_separators_that_do_not_arrive_are_refused(self):
        for bad in BAD_SEPARATORS:
            for name in ("column_separator", "row_delimiter"):
                refused = self.refusal(lambda writer: writer.write_csv("t", "1,a,b\n", 1, properties={name: bad}))
                self.assertEqual(refused, (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST", f"batch[sequence=1].properties[{name}]"), bad)
        for column, row in (("\\n", "\\n"), ("a\\nb", "\\n"), ("\\x0A0A", "\\x0A")):
            code, reason, _ = self.refusal(
                lambda writer: writer.write_csv("t", "x", 1, properties={"column_separator": column, "row_delimiter": row}))
            self.assertEqual((code, reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"), (column, row))

    def test_null_is_not_the_empty_string(self):
        with self.client.writer("test") as writer:
            writer.write_csv("t", "1\t\\N\t\n2\t\t\\N\n3\t\\N \t\\n\n", 3)
        self.assertEqual(self.stored(), [(1, None, ""), (2, "", None), (3, "\\N ", "\\n")])

    def test_enclosed_fields_hold_everything(self):
        texts = [text for text in TEXTS if text != "\\N"]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([number, text, ""] for number, text in enumerate(texts))
        with self.client.writer("test") as writer:
            writer.write_csv("t", out.getvalue(), len(texts), properties={"column_separator": ",", "enclose": '"'})
            writer.write_csv("t", '999,"\\N",x\n', 1, properties={"column_separator": ",", "enclose": '"'})
        self.assertEqual(self.stored(), [*((n, text, "") for n, text in enumerate(texts)), (999, None, "x")])

    def test_what_would_harm_other_rows_is_refused_at_the_door(self):
        comma = {"column_separator": ","}
        for data, rows in ((b"1,a,b", 1), (b"1,a,b\n2,a,b", 2), (b"1,a,b\n\n", 1), (b"\n", 1), (b"", 1), (b"1,a,b\n", 2), (b"1,\xff,b\n", 1),
                           (b"1,\xed\xa0\x80,b\n", 1), (b"1,a\xc3", 1)):
            code, reason, path = self.refusal(lambda writer: writer.write_csv("t", data, rows, properties=comma))
            self.assertEqual((code, reason), (StatusCode.INVALID_ARGUMENT, "BAD_PAYLOAD" if data else reason), data)
            self.assertTrue(path.startswith("batch[sequence=1]."), (data, path))
        self.assertEqual(self.stored(), [])

    def test_values_that_do_not_fit_are_the_servers_to_refuse(self):
        refused = self.refusal(lambda writer: writer.write_csv("t", "x,a,b\n", 1, properties={"column_separator": ","}))
        self.assertEqual(refused[:2], (StatusCode.INVALID_ARGUMENT, "ROWS_REJECTED"))


class JsonTest(PayloadCase):
    def send(self, objects, **options):
        """As NDJSON and as an array, with and without escapes: four times the same rows."""
        with self.client.writer("test") as writer:
            for ascii_only in (True, False):
                lines = "".join(json.dumps(entry, ensure_ascii=ascii_only) + "\n" for entry in objects)
                writer._write("t", data_pb2.FORMAT_NDJSON, len(objects), data=lines.encode(), **options)
                array = json.dumps(objects, ensure_ascii=ascii_only, indent=1)
                writer._write("t", data_pb2.FORMAT_JSON_ARRAY, len(objects), data=array.encode(), **options)

    def test_texts(self):
        self.send([{"id": number, "v": text, "w": None} for number, text in enumerate(TEXTS)])
        rows = [(number, text, None) for number, text in enumerate(TEXTS) for _ in range(4)]
        self.assertEqual(self.stored(), rows)

    def test_null_missing_and_empty(self):
        self.send([{"id": 1, "v": None, "w": ""}, {"id": 2, "w": "x"}, {"w": None, "v": "", "id": 3}])
        self.assertEqual(self.stored(), [row for row in [(1, None, ""), (2, None, "x"), (3, "", None)] for _ in range(4)])

    def test_one_column_may_be_empty(self):
        with self.client.writer("test") as writer:
            writer.write_json_array("alone", [{"v": ""}, {"v": None}])
            writer.write_rows("alone", ["v"], [("",), (None,)])
        rows = self.emulator.stored('SELECT v FROM "test.alone"')
        self.assertEqual(sorted(rows, key=repr), [("",), ("",), (None,), (None,)])

    def test_numbers_keep_their_digits(self):
        line = ('{"id":1,"a":-9223372036854775808,"b":-170141183460469231731687303715884105728,"c":5e-324,"d":1234567890123456789012345678.'
                '0123456789,"e":"0000-01-01","f":"9999-12-31 23:59:59.999999","g":["\\u0000",null],"h":{"a\\"b":-1},"i":{"y":"z","x":null},'
                '"j":{"z":[1,{"a":null}]}}')
        csv_line = "\x01".join(["2", str(-(2**63)), str(2**127 - 1), "1.7976931348623157e308", "-0.0000000001", "1969-12-31",
                                "1969-12-31 23:59:59.999999", '["a,b","c""d",null]', '{"k:":2147483647}', '{"z":1}']) + "\x02"
        with self.client.writer("test") as writer:
            writer._write("numbers", data_pb2.FORMAT_NDJSON, 1, data=line.encode() + b"\n")
            writer._write("numbers", data_pb2.FORMAT_JSON_ARRAY, 1, data=b"[" + line.replace('"id":1', '"id":3').encode() + b"]")
            writer.write_csv("numbers", csv_line, 1, columns=["id", *"abcdefghj"],
                             properties={"column_separator": "\\x01", "row_delimiter": "\\x02"})
        rows = self.emulator.stored('SELECT * FROM "test.numbers" ORDER BY id')
        first = (-(2**63), str(-(2**127)), 5e-324, "1234567890123456789012345678.0123456789", "0000-01-01", "9999-12-31 23:59:59.999999")
        for row in (rows[0], rows[2]):
            self.assertEqual(row[1:7], first)
            self.assertEqual([json.loads(value) for value in row[7:]],
                             [["\0", None], {'a"b': -1}, {"x": None, "y": "z"}, {"z": [1, {"a": None}]}])
        self.assertEqual(rows[1][1:7], (-(2**63), str(2**127 - 1), 1.7976931348623157e308, "-0.0000000001", "1969-12-31",
                                        "1969-12-31 23:59:59.999999"))
        self.assertEqual([value and json.loads(value) for value in rows[1][7:]], [["a,b", 'c"d', None], {"k:": 2**31 - 1}, None, {"z": 1}])

    def test_what_would_harm_other_rows_is_refused_at_the_door(self):
        for form, data, rows in (
                (data_pb2.FORMAT_NDJSON, b'{"id":1}', 1), (data_pb2.FORMAT_NDJSON, b'{"id":1\n}\n{"id":2}\n', 2),
                (data_pb2.FORMAT_NDJSON, b'{"id":NaN}\n', 1), (data_pb2.FORMAT_NDJSON, b'{"id":1}\n', 2), (data_pb2.FORMAT_NDJSON, b'[1]\n', 1),
                (data_pb2.FORMAT_NDJSON, b'{"v":"\xff"}\n', 1), (data_pb2.FORMAT_NDJSON, b'{"v":"a\tb"}\n', 1),
                (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":1}', 1), (data_pb2.FORMAT_JSON_ARRAY, b'{"id":1}', 1),
                (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":1}]]', 1), (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":1},]', 1),
                (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":-Infinity}]', 1), (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":1}][{"id":2}]', 2),
                (data_pb2.FORMAT_JSON_ARRAY, b'[1]', 1), (data_pb2.FORMAT_JSON_ARRAY, b'[{"id":1}]', 3)):
            code, reason, path = self.refusal(lambda writer: writer._write("t", form, rows, data=data))
            self.assertEqual((code, reason), (StatusCode.INVALID_ARGUMENT, "BAD_PAYLOAD"), data)
            self.assertIn(path, ("batch[sequence=1].data", "batch[sequence=1].row_count"), data)
        self.assertEqual(self.stored(), [])


if __name__ == "__main__":
    unittest.main()
