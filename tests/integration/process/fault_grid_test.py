"""The grid of faults (delivery-and-faults.md 3.2), each against exactly-once over real sockets.

For each line: the emulator commits the fault at one request of the second of three checkpoints, the
request log proves that it did, and afterwards each row is in the table once. AGAIN: the part must have
been driven again under another label. No label is ever begun twice (F048).
"""

import collections
import unittest

from loadstar_process.once_case import OnceCase

BEFORE, AFTER, BODY = {"phase": "before"}, {"phase": "after"}, {"phase": "body"}


AGAIN = object()


def fault(numbers, operation, action, phase=BEFORE, again=None, **more):
    return numbers, {"operation": operation, "action": action, **phase, **more}, again is AGAIN


# Where the first row of the second checkpoint ends in a load: name, separator, line 6, separator, text, delimiter.
def first_row(name):
    return len(name) + 1 + 1 + 1 + 40 + 1



# Nobody is there, and nobody has vouched for it.
FOREIGN = "http://127.0.0.1:1"

BEGIN = (
    fault("F036", "be.begin", "reset", BEFORE, AGAIN),
    fault("F037", "be.begin", "reset", AFTER, AGAIN),
    fault("F037", "be.begin", "drop_reply", AFTER, AGAIN),
    fault("F038", "be.begin", "hang", AFTER, AGAIN, delay_ms=4000),
    fault("F039", "be.begin", "http_status", BEFORE, AGAIN, status=500),
    fault("F039", "be.begin", "http_status", AFTER, AGAIN, status=503),
    fault("F039", "be.begin", "http_status", BEFORE, AGAIN, status=404),
    fault("F039", "fe.begin", "http_status", BEFORE, AGAIN, status=404),
    fault("F040", "be.begin", "malformed_json", AFTER, AGAIN),
    fault("F040", "be.begin", "truncated_json", AFTER, AGAIN),
    fault("F041", "be.begin", "wrong_content_type", AFTER),
    fault("F047", "be.begin", "status_word", AFTER, AGAIN, text="LABEL_ALREADY_EXISTS"),
    fault("F061", "fe.begin", "redirect_loop"),
    fault("F062", "fe.begin", "redirect_dead"),
    fault("F063", "fe.begin", "redirect_foreign", text=FOREIGN),
    fault("F262", "be.begin", "slow_drip", AFTER, delay_ms=100),
    fault("F265", "be.begin", "status_word", text="TXN_IN_PROCESSING"),
    fault("F281", "be.begin", "duplicate", delay_ms=300),
    fault("F281", "be.begin", "delay", delay_ms=2500),
)
LOAD = (
    fault("F061", "fe.load", "redirect_loop"),
    fault("F062", "fe.load", "redirect_dead"),
    fault("F063", "fe.load", "redirect_foreign", text=FOREIGN),
    fault("F073", "be.load", "refuse", delay_ms=300),
    fault("F074", "be.load", "hang", delay_ms=4000),
    fault("F076", "be.load", "reset", BODY, AGAIN, after_bytes=1),
    fault("F077", "be.load", "reset", BODY, AGAIN, after_bytes=20),
    fault("F078", "be.load", "reset", BODY, AGAIN, after_bytes=first_row),
    fault("F079", "be.load", "reset", AFTER, AGAIN),
    fault("F086, F106", "be.load", "duplicate", BEFORE, AGAIN),
    fault("F087", "be.load", "http_status", BEFORE, AGAIN, status=500),
    fault("F087", "be.load", "http_status", BEFORE, AGAIN, status=404),
    fault("F087", "fe.load", "http_status", BEFORE, AGAIN, status=405),
    fault("F092", "be.load", "drop_reply", AFTER, AGAIN),
    fault("F093", "be.load", "hang", AFTER, AGAIN, delay_ms=4000),
    fault("F094", "be.load", "http_status", AFTER, AGAIN, status=503),
    fault("F095", "be.load", "malformed_json", AFTER, AGAIN),
    fault("F095", "be.load", "truncated_json", AFTER, AGAIN),
    fault("F095", "be.load", "half_body", AFTER, AGAIN),
    fault("F096, F099", "be.load", "status_word", AFTER, AGAIN, text="FAILED"),
    fault("F097", "be.load", "status_word", text="TXN_IN_PROCESSING"),
    fault("F098", "be.load", "status_word", BEFORE, AGAIN, text="TXN_NOT_EXISTS"),
    fault("F237", "be.load", "too_many_versions"),
    fault("F259", "be.load", "wrong_content_type", AFTER),
    fault("F262", "be.load", "slow_drip", AFTER, delay_ms=10),  # its limit is half a minute
)
PREPARE = (
    fault("F109", "be.prepare", "refuse", delay_ms=300),
    fault("F110", "be.prepare", "reset", BEFORE, AGAIN),
    fault("F111, F128", "be.prepare", "reset", AFTER, AGAIN),
    fault("F111, F128", "be.prepare", "drop_reply", AFTER, AGAIN),
    fault("F112", "be.prepare", "hang", AFTER, AGAIN, delay_ms=4000),
    fault("F113", "be.prepare", "http_status", BEFORE, AGAIN, status=500),
    fault("F113", "be.prepare", "http_status", BEFORE, AGAIN, status=404),
    fault("F113", "be.prepare", "http_status", AFTER, AGAIN, status=503),
    fault("F114", "be.prepare", "malformed_json", AFTER, AGAIN),
    fault("F114", "be.prepare", "truncated_json", AFTER, AGAIN),
    fault("F115", "be.prepare", "status_word", AFTER, AGAIN, text="TXN_NOT_EXISTS"),
    fault("F116", "be.prepare", "status_word", text="TXN_IN_PROCESSING"),
    fault("F117", "fe.prepare", "redirect_dead"),
    fault("F119", "be.prepare", "status_word", text="INTERNAL_ERROR"),
    fault("F120", "be.prepare", "duplicate", delay_ms=200),
    fault("F120", "be.prepare", "delay", delay_ms=2500),
    fault("F237", "be.prepare", "too_many_versions"),
    fault("F261", "fe.prepare", "redirect_foreign", text=FOREIGN),
    fault("F259", "be.prepare", "wrong_content_type", AFTER),
    fault("F260", "fe.prepare", "redirect_loop"),
    fault("F262", "be.prepare", "slow_drip", AFTER, delay_ms=10),
    fault("F263", "be.prepare", "hang", delay_ms=4000),
)
COMMIT = (
    fault("F158", "fe.commit", "refuse", delay_ms=500),
    fault("F159", "fe.commit", "reset"),
    fault("F160", "fe.commit", "reset", AFTER),
    fault("F160", "fe.commit", "drop_reply", AFTER),
    fault("F161", "fe.commit", "hang", AFTER, delay_ms=4000),
    fault("F161", "fe.commit", "hang", delay_ms=4000),
    fault("F162", "fe.commit", "http_status", status=500),
    fault("F162", "fe.commit", "http_status", status=404),
    fault("F162", "fe.commit", "http_status", AFTER, status=501),
    fault("F162", "fe.commit", "http_status", AFTER, status=503),
    fault("F163", "fe.commit", "malformed_json", AFTER),
    fault("F163", "fe.commit", "truncated_json", AFTER),
    fault("F164", "fe.commit", "status_word", AFTER, text="FAILED"),
    fault("F165", "fe.commit", "status_word", AFTER, text="TXN_NOT_EXISTS"),
    fault("F174", "fe.commit", "redirect_foreign", text=FOREIGN),
    fault("F184", "fe.commit", "duplicate", delay_ms=200),
    fault("F184", "fe.commit", "delay", delay_ms=2500),
    fault("F187", "fe.commit", "publish_delay", delay_ms=1000),
    fault("F259", "fe.commit", "wrong_content_type", AFTER),
    fault("F260", "fe.commit", "redirect_dead"),
    fault("F260", "fe.commit", "redirect_loop"),
    fault("F262", "fe.commit", "slow_drip", AFTER, delay_ms=100),
    fault("F266", "fe.commit", "status_word", text="TXN_IN_PROCESSING"),
)
# A rollback is asked for because a load broke, and then fails itself.
ROLLBACK = (
    fault("F191", "*.rollback", "duplicate", delay_ms=100),
    fault("F192", "*.rollback", "reset"),
    fault("F192", "*.rollback", "reset", AFTER),
    fault("F192", "*.rollback", "hang", AFTER, delay_ms=4000),
    fault("F192", "*.rollback", "http_status", status=500),
    fault("F192", "*.rollback", "http_status", status=404),
    fault("F192", "*.rollback", "malformed_json", AFTER),
    fault("F193", "*.rollback", "status_word", text="TXN_NOT_EXISTS"),
    fault("F197", "*.rollback", "delay", delay_ms=2500),
    fault("F260", "fe.rollback", "redirect_dead"),
    fault("F261", "fe.rollback", "redirect_foreign", text=FOREIGN),
    fault("F266", "*.rollback", "status_word", text="TXN_IN_PROCESSING"),
)
# The state is asked for because a reply to a commit was lost, and then that fails itself.
QUERY = (
    fault("F257", "fe.get_load_state", "reset"),
    fault("F257", "fe.get_load_state", "reset", AFTER),
    fault("F257", "fe.get_load_state", "hang", delay_ms=4000),
    fault("F258", "fe.get_load_state", "http_status", status=500),
    fault("F258", "fe.get_load_state", "http_status", status=404),
    fault("F258", "fe.get_load_state", "malformed_json", AFTER),
    fault("F258", "fe.get_load_state", "truncated_json", AFTER),
    fault("F259", "fe.get_load_state", "wrong_content_type", AFTER),
    fault("F260", "fe.get_load_state", "redirect_loop"),
    fault("F261", "fe.get_load_state", "redirect_foreign", text=FOREIGN),
    fault("F263", "fe.get_load_state", "hang", AFTER, delay_ms=4000),
    fault("F262", "fe.get_load_state", "slow_drip", AFTER, delay_ms=100),
)


