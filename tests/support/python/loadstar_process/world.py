"""Two daemons, one StarRocks behind a fault proxy, and clients that load file after file exactly once."""

import json
import threading

from loadstar_process.once import Client, Job, Ledger
from loadstar_process.proxy import FaultProxy

CONFIGURATION = {
    "starrocks": {"circuit_breaker": {"failures": 5, "open_for": "1s"}, "connect_timeout": "1s"},
    "log": {"level": "info"},
}


class World:
    """Everything of one run. `case` starts the programs, and ends them with the test.

    Each of `clients` slots loads one file after the other, each by a writer of its own, until `finish`
    is called; then the files that were begun are finished.
    """

    BATCH_ROWS = 100
    CHECKPOINT_ROWS = 1000
    patience = 4.0  # seconds after which a client gives a silent daemon up

    def __init__(self, case, *, clients=3, daemons=2, lines=15_000):
        self.ledger = Ledger()
        self.problems = []
        self._case = case
        self._lines = lines
        self._numbers = iter(range(1, 1_000_000))
        self._lock = threading.Lock()
        self._more = True
        self.requests = case.directory / "requests.jsonl"
        self.emulator = case.start_emulator(options=["--request-log", self.requests])
        ports = self.emulator.ports
        self.backends = tuple(ports["be"])
        self.proxy = FaultProxy([ports["fe"], *ports["be"]])
        case.addCleanup(self.proxy.stop)
        configuration = {**CONFIGURATION, "starrocks": {**CONFIGURATION["starrocks"], "redirect_map": self.proxy.redirect_map}}
        self.daemons = [case.new_daemon([f"http://{self.proxy.address(ports['fe'])}"], configuration) for _ in range(daemons)]
        for daemon in self.daemons:
            daemon.start()
        self._slots = [None] * clients
        case.addCleanup(self._stop)
        self._threads = [threading.Thread(target=self._fill, args=(slot,), daemon=True) for slot in range(clients)]
        for thread in self._threads:
            thread.start()

    @property
    def clients(self) -> list:
        """The clients that are at work."""
        with self._lock:
            return [client for client in self._slots if client is not None]

    def finish(self, timeout) -> None:
        """No new file is begun; waits until those that were are loaded."""
        with self._lock:
            self._more = False
        for thread in self._threads:
            thread.join(timeout)
        late = [client.job.writer for client in self.clients]
        for client in self.clients:
            print(f"--- {client.job.writer} is not done; the end of its log:", *client.lines()[-15:], sep="\n")
        if late:
            raise TimeoutError(f"not done: {late}")

    def lingering(self) -> list:
        """Labels of transactions that StarRocks still has open or prepared."""
        return [entry["label"] for entry in self.emulator.transactions() if entry["state"] in ("PREPARE", "PREPARED")]

    def explain(self) -> str:
        """What is known about each writer whose rows are not as they should be: the last it was asked, and its states."""
        text = []
        for job, lost in self.ledger.lost.items():
            text.append(f"{job.writer}: {len(lost)} lines lost, {lost[0]} to {lost[-1]}; {job.decided()} of {job.lines} decided")
            text += [f"  {entry['label']} {entry['state']}" for entry in self.emulator.transactions() if f"-{job.writer}-" in entry["label"]]
            for line in self.requests.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if f"-{job.writer}-" in entry["label"] and entry["op"] in ("begin", "prepare", "commit", "rollback"):
                    text.append("  " + " ".join(str(entry[key]) for key in ("time", "server", "op", "label", "http_status", "outcome")))
            text += ["  " + line for line in job.log.read_text(encoding="utf-8").splitlines()]
        return "\n".join(text)

    def targets(self, slot) -> list:
        """Each client prefers another daemon."""
        addresses = [daemon.target for daemon in self.daemons]
        return addresses[slot % len(addresses):] + addresses[:slot % len(addresses)]

    def _fill(self, slot):
        while True:
            with self._lock:
                if not self._more:
                    self._slots[slot] = None
                    return
                number = next(self._numbers)
                job = Job(self._case.directory, f"w{number}", self._lines, ("events", "others")[number % 2])
                self.ledger.jobs.append(job)
                client = Client(job, self.targets(slot), self.ledger, (
                    "--batch-rows", str(self.BATCH_ROWS), "--checkpoint-rows", str(self.CHECKPOINT_ROWS),
                    "--timeout", str(self.patience), "--retry-for", str(self.patience)))
                self._slots[slot] = client
            client.wait(None)

    def _stop(self):
        with self._lock:
            self._more = False
        for client in self.clients:
            client.stop()


def last_line(figures) -> str:
    """Figures as one line of JSON, for whoever collects them."""
    return json.dumps(figures, sort_keys=True)
