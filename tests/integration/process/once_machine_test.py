"""Exactly-once while the machine below the daemon fails: its clock, its disk, its memory, its threads, its processor."""

import os
import pathlib
import signal
import struct
import threading
import time
import unittest

from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase
from loadstar_process.process import ProcessError
from loadstar_process.raw_once import commit

HOUR, DAY = 3600, 86_400
PATIENCE = 5.0  # with a daemon that does not go on


class Faults:
    """The numbers that fault_shim.cpp shares with its daemon."""

    NAMES = ("wall_offset", "disk_is_full", "thread_to_refuse", "memory_to_refuse",
             "clock_reads", "writes_refused", "threads_refused", "memory_refused")

    def __init__(self, file):
        self._file = pathlib.Path(file)
        self._file.write_bytes(bytes(8 * len(self.NAMES)))
        self.environment = {"LD_PRELOAD": os.environ["FAULT_SHIM"], "LOADSTAR_TEST_FAULTS": str(self._file)}

    def __getitem__(self, name) -> int:
        return struct.unpack_from("<q", self._file.read_bytes(), 8 * self.NAMES.index(name))[0]

    def __setitem__(self, name, value) -> None:
        with self._file.open("r+b") as file:
            file.seek(8 * self.NAMES.index(name))
            file.write(struct.pack("<q", value))


