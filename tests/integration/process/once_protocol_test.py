"""Exactly-once message by message: what each request is answered, right and wrong ones, and what is in the table."""

import concurrent.futures
import unittest

from loadstar_client import LoadstarError
from loadstar_process import WAIT
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import commit


class StreamTest(OnceCase):
    # F002, F015: a repeated batch is dropped and acknowledged again.
    def test_a_repeated_batch_is_not_loaded_again(self):
        stream = self.raw("a")
        stream.write(1, [0, 1])
        stream.wait_received()
        stream.write(1, [0, 1], sequence=1)
        stream.write(1, [2], sequence=2)
        stream.wait_received()
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1, 1: 1, 2: 1})

    # F059: the frontend sends begin, loads and prepare to a backend, and each arrives there as it was sent.
    def test_what_is_redirected_arrives_as_it_was_sent(self):
        stream = self.raw("a")
        stream.write(1, [0, 1])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1, 1: 1})
        for operation in ("begin", "load", "prepare"):
            asked, done = self.requests_of("a", operation)
            self.assertEqual((asked["server"], asked["http_status"], done["outcome"]), ("fe1", 307, "OK"), operation)
            self.assertRegex(done["server"], "^be")
            for entry in (asked, done):
                del entry["headers"]["host"]
            for field in ("method", "target", "headers"):
                self.assertEqual(asked[field], done[field], operation)
        self.assertEqual(str(self.requests_of("a", "load")[1]["body_bytes"]), self.requests_of("a", "load")[0]["headers"]["content-length"])

    # F003: the stream ends, nothing is lost.
    def test_a_gap_is_named_and_the_writer_stays(self):
        stream = self.raw("a")
        stream.write(1, [0])
        stream.write(1, [2], sequence=3)
        error = stream.wait_error()
        self.assertEqual((error.reason, error.metadata["expectedSequence"]), ("SEQUENCE_GAP", "2"))
        again = self.raw("a", reattach=True)
        self.assertEqual((again.opened.attached, again.opened.next_sequence), (True, 2))
        again.write(1, [1])
        commit(self.client, again.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1, 1: 1})

    # F005, F058: rows after the last checkpoint are rolled back; a checkpoint without rows asks StarRocks nothing.
    def test_half_close_rolls_back_what_no_checkpoint_covers(self):
        stream = self.raw("a")
        stream.write(1, [0])
        stream.wait_received()
        stream.half_close()
        self.assertEqual(self.lines("a"), {})
        stream = self.raw("a", 2)
        token = stream.checkpoint(1).resume_token
        commit(self.client, token)
        self.assertEqual(list(stream.checkpoint(2).loads), [])
        self.assertEqual([label for label in self.begun("a") if "-2-" in label], [])

    # F012: the path of the bad row, and no row of the batch.
    def test_a_bad_batch_is_not_received_at_all(self):
        stream = self.raw("a")
        stream.write(1, [0])
        stream.write(1, [1, 2], row_count=3)
        self.assertEqual(stream.wait_error().reason, "BAD_PAYLOAD")
        again = self.raw("a", reattach=True)
        self.assertEqual(again.opened.next_sequence, 2)
        commit(self.client, again.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F013, F216: the newer stream of the same epoch takes the writer over.
    def test_a_second_stream_of_the_epoch_takes_over(self):
        first = self.raw("a")
        first.write(1, [0])
        first.wait_received()
        second = self.raw("a", reattach=True)
        self.assertEqual(first.wait_error().reason, "STREAM_REPLACED")
        self.assertTrue(second.opened.attached)
        commit(self.client, second.checkpoint(1, 1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F014, F210: the higher epoch wins, the lower one is fenced.
    def test_the_lower_epoch_is_fenced(self):
        old = self.raw("a", 3)
        old.write(1, [0])
        old.wait_received()
        new = self.raw("a", 4)
        self.assertEqual(old.wait_error().reason, "WRITER_FENCED")
        self.refused("WRITER_FENCED", self.raw, "a", 3)
        self.refused("WRITER_FENCED", old.checkpoint, 1)
        new.write(1, [0])
        commit(self.client, new.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F016: a batch for a checkpoint that is closed.
    def test_a_batch_for_a_closed_checkpoint_is_a_conflict(self):
        stream = self.raw("a")
        stream.write(1, [0])
        token = stream.checkpoint(1).resume_token
        stream.write(1, [1])
        self.assertEqual(stream.wait_error().reason, "CHECKPOINT_CONFLICT")
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F017: pipelining goes as far as the limit, and nothing is lost at it.
    def test_checkpoints_run_ahead_up_to_the_limit(self):
        stream = self.raw("a")
        limit = stream.opened.limits.max_pending_checkpoints
        for number in range(1, limit + 1):
            stream.write(number, [number])
        stream.wait_received()
        stream.write(limit + 1, [limit + 1])
        self.assertEqual(stream.wait_error().reason, "TOO_MANY_PENDING_CHECKPOINTS")
        again = self.raw("a", reattach=True)
        self.assertEqual(again.opened.next_sequence, limit + 1)
        for number in range(1, limit + 1):
            token = again.checkpoint(number, number).resume_token
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {number: 1 for number in range(1, limit + 1)})

    # F217
    def test_epochs_have_bounds(self):
        for epoch in (0, 2**32, 2**63):
            self.refused("BAD_REQUEST", self.raw, "a", epoch)
        stream = self.raw("a", 2**32 - 1)
        stream.write(1, [0])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F030: the table goes away between two checkpoints: said so, and what was committed before stays decided.
    def test_a_table_that_is_dropped_ends_the_writer(self):
        stream = self.raw("a")
        stream.write(1, [0], table="others")
        first = stream.checkpoint(1).resume_token
        commit(self.client, first)
        self.emulator.execute("DROP TABLE test.others")
        stream.write(2, [0])
        stream.write(2, [1], table="others")
        error = self.refused("TABLE_NOT_FOUND", stream.checkpoint, 2)
        self.assertIn("others", str(error))
        again = self.raw("a", 2, first)
        again.write(2, [0])
        commit(self.client, again.checkpoint(2).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F030: the table is another one between two checkpoints: what StarRocks says of it reaches the client.
    def test_a_table_that_is_altered_ends_the_writer(self):
        stream = self.raw("a")
        stream.write(1, [0], table="others")
        first = stream.checkpoint(1).resume_token
        commit(self.client, first)
        # The emulator has no ALTER TABLE.
        self.emulator.execute("DROP TABLE test.others")
        self.emulator.execute("CREATE TABLE test.others (writer VARCHAR(48) NOT NULL, line BIGINT NOT NULL, more BIGINT NOT NULL) "
                              "ENGINE=OLAP DUPLICATE KEY(writer, line) DISTRIBUTED BY HASH(line)")
        stream.write(2, [0])
        stream.write(2, [1], table="others")
        error = self.refused("UNSUPPORTED_COMBINATION", stream.checkpoint, 2)
        self.assertIn("test.others: load: ANALYSIS_ERROR: Column has no default value. column: more", str(error))
        again = self.raw("a", 2, first)
        again.write(2, [0])
        commit(self.client, again.checkpoint(2).resume_token)
        self.assertEqual((self.lines("a"), self.emulator.stored('SELECT * FROM "test.others"')), ({0: 1}, []))

    # F030, F051
    def test_a_table_that_is_not_there_ends_the_stream(self):
        stream = self.raw("a")
        stream.write(1, [0], table="nonesuch")
        self.assertEqual(stream.wait_error().reason, "TABLE_NOT_FOUND")
        again = self.raw("a", 2)
        again.write(1, [0])
        commit(self.client, again.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})


class CheckpointTest(OnceCase):
    # F105, F126, F148: the same call again, and at the same time, has the same answer.
    def test_repeated_and_concurrent_calls_have_one_answer(self):
        stream = self.raw("a")
        stream.write(1, [0, 1])
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            tokens = {answer.resume_token for answer in pool.map(lambda _: stream.checkpoint(1), range(4))}
        tokens.add(stream.checkpoint(1).resume_token)
        self.assertEqual(len(tokens), 1)
        self.assertEqual(len(self.requests_of("a", "prepare")), 2)  # the FE's redirect, and the BE
        for _ in range(3):
            commit(self.client, next(iter(tokens)))
        self.assertEqual(self.lines("a"), {0: 1, 1: 1})

    # F125: work goes on after the deadline of the client.
    def test_a_call_that_ran_out_of_time_is_called_again(self):
        self.emulator.fault(operation="be.prepare", label="*-a-*", action="delay", delay_ms=1000)
        stream = self.raw("a")
        stream.write(1, [0])
        with self.assertRaises(LoadstarError):
            stream.checkpoint(1, timeout=0.3)
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F127: another last_sequence, and an id out of turn.
    def test_another_request_with_the_same_number_is_a_conflict(self):
        stream = self.raw("a")
        stream.write(1, [0])
        stream.write(2, [1])
        token = stream.checkpoint(1, 1).resume_token
        self.refused("CHECKPOINT_CONFLICT", stream.checkpoint, 1, 2)
        self.refused("CHECKPOINT_CONFLICT", stream.checkpoint, 3, 2)
        commit(self.client, token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F108: StarRocks refuses a row; the transaction is rolled back and the writer is over.
    def test_rows_that_starrocks_refuses_end_the_writer(self):
        stream = self.raw("a")
        stream.write(1, [0])
        stream.write(1, [1], data=b"a,not a number,x\n")
        error = self.refused("ROWS_REJECTED", stream.checkpoint, 1)
        self.assertEqual(error.metadata["table"], "events")
        self.assertEqual(self.lines("a"), {})
        self.refused("EPOCH_USED", self.raw, "a", reattach=True)
        again = self.raw("a", 2)
        again.write(1, [0])
        commit(self.client, again.checkpoint(1).resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F121: several tables in one token, one of which had to be driven again.
    def test_one_table_is_driven_again_and_the_other_is_kept(self):
        self.emulator.fault(operation="be.prepare", label="*-a-*", action="reset", phase="after", nth=2)
        stream = self.raw("a")
        for table in ("events", "others"):
            stream.write(1, [0, 1], table=table)
        answer = stream.checkpoint(1)
        self.assertEqual(sorted(load.table for load in answer.loads), ["events", "others"])
        self.assertEqual(len(self.begun("a")), 3)
        commit(self.client, answer.resume_token)
        for table in ("events", "others"):
            self.assertEqual(self.lines("a", table), {0: 1, 1: 1})

    # F129: the next checkpoint is begun and loaded while this one is prepared.
    def test_a_slow_prepare_does_not_stop_the_next_checkpoint(self):
        self.emulator.fault(operation="be.prepare", label="*-a-*-1-1-0", action="delay", delay_ms=3000)
        stream = self.raw("a")
        stream.write(1, [0])
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(stream.checkpoint, 1, 1)
            stream.write(2, [1])
            self.wait_until(lambda: any(entry["label"].endswith("-1-2-0") and entry["server"].startswith("be")
                                        and entry["outcome"] == "OK" for entry in self.requests_of("a", "load")))
            self.assertFalse(first.done(), "the first checkpoint was not slow")
            first.result(WAIT)
        self.assertEqual(self.struck("a"), [("prepare", "delay")])
        commit(self.client, stream.checkpoint(2, 2).resume_token)
        self.assertEqual(self.lines("a"), {0: 1, 1: 1})


if __name__ == "__main__":
    unittest.main()
