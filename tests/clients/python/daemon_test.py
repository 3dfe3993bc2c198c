"""The Python client against the real daemon and the emulator; rows are compared through SQL over HTTP."""

import datetime
import decimal
import pathlib
import subprocess
import sys
import unittest

import grpc
from grpc import StatusCode
from loadstar.v1 import admin_service_pb2, data_pb2, ingest_service_pb2
from loadstar_client import DELETE, UPDATE_BEFORE, LoadstarError, Op
from loadstar_process import WAIT, ClusterCase

TABLES = """
CREATE DATABASE test;
CREATE TABLE test.score_board (
  id int(11) NOT NULL, name varchar(65533) NULL DEFAULT "", score int(11) NOT NULL DEFAULT "0"
) ENGINE=OLAP PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
CREATE TABLE test.events (id BIGINT NOT NULL, text VARCHAR(1000) NULL)
ENGINE=OLAP DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
CREATE TABLE test.types (
  id INT NOT NULL, a BOOLEAN NULL, b TINYINT NULL, c SMALLINT NULL, d BIGINT NULL, e LARGEINT NULL,
  f DOUBLE NULL, g DECIMAL(20,4) NULL, h CHAR(10) NULL, i STRING NULL, j DATE NULL, k DATETIME NULL,
  l DATETIME NULL
) ENGINE=OLAP PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
CREATE TABLE test.page_uv (
  page_id INT NOT NULL, visit_date datetime NOT NULL, visit_users BITMAP BITMAP_UNION NOT NULL
) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);
CREATE TABLE test.hll_uv (
  page_id INT NOT NULL, visit_date datetime NOT NULL, visit_users HLL HLL_UNION NOT NULL
) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);
"""
SCORES = "SELECT id, name, score FROM score_board ORDER BY id"
COLUMNS = ["id", "name", "score"]
# Nothing ripens by itself: what is committed was asked for.
ON_REQUEST = {"defaults": {"flush": {"interval": "1h", "max_ack_wait": "0s"}}}


class DaemonCase(ClusterCase):
    TABLES = TABLES
    CONFIGURATION = None

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        self.daemon = self.start_daemon(self.emulator, self.CONFIGURATION)
        self.client = self.connect(self.daemon)

    def scores(self):
        return self.emulator.rows(SCORES)

    def refused(self, write):
        """The error that a stream ends with, after `write(writer)`."""
        writer = self.client.writer("test", "refused")
        write(writer)
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        return raised.exception


