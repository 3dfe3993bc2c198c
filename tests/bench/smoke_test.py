"""One tiny round of the bench: every case runs, every row arrives, and the report can be written."""

import os
import pathlib
import tempfile
import unittest

import bench
import report


class SmokeTest(unittest.TestCase):
    def test_every_case_runs_and_is_reported(self):
        class Options:
            build = pathlib.Path(os.environ["LOADSTAR_BENCH_BUILD"])
            rounds, megabytes, messages, memory_gb, file_mb, no_sdk = 1, 4, 50, 1e-3, 2, True
            only, baseline = [], None

        with tempfile.TemporaryDirectory() as directory:
            results = bench.run(Options, pathlib.Path(directory))
            self.assertEqual(results["problems"], {"sdk": "left out by --no-sdk or --only"})
            for name, rounds in results["cases"].items():
                self.assertEqual(len(rounds), 1, name)
            self.assertEqual(report.write(results, pathlib.Path(directory)), 1)  # the SDK's rows are missing
            table = (pathlib.Path(directory) / "table.md").read_text(encoding="utf-8")
            self.assertIn("not measured: sdk: left out by --no-sdk or --only", table)
            self.assertTrue((pathlib.Path(directory) / "plot.svg").read_text(encoding="utf-8").startswith("<svg"))


if __name__ == "__main__":
    unittest.main()
