"""What compression of loads costs and saves: `compression_cost.py [MIB]`, with LOADSTAR_BINARY,
EMULATOR_BINARY and PYTHONPATH as for the tests beside it. Prints a table; not a test.

For each codec the same CSV goes through the real daemon into the emulator, over loopback; the ratio is
payload to bytes on the wire, the CPU is the daemon's alone (process_cpu_seconds_total). Measured on two
busy virtual cores with 48 batches (times as CPU seconds, so the other load hardly shows):

     codec  ratio  more CPU than none
 lz4_frame   1.46  3.7 s/GB
      zstd   2.52  4.8 s/GB
      gzip   2.16  19.6 s/GB

A plain load costs about 1.9 s/GB there, so a codec pays only where the network is slower than some
200 MB/s for each core that can be spared; zstd is the one to take, gzip is for what lacks the others.
"""

import os
import pathlib
import random
import sys
import tempfile

import loadstar_client
from loadstar_process import Daemon, Emulator

CODECS = ("none", "lz4_frame", "zstd", "gzip")


def rows(mib, seed=1):
    """CSV batches of about 1 MiB: numbers, names from a small set, times, free text."""
    source = random.Random(seed)
    names = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(2000)]
    number = 0
    for _ in range(mib):
        lines = []
        while len(lines) < 11_000:
            number += 1
            lines.append(f"{number},{source.choice(names)},2024-02-{source.randrange(1, 29):02} 13:{source.randrange(60):02}:07,"
                         f"{source.random() * 1000:.4f},{source.choice(names)} {source.choice(names)} {source.choice(names)}\n")
        yield "".join(lines).encode(), len(lines)


def main(mib):
    batches = list(rows(mib))
    tables = "CREATE DATABASE test;" + "".join(
        f"CREATE TABLE test.{codec} (id BIGINT NOT NULL, a STRING, b DATETIME, c DOUBLE, d STRING) DUPLICATE KEY(id) "
        "DISTRIBUTED BY HASH(id);" for codec in CODECS)
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        emulator = Emulator(os.environ["EMULATOR_BINARY"], place, tables).start()
        configuration = {"tables": {f"test.{codec}": {"compression": codec} for codec in CODECS},
                         "defaults": {"flush": {"max_bytes": "16MiB"}}, "log": {"level": "info"}}
        daemon = Daemon(os.environ["LOADSTAR_BINARY"], place, [emulator.url], configuration).start()
        try:
            print(f"{'codec':>10} {'payload MiB':>12} {'ratio':>6} {'daemon CPU s/GB':>16} {'more than none s/GB':>20}")
            plain = None
            for codec in CODECS:
                before = daemon.metric("process_cpu_seconds_total")
                with loadstar_client.connect(daemon.target) as client, client.writer("test") as writer:
                    for data, count in batches:
                        writer.write_csv(codec, data, count, properties={"column_separator": ","})
                spent = daemon.metric("process_cpu_seconds_total") - before
                payload = daemon.metric("loadstar_load_bytes_total", table=codec)
                wire = daemon.metric("loadstar_load_wire_bytes_total", table=codec)
                cost = spent / payload * 1e9
                plain = cost if plain is None else plain
                print(f"{codec:>10} {payload / 2**20:>12.1f} {payload / wire:>6.2f} {cost:>16.2f} {cost - plain:>20.2f}", flush=True)
        finally:
            daemon.stop()
            emulator.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
