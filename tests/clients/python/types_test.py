"""Every type's hostile values as typed rows through the real daemon; what SQLite holds is compared."""

import json
import unittest

import grpc
from grpc import StatusCode
from loadstar.v1 import data_pb2, ingest_service_pb2
from loadstar_client import DELETE, UPDATE_BEFORE, LoadstarError, Op
from loadstar_process import WAIT, ClusterCase

from hostile import COLUMNS

FORMATS = ("auto", "csv", "json")
# Loads of a test come one after the other, so nothing may wait for its age.
SOON = {"flush": {"max_ack_wait": "1ms", "jitter": "0%"}}


def shown(kind, value):
    """Nested values and JSON by their content, all else by type and exact text (-0.0 is not 0.0)."""
    if value is None or not kind.startswith(("JSON", "ARRAY", "MAP<STRING", "STRUCT")):
        return repr(value)
    return repr(json.loads(value, parse_float=str, parse_int=str, object_pairs_hook=lambda pairs: sorted(pairs, key=repr)))


class TypedCase(ClusterCase):
    """A table `FORMAT_NAME (id, v)` for each format and column of COLUMNS."""

    COLUMNS = COLUMNS

    def setUp(self):
        super().setUp()
        tables = ["CREATE DATABASE test;"]
        settings = {}
        for form in FORMATS:
            for name, column in self.COLUMNS.items():
                tables.append(f"CREATE TABLE test.{form}_{name} (id INT NOT NULL, v {column.type} NULL) "
                              "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);")
                settings[f"test.{form}_{name}"] = {"properties": {"format": form}}
        self.emulator = self.start_emulator("\n".join(tables))
        self.daemon = self.start_daemon(self.emulator, {"defaults": SOON, "tables": settings})
        self.client = self.connect(self.daemon)
        self._writers = 0

    def refusal(self, table, values):
        """Violations of the batch (0, values[0]), (1, values[1]), ..., all of it refused."""
        self._writers += 1
        writer = self.client.writer("test", f"refused{self._writers}")
        writer.write_rows(table, ["id", "v"], list(enumerate(values)))
        with self.assertRaises(LoadstarError, msg=f"{table}: {values!r}") as raised:
            writer.close(WAIT)
        error = raised.exception
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"), error)
        return [violation.field for violation in error.violations]


class TypesTest(TypedCase):
    def load(self, form):
        with self.client.writer("test") as writer:
            for name, column in self.COLUMNS.items():
                for number, case in enumerate(column.cases):
                    if form not in case.refused_by:
                        writer.write_rows(f"{form}_{name}", ["id", "v"], [(number, case.value)])

    def check(self, form):
        """All that fits arrives as it was sent; all that does not is refused, each value by its path."""
        self.load(form)
        for name, column in self.COLUMNS.items():
            table = f"{form}_{name}"
            rows = dict(self.emulator.stored(f'SELECT id, v FROM "test.{table}"'))
            sent = {n: case for n, case in enumerate(column.cases) if form not in case.refused_by}
            self.assertEqual(len(rows), len(sent), table)
            for number, case in sent.items():
                self.assertEqual(shown(column.type, rows[number]), shown(column.type, case.stored), f"{table}: {case.value!r}")
            with self.subTest(table=table):
                self.check_refusals(form, table, column)
            after = self.emulator.stored(f'SELECT count(*) FROM "test.{table}"')
            self.assertEqual(after, [(len(sent),)], f"{table}: a batch is refused as a whole")

    def check_refusals(self, form, table, column):
        if "STRUCT" in column.type and form == "csv":
            self.assertEqual(self.refusal(table, [column.cases[0].value]), ["batch[sequence=1].columns[1]"])
            return
        for case in column.cases:
            if form in case.refused_by:
                path = self.refusal(table, [case.value])[0]
                self.assertTrue(path.startswith("batch[sequence=1].rows[0].values[1]"), f"{case.value!r}: {path}")
        for start in range(0, len(column.refused), 10):
            values = column.refused[start:start + 10]
            paths = self.refusal(table, values)
            self.assertEqual(len(paths), len(values), f"{values!r}: {paths}")
            for number, path in enumerate(paths):
                self.assertTrue(path.startswith(f"batch[sequence=1].rows[{number}].values[1]"), f"{values[number]!r}: {path}")

    def test_auto(self):
        self.check("auto")

    def test_csv(self):
        self.check("csv")

    def test_json(self):
        self.check("json")


