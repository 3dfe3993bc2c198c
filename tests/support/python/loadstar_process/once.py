"""Exactly-once clients under a supervisor: files to load, programs that are started again, rows compared."""

import collections
import pathlib
import signal
import sys
import threading
import time
import zlib

import loadstar_client

from loadstar_process.process import Process

TABLES = """
CREATE DATABASE test;
CREATE TABLE test.events (writer VARCHAR(48) NOT NULL, line BIGINT NOT NULL, text VARCHAR(100) NULL)
ENGINE=OLAP DUPLICATE KEY(writer, line) DISTRIBUTED BY HASH(line);
CREATE TABLE test.others (writer VARCHAR(48) NOT NULL, line BIGINT NOT NULL, text VARCHAR(100) NULL)
ENGINE=OLAP DUPLICATE KEY(writer, line) DISTRIBUTED BY HASH(line);
"""
PROGRAM = pathlib.Path(loadstar_client.__file__).parent.parent / "exactly_once.py"


def text_of(writer, line):
    """What the row says beside its number, so that a torn or mixed row shows."""
    return f"{zlib.crc32(f'{writer} {line}'.encode()):08x}" * 5


class Job:
    """One file, to be loaded once into one table by one writer. Its lines have the same length each."""

    def __init__(self, directory, writer, lines, table="events"):
        self.writer, self.lines, self.table = writer, lines, table
        self.file = pathlib.Path(directory, f"{writer}.csv")
        self.record = pathlib.Path(directory, f"{writer}.state")
        self.file.write_text("".join(f"{writer},{line:09d},{text_of(writer, line)}\n" for line in range(lines)), encoding="utf-8")
        self.log = self.record.with_suffix(".log")
        self.width = self.file.stat().st_size // lines
        self.committed = 0  # lines that the program has said are committed
        self.ends = {0}  # numbers of lines at which a checkpoint may end

    def decided(self) -> int:
        """Lines up to the position in the client's record: its ledger."""
        return loadstar_client.RecordFile(self.record).load().position // self.width

    def rows(self):
        return ((self.writer, line, text_of(self.writer, line)) for line in range(self.lines))


