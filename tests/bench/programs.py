"""The processes of the bench: started once for all rounds, their CPU time and memory read from /proc."""

import json
import os
import pathlib
import re
import select
import subprocess
import time

from loadstar_process import Daemon
from loadstar_process.daemon import merged

LIMIT = 600.0  # seconds for one case; a load that hangs is a finding, not a reason to wait for ever


class BenchError(RuntimeError):
    """A contender did not do what it was asked for."""


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, to the nanosecond (/proc/PID/stat has 10 ms)."""
    return time.clock_gettime((~pid << 3) | 2)


def user_seconds(pid: int) -> float:
    """The user part of it, from /proc/PID/stat."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def peak_rss(pid: int) -> int:
    """VmHWM in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024


class Program:
    """A program that stays, answers requests on its input with one line of JSON, and ends with its input."""

    def __init__(self, command):
        self._command = [str(word) for word in command]
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.hello = self._read()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, line="") -> dict:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self) -> dict:
        ready, _, _ = select.select([self._process.stdout], [], [], LIMIT)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise BenchError(f"{self._command[0]} said nothing in {LIMIT:.0f} s")
        return json.loads(line)


class Stage:
    """Sink, relay, daemons and the programs that send to them."""

    def __init__(self, build, directory):
        self.build = pathlib.Path(build)
        self.directory = pathlib.Path(directory)
        self._started = []
        self.sink = self._keep(Program([self.tool("bench_sink")]))
        self.relay = self._keep(Program([self.tool("bench_relay"), self.port("raw")]))
        self.sdk = None

    def tool(self, name: str) -> pathlib.Path:
        return self.build / "tests/bench" / name

    def port(self, door: str) -> int:
        """Of the sink: fe, be, raw, echo."""
        return self.sink.hello[door]

    def start_daemon(self, name: str, configuration: dict, program=None) -> Daemon:
        """A daemon that loads into the sink and flushes by size alone; `program`: not that of the build."""
        directory = self.directory / name
        directory.mkdir()
        base = {
            "starrocks": {"redirect_allow": [f"127.0.0.1:{self.port('be')}"]},
            "defaults": {"flush": {"interval": "1h", "max_ack_wait": "0s"}},
            "admin": {"control_socket": f"unix:{directory}/control.sock"},
            "log": {"level": "info"},  # below it, the daemon does not say where it listens
        }
        daemon = Daemon(program or self.build / "server/loadstar", directory, [f"http://127.0.0.1:{self.port('fe')}"],
                        merged(base, configuration))
        self._keep(daemon)
        return daemon.start()

    def start_sdk(self, command, rows_file) -> None:
        self.sdk = self._keep(Program([*command, self.port("fe"), rows_file]))

    def client(self, *arguments) -> dict:
        """Runs bench_client; what it printed."""
        return self.run([self.tool("bench_client"), *arguments])

    def run(self, command) -> dict:
        command = [str(word) for word in command]
        try:
            result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=LIMIT)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise BenchError(str(error)) from None
        answer = json.loads(result.stdout)
        if answer.get("error"):
            raise BenchError(f"{' '.join(command)}: {answer['error']}")
        return answer

    def stop(self) -> None:
        for program in reversed(self._started):
            program.stop()

    def _keep(self, program):
        self._started.append(program)
        return program


class Meter:
    """CPU time of one load by process, and proof that the sink has got all of it."""

    def __init__(self, stage: Stage, middle: int = 0):
        self._stage = stage
        self._pids = {"sink": stage.sink.pid}
        if middle:
            self._pids["middle"] = middle
        self._before = stage.sink.ask()
        self._cpu = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        self._user = user_seconds(middle) if middle else 0.0

    def result(self, sent: dict, through_http=True) -> dict:
        """MB/s, rows/s and CPU s/GB of client, middle and sink, from what the sender said."""
        gigabytes = sent["bytes"] / 1e9
        values = {
            "mb_s": sent["bytes"] / 1e6 / sent["seconds"],
            "rows_s": sent["rows"] / sent["seconds"],
            "client_cpu_gb": sent["cpu"] / gigabytes,
        }
        for name, pid in self._pids.items():
            values[f"{name}_cpu_gb"] = (cpu_seconds(pid) - self._cpu[name]) / gigabytes
        if "middle" in self._pids:
            values["middle_user_gb"] = (user_seconds(self._pids["middle"]) - self._user) / gigabytes
        if "pause" in sent:
            values["pause"] = sent["pause"]
        if through_http:
            loaded = self._stage.sink.ask()["rows"] - self._before["rows"]
            if loaded != sent["rows"]:
                raise BenchError(f"{sent['rows']} rows were sent, {loaded} were loaded")
        return values
