"""What is measured in each round: every case is a function of the stage that returns its values."""

import os
import subprocess
import threading
import time

from programs import BenchError, Meter, peak_rss

# Bytes that the memory case may hold: two loads of 90 MiB, one that fills and one on its way.
RSS_BUDGET_MIB = 180


class Cases:
    """The cases in the order of a round. `megabytes` is the payload of one load, `rows_file` the same rows.
    `program`: another daemon than that of the build."""

    def __init__(self, stage, megabytes, messages, rows_file, program=None):
        self.stage = stage
        self.megabytes = megabytes
        self.messages = messages
        self.rows_file = rows_file
        self.daemon = self._start("usual", {"memory": "512MiB"}, program)
        self.small = self._start("small", {"memory": "64MiB"}, program)
        self.prompt = self._start("prompt", {"memory": "512MiB", "ack_min_interval": "0s"}, program)
        self.json = self._start("json", {"memory": "512MiB"}, program, {"properties": {"format": "json"}})

    def all(self) -> dict:
        cases = {
            "relay": self.relay,
            **self.of_daemon(),
            "curl": self.curl,
            "direct": self.direct,
            "echo": self.echo,
            "encode": self.encode,
        }
        if self.stage.sdk is not None:
            cases["sdk"] = self.sdk
        return cases

    def of_daemon(self) -> dict:
        """Those that measure a daemon."""
        return {
            "daemon": lambda: self.load(self.daemon),
            "daemon typed": lambda: self.load(self.daemon, "--format", "typed"),
            "daemon typed, JSON": lambda: self.load(self.json, "--format", "typed"),
            "daemon 4 streams": lambda: self.load(self.daemon, "--streams", 4),
            "daemon 16 streams": lambda: self.load(self.daemon, "--streams", 16),
            "daemon 4 skewed, 64 MiB": lambda: self.load(self.small, "--streams", 4, "--skew", 0.9),
            "daemon 16 skewed, 64 MiB": lambda: self.load(self.small, "--streams", 16, "--skew", 0.8),
            "latency": lambda: self.latency(self.prompt),
            "latency, acks each 20 ms": lambda: self.latency(self.daemon, 50),
            "appends": lambda: self.appends(self.prompt, 1),
            "appends corked": lambda: self.appends(self.daemon, 64),
        }

    def _start(self, name, limits, program, defaults=None):
        if program is not None:
            name += "-before"
        return self.stage.start_daemon(name, {"limits": limits, "defaults": defaults or {}}, program)

    def relay(self):
        meter = Meter(self.stage, self.stage.relay.pid)
        sent = self.stage.client("raw", "--port", self.stage.relay.hello["port"], "--megabytes", self.megabytes)
        return meter.result(sent, through_http=False)

    def load(self, daemon, *options):
        meter = Meter(self.stage, daemon.process.pid)
        sent = self.stage.client("load", "--target", daemon.target, "--megabytes", self.megabytes, *options)
        return meter.result(sent)

    def curl(self):
        """One process that PUTs the same file until the payload is reached, over one connection."""
        size = os.path.getsize(self.rows_file)
        times = max(1, round(self.megabytes * 1e6 / size))
        url = f"http://127.0.0.1:{self.stage.port('fe')}/api/bench/t0/_stream_load"
        command = ["curl", "-sS", "--location-trusted", "-u", "root:", "-H", "Expect: 100-continue", "-H", "label: curl"]
        for _ in range(times):
            command += ["-T", self.rows_file, url, "-o", "/dev/null"]
        rows = self._rows_in_file() * times
        meter = Meter(self.stage)
        started = time.monotonic()
        with subprocess.Popen(command) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchError(f"curl ended with {process.returncode}")
        sent = {"seconds": time.monotonic() - started, "cpu": usage.ru_utime + usage.ru_stime, "bytes": size * times,
                "rows": rows}
        return meter.result(sent)

    def direct(self):
        meter = Meter(self.stage)
        return meter.result(self.stage.run([self.stage.tool("bench_direct"), self.stage.port("fe"), self.megabytes]))

    def sdk(self):
        times = max(1, round(self.megabytes * 1e6 / os.path.getsize(self.rows_file)))
        meter = Meter(self.stage)
        sent = self.stage.sdk.ask(str(times))
        if sent["error"]:
            raise BenchError(f"SDK: {sent['error']}")
        return meter.result(sent)

    def echo(self):
        return self.stage.client("echo", "--port", self.stage.port("echo"), "--count", self.messages)

    def latency(self, daemon, fewer=1):
        return self.stage.client("latency", "--target", daemon.target, "--count", max(20, self.messages // fewer))

    def appends(self, daemon, cork):
        sent = self.stage.client("appends", "--target", daemon.target, "--count", self.messages * 10, "--cork", cork)
        return {"messages_s": sent["rows"] / sent["seconds"]}

    def encode(self):
        answer = self.stage.run([self.stage.tool("bench_encode"), 1])
        return {"wire_rows_s": answer["wire"][0], "objects_rows_s": answer["objects"][0]}

    def _rows_in_file(self):
        if not hasattr(self, "_file_rows"):
            with open(self.rows_file, "rb") as file:
                self._file_rows = sum(1 for _ in file)
        return self._file_rows


def memory(stage, gigabytes, megabytes=1000) -> dict:
    """Peak RSS of a fresh daemon beside the most bytes it held, at first and after `gigabytes`."""
    daemon = stage.start_daemon("memory", {"limits": {"memory": f"{RSS_BUDGET_MIB}MiB"}})
    held = 0.0
    done = threading.Event()

    def watch():
        nonlocal held
        while not done.wait(0.02):
            held = max(held, daemon.metric("loadstar_memory_reserved_bytes"))

    idle = peak_rss(daemon.process.pid)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        peaks = []
        for _ in range(max(1, round(gigabytes))):
            stage.client("load", "--target", daemon.target, "--megabytes", megabytes)
            peaks.append(peak_rss(daemon.process.pid))
    finally:
        done.set()
        watcher.join()
    return {"idle": idle, "held": held, "after_1_gb": peaks[0], "after_all": peaks[-1], "gigabytes": len(peaks)}
