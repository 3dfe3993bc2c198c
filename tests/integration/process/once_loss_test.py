"""Exactly-once when StarRocks loses what it knew: leader, backend, transactions by time, labels by age."""

import unittest

from loadstar_client import LoadstarError
from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import commit

BACKENDS = 2


class StarRocksForgetsTest(OnceCase):
    def restart_backends(self, **options):
        for backend in range(BACKENDS):
            self.emulator.restart_backend(backend, **options)

    def open_labels(self, name):
        return [entry["label"] for entry in self.emulator.transactions()
                if f"-{name}-" in entry["label"] and entry["state"] == "PREPARE"]

    # F052, F118, F268: PREPARE is not in the journal; the part is driven again from the retained bytes.
    def test_the_leader_changes_while_rows_are_loaded(self):
        self.assertEqual(self.load("a", 3, within=lambda number: number == 1 and self.emulator.change_leader()), 1)
        self.assertGreater(len(self.begun("a")), 3)
        self.assert_once("a", 3)

    # F171: PREPARED is in the journal.
    def test_the_leader_changes_between_the_phases(self):
        _, answer = self.prepare("a")
        witnesses = self.witnesses()
        self.emulator.change_leader()
        self.assertEqual(self.fates(witnesses), [None, None], "the leader did not change")
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
        witnesses = self.witnesses()
        self.restart_backends(leader_notices=True)
        self.assertEqual(self.fates(witnesses), [("ABORTED", "coordinate BE is down")] * BACKENDS)
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
        self.refused("CHECKPOINT_LOST", self.raw, "a", 2, answer.resume_token)
        self.assertEqual(self.lines("a"), {})

    # F103, F273: begun, and then nothing for longer than the transaction may take; the part is driven again.
    def test_the_transaction_times_out_while_rows_are_loaded(self):
        timed_out = []

        def let_time_pass(number):
            if number == 1 and not timed_out:
                self.wait_until(lambda: self.open_labels("a"))
                timed_out.extend(self.open_labels("a"))
                self.emulator.advance(2 * 3600)

        self.load("a", 3, within=let_time_pass)
        self.assertEqual(len(timed_out), 1)
        state, reason = self.fates(timed_out)[0]
        self.assertEqual(state, "ABORTED")
        self.assertIn("timeout", reason)
        self.assertGreater(len(self.begun("a")), 3, "the part was not driven again")
        self.assert_once("a", 3)

    # F168: rolled back by somebody else.
    def test_rolled_back_by_an_operator_is_lost(self):
        _, answer = self.prepare("a")
        self.emulator.transaction("rollback", answer.loads[0].label)
        self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {})

    # F177: one table committed, the other lost; the error names the one that is lost.
    def test_a_part_of_a_token_can_be_lost(self):
        _, answer = self.prepare("a", ("events", "others"))
        others = next(load for load in answer.loads if load.table == "others")
        self.emulator.transaction("rollback", others.label, table="others")
        error = self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
        self.assertEqual(error.metadata["table"], "others")
        self.assertEqual((self.lines("a"), self.lines("a", "others")), ({0: 1}, {}))

    # F166, F170: committed by a daemon that is gone, and the label forgotten: unknown, and neither lost nor guessed.
    def test_a_forgotten_label_is_unknown(self):
        _, answer = self.prepare("a")
        commit(self.client, answer.resume_token)
        self.emulator.configure(label_keep_max_num="0")
        self.emulator.evict()
        self.restart_daemon()
        self.refused("OUTCOME_UNKNOWN", commit, self.client, answer.resume_token)
        self.refused("OUTCOME_UNKNOWN", self.raw, "a", 2, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F043, F044, F045, F047: a label of ours that is not ours (A5 broken), in each state in which begin is refused.
    def test_a_label_that_somebody_else_has_begun_is_spent(self):
        for state, operations in (("PREPARE", ("begin",)), ("PREPARED", ("begin", "load", "prepare")),
                                  ("VISIBLE", ("begin", "load", "prepare", "commit"))):
            with self.subTest(state=state):
                name = self.new_name()
                stream = self.raw(name)  # looks for traces of its epoch before they are there
                label = f"{stream.opened.label_prefix}1-1-0"
                for operation in operations:
                    self.emulator.transaction(operation, label, b"foreign\t1\tx\n" if operation == "load" else b"")
                stream.write(1, [0])
                answer = stream.checkpoint(1)
                self.assertEqual([load.label for load in answer.loads], [f"{stream.opened.label_prefix}1-1-1"])
                commit(self.client, answer.resume_token)
                self.assertEqual(self.lines(name), {0: 1})
                states = {entry["label"]: entry["state"] for entry in self.emulator.transactions()}
                self.assertEqual(states[label], state)
        self.assertEqual(self.stored_rows("foreign").total(), 1)

    # F196: the backend of an open transaction has forgotten it, and so has the daemon.
    def test_a_transaction_whose_backend_has_forgotten_it_is_freed(self):
        stream = self.raw("a")
        stream.write(1, [0])
        self.wait_until(lambda: self.open_labels("a"))
        left = self.open_labels("a")
        self.daemon.process.kill()
        self.restart_backends()
        self.assertEqual(self.open_labels("a"), left, "StarRocks' leader has noticed")
        self.daemon.start()
        self.assertTrue(self.client.wait_ready(WAIT))
        stream = self.raw("a", 2)
        self.assertEqual([entry["outcome"] for entry in self.requests_of("a", "rollback") if entry["server"].startswith("be")],
                         ["TXN_NOT_EXISTS"], "the backend has not forgotten it")
        self.assertEqual(self.fates(left), [("ABORTED", "user cancel")])
        stream.write(1, [0])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F049: no room for another transaction for a while.
    def test_too_many_running_transactions_are_waited_for(self):
        _, other = self.prepare("b")
        self.emulator.configure(max_running_txn_num_per_db="1")
        stream = self.raw("a")
        stream.write(1, [0])
        with self.assertRaises(LoadstarError) as raised:
            stream.checkpoint(1, timeout=1.0)
        self.assertIn(raised.exception.code.name, ("UNAVAILABLE", "DEADLINE_EXCEEDED"))
        commit(self.client, other.resume_token)
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual((self.lines("a"), self.lines("b")), ({0: 1}, {0: 1}))

    # F188, F189: committed is committed, also if it cannot be seen yet.
    def test_a_slow_publish_is_committed_and_not_visible(self):
        _, answer = self.prepare("a")
        self.emulator.fault(operation="fe.commit", label="*-a-*", action="publish_delay", delay_ms=60_000)
        self.assertFalse(commit(self.client, answer.resume_token).visible)
        self.emulator.advance(120)
        self.assertTrue(commit(self.client, answer.resume_token, wait_visible=True).visible)
        self.assertEqual(self.lines("a"), {0: 1})


if __name__ == "__main__":
    unittest.main()
