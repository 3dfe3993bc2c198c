"""SIGKILL and SIGSTOP: rows in tables decide, not log lines."""

import os
import random
import signal
import threading
import unittest

from loadstar_process import WAIT, ClusterCase
from rows import TABLES, doubled, missing, write

SEED = int(os.environ.get("LOADSTAR_SEED", "1"))
BATCHES = 60


class KillTest(ClusterCase):
    TABLES = TABLES

    def run_with_kills(self, configuration):
        """Two writers that resend, a daemon that is killed in mid-load again and again."""
        random_ = random.Random(SEED)
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, configuration)
        client = self.connect(daemon)
        writers = {name: client.writer("test", name, retry_for=WAIT) for name in ("a", "b")}
        resendable = set()  # batches that were not acknowledged when the daemon was killed
        kill_at = sorted(random_.sample(range(5, BATCHES), 3))
        for batch in range(1, BATCHES + 1):
            for name, writer in writers.items():
                write(writer, name, batch)
            if batch not in kill_at:
                continue
            for name, writer in writers.items():
                writer.wait_received(batch - random_.randint(0, 2), WAIT)
            acknowledged = {name: writer.committed for name, writer in writers.items()}
            daemon.process.kill()
            for name, writer in writers.items():
                # What was acknowledged is there although the daemon is gone.
                self.assertEqual(missing(emulator, name, acknowledged[name]), [], f"seed {SEED}")
                # The client may have read further acknowledgements since; those batches are not sent again.
                resendable |= {(name, number) for number in range(acknowledged[name] + 1, batch + 1)}
            daemon.start()
        for name, writer in writers.items():
            writer.close(WAIT)
            self.assertEqual(missing(emulator, name, BATCHES), [], f"seed {SEED}")
            self.assertEqual(writer.attachments, [False] * len(writer.attachments))
            self.assertGreater(len(writer.attachments), 1)
        self.assertLessEqual(doubled(emulator), resendable, f"seed {SEED}")

    # F022, F232, F233
    def test_the_daemon_is_killed_while_it_streams_loads(self):
        self.run_with_kills({"defaults": {"protocol": "stream_load", "flush": {"max_ack_wait": "20ms"}}})

    def test_the_daemon_is_killed_inside_transactions(self):
        self.run_with_kills({"defaults": {"protocol": "transaction", "flush": {"max_ack_wait": "20ms"}}})

    def test_starrocks_is_killed_and_started_again(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, {"starrocks": {"circuit_breaker": {"open_for": "1s"}}})
        client = self.connect(daemon)
        writer = client.writer("test", "a")
        for batch in range(1, 21):
            write(writer, "a", batch)
        writer.wait_committed(1, WAIT)
        write(writer, "a", 21)
        emulator.stop()
        for batch in range(22, 31):
            write(writer, "a", batch)
        writer.wait_received(30, WAIT)
        self.assertEqual(daemon.get("/livez")[0], 200)
        self.assertEqual(daemon.get("/readyz")[0], 200)
        acknowledged = writer.committed
        self.assertEqual(missing(emulator, "a", acknowledged), [])
        emulator.start()
        writer.close(WAIT)
        self.assertEqual(missing(emulator, "a", 30), [])
        # No stream broke, so nothing may be doubled: an unknown outcome is asked for, not repeated.
        self.assertEqual(doubled(emulator), set())
        self.assertEqual(writer.attachments, [False])

    def test_starrocks_stands_still_for_a_while(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator)
        client = self.connect(daemon)
        writer = client.writer("test", "a")
        write(writer, "a", 1)
        writer.wait_committed(timeout=WAIT)
        emulator.process.send(signal.SIGSTOP)
        for batch in range(2, 12):
            write(writer, "a", batch)
        writer.wait_received(11, WAIT)
        with self.assertRaises(TimeoutError):
            writer.wait_committed(2, timeout=1.0)
        self.assertEqual(daemon.get("/livez")[0], 200)
        emulator.process.send(signal.SIGCONT)
        writer.close(WAIT)
        self.assertEqual(missing(emulator, "a", 11), [])
        self.assertEqual(doubled(emulator), set())

    def test_the_daemon_stands_still_past_the_timeout_of_its_transactions(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, {"defaults": {"protocol": "transaction"}})
        writer = self.connect(daemon).writer("test", "a")
        last = 1
        write(writer, "a", last)
        writer.wait_committed(timeout=WAIT)
        # The step takes long, so that the daemon is stopped in the middle of it: the answer of a load and of
        # prepare is late; a commit is late itself, for nothing is open after it.
        for operation, phase in (("be.load", "after"), ("be.prepare", "after"), ("fe.commit", "before")):
            with self.subTest(operation=operation):
                emulator.fault(operation=operation, phase=phase, action="delay", delay_ms=1000, times=1)
                for _ in range(10):
                    last += 1
                    write(writer, "a", last)
                self.wait_until(lambda: self.open_transactions(emulator))
                daemon.process.send(signal.SIGSTOP)
                emulator.advance(3600)
                emulator.clear_faults()
                daemon.process.send(signal.SIGCONT)
                writer.wait_committed(last, WAIT)
                self.assertEqual(missing(emulator, "a", last), [])
        writer.close(WAIT)
        self.assertEqual(doubled(emulator), set())
        self.assertIn("ABORTED", [entry["state"] for entry in emulator.transactions()])

    def open_transactions(self, emulator):
        return [entry for entry in emulator.transactions() if entry["state"] in ("PREPARE", "PREPARED")]

    def test_replies_that_get_lost_double_nothing(self):
        emulator, struck = self.start_emulator(), []
        for protocol, operations in (("stream_load", ["be.stream_load"]), ("transaction", ["be.load", "be.prepare", "fe.commit"])):
            daemon = self.start_daemon(emulator, {"defaults": {"protocol": protocol}})
            client = self.connect(daemon)
            for operation in operations:
                with self.subTest(protocol=protocol, operation=operation):
                    name = operation.replace(".", "_")
                    emulator.fault(operation=operation, phase="after", action="reset", nth=1, times=1)
                    with client.writer("test", name) as writer:
                        for batch in range(1, 6):
                            write(writer, name, batch)
                    emulator.clear_faults()
                    struck.append((operation.split(".")[1], "reset"))
                    self.assertEqual([(entry["op"], entry["faults"]) for entry in emulator.requests() if entry.get("faults")], struck)
                    self.assertEqual(missing(emulator, name, 5), [])
                    self.assertEqual(doubled(emulator), set())
            daemon.stop()