class RowsTest(DaemonCase):
    """Each way to say rows ends as the same rows."""

    def test_typed_rows_of_every_scalar_type(self):
        minus_two = datetime.timezone(datetime.timedelta(hours=-2))
        with self.client.writer("test") as writer:
            writer.write_rows("types", ["id", *"abcdefghijkl"], [
                (1, True, -128, 32767, 2**63 - 1, -(2**127), 0.1, decimal.Decimal("-1.5"), "c", "tab\tquote\"\n",
                 datetime.date(2024, 2, 29), datetime.datetime(2020, 6, 23, 1, 30, 30, 123456),
                 datetime.datetime(2020, 6, 23, 1, 30, 30, tzinfo=minus_two)),
                (2, *[None] * 12),
            ])
        rows = self.emulator.rows("SELECT * FROM types ORDER BY id")
        self.assertEqual([str(value) for value in rows[0][2:6]], ["-128", "32767", str(2**63 - 1), str(-(2**127))])
        self.assertIn(str(rows[0][1]).lower(), ("1", "true"))
        self.assertEqual(float(rows[0][6]), 0.1)
        self.assertEqual(decimal.Decimal(str(rows[0][7])), decimal.Decimal("-1.5"))
        self.assertEqual(rows[0][8:10], ("c", "tab\tquote\"\n"))
        self.assertEqual(rows[0][10:], ("2024-02-29", "2020-06-23 01:30:30.123456", "2020-06-23 03:30:30"))
        self.assertEqual(rows[1], (2, *[None] * 12))

    def test_csv_ndjson_and_json_array(self):
        with self.client.writer("test") as writer:
            writer.write_csv("score_board", "1\tcsv\t1\n", 1, properties={"column_separator": "\t"})
            writer.write_ndjson("score_board", [{"id": 2, "name": "ndjson", "score": 2}, {"id": 3, "name": None, "score": 3}])
            writer.write_json_array("score_board", [{"id": 4, "name": "[array]", "score": 4}])
        self.assertEqual(self.scores(), [(1, "csv", 1), (2, "ndjson", 2), (3, None, 3), (4, "[array]", 4)])

    def test_partial_and_conditional_update(self):
        with self.client.writer("test") as writer:
            writer.write_rows("score_board", COLUMNS, [(1, "starrocks", 100), (2, "flink", 100)])
        with self.client.writer("test") as writer:
            writer.write_rows("score_board", ["id", "name"], [(1, "partial")], properties={"partial_update": "true"})
        self.assertEqual(self.scores(), [(1, "partial", 100), (2, "flink", 100)])
        with self.client.writer("test") as writer:
            writer.write_rows("score_board", COLUMNS, [(1, "lower", 99), (2, "higher", 101)],
                              properties={"merge_condition": "score"})
        self.assertEqual(self.scores(), [(1, "partial", 100), (2, "higher", 101)])

    def test_columns_left_out_get_their_default(self):
        with self.client.writer("test") as writer:
            writer.write_rows("score_board", ["id"], [(1,)])
        self.assertEqual(self.scores(), [(1, "", 0)])

    def test_deletes_and_images_of_updates_in_order(self):
        with self.client.writer("test") as writer:
            writer.write_rows("score_board", COLUMNS, [(n, "x", n) for n in range(1, 6)])
            writer.write_rows("score_board", COLUMNS, [
                Op(DELETE, (1, "x", 1)), Op(UPDATE_BEFORE, (2, "x", 2)), (2, "after", 2), Op(DELETE, (3, "x", 3)), (3, "back", 3),
            ])
            writer.write_csv("score_board", "4,x,4,1\n", 1, columns=[*COLUMNS, "__op"], properties={"column_separator": ","})
            writer.write_ndjson("score_board", [{"id": 5, "name": "x", "score": 5, "__op": 1}],
                                columns=[*COLUMNS, "__op"])
        self.assertEqual(self.scores(), [(2, "after", 2), (3, "back", 3)])

    def test_bitmap_and_hll_by_expression(self):
        day = datetime.datetime(2020, 6, 23, 1, 30, 30)
        with self.client.writer("test") as writer:
            for table, function in (("page_uv", "to_bitmap"), ("hll_uv", "hll_hash")):
                writer.write_rows(table, ["page_id", "visit_date", "user"], [(1, day, 13), (1, day, 23), (1, day, 13), (2, day, 23)],
                                  expressions=[f"visit_users={function}(user)"])
        for table in ("page_uv", "hll_uv"):
            counts = self.emulator.rows(f"SELECT page_id, COUNT(DISTINCT visit_users) FROM {table} GROUP BY page_id ORDER BY page_id")
            self.assertEqual(counts, [(1, 2), (2, 1)], table)

    # F231
    def test_rows_that_starrocks_may_drop_are_reported(self):
        with self.client.writer("test") as writer:
            writer.write_csv("score_board", "1,good,1\nbad,row,x\n", 2,
                             properties={"column_separator": ",", "max_filter_ratio": "0.5"})
        self.assertEqual((self.scores(), writer.filtered_rows), ([(1, "good", 1)], 1))


class ExampleTest(DaemonCase):
    """example.py, which README.md shows."""

    def test_it_loads_its_rows_and_says_so(self):
        script = pathlib.Path(__file__).with_name("example.py")
        done = subprocess.run([sys.executable, script, self.daemon.target], capture_output=True, text=True, timeout=WAIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "batches received: 2, committed: 2")
        self.assertEqual(self.scores(), [(1, "starrocks", 100), (2, "flink", 100), (3, "json", 100)])