class Client:
    """The program exactly_once.py on one job, started again whenever it is killed, until it has done it."""

    def __init__(self, job, targets, ledger, options=(), script=None):
        self.job = job
        self.exits = []
        self._ledger = ledger
        self._command = [sys.executable, script or PROGRAM, *(word for target in targets for word in ("--target", target)),
                         "--record", job.record, "--writer", job.writer, *options, f"test.{job.table}", job.file]
        self._log = job.log
        self._changed = threading.Condition()
        self._process = None
        self._wanted = True
        self._thread = threading.Thread(target=self._supervise, name=f"client-{job.writer}", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    @property
    def process(self) -> "Process | None":
        """The running program, if it runs."""
        with self._changed:
            return self._process if self._process is not None and self._process.running else None

    def start_another(self) -> Process:
        """A second instance of the same writer beside this one, as a supervisor that was wrong would start it."""
        return Process(self._command, self._log.with_suffix(".second.log"), on_line=self._on_line)

    def wait(self, timeout) -> None:
        """Waits until the job is done."""
        self._thread.join(timeout)
        if not self.done:
            raise TimeoutError(f"{self.job.writer} is not done; the end of its log:\n" + "\n".join(self.lines()[-20:]))

    def lines(self) -> list:
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []

    def stop(self) -> None:
        with self._changed:
            self._wanted = False
            process = self._process
        if process is not None:
            process.kill()
        self._thread.join(10.0)

    def _supervise(self):
        while True:
            with self._changed:
                if not self._wanted:
                    return
                self._process = Process(self._command, self._log, on_line=self._on_line)
                process = self._process
            status = process.wait(timeout=None)
            self.exits.append(status)
            if status == 0 or not (status == -signal.SIGKILL or self._ledger.may_exit(self, status)):
                return

    def _on_line(self, line):
        words = line.split(" ")
        if words[0] == "committed":
            self._ledger.on_committed(self.job, dict(word.split("=", 1) for word in words[1:]))


class Ledger:
    """What all clients have said, and the comparison with what StarRocks has."""

    def __init__(self):
        self.jobs = []
        self.lost = {}  # by job: its lines that are not there, after compare()
        self.checkpoints = 0
        self.checkpoint_ms = []
        self.commit_ms = []
        self.unexpected = []  # (writer, exit status)
        self.allowed_exits = collections.Counter()  # writers whose next exit with 2 was provoked
        self._changed = threading.Condition()

    def on_committed(self, job, facts):
        with self._changed:
            self.checkpoints += 1
            self.checkpoint_ms.append(float(facts["checkpoint_ms"]))
            self.commit_ms.append(float(facts["commit_ms"]))
            lines = int(facts["position"]) // job.width
            job.committed = max(job.committed, lines)
            job.ends.add(lines)
            self._changed.notify_all()

    def wait_checkpoints(self, more, timeout) -> bool:
        """Waits until so many more checkpoints are committed; False if they are not by then."""
        with self._changed:
            target = self.checkpoints + more
            return self._changed.wait_for(lambda: self.checkpoints >= target, timeout)

    def may_exit(self, client, status) -> bool:
        """Whether the program may end so and has to be started again."""
        with self._changed:
            if status == 2 and self.allowed_exits[client.job.writer] > 0:
                self.allowed_exits[client.job.writer] -= 1
                return True
            self.unexpected.append((client.job.writer, status))
            return False

    def allow_exit(self, job) -> None:
        """The next time that the job's program gives way to another instance is as it should be."""
        with self._changed:
            self.allowed_exits[job.writer] += 1

    def problems_now(self, emulator) -> list:
        """What is wrong in the middle of a run: rows that are committed and missing, doubled, or not decided."""
        with self._changed:
            known = {job.writer: (job, job.committed, set(job.ends)) for job in self.jobs}
        before = {writer: job.decided() for writer, (job, _, _) in known.items()}
        found = {}
        for table in ("events", "others"):
            for writer, *numbers in emulator.stored(
                f'SELECT writer, COUNT(*), COUNT(DISTINCT line), MAX(line) + 1 FROM "test.{table}" GROUP BY writer'
            ):
                found[writer] = numbers
        problems = []
        for writer, (job, committed, ends) in known.items():
            rows, distinct, end = found.pop(writer, (0, 0, 0))
            after = job.decided()
            with self._changed:
                ends = ends | job.ends | {before[writer], after}
            if rows != distinct:
                problems.append(f"{writer}: {rows - distinct} rows are doubled")
            if distinct != end or end < committed:
                problems.append(f"{writer}: {max(end, committed) - distinct} of {max(end, committed)} rows are missing")
            if end > after:
                problems.append(f"{writer}: {end} rows are visible, but {after} are decided")
            if end not in ends:
                problems.append(f"{writer}: {end} rows are visible, where no checkpoint ends")
        with self._changed:
            begun_meanwhile = {job.writer for job in self.jobs}
        return problems + [f"{writer}: nobody sent its rows" for writer in found if writer not in begun_meanwhile]

    def compare(self, emulator) -> tuple:
        """(rows, lost, doubled, foreign) of all jobs against the tables, row by row, byte by byte."""
        have = collections.Counter()
        for table in ("events", "others"):
            have.update((table, *row) for row in emulator.stored(f'SELECT writer, line, text FROM "test.{table}"'))
        self.lost = {}
        expected = set()
        for job in self.jobs:
            wanted = [(job.table, *row) for row in job.rows()]
            expected.update(wanted)
            if lost := [row[2] for row in wanted if row not in have]:
                self.lost[job] = lost
        rows, lost = len(expected), sum(map(len, self.lost.values()))
        doubled = sum(count - 1 for row, count in have.items() if row in expected)
        foreign = sum(count for row, count in have.items() if row not in expected)
        return rows, lost, doubled, foreign


def percentile(values, share) -> float:
    """The value that this share of all does not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def elapsed(since) -> float:
    return time.monotonic() - since
