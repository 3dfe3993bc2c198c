"""Resume tokens: what commits, what does not, whoever presents them, and what an Open does with the rest."""

import unittest

from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import abort, commit


class TokenTest(OnceCase):
    def prepared(self, name, lines=(0,), epoch=1, token=b""):
        stream = self.raw(name, epoch, token)
        stream.write(stream.opened.next_checkpoint_id, list(lines))
        return stream.checkpoint(stream.opened.next_checkpoint_id).resume_token

    # F152: every altered byte is noticed.
    def test_an_altered_token_is_refused(self):
        token = self.prepared("a")
        for at in range(len(token)):
            damaged = token[:at] + bytes((token[at] ^ 1,)) + token[at + 1:]
            self.refused("BAD_RESUME_TOKEN", commit, self.client, damaged)
        self.refused("BAD_RESUME_TOKEN", commit, self.client, token[:-1])
        self.assertEqual(self.lines("a"), {})
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F153: the token of another writer.
    def test_a_token_belongs_to_its_writer(self):
        token = self.prepared("a")
        self.refused("BAD_RESUME_TOKEN", self.raw, "b", 2, token)
        self.refused("BAD_RESUME_TOKEN", abort, self.client, "b", 2, token)
        self.assertEqual(self.lines("a"), {})
        commit(self.client, token)
        self.assertEqual((self.lines("a"), self.lines("b")), ({0: 1}, {}))

    # F154: nothing to commit.
    def test_an_empty_token_commits_nothing(self):
        commit(self.client, b"")
        self.assertEqual(self.emulator.transactions(), [])
        token = self.prepared("a")
        commit(self.client, b"")
        self.assertEqual(self.lines("a"), {})
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F157: again, after the daemon has gone, and by another daemon.
    def test_a_commit_may_be_repeated_anywhere(self):
        token = self.prepared("a")
        commit(self.client, token)
        commit(self.client, token)
        self.restart_daemon()
        commit(self.client, token)
        commit(self.connect(self.start_daemon(self.emulator)), token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F179, F204: the old incarnation commits what the new one has in its token too: the same labels, once.
    def test_old_and_new_commit_the_same_decision(self):
        token = self.prepared("a")
        self.raw("a", 2, token)
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F151, F180, F190, F204: what no durable token names is rolled back when the next epoch opens.
    def test_an_undecided_checkpoint_is_rolled_back_by_the_next_epoch(self):
        token = self.prepared("a")
        stream = self.raw("a", 2)
        self.assertEqual(stream.opened.next_checkpoint_id, 1)
        error = self.refused("CHECKPOINT_LOST", commit, self.client, token)
        self.assertEqual(error.metadata["table"], "events")
        stream.write(1, [0])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F156, F175, F181: a token is cumulative, and each checkpoint waits for the one before it.
    def test_the_last_token_commits_all_before_it_in_order(self):
        stream = self.raw("a")
        for number in (1, 2, 3):
            stream.write(number, [number])
            answer = stream.checkpoint(number)
        self.emulator.fault(operation="fe.commit", label="*-a-*-1-1-0", action="http_status", status=500, times=2)
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {1: 1, 2: 1, 3: 1})
        committed = [int(entry["label"].split("-")[4]) for entry in self.requests_of("a", "commit")]
        self.assertEqual(committed, sorted(committed))
        self.assertEqual(committed.count(1), 3)

    # F176: one table committed, then the frontend is gone for a while.
    def test_a_commit_that_stops_between_two_tables_goes_on(self):
        stream = self.raw("a")
        for table in ("events", "others"):
            stream.write(1, [0], table=table)
        token = stream.checkpoint(1).resume_token
        self.emulator.fault(operation="fe.commit", label="*-a-*", action="reset", nth=2, times=2)
        commit(self.client, token)
        self.assertEqual(self.struck("a"), [("commit", "reset")] * 2)
        self.assertEqual((self.lines("a"), self.lines("a", "others")), ({0: 1}, {0: 1}))

    # F206, F195: a client that went back behind a commit is told, and adopts nothing.
    def test_an_older_token_is_stale(self):
        first = self.prepared("a")
        second = self.prepared("a", [1], 2, first)
        commit(self.client, second)
        self.refused("STALE_RESUME_TOKEN", self.raw, "a", 3, first)
        self.refused("STALE_RESUME_TOKEN", self.raw, "a", 4)
        self.assertEqual(self.lines("a"), {0: 1, 1: 1})
        self.raw("a", 5, second)

    # F178: an Abort that is given the token leaves what it names; one without it takes it.
    def test_abort_leaves_what_is_decided(self):
        token = self.prepared("a")
        self.assertEqual(abort(self.client, "a", 1, token).aborted_transactions, 0)
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})
        other = self.prepared("b")
        self.assertEqual(abort(self.client, "b", 1).aborted_transactions, 1)
        self.refused("CHECKPOINT_LOST", commit, self.client, other)
        self.assertEqual(self.lines("b"), {})


if __name__ == "__main__":
    unittest.main()
