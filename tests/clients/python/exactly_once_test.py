"""The exactly-once client against a daemon in memory: every class of error at every step."""

import concurrent.futures
import contextlib
import io
import pathlib
import tempfile
import threading
import unittest

import exactly_once
import grpc
import loadstar_client
from fake_daemon import Cluster, FakeDaemon, refuse
from grpc import StatusCode
from loadstar_client import Action, LoadstarError, Record, RecordConflict, RecordFile, StartOver

WAIT = 20.0


class ClientCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="loadstar-once-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.records = RecordFile(self.directory / "state")
        self.cluster = Cluster()
        self.lines = [f"{number},line {number}" for number in range(100)]
        (self.directory / "rows.csv").write_text("\n".join(self.lines), encoding="utf-8")

    def daemon(self, trouble=lambda step, context: None, **options):
        daemon = FakeDaemon(self.cluster, trouble, **options)
        self.addCleanup(daemon.stop)
        return daemon

    def client(self, daemon):
        client = loadstar_client.connect(daemon.target)
        self.addCleanup(client.close)
        return client

    def writer(self, daemon, **options):
        return self.client(daemon).exactly_once("db", "w", self.records, retry_for=5, **options)

    def run_program(self, *daemons, file="rows.csv"):
        words = [word for daemon in daemons for word in ("--target", daemon.target)]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return exactly_once.main([*words, "--record", str(self.directory / "state"), "--writer", "w", "--batch-rows",
                                      "7", "--checkpoint-rows", "20", "--timeout", "5", "--retry-for", "5",
                                      "db.t", str(self.directory / file)])


def once(step, code, reason="", nth=1):
    """Trouble: the n-th time that the daemon comes to a step, the call ends so."""
    left = [nth]

    def trouble(now, context):
        if now == step:
            left[0] -= 1
            if left[0] == 0:
                refuse(context, code, reason)

    return trouble


class ProgramTest(ClientCase):
    STEPS = ("open", "opened", "batch", "checkpoint", "prepared", "commit", "committed")

    def test_a_file_is_loaded_once_also_if_it_is_started_again(self):
        daemon = self.daemon()
        self.assertEqual(self.run_program(daemon), 0)
        self.assertEqual(self.run_program(daemon), 0)
        self.assertEqual(self.cluster.table, self.lines)
        self.assertEqual([epoch for epoch, _ in daemon.opens], [1, 2])
        self.assertEqual(self.records.load().position, (self.directory / "rows.csv").stat().st_size)

    def test_what_can_be_repeated_is_repeated_at_every_step(self):
        for code in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED, StatusCode.INTERNAL):
            for step in self.STEPS:
                with self.subTest(code=code, step=step):
                    self.setUp()
                    self.assertEqual(self.run_program(self.daemon(once(step, code, nth=2 if step == "batch" else 1))), 0)
                    self.assertEqual(self.cluster.table, self.lines)

    def test_lost_rows_are_read_again_by_the_next_epoch(self):
        for step in self.STEPS:
            with self.subTest(step=step):
                self.setUp()
                daemon = self.daemon(once(step, StatusCode.ABORTED, "INTERVAL_LOST"))
                self.assertEqual(self.run_program(daemon), 0)
                self.assertEqual(self.cluster.table, self.lines)
                self.assertEqual(daemon.opens[-1], (2, False))

    def test_it_goes_to_the_next_daemon_when_one_is_gone(self):
        gone = self.daemon()
        left = [3]

        def die(step, _):
            if step == "committed":
                left[0] -= 1
                if left[0] == 0:
                    threading.Thread(target=gone.stop).start()

        gone.trouble = die
        self.assertEqual(self.run_program(gone, self.daemon()), 0)
        self.assertEqual(self.cluster.table, self.lines)

    def test_a_fenced_instance_exits_with_2_and_a_wrong_request_with_1(self):
        fenced = once("checkpoint", StatusCode.FAILED_PRECONDITION, "WRITER_FENCED")
        self.assertEqual(self.run_program(self.daemon(fenced)), 2)
        self.assertEqual(self.run_program(self.daemon(once("batch", StatusCode.INVALID_ARGUMENT, "BAD_PAYLOAD"))), 1)
        lost = once("commit", StatusCode.FAILED_PRECONDITION, "CHECKPOINT_LOST")
        self.assertEqual(self.run_program(self.daemon(lost)), 1)
        self.assertEqual(self.run_program(self.daemon()), 0)
        self.assertEqual(self.cluster.table, self.lines)

    def test_a_record_that_is_beyond_the_end_of_the_file_stops_it(self):
        self.assertEqual(self.run_program(self.daemon()), 0)
        (self.directory / "rows.csv").write_text("1,a\n")
        self.assertEqual(self.run_program(self.daemon()), 1)
        self.assertEqual(self.cluster.table, self.lines)

    def test_a_record_of_another_file_stops_it(self):
        self.assertEqual(self.run_program(self.daemon()), 0)
        (self.directory / "longer.csv").write_text("1,a\n" * 1000)
        self.assertEqual(self.run_program(self.daemon(), file="longer.csv"), 1)
        self.assertEqual(self.cluster.table, self.lines)

    def test_words_that_cannot_be_meant_are_refused(self):
        words = ["--target", "127.0.0.1:1", "--record", "r", "--writer", "w", "test.t", "f"]
        for wrong in (["--batch-rows", "0"], ["--checkpoint-rows", "-1"], ["--timeout", "0"], ["--retry-for", "x"]):
            self.assertEqual(exactly_once.main([*wrong, *words]), 64, wrong)
        self.assertEqual(exactly_once.main([*words[:-2], "events", "f"]), 64)

    def test_a_damaged_record_stops_it(self):
        (self.directory / "state").write_bytes(b"")
        self.assertEqual(self.run_program(self.daemon()), 1)
        self.assertEqual(self.cluster.table, [])