class FaultGridTest(OnceCase):
    def strike(self, cases, first=None):
        """Each case, with a writer of its own. `first`: the fault that makes the daemon send such a request."""
        for numbers, rule, again in cases:
            with self.subTest(case=numbers, **{key: str(value) for key, value in rule.items()}):
                name = self.new_name()
                bytes_ = rule.get("after_bytes", 0)
                exact = {**rule, "label": f"*-{name}-*", "after_bytes": bytes_(name) if callable(bytes_) else bytes_}

                def arm(number, exact=exact):
                    if number == 1 and not self.struck(name):
                        self.emulator.fault(**exact)
                        if first:
                            self.emulator.fault(**first, label=exact["label"])

                try:
                    epochs = self.load(name, 3, arm)
                finally:
                    self.emulator.clear_faults()
                self.assert_once(name, 3)
                # A delayed exchange is written down when its delay is over.
                fault = (rule["operation"].split(".")[1], rule["action"])
                self.wait_until(lambda fault=fault, name=name: fault in self.struck(name))
                begun = collections.Counter(
                    entry["label"] for entry in self.requests_of(name, "begin")
                    if entry["server"].startswith("be") and entry["outcome"] == "OK" and not entry.get("duplicate"))
                self.assertEqual([label for label, count in begun.items() if count > 1], [], "a label was begun twice")
                self.assertEqual(epochs, 1, "the fault reached the client")
                if again:
                    self.assertGreater(len(self.begun(name)), 3, "the part was not driven again")

    # F048: the emulator lets the label of an aborted transaction begin again, and strike() sees that nobody asked it to.
    def test_begin(self):
        self.strike(BEGIN)

    def test_load(self):
        self.strike(LOAD)

    def test_prepare(self):
        self.strike(PREPARE)

    def test_commit(self):
        self.strike(COMMIT)

    def test_rollback(self):
        self.strike(ROLLBACK, {"operation": "be.load", "action": "reset", "phase": "after"})

    def test_query(self):
        self.strike(QUERY, {"operation": "fe.commit", "action": "reset", "phase": "after"})


if __name__ == "__main__":
    unittest.main()