class ErrorsTest(DaemonCase):
    """What a client is told when something is wrong, and what stays as it was."""

    def test_a_field_is_named_by_its_path(self):
        error = self.refused(lambda writer: writer.write_rows("score_board", COLUMNS, [(1, "a", 1), (2, "b")]))
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"))
        self.assertTrue(error.violations[0].field.startswith("batch[sequence=1].rows[1]"), error)

    def test_a_value_without_a_member_is_not_null(self):
        error = self.refused_raw(lambda batch: batch.rows[0].values[1].Clear())
        self.assertEqual(error.reason, "BAD_REQUEST")
        self.assertEqual(error.violations[0].field, "batch[sequence=1].rows[0].values[1]")
        self.assertEqual(self.scores(), [])

    def refused_raw(self, spoil):
        """The error for one raw batch of a named writer after `spoil(batch)`."""
        batch = data_pb2.Batch(
            sequence=1, table="score_board", columns=COLUMNS, row_count=1, format=data_pb2.FORMAT_TYPED_ROWS,
            rows=[data_pb2.Row(values=[data_pb2.Value(int_value=1), data_pb2.Value(string_value="a"),
                                       data_pb2.Value(int_value=1)])],
        )
        spoil(batch)
        return self.end_of(ingest_service_pb2.Open(
            writer_id="raw", database="test", delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE), batch)

    def end_of(self, opening, *batches):
        requests = [ingest_service_pb2.WriteRequest(open=opening)]
        requests += [ingest_service_pb2.WriteRequest(batch=batch) for batch in batches]
        with self.assertRaises(grpc.RpcError) as raised:
            for _ in self.client.ingest.Write(iter(requests), timeout=WAIT):
                pass
        return LoadstarError.of(raised.exception)

    def test_a_wrong_row_count_is_a_bad_payload(self):
        error = self.refused(lambda writer: writer.write_csv("score_board", "1,a,1\n", 2, properties={"column_separator": ","}))
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_PAYLOAD"))

    def test_a_gap_says_what_was_expected(self):
        error = self.refused_raw(lambda batch: setattr(batch, "sequence", 3))
        self.assertEqual((error.code, error.reason), (StatusCode.OUT_OF_RANGE, "SEQUENCE_GAP"))
        self.assertEqual(error.metadata["expectedSequence"], "1")

    def test_what_does_not_exist(self):
        error = self.refused(lambda writer: writer.write_rows("nonesuch", ["id"], [(1,)]))
        self.assertEqual((error.code, error.reason), (StatusCode.NOT_FOUND, "TABLE_NOT_FOUND"))
        error = self.end_of(ingest_service_pb2.Open(database="nonesuch", delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE))
        self.assertEqual((error.code, error.reason), (StatusCode.NOT_FOUND, "DATABASE_NOT_FOUND"))

    def test_an_unknown_column_would_lose_its_values(self):
        error = self.refused(lambda writer: writer.write_rows("score_board", ["id", "nmae"], [(1, "a")]))
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"))
        self.assertIn("nmae", str(error))

    def test_a_delete_needs_a_primary_key_table(self):
        error = self.refused(lambda writer: writer.write_rows("events", ["id"], [Op(DELETE, (1,))]))
        self.assertEqual((error.code, error.reason), (StatusCode.FAILED_PRECONDITION, "UNSUPPORTED_COMBINATION"))

    def test_a_format_of_later_versions(self):
        def spoil(batch):
            batch.format = data_pb2.FORMAT_ARROW_IPC
            batch.ClearField("rows")
            batch.data = b"x"

        error = self.refused_raw(spoil)
        self.assertEqual((error.code, error.reason), (StatusCode.UNIMPLEMENTED, "FORMAT_UNSUPPORTED"))

    # F228
    def test_rows_that_starrocks_refuses_concern_their_writer_only(self):
        good = self.client.writer("test", "good")
        good.write_csv("score_board", "1,good,1\n", 1, properties={"column_separator": ","})
        error = self.refused(
            lambda writer: writer.write_csv("score_board", "x,bad,1\n", 1, properties={"column_separator": ","}))
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "ROWS_REJECTED"))
        self.assertEqual(error.metadata["table"], "score_board")
        self.assertEqual((error.metadata["firstSequence"], error.metadata["lastSequence"]), ("1", "1"))
        good.close(WAIT)
        self.assertEqual(self.scores(), [(1, "good", 1)])


