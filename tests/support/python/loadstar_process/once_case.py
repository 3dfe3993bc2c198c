"""A unittest case for one fault at a time: one StarRocks, one daemon, one exactly-once client in this process."""

import collections
import itertools

from loadstar_client import LoadstarError, RecordFile, StartOver

from loadstar_process.case import WAIT, ClusterCase
from loadstar_process.once import TABLES, text_of
from loadstar_process.raw_once import RawOnce

COLUMNS = ["writer", "line", "text"]
# Faults that have to run into a time limit do so soon.
CONFIGURATION = {
    "starrocks": {
        "query_timeout": "2s", "request_timeout": "2s", "expect_continue_timeout": "3s", "connect_timeout": "1s",
        "circuit_breaker": {"open_for": "100ms"}, "publish_timeout": "1s",
    },
    "shutdown": {"grace": "4s", "margin": "1s", "deadline": "3s"},
    "defaults": {"retry": {"initial_interval": "10ms", "max_interval": "100ms"}},
}


class OnceCase(ClusterCase):
    """Loads lines by `writer`; after each fault the rows of that writer are there once each."""

    TABLES = TABLES
    CONFIGURATION = CONFIGURATION
    BATCHES, LINES = 2, 3  # of each checkpoint

    def setUp(self):
        super().setUp()
        self._names = itertools.count(1)
        self.emulator = self.start_emulator()
        self.daemon = self.start_daemon(self.emulator, self.CONFIGURATION)
        self.client = self.connect(self.daemon)

    def new_name(self) -> str:
        return f"w{next(self._names)}"

    def records(self, name) -> RecordFile:
        """The record of a writer; its position is the number of checkpoints that are decided."""
        return RecordFile(self.directory / f"{name}.state")

    def open(self, name, client=None, **options):
        options = {"retry_for": WAIT, "call_timeout": WAIT / 2, "open_timeout": WAIT / 2, **options}
        return (client or self.client).exactly_once("test", name, self.records(name), **options)

    def write_checkpoint(self, writer, name, number, tables=("events",), within=None) -> None:
        """The batches of one checkpoint, whose lines follow from its number."""
        for batch in range(self.BATCHES):
            if batch > 0 and within is not None:
                writer.wait_received()
                within(number)
            first = (number * self.BATCHES + batch) * self.LINES
            for table in tables:
                writer.write_rows(table, COLUMNS, [(name, line, text_of(name, line)) for line in range(first, first + self.LINES)])

    def load(self, name, checkpoints, before=None, within=None, tables=("events",)) -> int:
        """Loads so many checkpoints in all, by as many epochs as it takes; returns how many that were.

        `before(number)` is called before the batches of each checkpoint, `within(number)` when the
        daemon has received some of them.
        """
        for epochs in itertools.count(1):
            try:
                with self.open(name) as writer:
                    for number in range(writer.position, checkpoints):
                        if before is not None:
                            before(number)
                        self.write_checkpoint(writer, name, number, tables, within)
                        writer.checkpoint(number + 1)
                        writer.flush()
                return epochs
            except StartOver as over:
                self.assertLess(epochs, 10, over)

    def raw(self, name, epoch=1, token=b"", **options) -> RawOnce:
        """A stream of the writer, message by message."""
        return RawOnce(options.pop("client", self.client), name, epoch, token, **options)

    def prepare(self, name, tables=("events",)):
        """(stream, answer) of one checkpoint with one line for each table, prepared and not committed."""
        stream = self.raw(name)
        for table in tables:
            stream.write(1, [0], table=table)
        return stream, stream.checkpoint(1)

    def refused(self, reason, call, *arguments, **options):
        """The error of a call, which has to have this reason."""
        with self.assertRaises(LoadstarError) as raised:
            call(*arguments, **options)
        self.assertEqual(raised.exception.reason, reason, raised.exception)
        return raised.exception

    def lines(self, name, table="events") -> dict:
        """{line: how often} in the table; a line with another text than it was sent with fails the test."""
        stored = self.stored_rows(name, table)
        self.assertEqual([row for row in stored if row[1] != text_of(name, row[0])], [])
        return {line: count for (line, _), count in stored.items()}

    def begun(self, name) -> set:
        """Labels of the writer that StarRocks was asked to begin."""
        return {entry["label"] for entry in self.requests_of(name, "begin")}

    def witnesses(self) -> list:
        """Labels of transactions of somebody else, one at each backend: what becomes of them shows what StarRocks forgot."""
        labels = [f"witness-{self.new_name()}" for _ in self.emulator.ports["be"]]
        for backend, label in enumerate(labels):
            self.emulator.transaction("begin", label, backend=backend)
        self.assertEqual(self.fates(labels), [("PREPARE", "")] * len(labels))
        return labels

    def fates(self, labels) -> list:
        """(state, why it was aborted) of each label; None for one that is not remembered."""
        known = {entry["label"]: (entry["state"], entry["reason"]) for entry in self.emulator.transactions()}
        return [known.get(label) for label in labels]

    def restart_daemon(self) -> None:
        """SIGKILL, and a new one at the same address."""
        self.daemon.process.kill()
        self.daemon.start()
        self.assertTrue(self.client.wait_ready(WAIT))

    def expected(self, name, checkpoints) -> collections.Counter:
        lines = range(checkpoints * self.BATCHES * self.LINES)
        return collections.Counter((line, text_of(name, line)) for line in lines)

    def stored_rows(self, name, table="events") -> collections.Counter:
        return collections.Counter(self.emulator.stored(f"SELECT line, text FROM \"test.{table}\" WHERE writer = '{name}'"))

    def assert_once(self, name, checkpoints, tables=("events",)) -> None:
        """Every row of these checkpoints is in each table once, and no other row of the writer is."""
        for table in tables:
            have, wanted = self.stored_rows(name, table), self.expected(name, checkpoints)
            self.assertEqual(have - wanted, collections.Counter(), f"{name}, {table}: doubled, or never decided")
            self.assertEqual(wanted - have, collections.Counter(), f"{name}, {table}: lost")

    def requests_of(self, name, operation=None) -> list:
        """What StarRocks was asked about labels of the writer."""
        return [entry for entry in self.emulator.requests()
                if f"-{name}-" in entry["label"] and operation in (None, entry["op"])]

    def struck(self, name) -> "list[tuple[str, str]]":
        """(operation, action) of each fault that struck this writer."""
        return [(entry["op"], entry["faults"]) for entry in self.requests_of(name) if entry.get("faults")]