class PressureTest(ClusterCase):
    TABLES = TABLES

    # F018
    def test_many_clients_and_tables_under_a_small_budget_finish(self):
        """No client hangs and none starves, although all together send many times the budget."""
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, {
            "limits": {"memory": "8MiB"}, "listen": {"max_message": "1MiB"},
            "defaults": {"flush": {"max_ack_wait": "0s", "interval": "1h"}}, "log": {"level": "info"},
        })
        client = self.connect(daemon)
        batches, text = 12, "y" * 200_000
        failures = []

        def run(name, table):
            try:
                with client.writer("test", name, retry_for=WAIT) as writer:
                    for batch in range(1, batches + 1):
                        write(writer, name, batch, table, text, lines=1)
            except Exception as error:  # noqa: BLE001 (told in the main thread)
                failures.append((name, error))

        names = {f"w{number}": ("events", "others")[number % 2] for number in range(8)}
        threads = [threading.Thread(target=run, args=entry, daemon=True) for entry in names.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * WAIT)
        self.assertEqual([thread.name for thread in threads if thread.is_alive()], [])
        self.assertEqual(failures, [])
        for name, table in names.items():
            self.assertEqual(missing(emulator, name, batches, table, lines=1), [])
        self.assertEqual(doubled(emulator) | doubled(emulator, "others"), set())
        self.assertLessEqual(daemon.metric("loadstar_memory_reserved_bytes"), 8 << 20)


if __name__ == "__main__":
    unittest.main()
