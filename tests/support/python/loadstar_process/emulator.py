"""A starrocks-emulator, its SQL, its faults and its request log."""

import base64
import json
import pathlib
import sqlite3
import urllib.error
import urllib.request

from loadstar_process.process import Process, ProcessError


class Emulator:
    """A StarRocks cluster in one process: FE, two BEs, rows in an SQLite file below `directory`."""

    def __init__(self, program, directory, init_sql="", options=(), keep=False):
        self.program = program
        self.directory = pathlib.Path(directory)
        self.database = self.directory / "starrocks.sqlite"
        self._init = self.directory / "init.sql"
        self._init.write_text(init_sql, encoding="utf-8")
        self._options = list(options)
        self._keep = keep
        self._ports = None
        self._process = None

    def start(self) -> "Emulator":
        """Starts it; a second start takes the same ports and the same rows."""
        command = [self.program, "--database", self.database, *self._options]
        if self._ports is None:
            command += ["--init", self._init]
        else:
            command += ["--fe-port", self._ports["fe"], "--admin-port", self._ports["admin"]]
            for port in self._ports["be"]:
                command += ["--be-port", port]
        self._process = Process(command, self.directory / "emulator.log", keep=self._keep)
        # The first line it writes, once all ports are bound.
        self._ports = json.loads(self._process.wait_line(lambda line: line.startswith("{") and '"fe"' in line))
        return self

    @property
    def process(self) -> Process:
        return self._process

    @property
    def url(self) -> str:
        """Of the leader FE, for `starrocks.load_urls`."""
        return f"http://127.0.0.1:{self._ports['fe']}"

    @property
    def ports(self) -> dict:
        return dict(self._ports)

    def rows(self, query: str, database: str = "test", user: str = "root", password: str = "") -> list:
        """Rows of a SELECT, as SQL over HTTP shows them."""
        return self.table(query, database, user, password)[1]

    def table(self, query: str, database: str = "test", user: str = "root", password: str = "") -> tuple:
        """(column names, rows) of a SELECT over SQL over HTTP (starrocks-load-protocol.md 8.7)."""
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request = urllib.request.Request(
            f"{self.url}/api/v1/catalogs/default_catalog/databases/{database}/sql",
            json.dumps({"query": query}).encode(),
            {"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                lines = [json.loads(line) for line in response.read().decode().splitlines() if line]
        except urllib.error.HTTPError as error:
            raise ProcessError(f"{query!r}: HTTP {error.code}: {error.read().decode(errors='replace')}") from None
        names = next([column["name"] for column in line["meta"]] for line in lines if "meta" in line)
        return names, [tuple(line["data"]) for line in lines if "data" in line]

    def stored(self, query: str) -> list:
        """Rows of a query over the SQLite file itself: works while the emulator is down or stopped."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def execute(self, sql: str) -> None:
        """DDL, TRUNCATE, INSERT through the admin door."""
        self._admin("sql", sql.encode())

    def fault(self, **rule) -> None:
        """Adds a fault rule: operation, label, nth, times, phase, action, delay_ms, status, text (faults.hpp)."""
        self._admin("faults", json.dumps(rule).encode())

    def clear_faults(self) -> None:
        self._admin("faults", None, method="DELETE")

    def configure(self, **keys) -> None:
        """StarRocks configuration keys."""
        self._admin("config", json.dumps(keys).encode())

    def change_leader(self) -> None:
        """PREPARE is forgotten, PREPARED is kept."""
        self._admin("leader-change", b"{}")

    def restart_backend(self, backend: int, leader_notices=False) -> None:
        """It forgets the transactions that it was loading."""
        self._admin("restart-be", json.dumps({"backend": backend, "leader_notices": leader_notices}).encode())

    def advance(self, seconds: float) -> None:
        """StarRocks' clock, by which transactions time out and labels are forgotten."""
        self._admin("advance-clock", json.dumps({"ms": int(seconds * 1000)}).encode())

    def evict(self) -> None:
        """Forgets finished labels that the configuration does not keep."""
        self._admin("evict", b"{}")

    def transaction(self, operation: str, label: str, body: bytes = b"", table: str = "events", backend=None) -> None:
        """One request of the transaction interface, by somebody who is not the daemon, to the leader or to a backend."""
        headers = {"Authorization": "Basic " + base64.b64encode(b"root:").decode(), "label": label, "db": "test", "table": table}
        method = "PUT" if operation == "load" else "POST"
        server = self.url if backend is None else f"http://127.0.0.1:{self._ports['be'][backend]}"
        url = f"{server}/api/transaction/{operation}"
        for _ in range(4):  # redirects, which urllib does not follow with a body
            request = urllib.request.Request(url, body, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    answer = json.loads(response.read())
            except urllib.error.HTTPError as redirect:
                if redirect.code != 307:
                    raise
                url = redirect.headers["Location"]
                continue
            if answer.get("Status") != "OK":
                raise ProcessError(f"{operation} of {label}: {answer}")
            return
        raise ProcessError(f"{operation} of {label}: too many redirects")

    def requests(self) -> list:
        """The request log, oldest first."""
        return [json.loads(line) for line in self._admin("requests", None, method="GET").splitlines() if line]

    def transactions(self) -> list:
        """Transactions that the leader remembers: id, label, state, ..."""
        return json.loads(self._admin("transactions", None, method="GET"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _admin(self, path, body, method="POST"):
        request = urllib.request.Request(f"http://127.0.0.1:{self._ports['admin']}/emulator/{path}", body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            raise ProcessError(f"{path}: HTTP {error.code}: {error.read().decode(errors='replace')}") from None
