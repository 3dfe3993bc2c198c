"""A loadstar daemon: its configuration, probes, metrics and end."""

import json
import os
import pathlib
import re
import signal
import urllib.error
import urllib.request

from loadstar_process.process import Process

PASSWORD = "canary-5f1c0de"


def merged(base: dict, more: dict) -> dict:
    """`more` over `base`, map by map."""
    result = dict(base)
    for key, value in more.items():
        known = result.get(key)
        result[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def yaml_text(value, indent="") -> str:
    """A configuration as a person would write it: maps as blocks, everything else as JSON, which is YAML."""
    lines = []
    for key, entry in value.items():
        name = key if re.fullmatch(r"[A-Za-z_][\w.]*", key) else json.dumps(key)
        if isinstance(entry, dict) and entry:
            lines.append(f"{indent}{name}:\n{yaml_text(entry, indent + '  ')}")
        else:
            lines.append(f"{indent}{name}: {json.dumps(entry)}\n")
    return "".join(lines)


class Daemon:
    """`loadstar serve` against a StarRocks, with a configuration of its own below `directory`."""

    def __init__(self, program, directory, load_urls, configuration=None, environment=None, user="root", keep=False):
        self.program = program
        self.directory = pathlib.Path(directory)
        self.configuration = merged(
            {
                "version": 1,
                "listen": {"grpc": ["127.0.0.1:0"]},
                "admin": {
                    "probe_listen": "127.0.0.1:0",
                    "listen": "127.0.0.1:0",
                    "control_socket": f"unix:{self.directory / 'control.sock'}",
                },
                "starrocks": {"load_urls": list(load_urls), "user": user, "password": ""},
                "unknown_tables": "allow_with_defaults",
                # Tests wait for commits, so what ripens by age ripens soon.
                "defaults": {"flush": {"max_ack_wait": "100ms"}},
                "log": {"format": "json", "level": "debug"},
            },
            configuration or {},
        )
        self._environment = dict(os.environ, **(environment or {}))
        self.file = self.directory / "loadstar.yaml"
        self._keep = keep
        self._process = None
        self._addresses = {}

    def start(self) -> "Daemon":
        """Starts it and waits until it takes rows; a second start listens where the first did."""
        if self._addresses:
            self.configuration = merged(
                self.configuration,
                {
                    "listen": {"grpc": [self.target]},
                    "admin": {"probe_listen": self.address("probe"), "listen": self.address("admin")},
                },
            )
        self.file.write_text(yaml_text(self.configuration), encoding="utf-8")
        self._process = Process([self.program, "serve", "--config", self.file], self.directory / "loadstar.log",
                                self._environment, self._keep)
        self._addresses = json.loads(self._process.wait_line(lambda text: '"message":"ready"' in text))
        return self

    @property
    def process(self) -> Process:
        return self._process

    def address(self, door: str) -> str:
        """host:port of `grpc`, `probe` or `admin`."""
        return self._addresses[door]

    @property
    def target(self) -> str:
        """gRPC address."""
        return self.address("grpc")

    def get(self, path: str, door: str = "probe") -> tuple:
        """(HTTP status, body) of a path of the probe door or the admin door."""
        try:
            with urllib.request.urlopen(f"http://{self.address(door)}{path}", timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self) -> dict:
        """{(name, frozenset of (label, value)): value} of /metrics."""
        result = {}
        for line in self.get("/metrics")[1].splitlines():
            match = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?", line)
            if match:
                labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
                result[match.group(1), labels] = float(match.group(3))
        return result

    def metric(self, name: str, **labels) -> float:
        """Sum over all series of a metric that have these labels."""
        wanted = set(labels.items())
        return sum(value for (known, have), value in self.metrics().items() if known == name and wanted <= have)

    def terminate(self) -> None:
        """SIGTERM: drain."""
        self._process.send(signal.SIGTERM)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
