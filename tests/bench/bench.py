#!/usr/bin/env python3
"""Runs the bench: all cases one after the other, round by round, so that what the machine does meanwhile
hits all of them. Writes results.json, table.md and plot.svg. tests/bench/README.md says what is measured.

Usage: bench.py [--quick] [--rounds N] [--megabytes N] [--memory-gb N] [--build DIRECTORY] [--out DIRECTORY]
       bench.py --only relay --only "daemon typed" [--baseline PROGRAM] ...
The second form is for work on the daemon: some cases, and each also with another `loadstar`, in the same rounds.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import report
import sdk
from cases import Cases, memory
from programs import BenchError, Stage

BEFORE = " before"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="300 MB a load and 2 GB for the memory case")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, help="payload of one load; default 1000")
    parser.add_argument("--messages", type=int, default=10_000, help="of the latency cases")
    parser.add_argument("--memory-gb", type=float, help="payload of the memory case; default 10")
    parser.add_argument("--file-mb", type=float, default=86, help="size of the file that curl and the SDK load")
    parser.add_argument("--no-sdk", action="store_true", help="leave out the Java SDK, and say so in the table")
    parser.add_argument("--only", action="append", default=[], help="name of a case; no SDK, no memory case, no files")
    parser.add_argument("--baseline", type=pathlib.Path, help="another `loadstar`, whose cases are named '... before'")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench")
    options = parser.parse_args()
    options.megabytes = options.megabytes or (300 if options.quick else 1000)
    options.memory_gb = options.memory_gb or (2 if options.quick else 10)
    return options


def beside(cases, before) -> dict:
    """`cases`, each with its counterpart of the other daemon right behind it."""
    result = {}
    for name, case in cases.items():
        result[name] = case
        if name in before:
            result[name + BEFORE] = before[name]
    return result


def run(options, directory) -> dict:
    stage = Stage(options.build, directory)
    wanted = set(options.only)
    problems = {}
    try:
        rows_file = directory / "rows.csv"
        stage.client("file", "--path", rows_file, "--megabytes", options.file_mb)
        try:
            if options.no_sdk or wanted:
                raise BenchError("left out by --no-sdk or --only")
            stage.start_sdk(sdk.command(options.build), rows_file)
            print("warming up the JVM", file=sys.stderr)
            for _ in range(4):
                stage.sdk.ask("4")
        except (BenchError, OSError) as error:
            problems["sdk"] = str(error)
        cases = Cases(stage, options.megabytes, options.messages, rows_file).all()
        if options.baseline:
            before = Cases(stage, options.megabytes, options.messages, rows_file, options.baseline)
            cases = beside(cases, before.of_daemon())
        if wanted:
            cases = {name: case for name, case in cases.items() if name.removesuffix(BEFORE) in wanted}
        results = {name: [] for name in cases}
        for number in range(options.rounds + 1):  # the first is not counted: caches, pages, connections
            for name, case in cases.items():
                try:
                    values = case()
                except BenchError as error:
                    problems[name] = str(error)
                    print(f"round {number}: {name}: FAILED: {error}", file=sys.stderr)
                    continue
                print(f"round {number}: {name}: " + ", ".join(f"{k} {v:.4g}" for k, v in values.items() if v != ""),
                      file=sys.stderr)
                if number > 0:
                    results[name].append({"round": number, **values})
        if wanted:
            return {"rounds": options.rounds, "megabytes": options.megabytes, "cases": results, "memory": None,
                    "problems": problems}
        print("memory", file=sys.stderr)
        rss = memory(stage, options.memory_gb, min(1000, options.megabytes * 10))
        return {"rounds": options.rounds, "megabytes": options.megabytes, "cases": results, "memory": rss,
                "problems": problems}
    finally:
        stage.stop()


def main() -> int:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    # In memory: curl and the SDK read a file, and no disk is measured here.
    with tempfile.TemporaryDirectory(prefix="loadstar-bench-", dir="/dev/shm") as directory:
        results = run(options, pathlib.Path(directory))
    (options.out / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    return report.write_some(results) if options.only else report.write(results, options.out)


if __name__ == "__main__":
    sys.exit(main())
