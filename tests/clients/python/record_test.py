"""What an exactly-once client remembers: one record, replaced by compare-and-set, whatever is killed."""

import concurrent.futures
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from loadstar_client import Record, RecordConflict, RecordDamaged, RecordFile

WAIT = 20.0


class RecordTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="loadstar-record-")
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, "state")
        self.records = RecordFile(self.path)

    def test_what_was_saved_is_read_by_the_next_instance(self):
        self.assertEqual(self.records.load(), Record())
        saved = self.records.replace(Record(), Record(1, b"\x00\xff", {"file": "a", "line": 7}))
        self.assertEqual(RecordFile(self.path).load(), saved)
        self.assertEqual((saved.epoch, saved.token, saved.position["line"], saved.revision), (1, b"\x00\xff", 7, 1))

    def test_of_two_instances_one_decides(self):
        first = self.records.replace(Record(), Record(1))
        second = RecordFile(self.path).replace(first, Record(2))
        with self.assertRaises(RecordConflict):
            self.records.replace(first, Record(1, b"token", 10))
        self.assertEqual(self.records.load(), second)

    def test_the_same_content_written_twice_is_two_revisions(self):
        old = self.records.replace(Record(), Record(1))
        back = self.records.replace(self.records.replace(old, Record(2)), Record(1))
        self.assertNotEqual(back, old)
        with self.assertRaises(RecordConflict):
            self.records.replace(old, Record(3))

    def test_many_at_once_are_one_after_the_other(self):
        def bump(_):
            while True:
                old = self.records.load()
                try:
                    return self.records.replace(old, Record(old.epoch + 1)).epoch
                except RecordConflict:
                    continue

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(sorted(pool.map(bump, range(40))), list(range(1, 41)))

    def test_a_record_of_something_else_is_refused(self):
        mine = RecordFile(self.path, "w shop.orders a.csv")
        saved = mine.replace(Record(), Record(1, b"token", 9))
        self.assertEqual(mine.load(), saved)
        with self.assertRaisesRegex(RecordDamaged, "w shop.orders a.csv.*not of.*b.csv"):
            RecordFile(self.path, "w shop.orders b.csv").load()
        # Who names no subject knows what it does, and a record without one is everybody's.
        self.assertEqual(self.records.load(), saved)
        saved = self.records.replace(saved, Record(2))
        self.assertEqual(mine.load(), saved)

    def test_a_damaged_file_is_not_a_missing_one(self):
        saved = self.records.replace(Record(), Record(3, b"token", 1))
        whole = self.path.read_bytes()
        for damaged in (b"", whole[:20], whole.replace(b'"epoch": 3', b'"epoch": 4'), b"\xff" * 10):
            with self.subTest(damaged=damaged):
                self.path.write_bytes(damaged)
                with self.assertRaises(RecordDamaged):
                    self.records.load()
        self.path.write_bytes(whole)
        self.assertEqual(self.records.load(), saved)

    def test_a_killed_writer_leaves_the_old_record_or_the_new_one(self):
        """A child replaces the record as fast as it can, and is killed again and again."""
        child = ("import sys; from loadstar_client import Record, RecordFile\n"
                 "records = RecordFile(sys.argv[1]); record = records.load(); print('up', flush=True)\n"
                 "while True: record = records.replace(record, Record(1, b't' * 5000, record.revision))\n")
        seen = -1
        for _ in range(5):
            process = subprocess.Popen([sys.executable, "-c", child, self.path], stdout=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"up\n")
            threading.Event().wait(0.05)
            process.send_signal(signal.SIGKILL)
            process.wait(WAIT)
            process.stdout.close()
            record = self.records.load()
            self.assertEqual((record.token, record.position), (b"t" * 5000, record.revision - 1))
            self.assertGreaterEqual(record.revision, seen)
            seen = record.revision
        self.assertGreater(seen, 1)


if __name__ == "__main__":
    unittest.main()