class TextTest(TypedCase):
    """What no Python string can hold, and what the paths of nested values are."""

    COLUMNS = {name: COLUMNS[name] for name in ("string", "array", "map", "struct", "json")}

    def refused_raw(self, table, value, old, new):
        """The error for one row whose bytes `old` are replaced on the wire by `new`, as long as they."""
        self.assertEqual(len(old), len(new))
        row = data_pb2.Row(values=[data_pb2.Value(int_value=1), value])
        batch = data_pb2.Batch(sequence=1, table=table, columns=["id", "v"], row_count=1,
                               format=data_pb2.FORMAT_TYPED_ROWS, rows=[row])
        opening = ingest_service_pb2.Open(writer_id="raw", database="test", delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE)
        requests = [ingest_service_pb2.WriteRequest(open=opening).SerializeToString(),
                    ingest_service_pb2.WriteRequest(batch=batch).SerializeToString().replace(old, new)]
        write = self.client._channel.stream_stream("/loadstar.v1.IngestService/Write")
        with self.assertRaises(grpc.RpcError) as raised:
            list(write(iter(requests), timeout=WAIT))
        return LoadstarError.of(raised.exception)

    def test_invalid_utf8_is_refused_where_it_stands(self):
        text = data_pb2.Value(string_value="@@@@")
        path = "batch[sequence=1].rows[0].values[1]"
        places = {
            "string": (text, path),
            "array": (data_pb2.Value(list_value=data_pb2.ListValue(values=[text])), path + ".list_value.values[0]"),
            "map": (data_pb2.Value(map_value=data_pb2.MapValue(keys=[text], values=[data_pb2.Value(int_value=1)])),
                    path + ".map_value.keys[0]"),
            "json": (data_pb2.Value(string_value='"@@@@"'), path),
        }
        # Stray continuation, overlong, surrogate, beyond U+10FFFF, cut short.
        for bad in (b"a\x80bc", b"\xc0\xafab", b"\xed\xa0\x80a", b"\xf4\x90\x80\x80", b"abc\xc3"):
            for name, (value, expected) in places.items():
                for form in FORMATS:
                    error = self.refused_raw(f"{form}_{name}", value, b"@@@@", bad)
                    self.assertEqual(error.reason, "BAD_REQUEST", (form, name, bad))
                    self.assertEqual(error.violations[0].field, expected, (form, name, bad))

    def test_paths_reach_the_innermost_value(self):
        path = "batch[sequence=1].rows[0].values[1]"
        self.assertEqual(self.refusal("auto_array", [["a", None, 1]]), [path + ".list_value.values[2]"])
        self.assertEqual(self.refusal("auto_map", [{"a": 1, "b": "x"}]), [path + ".map_value.values[1]"])
        self.assertEqual(self.refusal("auto_json", [{"k": [1, float("nan")]}]),
                         [path + ".map_value.values[0].list_value.values[1]"])

    def test_numbers_that_a_json_column_does_not_keep_are_refused(self):
        for text in ("1e999", '{"k": [18446744073709551616]}'):
            for form in FORMATS:
                self.assertEqual(self.refusal(f"{form}_json", [text]), ["batch[sequence=1].rows[0].values[1]"], (form, text))


