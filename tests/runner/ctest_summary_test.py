#!/usr/bin/env python3
"""Tests of the summary: nothing that did not run may look as if it had passed."""

import io
import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import ctest_summary  # noqa: E402


def listing(**labels):
    return {"tests": [{"name": name, "properties": [{"name": "LABELS", "value": list(value)}]}
                      for name, value in labels.items()]}


def junit(*cases):
    return xml.etree.ElementTree.fromstring("<testsuite>" + "".join(cases) + "</testsuite>")


PASSED = '<testcase name="a" status="run" time="0.5"/>'
FAILED = '<testcase name="b" status="fail" time="1"><failure message=""/><system-out>why</system-out></testcase>'
SKIPPED = '<testcase name="c" status="notrun" time="0"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
NO_PROGRAM = '<testcase name="d" status="notrun" time="0"><skipped message="Unable to find executable"/></testcase>'


class SummaryTest(unittest.TestCase):
    def summarize(self, results, tests, rings=()):
        out = io.StringIO()
        return ctest_summary.summarize(results, tests, rings, out), out.getvalue()

    def test_each_outcome_is_counted_and_a_failure_shows_its_output(self):
        counts, text = self.summarize(junit(PASSED, FAILED, SKIPPED), listing(a=["R0"], b=["R0", "x"], c=["R1"]))
        self.assertEqual(counts, (1, 1, 1))
        self.assertIn("failed: b\nwhy", text)
        self.assertRegex(text, r"R0 +1 passed +1 failed +0 skipped +1\.5 s")

    def test_a_listed_test_without_a_result_has_failed(self):
        self.assertEqual(self.summarize(junit(PASSED), listing(a=["R0"], b=["R0"]))[0], (1, 1, 0))

    def test_a_test_whose_program_is_missing_has_failed(self):
        self.assertEqual(self.summarize(junit(NO_PROGRAM), listing(d=["R0"]))[0], (0, 1, 0))

    def test_a_ring_without_tests_has_failed(self):
        counts, text = self.summarize(junit(PASSED), listing(a=["R0"]), ("R0", "R3"))
        self.assertEqual(counts, (1, 1, 0))
        self.assertIn("no test has the label R3", text)

    def test_an_empty_selection_has_failed(self):
        self.assertEqual(self.summarize(junit(), listing())[0], (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
