#!/usr/bin/env python3
"""Runs clang-tidy 14 over the changed sources of the product.

Usage: tidy.py BUILD [FILE...]

BUILD has compile_commands.json and the generated sources. Without FILEs it reads the sources of
core/, config/ and server/ that changed since the merge base with the branch the work started from:
LOADSTAR_TIDY_BASE if set, else origin/main if that is an older commit, else the parent of the last
commit. LOADSTAR_TIDY_SECONDS (420) limits the whole; what was not read for that is named, and counts
as skipped.

Prints `PASSED FAILED SKIPPED` (files) on standard output, everything else on standard error.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

TOOL = "clang-tidy-14"
ROOMS = ("core/", "config/", "server/")
# GCC's own warnings and flags are in the compile commands; clang does not know them.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", "--quiet"]

# The first line of a finding.
FINDING = re.compile(r"^(/[^:\n]+):\d+:\d+: (?:error|warning): ", re.MULTILINE)

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*arguments):
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def base():
    """Commit that the changes are counted from; empty if there is none (a first commit)."""
    wanted = os.environ.get("LOADSTAR_TIDY_BASE")
    if wanted:
        return git("merge-base", "HEAD", wanted)
    head = git("rev-parse", "HEAD")
    merged = git("merge-base", "HEAD", "origin/main")
    if merged and merged != head:
        return merged
    return git("rev-parse", "--verify", "--quiet", "HEAD~1")


def changed():
    """Sources below ROOMS that differ from the base, changed headers counted by their own source."""
    since = base()
    names = git("diff", "--name-only", "--diff-filter=d", since).splitlines() if since else \
        git("ls-files").splitlines()
    sources = set()
    for name in names:
        if name.startswith(ROOMS):
            source = ROOT / pathlib.Path(name).with_suffix(".cpp")
            if name.endswith((".cpp", ".hpp")) and source.is_file():
                sources.add(str(source.relative_to(ROOT)))
    return sorted(sources)


def is_ours(output):
    """Whether any finding is in a file of the repository. The analyzer does not know that Asio attaches
    a coroutine's promise to its thread, and reports each wait for a callback in Asio's own header, where
    no NOLINT can be put. Output without a finding (a file that does not compile) is ours."""
    places = FINDING.findall(output)
    return not places or any(pathlib.Path(place).is_relative_to(ROOT) for place in places)


def tidy(build, file, deadline):
    """("passed" | "failed" | "skipped", what clang-tidy said)."""
    left = deadline - time.monotonic()
    if left <= 0:
        return "skipped", ""
    try:
        done = subprocess.run([TOOL, "-p", build, *EXTRA, file], cwd=ROOT, capture_output=True, text=True, timeout=left)
    except subprocess.TimeoutExpired:
        return "skipped", ""
    clean = done.returncode == 0 and "warning:" not in done.stdout
    if clean or not is_ours(done.stdout):
        return "passed", ""
    return "failed", done.stdout + done.stderr


def main(arguments):
    build = arguments[0]
    files = arguments[1:] or changed()
    if not os.path.exists(os.path.join(build, "compile_commands.json")):
        print(f"{build}: no compile_commands.json; configure it first", file=sys.stderr)
        print(0, 1, 0)
        return 1
    seconds = float(os.environ.get("LOADSTAR_TIDY_SECONDS", "420"))
    deadline = time.monotonic() + seconds
    jobs = int(os.environ.get("LOADSTAR_JOBS", "2"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(zip(files, pool.map(lambda file: tidy(build, file, deadline), files)))
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for file, (outcome, text) in results:
        count[outcome] += 1
        if outcome == "failed":
            print(f"--- {file}\n{text}", file=sys.stderr)
    left = [file for file, (outcome, _) in results if outcome == "skipped"]
    if left:
        print(
            f"!!! clang-tidy reached its limit of {seconds:.0f} s: {len(left)} of {len(files)} files were NOT read "
            f"(LOADSTAR_TIDY_SECONDS raises it): {' '.join(left)}",
            file=sys.stderr,
        )
    print(f"    clang-tidy read {len(files) - len(left)} changed files", file=sys.stderr)
    print(count["passed"], count["failed"], count["skipped"])
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
