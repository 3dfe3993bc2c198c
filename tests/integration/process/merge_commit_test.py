"""Merge commit through the real daemon: loads of many small writers become one transaction."""

import unittest

from grpc import StatusCode
from loadstar_client import LoadstarError
from loadstar_process import WAIT, ClusterCase
from rows import COLUMNS, TABLES, counts, doubled, missing, write


def merging(interval_ms, **more):
    """Configuration of a daemon whose table test.events is loaded by merge commit."""
    return {
        "defaults": {"flush": {"max_ack_wait": "1ms", "jitter": "0%"}},
        "tables": {"test.events": {"properties": {
            "enable_merge_commit": "true", "merge_commit_interval_ms": str(interval_ms), "merge_commit_parallel": "1", **more}}},
    }


class MergeCommitTest(ClusterCase):
    TABLES = TABLES

    def loads(self, emulator):
        """Stream loads that a backend took, as the request log has them."""
        return [entry for entry in emulator.requests()
                if entry["op"] == "stream_load" and entry["server"].startswith("be")]

    def refusal(self, client, write_batch, database="test"):
        writer = client.writer(database, "refused")
        write_batch(writer)
        with self.assertRaises(LoadstarError) as raised:
            writer.close(WAIT)
        return raised.exception

    def test_loads_of_several_daemons_share_transactions(self):
        emulator = self.start_emulator()
        daemons = [self.start_daemon(emulator, merging(500)) for _ in range(3)]
        writers = {f"w{n}": self.connect(daemon).writer("test", f"w{n}") for n, daemon in enumerate(daemons)}
        for batch in (1, 2):
            for name, writer in writers.items():
                write(writer, name, batch)
            for writer in writers.values():
                writer.wait_committed(batch, WAIT)
        for name, writer in writers.items():
            writer.close(WAIT)
            self.assertEqual(missing(emulator, name, 2), [])
        self.assertEqual(doubled(emulator), set())
        loads, labels = self.loads(emulator), [entry["label"] for entry in emulator.transactions()]
        self.assertTrue(all(entry["headers"].get("enable_merge_commit") == "true" for entry in loads), loads)
        self.assertTrue(all(label.startswith("merge_commit_") for label in labels), labels)
        self.assertLess(len(labels), len(loads))
        for daemon in daemons:
            self.assertEqual(daemon.metric("loadstar_possible_duplicate_batches_total"), 0)

    def test_a_lost_reply_is_sent_again_and_counted_as_a_possible_duplicate(self):
        emulator = self.start_emulator()
        daemon = self.start_daemon(emulator, merging(100))
        emulator.fault(operation="be*.stream_load", phase="after", action="drop_reply", nth=1, times=1)
        with self.connect(daemon).writer("test", "w") as writer:
            write(writer, "w", 1)
        self.assertEqual(missing(emulator, "w", 1), [])
        self.assertEqual(doubled(emulator), {("w", 1)}, "nobody can tell that the first load was committed")
        self.assertEqual(daemon.metric("loadstar_possible_duplicate_batches_total"), 1)
        asked = [entry for entry in emulator.requests() if entry["op"] == "get_load_state"
                 and entry["label"] in {load["label"] for load in self.loads(emulator)}]
        self.assertEqual(asked, [], "the label of the request is not that of a transaction")

    def test_a_late_publication_is_found_by_the_servers_label(self):
        emulator = self.start_emulator()
        emulator.configure(publish_delay_ms=2500)
        configuration = merging(100)
        configuration["starrocks"] = {"request_timeout": "1s"}
        daemon = self.start_daemon(emulator, configuration)
        with self.connect(daemon).writer("test", "w") as writer:
            write(writer, "w", 1)
        self.assertEqual([entry["outcome"] for entry in self.loads(emulator)], ["Fail"])
        asked = {entry["label"] for entry in emulator.requests() if entry["op"] == "get_load_state"}
        self.assertIn(emulator.transactions()[0]["label"], asked)
        self.wait_until(lambda: not missing(emulator, "w", 1))
        self.assertEqual((missing(emulator, "w", 1), doubled(emulator)), ([], set()))
        self.assertEqual(daemon.metric("loadstar_possible_duplicate_batches_total"), 0)

    def test_bad_rows_of_another_sender_concern_their_sender_only(self):
        emulator = self.start_emulator()
        good, bad = self.start_daemon(emulator, merging(1500)), self.start_daemon(emulator, merging(1500))
        properties = {"column_separator": ","}
        fine, guilty = self.connect(good).writer("test", "fine"), self.connect(bad).writer("test", "guilty")
        fine.write_csv("events", "fine,1,0,x\nfine,1,1,x\nfine,1,2,x\n", 3, columns=COLUMNS, properties=properties)
        guilty.write_csv("events", "guilty,x,0,x\n", 1, columns=COLUMNS, properties=properties)
        with self.assertRaises(LoadstarError) as raised:
            guilty.close(WAIT)
        self.assertEqual((raised.exception.code, raised.exception.reason), (StatusCode.INVALID_ARGUMENT, "ROWS_REJECTED"))
        fine.close(WAIT)
        self.assertEqual(missing(emulator, "fine", 1), [])
        self.assertEqual((doubled(emulator), set(writer for writer, _, _ in counts(emulator))), (set(), {"fine"}))
        failed = [entry for entry in self.loads(emulator) if entry["outcome"] == "Fail"]
        merged = [entry for entry in failed if "enable_merge_commit" in entry["headers"]]
        self.assertEqual(len(merged), 2, "the bad rows failed the load of the other daemon too")

    def test_it_is_refused_where_it_cannot_hold_a_promise(self):
        emulator = self.start_emulator()
        configuration = merging(100)
        configuration["tables"]["test.others"] = {"protocol": "transaction"}
        client = self.connect(self.start_daemon(emulator, configuration))
        merge = configuration["tables"]["test.events"]["properties"]
        cases = [("events", {"merge_commit_async": "true"}, "merge_commit_async"), ("events", {"max_filter_ratio": "0.1"}, "max_filter_ratio"),
                 ("others", merge, "enable_merge_commit")]
        for table, properties, blamed in cases:
            error = self.refusal(client, lambda writer: writer.write_rows(table, COLUMNS, [("a", 1, 1, "x")], properties=properties))
            self.assertEqual((error.code, error.reason), (StatusCode.FAILED_PRECONDITION, "UNSUPPORTED_COMBINATION"), properties)
            self.assertEqual(error.violations[0].field, f"batch[sequence=1].properties[{blamed}]")
        self.assertEqual(self.loads(emulator), [])

    def test_older_releases_do_not_have_it(self):
        emulator = self.start_emulator(options=["--version-string", "3.3.9"])
        client = self.connect(self.start_daemon(emulator, merging(100)))
        error = self.refusal(client, lambda writer: write(writer, "w", 1))
        self.assertEqual((error.code, error.reason), (StatusCode.FAILED_PRECONDITION, "UNSUPPORTED_COMBINATION"))
        self.assertIn("3.4", str(error))


if __name__ == "__main__":
    unittest.main()
