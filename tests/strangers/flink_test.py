"""The Flink connector itself, in Flink's own mini cluster inside one JVM.

The job (flink/FlinkJob.java) reads a source that replays from its checkpoint. A task that fails, and a
JVM that is killed and restored from its last checkpoint by another, must leave every row once in
exactly-once mode, and none missing in at-least-once mode. The connector asks for version and columns
by JDBC; the emulator has no MySQL port, so flink/SqlOverHttpDriver.java carries that to SQL over HTTP.
"""

import pathlib
import time
import unittest

import java
from loadstar_process.process import Process
from stranger_case import PASSWORD, StrangerCase

OPENS = ("--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED")
COUNT = 30_000
# Long: it decides only how soon a broken run fails, and Flink starts slowly on a busy machine.
WAIT = 240.0


class FlinkTest(StrangerCase):
    NAME = "flink"

    @classmethod
    def prepare(cls):
        cls.command = java.build("flink", "FlinkJob", [*OPENS, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])

    def start(self, semantic, **options) -> Process:
        self.checkpoints = self.directory / "checkpoints"
        words = {"urls": ";".join(self.addresses), "password": PASSWORD, "checkpoints": self.checkpoints.as_uri(),
                 "count": COUNT, "parallelism": 2, "sink.semantic": semantic, **options}
        job = Process([*self.command, *(f"{key}={value}" for key, value in words.items())],
                      self.directory / "flink.log")
        self.addCleanup(job.kill)
        return job

    def finish(self, job):
        job.wait_line(lambda line: line == "finished", WAIT)
        self.assertEqual(job.wait(WAIT), 0)

    def assert_every_row(self, once):
        rows, distinct, first, last = self.stored("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM log")[0]
        self.assertEqual((distinct, first, last), (COUNT, 0, COUNT - 1))
        self.assertEqual(self.stored("SELECT COUNT(*) FROM log WHERE line = 'line ' || id")[0][0], rows)
        if once:
            self.assertEqual(rows, COUNT)

    def await_checkpoint(self, number) -> pathlib.Path:
        """The last checkpoint on disk, once `number` of them have completed."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            done = {int(path.parent.name.removeprefix("chk-")): path.parent
                    for path in self.checkpoints.glob("*/chk-*/_metadata")}
            if done and max(done) >= number:
                return done[max(done)]
            time.sleep(0.02)
        raise AssertionError(f"no checkpoint {number} in {WAIT} s")

    def test_exactly_once_with_a_failing_task(self):
        job = self.start("exactly-once", fails="true", **{"sink.label-prefix": "flink_eo"})
        self.finish(job)
        self.assertTrue(any(line.startswith("failing at") for line in job.lines))
        self.assert_every_row(once=True)
        states = {t["state"] for t in self.emulator.transactions()}
        self.assertLessEqual(states, {"VISIBLE", "ABORTED"})

    def test_columns_and_csv(self):
        self.finish(self.start("exactly-once", **{
            "sink.label-prefix": "flink_csv", "sink.properties.column_separator": "\\x01",
            "sink.properties.row_delimiter": "\\x02"}))
        self.assert_every_row(once=True)

    def test_at_least_once_with_a_failing_task(self):
        for transaction in ("true", "false"):
            with self.subTest(transaction=transaction):
                self.emulator.execute("TRUNCATE TABLE test.log")
                job = self.start("at-least-once", fails="true", **{
                    "sink.at-least-once.use-transaction-stream-load": transaction, "sink.buffer-flush.interval-ms": "1000"})
                self.finish(job)
                self.assert_every_row(once=False)

    def test_exactly_once_when_the_process_is_killed(self):
        first = self.start("exactly-once", **{"sink.label-prefix": "flink_kill"})
        self.await_checkpoint(3)
        first.kill()
        self.assertLess(self.rows("SELECT COUNT(*) FROM log")[0][0], COUNT, "killed too late to prove anything")
        # Read again: the last one may have completed after the look above.
        last = self.await_checkpoint(3)
        self.finish(self.start("exactly-once", restore=last.as_uri(), **{"sink.label-prefix": "flink_kill"}))
        self.assert_every_row(once=True)


if __name__ == "__main__":
    unittest.main()
