#!/usr/bin/env python3
"""The part of quickstart.sh that starts the programs and runs the examples.

Usage: run.py --build DIRECTORY [--keep]

Exit status 0 if every table is as expected.json says, 1 if not or if something failed.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

import loadstar_client
from examples import EXAMPLES, SCORE_BOARD
from loadstar_process import Daemon, Emulator, ProcessError

HERE = pathlib.Path(__file__).resolve().parent

# The counters of the Flink connector (examples.md 5) and ours (operations.md 4.2).
COUNTERS = (
    ("totalFlushBytes", "loadstar_load_bytes_total", {}),
    ("totalFlushRows", "loadstar_load_rows_total", {}),
    ("totalFlushSucceededTimes", "loadstar_loads_total", {"outcome": "succeeded"}),
    ("totalFlushFailedTimes", "loadstar_loads_total", {"outcome": "failed"}),
    ("totalFilteredRows", "loadstar_load_rows_total", {"result": "filtered"}),
)


def show(names, rows, marks=()):
    """Prints a table as SQL clients do; `marks` are notes behind rows."""
    cells = [[("NULL" if value is None else str(value)) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    line = lambda values: "| " + " | ".join(value.ljust(width) for value, width in zip(values, widths)) + " |"  # noqa: E731
    print(rule, line(names), rule, sep="\n")
    for number, row in enumerate(cells):
        print(line(row) + (marks[number] if number < len(marks) else ""))
    print(rule)


def run_example(example, client, emulator, expected):
    """Sends one example and compares the table. True if it is as expected."""
    if example.before is not None:
        emulator.execute(f"TRUNCATE TABLE test.{example.table}")
    if example.before:
        with client.writer("test") as writer:
            writer.write_rows(example.table, SCORE_BOARD, example.before)
    started = time.monotonic()
    with client.writer("test") as writer:
        example.send(writer)
    seconds = time.monotonic() - started  # until every row was committed

    tampering = os.environ.get("LOADSTAR_QUICKSTART_TAMPER", "")
    if tampering.startswith(example.name + ": "):
        emulator.execute(tampering.removeprefix(example.name + ": "))

    print(f"\n{example.table}: {example.name} ({example.shows}), committed after {seconds * 1000:.0f} ms")
    print(f"mysql> {expected['query']};")
    names, rows = emulator.table(expected["query"])
    wanted = [tuple(row) for row in expected["rows"]]
    if rows == wanted:
        show(names, rows)
        return True
    marks = ["" if row in wanted else "  <-- not expected" for row in rows]
    show(names, rows, marks)
    print(f"DIFFERENT from deploy/quickstart/expected.json, which has for {example.name!r}:")
    show(names, wanted)
    return False


def show_metrics(daemon):
    print("\nThe connector's counters, and ours for this run:")
    show(
        ["Flink connector", "Loadstar", "value"],
        [
            (old, new + ("{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else ""),
             f"{daemon.metric(new, **labels):,.0f}")
            for old, new, labels in COUNTERS
        ],
    )


def show_next(daemon, emulator, build, kept):
    page, probes = daemon.address("admin"), daemon.address("probe")
    binary = os.path.relpath(build / "server/loadstar")
    print("\nLook at next:")
    if kept:
        print(f"  status page     http://{page}/")
        print(f"  metrics         http://{probes}/metrics")
        print(f"  send a file     printf '3,push,7\\n' | {binary} push --target {daemon.target} test.score_board -")
        print(f"  the rows        sqlite3 {emulator.database} 'SELECT * FROM \"test.score_board\"'")
        print(f"  configuration   {daemon.file}")
        print(f"  logs            {daemon.process.log} and {emulator.process.log}")
        print(f"  stop both       kill {daemon.process.pid} && kill {emulator.process.pid}; rm -rf {daemon.directory}")
    else:
        print("  deploy/quickstart.sh --keep    the same, and it stays: status page, metrics, `loadstar push`")
    print("  deploy/quickstart/examples.py  how a client sends each of these")
    print("  config/loadstar.example.yaml   every option; `loadstar validate FILE` checks yours")
    print("  deploy/kubernetes/             Loadstar as a sidecar")
    print("  tests/run.sh                   all tests")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    expected = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    build = arguments.build.resolve()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="loadstar-quickstart-"))
    emulator = Emulator(build / "tests/emulator/server/starrocks-emulator", directory,
                        (HERE / "tables.sql").read_text(encoding="utf-8"), keep=arguments.keep)
    daemon = None
    kept = False
    try:
        emulator.start()
        daemon = Daemon(build / "server/loadstar", directory, [emulator.url], keep=arguments.keep,
                        configuration={"log": {"level": "info"}}).start()
        print(f"starrocks-emulator  FE {emulator.url}")
        print(f"loadstar            gRPC {daemon.target}, configuration {daemon.file}")
        different = []
        with loadstar_client.connect(daemon.target) as client:
            for example in EXAMPLES:
                if not run_example(example, client, emulator, expected[example.name]):
                    different.append(example.name)
        show_metrics(daemon)
        kept = arguments.keep
        show_next(daemon, emulator, build, kept)
        if different:
            print(f"\n{len(different)} of {len(EXAMPLES)} tables are not as expected: {', '.join(different)}")
            return 1
        print(f"\nAll {len(EXAMPLES)} tables are as expected.")
        return 0
    except (ProcessError, loadstar_client.LoadstarError, OSError) as error:
        print(f"\nquickstart: {error}", file=sys.stderr)
        for process in (program.process for program in (daemon, emulator) if program is not None and program.process):
            print(f"--- the end of {process.log}:", *process.lines[-15:], sep="\n", file=sys.stderr)
        return 1
    finally:
        if not kept:
            for program in (daemon, emulator):
                if program is not None:
                    program.stop()
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
