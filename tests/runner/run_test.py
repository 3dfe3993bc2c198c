#!/usr/bin/env python3
"""What tests/run.sh leaves to tests/soak.sh is said by the run, and where strangers are described."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]


def function(name):
    """The text of one shell function of tests/run.sh."""
    return re.search(rf"^{name}\(\) {{\n.*?^}}\n", (TESTS / "run.sh").read_text(), re.MULTILINE | re.DOTALL)[0]


class LeftToSoakTest(unittest.TestCase):
    def test_the_run_names_what_only_the_soak_runs(self):
        with tempfile.TemporaryDirectory() as directory:
            ctest = pathlib.Path(directory, "ctest")
            ctest.write_text("#!/bin/sh\necho 'Test project /x'\necho '  Test #528: strangers.flink'\necho 'Total Tests: 1'\n")
            ctest.chmod(0o755)
            said = subprocess.run(
                ["bash", "-c", function("left_to_soak") + "left_to_soak release"], check=True, text=True,
                stdout=subprocess.PIPE, env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}, timeout=60,
            ).stdout
        self.assertEqual(said, "=== strangers.flink: NOT PART OF THIS RUN; tests/soak.sh --stage strangers runs it\n")
        self.assertIn("left_to_soak release", function("stage_release_tests"))

    def test_verdicts_say_which_strangers_only_the_soak_runs(self):
        registered = (TESTS / "strangers/CMakeLists.txt").read_text()
        left = re.findall(r"^loadstar_stranger\((\w+) \d+ soak\)", registered, re.MULTILINE)
        self.assertEqual(left, ["flink"])
        verdicts = (TESTS / "strangers/VERDICTS.md").read_text()
        for name in left:
            self.assertIn(f"`{name}_test.py` runs in `tests/soak.sh --stage strangers` only", verdicts)


if __name__ == "__main__":
    unittest.main()
