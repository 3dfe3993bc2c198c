"""Exactly-once when somebody loses what it knows: the leader, a backend, a label by age, the daemon."""

import signal
import threading
import unittest

from loadstar_client import LoadstarError, StartOver
from loadstar_process import WAIT, FaultProxy, Strike
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import RawOnce, commit

BACKENDS = 2


class StarRocksForgetsTest(OnceCase):
    def restart_backends(self, **options):
        for backend in range(BACKENDS):
            self.emulator.restart_backend(backend, **options)

    # F052, F118, F268: PREPARE is not in the journal; the part is driven again from the retained bytes.
    def test_the_leader_changes_while_rows_are_loaded(self):
        self.assertEqual(self.load("a", 3, within=lambda number: number == 1 and self.emulator.change_leader()), 1)
        self.assertGreater(len(self.begun("a")), 3)
        self.assert_once("a", 3)

    # F171: PREPARED is in the journal.
    def test_the_leader_changes_between_the_phases(self):
        _, answer = self.prepare("a")
        self.emulator.change_leader()
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F054, F084, F103: the backend forgets the open transaction; the part is driven again.
    def test_the_backends_restart_while_rows_are_loaded(self):
        self.assertEqual(self.load("a", 3, within=lambda number: number == 1 and self.restart_backends()), 1)
        self.assertGreater(len(self.begun("a")), 3)
        self.assert_once("a", 3)

    # F272: after prepare the backend is not needed.
    def test_the_backends_restart_between_the_phases(self):
        _, answer = self.prepare("a")
        self.restart_backends(leader_notices=True)
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F167, F183: proved lost, and said so, however often it is asked.
    def test_prepared_for_too_long_is_lost_and_never_guessed(self):
        _, answer = self.prepare("a")
        self.assertGreater(answer.expire_time.seconds, 0)
        self.emulator.advance(25 * 3600)
        for _ in range(2):
            error = self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
            self.assertEqual((error.metadata["table"], error.metadata["label"]), ("events", answer.loads[0].label))
        self.refused("CHECKPOINT_LOST", RawOnce, self.client, "a", 2, answer.resume_token)
        self.assertEqual(self.lines("a"), {})

    # F273: begun, and then nothing for longer than the transaction may take; the part is driven again.
    def test_the_transaction_times_out_while_rows_are_loaded(self):
        self.load("a", 3, within=lambda number: number == 1 and self.emulator.advance(2 * 3600))
        self.assert_once("a", 3)

    # F168: rolled back by somebody else.
    def test_rolled_back_by_an_operator_is_lost(self):
        _, answer = self.prepare("a")
        self.emulator.rollback(answer.loads[0].label)
        self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {})

    # F177: one table committed, the other lost; the error names the one that is lost.
    def test_a_part_of_a_token_can_be_lost(self):
        _, answer = self.prepare("a", ("events", "others"))
        others = next(load for load in answer.loads if load.table == "others")
        self.emulator.rollback(others.label, table="others")
        error = self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
        self.assertEqual(error.metadata["table"], "others")
        self.assertEqual((self.lines("a"), self.lines("a", "others")), ({0: 1}, {}))

    # F166, F169: committed, the answer lost, the label forgotten: unknown, and neither lost nor guessed.
    def test_a_forgotten_label_is_unknown(self):
        _, answer = self.prepare("a")
        commit(self.client, answer.resume_token)
        self.emulator.configure(label_keep_max_num="0")
        self.emulator.evict()
        self.restart_daemon()
        self.refused("OUTCOME_UNKNOWN", commit, self.client, answer.resume_token)
        self.refused("OUTCOME_UNKNOWN", RawOnce, self.client, "a", 2, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F049: no room for another transaction for a while.
    def test_too_many_running_transactions_are_waited_for(self):
        _, other = self.prepare("b")
        self.emulator.configure(max_running_txn_num_per_db="1")
        stream = RawOnce(self.client, "a", 1)
        stream.write(1, [0])
        with self.assertRaises(LoadstarError) as raised:
            stream.checkpoint(1, timeout=1.0)
        self.assertIn(raised.exception.code.name, ("UNAVAILABLE", "DEADLINE_EXCEEDED"))
        commit(self.client, other.resume_token)
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual((self.lines("a"), self.lines("b")), ({0: 1}, {0: 1}))

    # F188: committed is committed, also if it cannot be seen yet.
    def test_a_slow_publish_is_committed_and_not_visible(self):
        _, answer = self.prepare("a")
        self.emulator.fault(operation="fe.commit", label="*-a-*", action="publish_delay", delay_ms=60_000)
        self.assertFalse(commit(self.client, answer.resume_token).visible)
        self.emulator.advance(120)
        self.assertTrue(commit(self.client, answer.resume_token, wait_visible=True).visible)
        self.assertEqual(self.lines("a"), {0: 1})


class DaemonIsLostTest(OnceCase):
    """The daemon reaches StarRocks through a proxy, which knows the moment of each request."""

    def setUp(self):
        super().setUp()
        ports = self.emulator.ports
        self.proxy = FaultProxy([ports["fe"], *ports["be"]])
        self.addCleanup(self.proxy.stop)
        starrocks = {**self.CONFIGURATION["starrocks"], "redirect_map": self.proxy.redirect_map}
        self.daemon = self.new_daemon([f"http://{self.proxy.address(ports['fe'])}"], {**self.CONFIGURATION, "starrocks": starrocks})
        self.daemon.start()
        self.client = self.connect(self.daemon)

    def kill_at(self, operation, when):
        """SIGKILL in the moment of the next such request; a new daemon as soon as it is gone."""
        process, struck = self.daemon.process, threading.Event()

        def die():
            process.send(signal.SIGKILL)
            struck.set()

        def start_again():
            self.assertTrue(struck.wait(WAIT), "no such request came")
            process.wait(WAIT)
            self.daemon.start()

        self.proxy.add(Strike(operation, when, then=die))
        thread = threading.Thread(target=start_again, daemon=True)
        thread.start()
        return thread

    # F007, F021, F056, F085, F122, F123, F150, F182: the epoch is over, and the rows are read again.
    def test_the_daemon_is_killed_at_every_request(self):
        for operation in ("begin", "load", "prepare", "commit"):
            for when in ("request", "reply"):
                with self.subTest(operation=operation, when=when):
                    name, threads = self.new_name(), []

                    def kill(number, operation=operation, when=when, threads=threads):
                        if number == 1 and not threads:
                            threads.append(self.kill_at(operation, when))

                    self.load(name, 3, kill)
                    threads[0].join(WAIT)
                    self.assertFalse(threads[0].is_alive())
                    self.assert_once(name, 3)

    # F198: killed while it rolls back what the last epoch left behind.
    def test_the_daemon_is_killed_at_a_rollback(self):
        self.prepare("a")
        thread = self.kill_at("rollback", "reply")
        self.load("a", 1)  # epoch 1 of the record was used by prepare()
        thread.join(WAIT)
        self.assert_once("a", 1)

    # F203: killed during recovery again and again; it converges.
    def test_the_daemon_is_killed_during_recovery_five_times(self):
        name = "a"
        with self.open(name) as writer:
            self.write_checkpoint(writer, name, 0)
            writer.checkpoint(1)
        for _ in range(5):
            thread = self.kill_at("state", "reply")
            with self.assertRaises(StartOver):
                self.open(name)
            thread.join(WAIT)
        self.load(name, 3)
        self.assert_once(name, 3)

    # F241, F277: told, its unprepared rows rolled back, its prepared ones kept; exit status 0.
    def test_sigterm_neither_prepares_nor_commits(self):
        stream, answer = self.prepare("a")
        stream.write(2, [1])
        stream.wait_received()
        self.daemon.terminate()
        self.assertEqual(stream.wait_error().reason, "DRAINING")
        self.assertEqual(self.daemon.process.wait(WAIT), 0)
        states = {entry["label"].split("-")[4]: entry["state"] for entry in self.emulator.transactions()}
        self.assertEqual((states["1"], states.get("2", "ABORTED")), ("PREPARED", "ABORTED"))
        self.daemon.start()
        self.assertTrue(self.client.wait_ready(WAIT))
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F020, F083, F244: the daemon stands still for longer than its client waits, and wakes up beside the next one.
    def test_the_daemon_stands_still(self):
        with self.assertRaises(StartOver), self.open("a", retry_for=2, call_timeout=1, open_timeout=1) as writer:
            self.write_checkpoint(writer, "a", 0)
            writer.wait_received()
            self.daemon.process.send(signal.SIGSTOP)
            self.addCleanup(self.daemon.process.send, signal.SIGCONT)
            writer.checkpoint(1)
            writer.flush()
        self.client = self.connect(self.start_daemon(self.emulator, self.CONFIGURATION))
        self.load("a", 2)
        self.daemon.process.send(signal.SIGCONT)
        self.load("a", 3)
        self.assert_once("a", 3)


if __name__ == "__main__":
    unittest.main()
