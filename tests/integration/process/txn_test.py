"""`loadstar txn`: what runs under our label prefix, and ending one transaction of it."""

import os
import subprocess
import unittest

from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase


class TxnTest(OnceCase):
    def txn(self, *arguments, status=0, database="test") -> str:
        """Output of the command, which ends with `status`."""
        done = subprocess.run(
            [os.environ["LOADSTAR_BINARY"], "txn", arguments[0], "--config", str(self.daemon.file), "-d", database, *arguments[1:]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT, check=False,
        )
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def prepared(self, name):
        """One prepared transaction of epoch 1; its label and its token."""
        stream = self.raw(name)
        stream.write(stream.opened.next_checkpoint_id, [0])
        answer = stream.checkpoint(stream.opened.next_checkpoint_id)
        return answer.loads[0].label, answer.resume_token

    def test_list_shows_what_runs_under_our_prefix(self):
        self.assertIn("none", self.txn("list"))
        label, _ = self.prepared("a")
        shown = self.txn("list")
        self.assertIn(label, shown)
        self.assertIn("PREPARED", shown)
        self.assertRegex(shown, r"  20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n")

    def test_a_database_that_does_not_exist_is_named(self):
        self.assertIn('no database "nowhere"', self.txn("list", database="nowhere", status=64))
        self.txn("list", "--writer", "a", "--epoch", "1", database="nowhere", status=64)
        self.assertIn("nowhere", self.txn("abort", "ls-a-abcdefgh-1-1-0", database="nowhere", status=69))

    def test_what_is_not_listed_says_why(self):
        failing = {"operation": "fe.sql", "action": "http_status", "times": 0}
        for status, expected in ((500, "UNEXPECTED_STATUS"), (403, "ACCESS_DENIED"), (401, "BAD_CREDENTIALS")):
            self.emulator.fault(**failing, status=status)
            shown = self.txn("list", status=69)
            self.emulator.clear_faults()
            self.assertIn(f"not listed: {expected}", shown)
            self.assertEqual("needs the OPERATE privilege" in shown, status != 500, shown)
        self.emulator.stop()
        shown = self.txn("list", status=69)
        self.assertIn("not listed: CONNECT_FAILED", shown)
        self.assertNotIn("OPERATE", shown)

    def test_list_shows_the_candidates_of_a_writer(self):
        label, token = self.prepared("a")
        shown = self.txn("list", "--writer", "a", "--epoch", "1")
        self.assertIn("Labels of writer a after checkpoint 0, epochs 1 to 1", shown)
        self.assertNotIn("not looked at", shown)
        self.assertEqual(shown.count(label), 2, "running, and a candidate")
        far = self.txn("list", "--writer", "a", "--epoch", "100000")
        self.assertRegex(far, r"Epochs 1 to 99\d+ were not looked at")
        path = self.directory / "token"
        path.write_bytes(token)
        self.assertIn("after checkpoint 1", self.txn("list", "--writer", "a", "--epoch", "1", "--token-file", str(path)))
        path.write_text(token.hex() + "\n", encoding="ascii")
        self.assertIn("after checkpoint 1", self.txn("list", "--writer", "a", "--epoch", "1", "--token-file", str(path)))
        path.write_text(f'{{"token": "{token.hex()}"}}', encoding="ascii")
        wrong = self.txn("list", "--writer", "a", "--epoch", "1", "--token-file", str(path), status=64)
        self.assertIn("as they are, or as hexadecimal text", wrong)
        path.write_bytes(token[:-1])
        self.txn("list", "--writer", "a", "--epoch", "1", "--token-file", str(path), status=64)
        self.txn("list", "--writer", "a", status=64)
        self.assertIn("--token-file goes with --writer", self.txn("list", "--token-file", str(path), status=64))

    # F168: an operator ends a transaction, and its client is told.
    def test_abort_asks_before_prepared_and_refuses_committed(self):
        label, _ = self.prepared("a")
        self.assertIn("was not aborted", self.txn("abort", label, status=75))
        self.assertIn(f"{label} is ABORTED", self.txn("abort", "--yes", label))
        self.assertIn("nothing to abort", self.txn("abort", label))
        with self.open("b") as writer:
            self.write_checkpoint(writer, "b", 0)
            writer.checkpoint(1)
            writer.flush()
        committed = [one["label"] for one in self.emulator.transactions() if one["label"].startswith("ls-b-")]
        self.assertIn("stay there", self.txn("abort", "--yes", committed[0], status=75))
        self.txn("abort", "somebody-elses-label", status=64)

    def test_abort_succeeds_only_where_aborted_was_seen(self):
        for number, faults in enumerate([[], ["be.rollback"], ["rollback", "be.rollback"]]):
            label = f"ls-c-abcdefgh-1-1-{number}"
            self.emulator.transaction("begin", label)
            for operation in faults:
                self.emulator.fault(operation=operation, label=label, times=0, action="reset")
            self.assertIn(f"{label} is ABORTED", self.txn("abort", label))
        # Nothing helps.
        label = "ls-c-abcdefgh-1-1-9"
        self.emulator.transaction("begin", label)
        for operation in ["rollback", "cancel"]:
            self.emulator.fault(operation=operation, label=label, times=0, action="reset")
        self.assertIn(f"{label} is PREPARE after the rollback, not ABORTED; rollback: ", self.txn("abort", label, status=75))
        self.emulator.clear_faults()
        self.assertIn("knows no transaction", self.txn("abort", "ls-c-abcdefgh-1-1-8", status=75))


if __name__ == "__main__":
    unittest.main()