class WriterTest(DaemonCase):
    """Lives of writers."""

    CONFIGURATION = ON_REQUEST

    def test_a_checkpoint_flushes_what_was_written(self):
        writer = self.client.writer("test", "w")
        writer.write_rows("score_board", COLUMNS, [(1, "a", 1)])
        writer.wait_received(timeout=WAIT)
        self.assertEqual(self.scores(), [])
        answer = writer.checkpoint(WAIT)
        self.assertEqual(answer.resume_token, b"")
        self.assertEqual(self.scores(), [(1, "a", 1)])
        writer.wait_committed(timeout=WAIT)
        writer.close(WAIT)

    def test_a_broken_stream_is_taken_up_again_without_a_row_lost_or_doubled(self):
        writer = self.client.writer("test", "w")
        for number in range(1, 11):
            writer.write_rows("events", ["id", "text"], [(number, "x" * 500)])
            if number == 5:
                writer.wait_received(3, WAIT)
                writer.break_stream()
        writer.close(WAIT)
        self.assertEqual(writer.attachments, [False, True])
        self.assertEqual(self.emulator.rows("SELECT id FROM events ORDER BY id"), [(n,) for n in range(1, 11)])

    # F238
    def test_resent_batches_are_acknowledged_and_not_loaded_again(self):
        def batch(sequence):
            return ingest_service_pb2.WriteRequest(batch=data_pb2.Batch(
                sequence=sequence, table="events", columns=["id", "text"], row_count=1, format=data_pb2.FORMAT_CSV,
                data=b"%d,x\n" % sequence, properties={"column_separator": ","}))

        opening = ingest_service_pb2.WriteRequest(open=ingest_service_pb2.Open(
            writer_id="w", database="test", delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE))
        requests = [opening, batch(1), batch(2), batch(1), batch(2), batch(3)]
        acks = [response.ack for response in self.client.ingest.Write(iter(requests), timeout=WAIT)
                if response.WhichOneof("response") == "ack"]
        self.assertEqual(acks[-1].committed_sequence, 3)
        self.assertEqual(self.emulator.rows("SELECT id FROM events ORDER BY id"), [(1,), (2,), (3,)])
        self.assertEqual(self.daemon.metric("loadstar_ingest_duplicate_batches_total"), 2)

    def test_many_writers_make_one_load(self):
        writers = [self.client.writer("test", f"w{n}") for n in range(20)]
        for number, writer in enumerate(writers):
            writer.write_rows("events", ["id", "text"], [(number, "x")])
        for writer in writers:
            writer.wait_received(timeout=WAIT)
        writers[0].checkpoint(WAIT)
        for writer in writers:
            writer.close(WAIT)
        self.assertEqual(len(self.emulator.rows("SELECT id FROM events")), 20)
        self.assertLess(self.daemon.metric("loadstar_loads_total", outcome="succeeded"), 10)

    def test_the_daemon_says_what_it_knows(self):
        writer = self.client.writer("test", "w", client_name="me")
        writer.write_rows("score_board", COLUMNS, [(1, "a", 1)])
        writer.wait_received(timeout=WAIT)
        status = self.client.admin.GetStatus(admin_service_pb2.GetStatusRequest(), timeout=WAIT)
        self.assertEqual([(w.writer_id, w.client_name, w.ack.received_sequence, w.ack.committed_sequence)
                          for w in status.writers], [("w", "me", 1, 0)])
        self.assertEqual(status.daemon_id, writer.opened.daemon_id)
        table = self.client.admin.DescribeTable(
            admin_service_pb2.DescribeTableRequest(database="test", table="score_board"), timeout=WAIT)
        self.assertEqual([column.name for column in table.columns], COLUMNS)
        writer.close(WAIT)


class DrainTest(DaemonCase):
    CONFIGURATION = ON_REQUEST

    def health(self):
        """grpc.health.v1.Health/Check for the ingest service: 1 = SERVING, 2 = NOT_SERVING."""
        name = b"loadstar.v1.IngestService"
        check = self.client._channel.unary_unary("/grpc.health.v1.Health/Check")
        return check(b"\x0a" + bytes([len(name)]) + name, timeout=WAIT)

    def test_what_was_received_is_committed_before_the_daemon_goes(self):
        self.assertEqual(self.health(), b"\x08\x01")
        named, anonymous = self.client.writer("test", "w", retry_for=0), self.client.writer("test")
        named.write_rows("events", ["id", "text"], [(1, "named")])
        anonymous.write_rows("events", ["id", "text"], [(2, "anonymous")])
        named.wait_received(timeout=WAIT)
        anonymous.wait_received(timeout=WAIT)
        self.daemon.terminate()
        for writer in (named, anonymous):
            self.assertTrue(writer.draining.wait(WAIT))
            writer.wait_committed(timeout=WAIT)
        self.assertEqual(self.daemon.process.wait(), 0)
        self.assertEqual(self.emulator.rows("SELECT id, text FROM events ORDER BY id"), [(1, "named"), (2, "anonymous")])


if __name__ == "__main__":
    unittest.main()