class RowsTest(ClusterCase):
    """Order across lanes, deletes, images of updates, columns that differ from batch to batch."""

    TABLES = """
    CREATE DATABASE test;
    CREATE TABLE test.kept (id INT NOT NULL, v STRING NULL, n INT NULL DEFAULT "5") PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
    CREATE TABLE test.images (id INT NOT NULL, v STRING NULL) PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
    CREATE TABLE test.mixed (id INT NOT NULL, b VARBINARY NULL, v STRING NULL) PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
    CREATE TABLE test.facts (id INT NOT NULL, v STRING NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
    """

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        self.daemon = self.start_daemon(self.emulator, {"defaults": SOON, "tables": {
            "test.images": {"ignore_update_before": False}, "test.facts": {"ignore_update_before": False}}})
        self.client = self.connect(self.daemon)

    def test_auto_keeps_the_order_of_rows_across_its_lanes(self):
        with self.client.writer("test") as writer:
            for turn in range(40):
                # CSV, JSON (a separator), CSV, JSON (the mark of NULL), ...
                value = f"{turn}" if turn % 2 == 0 else f"{turn}\x01" if turn % 4 == 1 else "\\N"
                writer.write_rows("kept", ["id", "v"], [(key, value) for key in range(turn % 7, 7)])
        last = {}
        for turn in range(40):
            for key in range(turn % 7, 7):
                last[key] = f"{turn}" if turn % 2 == 0 else f"{turn}\x01" if turn % 4 == 1 else "\\N"
        self.assertEqual(dict(self.emulator.stored('SELECT id, v FROM "test.kept"')), last)

    def test_rows_that_need_different_texts_cannot_share_a_batch(self):
        rows = [(1, b"", "a"), (2, b"x", "\x01")]  # only CSV has an empty VARBINARY, only JSON the separator
        writer = self.client.writer("test", "w")
        writer.write_rows("mixed", ["id", "b", "v"], rows)
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        violation = raised.exception.violations[0]
        self.assertEqual(violation.field, "batch[sequence=1].rows[0].values[1]")
        self.assertIn("rows[1].values[2] has a byte 0x01", violation.description)
        self.assertIn("batches of their own", violation.description)
        with self.client.writer("test") as writer:
            for row in rows:
                writer.write_rows("mixed", ["id", "b", "v"], [row])
        self.assertEqual(self.emulator.stored('SELECT id, b, v FROM "test.mixed" ORDER BY id'), rows)

    def test_deletes_keep_their_place_among_lanes(self):
        with self.client.writer("test") as writer:
            writer.write_rows("kept", ["id", "v"], [(1, "a"), (2, "b\x02"), (3, "c")])
            writer.write_rows("kept", ["id", "v"], [Op(DELETE, (1, None)), Op(DELETE, (2, "b\x02"))])
            writer.write_rows("kept", ["id", "v"], [(1, "again"), Op(DELETE, (3, "x")), Op(UPDATE_BEFORE, (1, "old\x01"))])
        self.assertEqual(self.emulator.rows("SELECT id, v FROM kept ORDER BY id"), [(1, "again")])

    def test_update_before_deletes_where_it_is_asked_to(self):
        rows = [(1, "old"), (2, "x"), Op(UPDATE_BEFORE, (1, "old")), (10, "new"), Op(UPDATE_BEFORE, (2, "x")), (2, "y")]
        with self.client.writer("test") as writer:
            writer.write_rows("kept", ["id", "v"], rows)
            writer.write_rows("images", ["id", "v"], rows)
        self.assertEqual(self.emulator.rows("SELECT id, v FROM kept ORDER BY id"), [(1, "old"), (2, "y"), (10, "new")])
        self.assertEqual(self.emulator.rows("SELECT id, v FROM images ORDER BY id"), [(2, "y"), (10, "new")])

    def test_a_batch_of_nothing_but_skipped_images_is_committed(self):
        with self.client.writer("test") as writer:
            writer.write_rows("kept", ["id", "v"], [Op(UPDATE_BEFORE, (1, "old\x01")), Op(UPDATE_BEFORE, (2, None))])
        self.assertEqual((writer.committed, self.emulator.rows("SELECT id FROM kept")), (1, []))

    def test_update_before_cannot_delete_from_other_tables(self):
        writer = self.client.writer("test", "w")
        writer.write_rows("facts", ["id", "v"], [(1, "a"), Op(UPDATE_BEFORE, (1, "a"))])
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        error = raised.exception
        self.assertEqual((error.code, error.reason), (StatusCode.FAILED_PRECONDITION, "UNSUPPORTED_COMBINATION"))
        self.assertEqual(error.violations[0].field, "batch[sequence=1].rows[1].op")

    def test_mixed_column_sets_of_partial_updates(self):
        partial = {"properties": {"partial_update": "true"}}
        with self.client.writer("test") as writer:
            writer.write_rows("kept", ["id", "v", "n"], [(1, "a", 1), (2, "b", 2), (3, "c", 3)])
            writer.write_rows("kept", ["id", "v"], [(1, "v1"), (2, "v2\x01"), (4, "new")], **partial)
            writer.write_rows("kept", ["n", "id"], [(11, 1), (33, 3)], **partial)
            writer.write_ndjson("kept", [{"id": 3, "v": None}], columns=["id", "v"], **partial)
            writer.write_csv("kept", "2\x0122\n", 1, columns=["id", "n"], properties={"partial_update": "true", "column_separator": "\\x01"})
        self.assertEqual(self.emulator.rows("SELECT id, v, n FROM kept ORDER BY id"),
                         [(1, "v1", 11), (2, "v2\x01", 22), (3, None, 33), (4, "new", 5)])


if __name__ == "__main__":
    unittest.main()
