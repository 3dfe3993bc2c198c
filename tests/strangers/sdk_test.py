"""The Flink connector's stream load SDK (Java): both load managers, plain and transactional.

It is the loader whose behaviour Loadstar replaces, so all its ways of loading are taken: at-least-once
with plain loads and with transactions, exactly-once with snapshot, prepare and commit, rollback, and the
reuse of labels. The driver is sdk/SdkDriver.java.
"""

import json
import time
import unittest

import java
from driver import Driver, DriverError
from stranger_case import PASSWORD, StrangerCase

PEOPLE = [(1, "Lily", 23), (2, "Rose", None), (3, "東京 \"x\" \\ \n", 24)]
ALL_PEOPLE = "SELECT id, name, score FROM people ORDER BY id"


def as_json(row):
    return json.dumps(dict(zip(("id", "name", "score"), row)), ensure_ascii=False)


class SdkTest(StrangerCase):
    NAME = "sdk"

    @classmethod
    def prepare(cls):
        cls.command = java.build("sdk", "SdkDriver", ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])

    def open(self, **options) -> Driver:
        driver = Driver(self.command)
        self.addCleanup(driver.kill)
        words = {"urls": ",".join(self.addresses), "password": PASSWORD, "db": "test", "table": "people",
                 "columns": "id,name,score", **options}
        driver.ask("open", *(f"{key}={value}" for key, value in words.items() if value is not None))
        return driver

    def open_exactly_once(self, **options) -> Driver:
        return self.open(transaction="true", commit="false", **options)

    def write_people(self, driver, rows=tuple(PEOPLE)):
        for row in rows:
            driver.ask("write", "test", "people", as_json(row))

    def count(self, table="people"):
        return self.stored(f"SELECT COUNT(*) FROM {table}")[0][0]

    def numbers(self, driver, first, count):
        driver.ask("numbers", "test", "log", first, count)

    def assert_numbers(self, count):
        self.assert_rows("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM log", [(count, count, 0, count - 1)])
        self.assertEqual(self.stored("SELECT COUNT(*) FROM log WHERE line = 'line ' || id")[0][0], count)

    def test_plain_at_least_once(self):
        for manager in ("v1", "v2"):
            with self.subTest(manager):
                self.emulator.execute("TRUNCATE TABLE test.people")
                driver = self.open(manager=manager, commit="true")
                self.write_people(driver)
                driver.ask("flush")
                self.assert_rows(ALL_PEOPLE, PEOPLE)
                self.assertTrue(self.requests("stream_load"))
                self.assertFalse(self.requests("load"))
                driver.ask("close")

    def test_plain_csv_in_several_loads(self):
        driver = self.open(manager="v2", commit="true", table="log", columns="id,line", separator="|", chunk=120)
        for i in range(100):
            driver.ask("write", "test", "log", f"{i}|line {i}")
        driver.ask("flush")
        self.assert_numbers(100)
        self.assertGreater(len(self.requests("stream_load")), 5)

    def test_transactions_at_least_once(self):
        driver = self.open(manager="v2", transaction="true", commit="true", table="log", columns="id,line", chunk=65536)
        self.numbers(driver, 0, 10_000)
        driver.ask("flush")
        self.assert_numbers(10_000)
        self.assertGreater(len(self.requests("load")), 2)
        self.numbers(driver, 10_000, 5_000)
        driver.ask("flush")
        self.assert_numbers(15_000)

    def test_commit_by_time(self):
        driver = self.open(manager="v2", transaction="true", commit="true", delay=500)
        self.write_people(driver)
        deadline = time.monotonic() + 120
        while self.count() == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assert_rows(ALL_PEOPLE, PEOPLE)

    def test_exactly_once(self):
        driver = self.open_exactly_once()
        self.write_people(driver)
        driver.ask("flush")
        label = driver.ask("snapshot")
        self.assertEqual(driver.ask("state", "test", "people", label), "PREPARE")
        self.assertEqual(driver.ask("prepare"), "true")
        self.assertEqual(driver.ask("state", "test", "people", label), "PREPARED")
        self.assertEqual(self.count(), 0)
        self.assertEqual(driver.ask("commit"), "true")
        self.assertEqual(driver.ask("state", "test", "people", label), "VISIBLE")
        self.assert_rows(ALL_PEOPLE, PEOPLE)

    def test_exactly_once_over_many_checkpoints(self):
        driver = self.open_exactly_once(table="log", columns="id,line", chunk=65536)
        for checkpoint in range(5):
            self.numbers(driver, checkpoint * 2_000, 2_000)
            driver.ask("flush")
            driver.ask("snapshot")
            driver.ask("prepare")
            self.assertEqual(driver.ask("commit"), "true")
            self.assert_numbers((checkpoint + 1) * 2_000)

    def test_another_process_commits_after_a_crash_and_may_do_so_twice(self):
        first = self.open_exactly_once()
        self.write_people(first)
        first.ask("flush")
        first.ask("snapshot")
        first.ask("prepare")
        first.ask("save", self.directory / "snapshot")
        first.kill()
        for _ in range(2):
            other = self.open_exactly_once()
            label = other.ask("restore", self.directory / "snapshot")
            self.assertEqual(other.ask("commit"), "true")
            self.assertEqual(other.ask("state", "test", "people", label), "VISIBLE")
            self.assert_rows(ALL_PEOPLE, PEOPLE)

    def test_an_aborted_transaction_cannot_be_committed(self):
        driver = self.open_exactly_once()
        self.write_people(driver)
        driver.ask("flush")
        label = driver.ask("snapshot")
        driver.ask("prepare")
        driver.ask("save", self.directory / "snapshot")
        self.assertEqual(driver.ask("abort"), "true")
        self.assertEqual(driver.ask("state", "test", "people", label), "ABORTED")
        other = self.open_exactly_once()
        other.ask("restore", self.directory / "snapshot")
        with self.assertRaisesRegex(DriverError, "ABORTED"):
            other.ask("commit")
        self.assertEqual(self.count(), 0)

    def test_rollback_frees_the_label(self):
        for prepared in (False, True):
            with self.subTest(prepared=prepared):
                driver = self.open_exactly_once(label="reused-1")
                self.write_people(driver, [(9, "Gone", 9)])
                driver.ask("flush")
                self.assertEqual(driver.ask("snapshot"), "reused-1")
                if prepared:
                    driver.ask("prepare")
                self.assertEqual(driver.ask("abort"), "true")
                self.assertEqual(driver.ask("state", "test", "people", "reused-1"), "ABORTED")
                self.assertEqual(self.count(), 0)
        driver = self.open_exactly_once(label="reused-1")
        self.write_people(driver)
        driver.ask("flush")
        driver.ask("snapshot")
        driver.ask("prepare")
        self.assertEqual(driver.ask("commit"), "true")
        self.assert_rows(ALL_PEOPLE, PEOPLE)

    def test_a_committed_label_is_refused(self):
        driver = self.open_exactly_once(label="used-1")
        self.write_people(driver)
        driver.ask("flush")
        driver.ask("snapshot")
        driver.ask("prepare")
        driver.ask("commit")
        other = self.open_exactly_once(label="used-1")
        with self.assertRaisesRegex(DriverError, "LABEL_ALREADY_EXISTS"):
            self.write_people(other, [(9, "Twice", 9)])
            other.ask("flush")
        self.assert_rows(ALL_PEOPLE, PEOPLE)

    def test_unknown_label(self):
        driver = self.open_exactly_once()
        self.assertEqual(driver.ask("state", "test", "people", "never-seen"), "UNKNOWN")

    def test_bad_rows_are_explained(self):
        driver = self.open(manager="v2", commit="true", table="log", columns="id,line", separator="|")
        driver.ask("write", "test", "log", "1|good")
        driver.ask("write", "test", "log", "x|bad")
        # The text comes from ErrorURL, which the SDK fetches by itself.
        with self.assertRaisesRegex(DriverError, r"too many filtered rows.*Row: x\|bad"):
            driver.ask("flush")
        self.assertEqual(self.count("log"), 0)

    def test_bad_rows_of_a_transaction_are_explained_by_prepare(self):
        driver = self.open_exactly_once(table="log", columns="id,line", separator="|")
        driver.ask("write", "test", "log", "1|good")
        driver.ask("write", "test", "log", "x|bad")
        driver.ask("flush")
        driver.ask("snapshot")
        with self.assertRaisesRegex(DriverError, r"too many filtered rows.*Row: x\|bad"):
            driver.ask("prepare")
        self.assertEqual(self.count("log"), 0)

    def test_lz4_frames(self):
        for transaction in ("false", "true"):
            with self.subTest(transaction=transaction):
                self.emulator.execute("TRUNCATE TABLE test.log")
                driver = self.open(manager="v2", transaction=transaction, commit="true", table="log", columns="id,line",
                                   **{"property.compression": "lz4_frame"})
                self.numbers(driver, 0, 20_000)
                driver.ask("flush")
                self.assert_numbers(20_000)

    def test_upserts_and_deletes(self):
        driver = self.open(manager="v2", commit="true", columns="id,name,score,__op")
        for row, operation in ((PEOPLE[0], 0), (PEOPLE[1], 0), ((1, "Lily", 99), 0), (PEOPLE[1], 1)):
            driver.ask("write", "test", "people", json.dumps({**json.loads(as_json(row)), "__op": operation}))
        driver.ask("flush")
        self.assert_rows(ALL_PEOPLE, [(1, "Lily", 99)])

    def test_partial_update(self):
        driver = self.open(manager="v2", commit="true")
        self.write_people(driver)
        driver.ask("flush")
        driver = self.open(manager="v2", transaction="true", commit="true", columns="id,score", **{"property.partial_update": "true"})
        driver.ask("write", "test", "people", '{"id":2,"score":77}')
        driver.ask("flush")
        self.assert_rows(ALL_PEOPLE, [PEOPLE[0], (2, "Rose", 77), PEOPLE[2]])

    def test_a_retried_plain_load_keeps_its_label(self):
        # The reply of the first load is lost after the commit; the SDK sends it again.
        self.emulator.fault(operation="be.stream_load", nth=1, times=1, phase="after", action="reset")
        driver = self.open(manager="v2", commit="true", retries=3, table="log", columns="id,line")
        self.numbers(driver, 0, 10)
        driver.ask("flush")
        self.assert_numbers(10)
        loads = self.requests("stream_load")
        self.assertEqual([load["outcome"] for load in loads][1:], ["Label Already Exists"], loads)
        self.assertEqual(len({load["label"] for load in loads}), 1, loads)


if __name__ == "__main__":
    unittest.main()
