"""The client against a scripted service: values, errors, and what it does when streams break."""

import concurrent.futures
import datetime
import decimal
import queue
import unittest

import grpc
import loadstar_client
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from loadstar.v1 import data_pb2, ingest_service_pb2, ingest_service_pb2_grpc
from loadstar_client import DELETE, LoadstarError, Op, to_value

WAIT = 20.0


class ValuesTest(unittest.TestCase):
    def test_each_python_type_has_its_member(self):
        minus_five = datetime.timezone(datetime.timedelta(hours=-5))
        for value, member, expected in (
            (None, "null_value", 0),
            (True, "bool_value", True),
            (-7, "int_value", -7),
            (2**63 - 1, "int_value", 2**63 - 1),
            (2**63, "string_value", "9223372036854775808"),
            (0.5, "double_value", 0.5),
            ("x", "string_value", "x"),
            (b"\x00\xff", "bytes_value", b"\x00\xff"),
            (decimal.Decimal("1E+3"), "string_value", "1000"),
            (datetime.date(1969, 12, 31), "date_value", -1),
            (datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), "datetime_value", -1),
            (datetime.datetime(1970, 1, 1, tzinfo=minus_five), "instant_value", 5 * 3600 * 1_000_000),
        ):
            with self.subTest(value=value):
                self.assertEqual(to_value(value).WhichOneof("kind"), member)
                self.assertEqual(getattr(to_value(value), member), expected)

    def test_containers_keep_their_order(self):
        value = to_value({"b": [1, None], "a": []})
        self.assertEqual([key.string_value for key in value.map_value.keys], ["b", "a"])
        self.assertEqual(len(value.map_value.values[0].list_value.values), 2)

    def test_a_type_without_a_member_is_refused_by_name(self):
        with self.assertRaisesRegex(ValueError, "complex"):
            to_value(1j)


def opened(next_sequence=1, attached=False, max_unacked_bytes=1 << 20):
    return ingest_service_pb2.WriteResponse(
        opened=ingest_service_pb2.Opened(
            attached=attached, next_sequence=next_sequence, daemon_id="d",
            limits=ingest_service_pb2.Limits(max_unacked_bytes=max_unacked_bytes),
        )
    )


def ack(received, committed=None):
    return ingest_service_pb2.WriteResponse(
        ack=ingest_service_pb2.Ack(
            received_sequence=received, committed_sequence=received if committed is None else committed
        )
    )


class Scripted(ingest_service_pb2_grpc.IngestServiceServicer):
    """Each Write call is carried out by the next script: a generator function of (requests, context)."""

    def __init__(self, *scripts):
        self._scripts = queue.SimpleQueue()
        for script in scripts:
            self._scripts.put(script)
        self.opens = []

    def Write(self, request_iterator, context):  # noqa: N802 (gRPC's name)
        self.opens.append(next(request_iterator).open)
        try:
            script = self._scripts.get_nowait()
        except queue.Empty:
            context.abort(StatusCode.FAILED_PRECONDITION, "no script for another stream")
        yield from script(request_iterator, context)


def break_off(context):
    context.abort(StatusCode.UNAVAILABLE, "broken")


