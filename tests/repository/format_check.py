#!/usr/bin/env python3
"""Checks the C++ files under version control with clang-format 14, the one version for everybody.

Usage: format_check.py [--fix] [ROOT]

Exit status 1 if a file would be formatted differently; --fix formats it.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

TOOL = "clang-format-14"
BATCH = 16  # files a process: enough to make starting it cheap, few enough for every core to help


def run(root, files, fix):
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    return subprocess.run([TOOL, "--style=file", *mode, *files], cwd=root, capture_output=True, text=True)


def main(arguments):
    fix = "--fix" in arguments
    rest = [argument for argument in arguments if argument != "--fix"]
    root = pathlib.Path(rest[0]) if rest else pathlib.Path(__file__).resolve().parents[2]
    if shutil.which(TOOL) is None:
        print(f"{TOOL} is not installed; deploy/install-packages.sh installs it", file=sys.stderr)
        return 1
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--", "*.cpp", "*.hpp"], check=True, capture_output=True, text=True
    ).stdout
    files = [file for file in listing.split("\0") if file and (root / file).is_file()]
    if not files:
        print(f"{root}: git tracks no C++ file here", file=sys.stderr)
        return 1
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda batch: run(root, batch, fix), batches))
    bad = sorted({line.split(":", 1)[0] for r in results for line in r.stderr.splitlines() if ": error: " in line})
    for file in bad:
        print(f"{file}: not formatted; run tests/repository/format_check.py --fix")
    for result in results:
        if result.returncode and ": error: " not in result.stderr:
            print(result.stderr, file=sys.stderr)
    print(f"{len(files)} files, {len(bad)} not formatted")
    return 1 if any(result.returncode for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
