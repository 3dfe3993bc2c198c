#!/usr/bin/env python3
"""Checks the rules of the repository that a script can check (style-anchors.md 2.11).

Usage: check.py [ROOT]

Reads the files under version control and prints `file:line: what is wrong, what to write instead`.
Exit status 1 if anything is wrong; warnings do not count.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import code_rules  # noqa: E402
import file_rules  # noqa: E402
import include_rules  # noqa: E402
from tree import Tree  # noqa: E402

RULES = code_rules.RULES + include_rules.RULES + file_rules.RULES


def check(tree):
    """Findings of all rules, by file and line."""
    findings = {finding for rule in RULES for finding in rule(tree)}
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.message))


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    tree = Tree.of_git(root)
    if not tree.sources:
        print(f"{root}: git tracks no file here", file=sys.stderr)
        return 1
    findings = check(tree)
    for finding in findings:
        print(finding)
    errors = sum(not finding.warning for finding in findings)
    print(f"{len(tree.sources)} files, {len(RULES)} rules: {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