class WriterTest(unittest.TestCase):
    def serve(self, *scripts):
        """A client of a server that runs the scripts, one for each stream."""
        service = Scripted(*scripts)
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        ingest_service_pb2_grpc.add_IngestServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(server.stop, None)
        client = loadstar_client.connect(f"127.0.0.1:{port}")
        self.addCleanup(client.close)
        return service, client

    def test_an_anonymous_writer_sends_without_waiting_and_ends_when_all_is_committed(self):
        got = []

        def script(requests, _):
            got.append(next(requests).batch)  # comes before the client has seen Opened
            yield opened()
            got.extend(request.batch for request in requests)
            yield ack(len(got))

        service, client = self.serve(script)
        with client.writer("db") as writer:
            self.assertEqual(writer.write_rows("t", ["a", "b"], [(1, "x"), Op(DELETE, (2, None))]), 1)
            self.assertEqual(writer.write_csv("t", "3\ty\n", 1, properties={"column_separator": "\t"}), 2)
            self.assertEqual(writer.write_ndjson("t", [{"a": 4}, {"a": 5}]), 3)
            self.assertEqual(writer.write_json_array("t", [{"a": 6}]), 4)
        self.assertEqual((writer.committed, writer.received), (4, 4))
        self.assertEqual((service.opens[0].database, service.opens[0].writer_id), ("db", ""))
        self.assertEqual([batch.sequence for batch in got], [0, 0, 0, 0])
        self.assertEqual([batch.row_count for batch in got], [2, 1, 2, 1])
        self.assertEqual([row.op for row in got[0].rows], [data_pb2.ROW_OP_UNSPECIFIED, data_pb2.ROW_OP_DELETE])
        self.assertEqual(got[1].data, b"3\ty\n")
        self.assertEqual(got[2].data, b'{"a":4}\n{"a":5}\n')
        self.assertEqual(got[3].data, b'[{"a":6}]')

    def test_an_anonymous_writer_does_not_send_again(self):
        def script(requests, context):
            next(requests)
            yield opened()
            yield ack(1, 0)
            break_off(context)

        service, client = self.serve(script)
        writer = client.writer("db")
        writer.write_rows("t", ["a"], [(1,)])
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        self.assertEqual((raised.exception.code, writer.committed), (StatusCode.UNAVAILABLE, 0))
        self.assertEqual(len(service.opens), 1)

    def test_an_end_before_all_is_committed_is_an_error(self):
        def script(requests, _):
            next(requests)
            yield opened()
            yield ack(1, 0)

        _, client = self.serve(script)
        writer = client.writer("db")
        writer.write_rows("t", ["a"], [(1,)])
        with self.assertRaisesRegex(LoadstarError, "ended at batch 0 of 1"):
            writer.close(WAIT)

    def test_a_named_writer_that_is_still_held_sends_what_the_daemon_lacks(self):
        def first(requests, context):
            yield opened()
            self.assertEqual([next(requests).batch.sequence for _ in range(3)], [1, 2, 3])
            yield ack(3, 1)
            break_off(context)

        def second(requests, _):
            yield opened(next_sequence=3, attached=True)
            self.assertEqual([request.batch.sequence for request in requests], [3])
            yield ack(3)

        service, client = self.serve(first, second)
        with client.writer("db", "w") as writer:
            for number in range(3):
                writer.write_rows("t", ["a"], [(number,)])
        self.assertEqual((writer.committed, writer.attachments), (3, [False, True]))
        self.assertEqual([entry.writer_id for entry in service.opens], ["w", "w"])

    def test_a_named_writer_numbers_anew_where_the_daemon_has_forgotten_it(self):
        resent = []

        def first(requests, context):
            yield opened(next_sequence=11)
            self.assertEqual([next(requests).batch.sequence for _ in range(3)], [11, 12, 13])
            yield ack(13, 11)
            break_off(context)

        def second(requests, _):
            yield opened(next_sequence=1)
            resent.extend(request.batch for request in requests)
            yield ack(len(resent))

        _, client = self.serve(first, second)
        with client.writer("db", "w") as writer:
            for number in range(3):
                writer.write_rows("t", ["a"], [(number,)])
        self.assertEqual([batch.sequence for batch in resent], [1, 2])
        self.assertEqual([batch.rows[0].values[0].int_value for batch in resent], [1, 2])
        self.assertEqual(writer.committed, 3)

    def test_a_break_after_everything_is_committed_is_a_good_end(self):
        def script(requests, context):
            yield opened()
            next(requests)
            yield ack(1)
            for _ in requests:
                pass
            break_off(context)

        service, client = self.serve(script)
        with client.writer("db", "w") as writer:
            writer.write_rows("t", ["a"], [(1,)])
            writer.wait_committed(timeout=WAIT)
        self.assertEqual(len(service.opens), 1)

    def test_an_error_that_repeating_cannot_help_ends_the_writer(self):
        def script(requests, context):
            yield opened()
            next(requests)
            context.abort(StatusCode.NOT_FOUND, "no table")

        service, client = self.serve(script)
        writer = client.writer("db", "w")
        writer.write_rows("t", ["a"], [(1,)])
        with self.assertRaises(LoadstarError) as raised:
            writer.wait_committed(timeout=WAIT)
        self.assertEqual((raised.exception.code, len(service.opens)), (StatusCode.NOT_FOUND, 1))
        with self.assertRaises(LoadstarError):
            writer.write_rows("t", ["a"], [(2,)])

    def test_writing_waits_while_the_window_is_full(self):
        acknowledge = queue.SimpleQueue()

        def script(requests, _):
            yield opened(max_unacked_bytes=100)
            next(requests)
            acknowledge.get(timeout=WAIT)
            yield ack(1)
            self.assertEqual(len(list(requests)), 1)
            yield ack(2)

        _, client = self.serve(script)
        writer = client.writer("db", "w")
        writer.wait_opened(WAIT)
        writer.write_csv("t", "x" * 90 + "\n", 1)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            second = pool.submit(writer.write_csv, "t", "y" * 90 + "\n", 1)
            with self.assertRaises(concurrent.futures.TimeoutError):
                second.result(timeout=0.1)
            acknowledge.put(None)
            self.assertEqual(second.result(timeout=WAIT), 2)
        writer.close(WAIT)

    def test_draining_is_seen(self):
        def script(requests, _):
            yield opened()
            yield ingest_service_pb2.WriteResponse(
                draining=ingest_service_pb2.Draining(grace=duration_pb2.Duration(seconds=1))
            )
            self.assertEqual(list(requests), [])

        _, client = self.serve(script)
        with client.writer("db", "w") as writer:
            self.assertTrue(writer.draining.wait(WAIT))

    def test_the_details_of_an_error_are_decoded(self):
        info = error_details_pb2.ErrorInfo(reason="BAD_REQUEST", domain="loadstar", metadata={"table": "t"})
        bad = error_details_pb2.BadRequest(field_violations=[{"field": "batch.table", "description": "is empty"}])
        retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1, nanos=500_000_000))
        status = status_pb2.Status(code=3, message="m")
        for detail in (info, bad, retry):
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)

        def script(_, context):
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(StatusCode.INVALID_ARGUMENT, "m")
            yield

        _, client = self.serve(script)
        with self.assertRaises(LoadstarError) as raised:
            client.writer("db").close(WAIT)
        error = raised.exception
        self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"))
        self.assertEqual(error.metadata, {"table": "t"})
        self.assertEqual([(v.field, v.description) for v in error.violations], [("batch.table", "is empty")])
        self.assertEqual(error.retry_after, 1.5)
        self.assertFalse(error.retryable)
        self.assertEqual(str(error), "INVALID_ARGUMENT BAD_REQUEST: m; batch.table: is empty")
        error.message = "batch.table is empty"
        self.assertEqual(str(error), "INVALID_ARGUMENT BAD_REQUEST: batch.table is empty", "not twice")


if __name__ == "__main__":
    unittest.main()
