"""The shell scripts: shellcheck, and what the package list promises."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["LOADSTAR_SOURCE"])
INSTALL = ROOT / "deploy/install-packages.sh"


class ScriptsTest(unittest.TestCase):
    def test_shellcheck_has_nothing_to_say(self):
        listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True)
        scripts = [ROOT / name for name in listing.stdout.split("\0") if name.endswith(".sh") or name == ".ci/run"]
        self.assertGreaterEqual(len(scripts), 5)
        done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        for script in scripts:
            self.assertTrue(os.access(script, os.X_OK), f"{script} is not executable")

    def test_ci_runs_the_same_script_as_people_do(self):
        self.assertIn("tests/run.sh", (ROOT / ".ci/run").read_text(encoding="utf-8"))

    def test_a_stage_that_does_not_exist_is_named(self):
        done = subprocess.run([ROOT / "tests/run.sh", "--stage", "nonsense"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64)
        self.assertIn("nonsense", done.stderr)

    def test_installing_again_takes_no_time_and_no_network(self):
        done = subprocess.run([INSTALL], capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:9"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"all \d+ are installed")

    def test_the_list_is_read_as_written(self):
        lines = (ROOT / "deploy/packages.txt").read_text(encoding="utf-8").splitlines()
        names = [line.split()[0] for line in lines if line and not line.startswith("#")]
        self.assertEqual(len(names), len(set(names)), "a package is listed twice")
        for line in lines:
            self.assertRegex(line, r"^(#.*|[a-z0-9][a-z0-9+.-]*( test)?|)$")

    def test_an_unknown_argument_is_refused(self):
        done = subprocess.run([INSTALL, "everything"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("everything", done.stderr)

    def test_another_system_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as directory:
            release = pathlib.Path(directory, "os-release")
            release.write_text('ID=ubuntu\nVERSION_ID="24.04"\n', encoding="utf-8")
            done = subprocess.run([INSTALL], capture_output=True, text=True, timeout=60,
                                  env={"PATH": os.environ["PATH"], "LOADSTAR_OS_RELEASE": str(release)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("ubuntu 24.04", done.stderr)
        self.assertIn("Debian 12", done.stderr)


if __name__ == "__main__":
    unittest.main()
