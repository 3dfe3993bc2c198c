"""Exactly-once while the daemon is short of something: descriptors, a reader of its log, time between connections."""

import fcntl
import os
import resource
import select
import socket
import threading
import unittest

from loadstar_client import LoadstarError
from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import commit

PAIRS = 1000


class ResourcesTest(OnceCase):
    def test_it_takes_all_the_descriptors_that_it_may(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
        daemon = self.start_daemon(self.emulator)
        self.assertEqual(resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE), (hard, hard))

    # F245: no descriptor is left for a while. The gRPC door is not knocked at meanwhile: gRPC 1.51 closes its ears for good
    # where accept() fails (tests/fault_cases.md).
    def test_without_descriptors_it_waits_and_recovers(self):
        pid = self.daemon.process.pid
        self.load("a", 1)
        stream = self.raw("b")
        stream.write(1, [0])
        commit(self.client, stream.checkpoint(1).resume_token)
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))  # those that are open stay
        for backend in range(len(self.emulator.ports["be"])):
            self.emulator.restart_backend(backend)  # its connections are closed, and new ones cannot be made
        stream.write(2, [1])
        stream.wait_received()
        with self.assertRaises(LoadstarError) as raised:
            stream.checkpoint(2, timeout=2.0)
        self.assertIn(raised.exception.code.name, ("UNAVAILABLE", "DEADLINE_EXCEEDED"))
        failed = [line for line in self.daemon.process.lines if "part not prepared" in line and '"writer":"b"' in line]
        self.assertTrue(any('"error":"CONNECT_FAILED"' in line for line in failed), failed)
        with socket.create_connection(("127.0.0.1", int(self.daemon.address("probe").rsplit(":", 1)[1])), 1) as probe:
            probe.sendall(b"GET /livez HTTP/1.1\r\nHost: daemon\r\n\r\n")
            self.assertRaises(TimeoutError, probe.recv, 1)
        self.assertTrue(self.daemon.process.running)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        commit(self.client, stream.checkpoint(2).resume_token)
        self.assertEqual(self.lines("b"), {0: 1, 1: 1})
        self.load("a", 3)
        self.assert_once("a", 3)
        self.assertEqual(self.daemon.get("/livez")[0], 200)

    # F248: nobody reads the log, and the pipe is full.
    def test_a_log_that_nobody_reads_holds_up_nothing(self):
        pipe = os.open(f"/proc/{self.daemon.process.pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, pipe)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        names = [self.new_name() for _ in range(40)]
        with self.daemon.process.unread():
            for name in names:  # each has lines of its own: together more than the pipe holds
                self.load(name, 1)
                self.assert_once(name, 1)
            self.assertEqual(select.select([], [pipe], [], 0)[1], [], "the pipe is not full")
            self.assertEqual(self.daemon.get("/livez")[0], 200)
        self.load(self.new_name(), 1)
        self.daemon.process.wait_line(lambda line: '"dropped_lines":' in line)

    # F251: many ask for the metrics without end.
    def test_metrics_may_be_asked_for_at_any_rate(self):
        answers, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                answers.append(self.daemon.get("/metrics")[0])

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.load("a", 10)
        stop.set()
        for thread in threads:
            thread.join(WAIT)
        self.assert_once("a", 10)
        self.assertGreater(len(answers), 50)
        self.assertEqual(set(answers), {200})

    # F253: connections that come and go.
    def test_connections_may_come_and_go(self):
        pid = self.daemon.process.pid
        self.load("a", 1)
        before = len(os.listdir(f"/proc/{pid}/fd"))
        for door in ("grpc", "probe", "admin"):
            host, port = self.daemon.address(door).rsplit(":", 1)
            for number in range(PAIRS):
                with socket.create_connection((host, int(port)), 5) as connection:
                    connection.sendall(b"GET" if number % 2 else b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.load("a", 3)
        self.assert_once("a", 3)
        self.wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before + 8)


if __name__ == "__main__":
    unittest.main()