class MachineTest(OnceCase):
    def setUp(self):
        super().setUp()
        self.daemon.stop()
        self.faults = Faults(self.directory / "faults")
        self.daemon = self.new_daemon([self.emulator.url], self.CONFIGURATION, environment=self.faults.environment)
        self.daemon.start()
        self.client = self.connect(self.daemon)

    def set_clock_forward(self, seconds):
        self.faults["wall_offset"] = seconds * 10**9

    # F023, F024, F185, F249: the wall clock jumps before begin, among loads, between the phases and within them.
    def test_the_wall_clock_decides_nothing(self):
        for seconds in (HOUR, -HOUR, DAY, -DAY):
            with self.subTest(seconds=seconds):
                name = self.new_name()
                started = time.monotonic()
                self.assertEqual(self.load(name, 3, before=lambda number, by=seconds: self.set_clock_forward(by * (number % 2)),
                                           within=lambda number, by=seconds: self.set_clock_forward(by * ((number + 1) % 2))), 1)
                self.assert_once(name, 3)
                self.assertLess(time.monotonic() - started, 30, "something waited for the clock")
                self.assertEqual(len(self.begun(name)), 3, "a part was driven again")
                other = self.new_name()
                self.set_clock_forward(0)
                stream, answer = self.prepare(other)
                before = answer.expire_time.seconds
                self.set_clock_forward(seconds)
                self.assertTrue(commit(self.client, answer.resume_token))
                self.assertEqual(self.lines(other), {0: 1})
                stream.write(2, [1])
                after = stream.checkpoint(2)
                # What is told for people follows the clock, which shows that the daemon has seen it jump.
                self.assertAlmostEqual(after.expire_time.seconds - before, seconds, delta=60)
                self.emulator.fault(operation="fe.commit", label=f"*-{other}-*", action="delay", delay_ms=500)
                jump = threading.Timer(0.2, self.set_clock_forward, (-seconds,))
                jump.start()
                self.assertTrue(commit(self.client, after.resume_token))
                self.assertTrue(jump.finished.is_set(), "the clock did not jump before the commit was over")
                self.assertEqual(self.struck(other), [("commit", "delay")])
                self.assertEqual(self.lines(other), {0: 1, 1: 1})
                self.set_clock_forward(0)
        self.assertGreater(self.faults["clock_reads"], 100)

    # F247: there is no room for the log, and the daemon keeps nothing else.
    def test_a_full_disk_holds_up_nothing(self):
        self.load("a", 1)
        self.faults["disk_is_full"] = 1
        for name in [self.new_name() for _ in range(10)]:
            self.load(name, 2)
            self.assert_once(name, 2)
        self.assertGreaterEqual(self.faults["writes_refused"], 20)
        self.assertEqual(self.daemon.get("/livez")[0], 200)
        self.faults["disk_is_full"] = 0
        said = len(self.daemon.process.lines)
        self.load("a", 2)
        self.assert_once("a", 2)
        self.wait_until(lambda: len(self.daemon.process.lines) > said)
        written = self.daemon.directory.iterdir()
        self.assertEqual({file.name for file in written} - {"control.sock"}, {"loadstar.yaml", "loadstar.log"})

    # F246: the n-th thread cannot be made, for each n at start: it does not start, or (gRPC's) it serves without that one.
    def test_without_a_thread_it_does_not_start_or_it_serves(self):
        refused = 0
        for number in range(1, 100):
            self.daemon.stop()
            self.faults["threads_refused"] = 0
            self.faults["thread_to_refuse"] = number
            try:
                self.daemon.start()
            except ProcessError:
                self.assertNotEqual(self.daemon.process.wait(WAIT), 0)
                self.assertEqual(self.faults["threads_refused"], 1)
                refused += 1
                continue
            if self.faults["threads_refused"] == 0:
                break
            self.assertEqual(self.daemon.get("/livez")[0], 200)
        self.faults["thread_to_refuse"] = 0
        print(f"{refused} threads are needed")
        self.assertGreater(refused, 2)
        self.load("a", 2)
        self.assert_once("a", 2)

    # F031, F278: the n-th allocation fails, counted from the second checkpoint on. The daemon ends, or a writer of it
    # stands still until it is killed; whatever it does, the rows are there once.
    def test_a_failed_allocation_loses_and_doubles_nothing(self):
        ended, stood = 0, 0
        for number in (1, 10, 30, 100, 300, 1000):
            with self.subTest(number=number):
                name, stop, ends = self.new_name(), threading.Event(), []
                self.faults["memory_refused"] = 0

                def arm(checkpoint, number=number):
                    if checkpoint == 1 and self.faults["memory_refused"] == 0:
                        self.faults["memory_to_refuse"] = number

                def keep_running(stop=stop, ends=ends):
                    refused_at = None
                    while not stop.wait(0.02):
                        if refused_at is None and self.faults["memory_refused"]:
                            refused_at = time.monotonic()
                        process = self.daemon.process
                        if process.running and not ends and refused_at and time.monotonic() > refused_at + PATIENCE:
                            process.send(signal.SIGKILL)
                            process.wait(WAIT)
                        if not process.running:
                            ends.append(process.wait(WAIT))
                            self.daemon.start()

                keeper = threading.Thread(target=keep_running, daemon=True)
                keeper.start()
                try:
                    self.load(name, 4, arm)
                finally:
                    stop.set()
                    keeper.join(WAIT)
                self.assert_once(name, 4)
                self.assertEqual(self.faults["memory_refused"], 1)
                ended += len(ends)
                stood += ends.count(-signal.SIGKILL)
        print(f"the daemon has ended {ended - stood} times, and stood still {stood} times")

    # F252: the processor is taken away for nineteen twentieths of the time.
    def test_with_little_of_the_processor_it_is_slow_and_correct(self):
        pid, stop, turns = self.daemon.process.pid, threading.Event(), []

        def starve():
            while not stop.is_set():
                os.kill(pid, signal.SIGSTOP)
                stop.wait(0.095)
                os.kill(pid, signal.SIGCONT)
                turns.append(1)
                stop.wait(0.005)

        starver = threading.Thread(target=starve, daemon=True)
        starver.start()
        try:
            self.load("a", 3)
        finally:
            stop.set()
            starver.join(WAIT)
        self.assert_once("a", 3)
        self.assertGreater(len(turns), 5)
        self.assertTrue(self.daemon.process.running)

    # F255: an assertion has failed: the daemon ends by SIGABRT, with rows loaded, prepared, and decided.
    def test_an_abort_loses_and_doubles_nothing(self):
        name, aborted = "a", []

        def abort(number):
            if number == len(aborted):
                aborted.append(number)
                process = self.daemon.process
                process.send(signal.SIGABRT)
                self.assertEqual(process.wait(WAIT), -signal.SIGABRT)
                self.daemon.start()

        self.load(name, 3, within=abort)
        self.assertEqual(aborted, [0, 1, 2])
        self.assert_once(name, 3)


if __name__ == "__main__":
    unittest.main()