class ExactlyOnceWriterTest(ClientCase):
    def test_a_broken_stream_is_attached_again_and_sends_what_is_missing(self):
        daemon = self.daemon(once("batch", StatusCode.UNAVAILABLE, nth=3))
        with self.writer(daemon) as writer:
            for line in self.lines:
                writer.write_csv("t", line + "\n", 1)
            writer.checkpoint(100)
        self.assertEqual(daemon.opens, [(1, False), (1, True)])
        self.assertEqual(self.cluster.table, self.lines)

    def test_an_open_without_an_answer_is_not_the_first_one_any_more(self):
        daemon = self.daemon(once("open", StatusCode.UNAVAILABLE))
        with self.assertRaisesRegex(StartOver, "EPOCH_USED"):
            self.writer(daemon)
        self.assertEqual(daemon.opens, [(1, False), (1, True)])
        self.assertEqual(self.records.load().epoch, 1)

    def test_the_next_checkpoints_are_filled_while_one_is_prepared_but_not_beyond_the_limit(self):
        entered, go_on = threading.Event(), threading.Event()

        def slow(step, _):
            if step == "checkpoint":
                entered.set()
                go_on.wait(WAIT)

        daemon = self.daemon(slow, max_pending=2)
        with self.writer(daemon) as writer, concurrent.futures.ThreadPoolExecutor(1) as pool:
            writer.write_csv("t", "a\n", 1)
            writer.checkpoint(1)
            self.assertTrue(entered.wait(WAIT))
            writer.write_csv("t", "b\n", 1)
            writer.checkpoint(2)
            third = pool.submit(writer.write_csv, "t", "c\n", 1)
            with self.assertRaises(concurrent.futures.TimeoutError):
                third.result(0.1)
            go_on.set()
            third.result(WAIT)
            writer.checkpoint(3)
        self.assertEqual(self.cluster.table, ["a", "b", "c"])

    def test_too_many_pending_checkpoints_means_to_commit_first(self):
        steps = []
        trouble = once("checkpoint", StatusCode.FAILED_PRECONDITION, "TOO_MANY_PENDING_CHECKPOINTS", nth=2)

        def watch(step, context):
            steps.append(step)
            trouble(step, context)

        with self.writer(self.daemon(watch)) as writer:
            for position in (1, 2):
                writer.write_csv("t", f"{position}\n", 1)
                writer.checkpoint(position)
        control = [step for step in steps if step in ("checkpoint", "commit")]
        self.assertEqual(control, ["checkpoint", "commit", "checkpoint", "commit", "checkpoint", "commit"])
        self.assertEqual(self.cluster.table, ["1", "2"])

    def test_a_writer_that_is_not_open_any_more_is_opened_and_found_used(self):
        daemon = self.daemon()
        writer = self.writer(daemon)
        writer.write_csv("t", "a\n", 1)
        daemon.lose_writer()
        writer.checkpoint(1)
        with self.assertRaisesRegex(StartOver, "EPOCH_USED"):
            writer.flush()
        writer.abandon()
        self.assertEqual(daemon.opens, [(1, False), (1, True)])

    def test_a_daemon_that_says_nothing_is_left(self):
        silent, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def trouble(step, _):
            if step == "batch" and not silent.is_set():
                silent.set()
                release.wait(WAIT)

        daemon = self.daemon(trouble)
        with self.writer(daemon) as writer:
            writer.write_csv("t", "a\n", 1)
            writer.checkpoint(1)
        self.assertTrue(silent.is_set())
        self.assertEqual(daemon.opens, [(1, False), (1, True)])
        self.assertEqual(self.cluster.table, ["a"])

    def test_an_instance_whose_record_was_changed_decides_nothing(self):
        writer = self.writer(self.daemon())
        writer.write_csv("t", "a\n", 1)
        record = self.records.load()
        self.records.replace(record, Record(record.epoch + 1, record.token, record.position))
        writer.checkpoint(1)
        with self.assertRaises(RecordConflict):
            writer.flush()
        writer.abandon()
        self.assertEqual(self.cluster.table, [])

    def test_rows_after_the_last_checkpoint_are_not_loaded(self):
        with self.writer(self.daemon()) as writer:
            writer.write_csv("t", "a\n", 1)
            writer.checkpoint(1)
            writer.write_csv("t", "b\n", 1)
        self.assertEqual(self.cluster.table, ["a"])

    def test_every_class_of_error_has_its_action(self):
        for code, reason, action in (
            ("INVALID_ARGUMENT", "ROWS_REJECTED", Action.STOP), ("OUT_OF_RANGE", "SEQUENCE_GAP", Action.STOP),
            ("UNIMPLEMENTED", "", Action.STOP), ("NOT_FOUND", "TABLE_NOT_FOUND", Action.STOP),
            ("NOT_FOUND", "WRITER_NOT_OPEN", Action.OPEN), ("PERMISSION_DENIED", "ACCESS_DENIED", Action.STOP),
            ("UNAUTHENTICATED", "BAD_CREDENTIALS", Action.STOP), ("FAILED_PRECONDITION", "EPOCH_USED", Action.START_OVER),
            ("FAILED_PRECONDITION", "WRITER_FENCED", Action.GIVE_WAY),
            ("FAILED_PRECONDITION", "TOO_MANY_PENDING_CHECKPOINTS", Action.COMMIT_FIRST),
            ("FAILED_PRECONDITION", "CHECKPOINT_LOST", Action.STOP), ("FAILED_PRECONDITION", "NEW", Action.STOP),
            ("ABORTED", "INTERVAL_LOST", Action.START_OVER), ("ABORTED", "STREAM_REPLACED", Action.GIVE_WAY),
            ("ABORTED", "NEW", Action.START_OVER), ("UNAVAILABLE", "DRAINING", Action.AGAIN),
            ("DEADLINE_EXCEEDED", "", Action.AGAIN), ("CANCELLED", "", Action.AGAIN),
            ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE", Action.STOP), ("INTERNAL", "", Action.AGAIN_A_FEW_TIMES),
            ("UNKNOWN", "", Action.AGAIN_A_FEW_TIMES), ("DATA_LOSS", "", Action.STOP),
        ):
            with self.subTest(code=code, reason=reason):
                self.assertIs(LoadstarError(grpc.StatusCode[code], "", reason).action, action)


if __name__ == "__main__":
    unittest.main()
