"""The grid of faults (delivery-and-faults.md 3.2, D, E and N), each against at-least-once over real sockets.

For each line: the emulator commits the fault at one Stream Load of a writer with three batches, the request
log proves that it did, and afterwards each row is in the table once: the client never sent a batch twice,
so nobody else may have done so.
"""

import unittest

from loadstar_process import WAIT, ClusterCase
from loadstar_process.once_case import CONFIGURATION
from rows import COLUMNS, TABLES, doubled, missing, write

BEFORE, AFTER, BODY = {"phase": "before"}, {"phase": "after"}, {"phase": "body"}
FOREIGN = "http://127.0.0.1:1"  # nobody is there, and nobody has vouched for it


def fault(numbers, action, phase=BEFORE, operation="be.stream_load", **more):
    return numbers, {"operation": operation, "action": action, **phase, **more}


LOAD = (
    fault("F218", "slow_drip", AFTER, delay_ms=2),
    fault("F219", "status_word", AFTER, text="Publish Timeout"),
    fault("F220", "refuse", delay_ms=300),
    fault("F220", "reset", BODY, after_bytes=0),
    fault("F221", "reset", BODY, after_bytes=5),
    fault("F222", "reset", AFTER),
    fault("F222", "drop_reply", AFTER),
    fault("F222", "hang", AFTER, delay_ms=4000),
    fault("F222", "half_body", AFTER),
    fault("F223", "label_exists", AFTER, text="RUNNING"),
    fault("F223", "label_exists", text="RUNNING"),
    fault("F224", "label_exists", AFTER, text="FINISHED"),
    fault("F224", "label_exists", AFTER, text="PREPARED"),
    fault("F225", "label_exists", text="CANCELLED"),
    fault("F226", "label_exists", AFTER, text=""),
    fault("F226", "label_exists", text=""),
    fault("F229", "status_word", text="Fail"),
    fault("F230", "http_status", status=500),
    fault("F230", "http_status", AFTER, status=503),
    fault("F230", "http_status", status=404),
    fault("F230", "http_status", AFTER, status=404),
    fault("F230", "http_status", operation="fe.stream_load", status=405),
    fault("F230", "malformed_json", AFTER),
    fault("F230", "truncated_json", AFTER),
    fault("F230", "wrong_content_type", AFTER),
    fault("F236", "redirect_dead", operation="fe.stream_load"),
    fault("F236", "redirect_loop", operation="fe.stream_load"),
    fault("F236", "redirect_foreign", operation="fe.stream_load", text=FOREIGN),
    fault("F237", "too_many_versions"),
    fault("F239", "label_exists", AFTER, text="SOMETHING_ELSE"),
    fault("F239", "label_exists", text="SOMETHING_ELSE"),
)


class LoadGridTest(ClusterCase):
    TABLES = TABLES

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        retry = {**CONFIGURATION["defaults"], "protocol": "stream_load", "flush": {"max_ack_wait": "10ms"}}
        self.daemon = self.start_daemon(self.emulator, {**CONFIGURATION, "defaults": retry})
        self.client = self.connect(self.daemon)

    def struck(self):
        """(operation, action) of each fault that the emulator committed."""
        return [(entry["op"], entry["faults"]) for entry in self.emulator.requests() if entry.get("faults")]

    def test_stream_load(self):
        for number, (numbers, rule) in enumerate(LOAD):
            with self.subTest(case=numbers, **{key: str(value) for key, value in rule.items()}):
                name, before = f"w{number}", len(self.struck())
                with self.client.writer("test", name, retry_for=WAIT) as writer:
                    write(writer, name, 1)
                    writer.wait_committed(1, WAIT)
                    self.emulator.fault(**rule)
                    try:
                        write(writer, name, 2)
                        writer.wait_committed(2, WAIT)
                    finally:
                        self.emulator.clear_faults()
                    write(writer, name, 3)
                    writer.wait_committed(3, WAIT)
                    self.assertEqual(writer.attachments, [False], "the fault reached the client")
                self.assertEqual(self.struck()[before:], [(rule["operation"].split(".")[1], rule["action"])])
                self.assertEqual(missing(self.emulator, name, 3), [])
                self.assertEqual(doubled(self.emulator), set())


class OrderTest(ClusterCase):
    TABLES = TABLES + """
CREATE TABLE test.latest (writer VARCHAR(48) NOT NULL, batch BIGINT NOT NULL, line INT NOT NULL, text VARCHAR(100) NULL)
ENGINE=OLAP PRIMARY KEY(writer) DISTRIBUTED BY HASH(writer);
"""

    # F234: the first of three loads of one key takes its time; the last batch written is the one that stays.
    def test_the_last_batch_of_a_key_stays(self):
        for protocol in ("stream_load", "transaction"):
            with self.subTest(protocol=protocol):
                emulator = self.start_emulator()
                daemon = self.start_daemon(emulator, {"defaults": {"protocol": protocol, "flush": {"max_ack_wait": "1ms"}}})
                operation = "be.stream_load" if protocol == "stream_load" else "fe.commit"
                emulator.fault(operation=operation, phase="before", action="delay", delay_ms=700)
                with self.connect(daemon).writer("test", "a", retry_for=WAIT) as writer:
                    for batch in (1, 2, 3):
                        writer.write_rows("latest", COLUMNS, [("key", batch, 0, f"batch {batch}")])
                        writer.wait_received(batch, WAIT)
                self.assertIn("delay", [entry.get("faults") for entry in emulator.requests()])
                self.assertEqual(emulator.stored('SELECT batch, text FROM "test.latest"'), [(3, "batch 3")])
                daemon.stop()


if __name__ == "__main__":
    unittest.main()
