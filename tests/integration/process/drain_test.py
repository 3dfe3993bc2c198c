"""SIGTERM: what was received is committed within the grace, and the exit status tells the truth."""

import signal
import unittest

from loadstar_client import LoadstarError
from loadstar_process import WAIT, ClusterCase
from rows import TABLES, doubled, missing, write

ON_REQUEST = {"defaults": {"flush": {"interval": "1h", "max_ack_wait": "0s"}}}


class DrainTest(ClusterCase):
    TABLES = TABLES

    def test_the_drain_flushes_and_the_exit_status_is_0(self):
        emulator = self.start_emulator()
        for protocol in ("stream_load", "transaction"):
            with self.subTest(protocol=protocol):
                daemon = self.start_daemon(emulator, {"defaults": {**ON_REQUEST["defaults"], "protocol": protocol}})
                writer = self.connect(daemon).writer("test", protocol, retry_for=0)
                for batch in range(1, 6):
                    write(writer, protocol, batch)
                writer.wait_received(timeout=WAIT)
                self.assertEqual(writer.committed, 0)
                daemon.terminate()
                writer.wait_committed(timeout=WAIT)
                self.assertEqual(daemon.process.wait(WAIT), 0)
                self.assertEqual(missing(emulator, protocol, 5), [])
        self.assertEqual(doubled(emulator), set())

    def test_an_idle_daemon_goes_at_once(self):
        daemon = self.start_daemon(self.start_emulator())
        daemon.terminate()
        self.assertEqual(daemon.process.wait(WAIT), 0)

    def test_sighup_neither_ends_it_nor_loses_what_was_received(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, ON_REQUEST)
        writer = self.connect(daemon).writer("test", "a", retry_for=0)
        write(writer, "a", 1)
        writer.wait_received(timeout=WAIT)
        daemon.process.send(signal.SIGHUP)
        daemon.process.wait_line(lambda line: "SIGHUP is ignored" in line, WAIT)
        daemon.terminate()
        self.assertEqual(daemon.process.wait(WAIT), 0)
        self.assertEqual(missing(emulator, "a", 1), [])

    def test_without_starrocks_it_goes_before_the_deadline_with_75(self):
        emulator = self.start_emulator()
        grace = 8.0
        daemon = self.start_daemon(emulator, {**ON_REQUEST, "shutdown": {"grace": "8s", "margin": "1s", "deadline": "3s"}})
        client = self.connect(daemon)
        writer = client.writer("test", "a", retry_for=0)
        write(writer, "a", 1)
        writer.checkpoint(WAIT)
        for batch in range(2, 5):
            write(writer, "a", batch)
        writer.wait_received(timeout=WAIT)
        emulator.stop()
        daemon.terminate()
        self.assertEqual(daemon.process.wait(grace), 75)
        with self.assertRaises(LoadstarError):
            writer.wait_committed(timeout=WAIT)
        self.assertEqual(writer.committed, 1)
        self.assertEqual(missing(emulator, "a", writer.committed), [])

    def test_a_starrocks_that_hangs_inside_transactions_does_not_outlast_the_grace(self):
        emulator = self.start_emulator()
        grace = 8.0
        daemon = self.start_daemon(emulator, {"defaults": {"protocol": "transaction"},
                                              "shutdown": {"grace": "8s", "margin": "3s", "deadline": "5s"}})
        writers = {table: self.connect(daemon).writer("test", table, retry_for=0) for table in ("events", "others")}
        for table, writer in writers.items():
            write(writer, table, 1, table)
            writer.wait_committed(timeout=WAIT)
        emulator.process.send(signal.SIGSTOP)
        begun = daemon.metric("loadstar_flushes_total")
        for table, writer in writers.items():
            write(writer, table, 2, table)
            writer.wait_received(timeout=WAIT)
        while daemon.metric("loadstar_flushes_total") < begun + len(writers):
            pass  # a load of each table is under way
        daemon.terminate()
        self.assertEqual(daemon.process.wait(grace), 75)
        emulator.process.send(signal.SIGCONT)
        for table in writers:
            self.assertEqual(missing(emulator, table, 1, table), [])

    def test_probes_tell_the_drain_from_a_death(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, ON_REQUEST)
        self.assertEqual([daemon.get(path)[0] for path in ("/startupz", "/livez", "/readyz")], [200, 200, 200])
        client = self.connect(daemon)
        writer = client.writer("test", "a", retry_for=0)
        write(writer, "a", 1)
        writer.wait_received(timeout=WAIT)
        emulator.process.send(signal.SIGSTOP)
        daemon.terminate()
        self.assertTrue(writer.draining.wait(WAIT))
        self.assertEqual([daemon.get(path)[0] for path in ("/startupz", "/livez", "/readyz")], [200, 200, 503])
        self.assertEqual(daemon.metric("loadstar_state", state="draining"), 1)
        late = client.writer("test", "late", retry_for=0)
        with self.assertRaises(LoadstarError) as raised:
            late.wait_opened(WAIT)
        self.assertEqual(raised.exception.reason, "DRAINING")
        emulator.process.send(signal.SIGCONT)
        self.assertEqual(daemon.process.wait(WAIT), 0)
        self.assertEqual(missing(emulator, "a", 1), [])

    def test_a_client_that_goes_on_sending_loses_nothing_that_was_acknowledged(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator)
        writer = self.connect(daemon).writer("test", "a", retry_for=0)
        for batch in range(1, 200):
            if batch == 100:
                daemon.terminate()
            try:
                write(writer, "a", batch)
            except LoadstarError:
                break
        self.assertEqual(daemon.process.wait(WAIT), 0)
        with self.assertRaises(LoadstarError):
            writer.close(WAIT)
        self.assertEqual(missing(emulator, "a", writer.committed), [])
        self.assertEqual(doubled(emulator), set())


if __name__ == "__main__":
    unittest.main()
