#!/usr/bin/env python3
"""Sums up one run of ctest for tests/run.sh.

Usage: ctest_summary.py JUNIT LISTING [--rings R0,R1,...]

JUNIT is what `ctest --output-junit` wrote, LISTING what `ctest --show-only=json-v1` printed for the
same selection. Prints a line for each label on standard error, what failed with its output, and
`PASSED FAILED SKIPPED` on standard output. A test that is listed but not in the results counts as
failed, and so does a ring of --rings that has no test: a run that tested less than it seems is worse
than a red one.
"""

import json
import sys
import xml.etree.ElementTree


def listed(listing):
    """{name of a test: its labels} from ctest's own listing."""
    tests = {}
    for test in listing["tests"]:
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        tests[test["name"]] = tuple(properties.get("LABELS", ()))
    return tests


def outcomes(junit):
    """{name of a test: ("passed" | "failed" | "skipped", seconds, output)}."""
    results = {}
    for case in junit.iter("testcase"):
        if case.find("skipped") is not None or case.get("status") == "disabled":
            # ctest also calls a test skipped whose program does not exist; that is no choice of a test.
            message = case.find("skipped")
            reason = "" if message is None else message.get("message", "")
            missing = case.get("status") == "notrun" and "SKIP" not in reason.upper()
            outcome = "failed" if missing else "skipped"
        elif case.find("failure") is not None or case.get("status") != "run":
            outcome = "failed"
        else:
            outcome = "passed"
        results[case.get("name")] = (outcome, float(case.get("time", "0")), case.findtext("system-out") or "")
    return results


def summarize(junit, listing, rings, out):
    """(passed, failed, skipped); details go to `out`."""
    tests = listed(listing)
    results = outcomes(junit)
    total = {"passed": 0, "failed": 0, "skipped": 0}
    by_label = {}
    for name, labels in sorted(tests.items()):
        outcome, seconds, output = results.get(name, ("failed", 0.0, "ctest has no result for it"))
        total[outcome] += 1
        for label in labels or ("(no label)",):
            row = by_label.setdefault(label, {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
            row[outcome] += 1
            row["seconds"] += seconds
        if outcome == "failed":
            print(f"--- failed: {name}\n{output.rstrip()}", file=out)
        elif outcome == "skipped":
            print(f"--- skipped: {name}", file=out)
    for label in rings:
        if label not in by_label:
            total["failed"] += 1
            print(f"--- failed: no test has the label {label}", file=out)
    for label, row in sorted(by_label.items()):
        print(
            f"    {label:<12} {row['passed']:5} passed {row['failed']:4} failed {row['skipped']:4} skipped "
            f"{row['seconds']:8.1f} s",
            file=out,
        )
    if not tests:
        total["failed"] += 1
        print("--- failed: the selection has no test", file=out)
    return total["passed"], total["failed"], total["skipped"]


def main(arguments):
    rings = ()
    if "--rings" in arguments:
        at = arguments.index("--rings")
        rings = tuple(filter(None, arguments[at + 1].split(",")))
        del arguments[at : at + 2]
    junit, listing = arguments
    with open(listing, encoding="utf-8") as file:
        tests = json.load(file)
    results = xml.etree.ElementTree.parse(junit).getroot()
    print(*summarize(results, tests, rings, sys.stderr))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
