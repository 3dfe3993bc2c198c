"""deploy/quickstart.sh: comes out as the documentation says, and notices when it does not."""

import json
import os
import pathlib
import re
import select
import signal
import subprocess
import unittest
import urllib.request

ROOT = pathlib.Path(os.environ["LOADSTAR_SOURCE"])
BUILD = pathlib.Path(os.environ["LOADSTAR_BUILD"])
EXPECTED = json.loads((ROOT / "deploy/quickstart/expected.json").read_text(encoding="utf-8"))


def quickstart(*arguments, **environment):
    # The programs are there already: nothing is installed or built by a test.
    return subprocess.run([ROOT / "deploy/quickstart.sh", "--build", BUILD, *arguments],
                          env=dict(os.environ, **environment), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)


def programs_of(directory):
    """Ids of the processes that have `directory` in their command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if directory in command:
                found.append(int(entry.name))
    return found


class QuickstartTest(unittest.TestCase):
    def test_every_documented_example_comes_out_as_expected(self):
        done = quickstart()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"All {len(EXPECTED)} tables are as expected.", done.stdout)
        for name, expected in EXPECTED.items():
            self.assertIn(f": {name} (", done.stdout)
            self.assertIn(expected["query"], done.stdout)
        # The tables of examples.md, as a person sees them.
        self.assertRegex(done.stdout, r"\| 2 +\| flink-update +\| 101 +\|")
        self.assertRegex(done.stdout, r"\| 1 +\| 3 +\|\n\| 2 +\| 1 +\|")
        for counter in ("totalFlushBytes", "totalFlushRows", "totalFlushSucceededTimes", "totalFlushFailedTimes",
                        "totalFilteredRows"):
            self.assertRegex(done.stdout, rf"\| {counter} +\| loadstar_\w+")
        self.assertRegex(done.stdout, r"totalFlushRows +\| loadstar_load_rows_total +\| [1-9]")
        self.assertIn("Look at next:", done.stdout)
        directory = re.search(r"configuration (\S+)/loadstar\.yaml", done.stdout).group(1)
        self.assertFalse(pathlib.Path(directory).exists())
        self.assertEqual(programs_of(directory), [])

    def test_a_changed_row_is_noticed(self):
        done = quickstart(LOADSTAR_QUICKSTART_TAMPER="upsert: INSERT INTO test.score_board VALUES (3, 'tampered', 7)")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"tampered .*<-- not expected")
        # `delete` goes on from the tampered table.
        self.assertIn(f"2 of {len(EXPECTED)} tables are not as expected: upsert, delete", done.stdout)

    def test_what_is_kept_can_be_used_and_stopped_as_it_says(self):
        done = quickstart("--keep")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        directory = re.search(r"configuration +(\S+)/loadstar\.yaml", done.stdout).group(1)
        pids = [int(pid) for pid in re.search(r"kill (\d+) && kill (\d+);", done.stdout).groups()]
        stop = re.search(r"stop both +(.*)", done.stdout).group(1)
        try:
            page = re.search(r"metrics +(http://\S+)", done.stdout).group(1)
            with urllib.request.urlopen(page, timeout=30) as response:
                self.assertIn(b"loadstar_load_rows_total", response.read())
            push = re.search(r"send a file +(.*)", done.stdout).group(1)
            pushed = subprocess.run(["bash", "-c", push], capture_output=True, text=True, timeout=60)
            self.assertEqual(pushed.returncode, 0, pushed.stdout + pushed.stderr)
            query = re.search(r"the rows +(.*)", done.stdout).group(1)
            rows = subprocess.run(["bash", "-c", query], capture_output=True, text=True, timeout=60)
            self.assertIn("3|push|7", rows.stdout)
            self.walk_through(directory, re.search(r"gRPC (\S+),", done.stdout).group(1))
            waiting = [os.pidfd_open(pid) for pid in pids]
            stopped = subprocess.run(["bash", "-c", stop], capture_output=True, text=True, timeout=60)
            self.assertEqual(stopped.returncode, 0, stopped.stderr)
            for descriptor in waiting:
                self.assertEqual(select.select([descriptor], [], [], 60)[0], [descriptor])
                os.close(descriptor)
            self.assertEqual([pid for pid in programs_of(directory) if pid in pids], [])
        finally:
            for pid in programs_of(directory):
                os.kill(pid, signal.SIGKILL)

    def walk_through(self, directory, target):
        """The exactly-once example of README.md, as it is written there, in the daemon that is kept."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        block = next(block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if "exactly_once.py" in block)
        first, rest = block.split("\n", 1)
        self.assertEqual(first, "deploy/quickstart.sh --keep")
        self.assertIn("127.0.0.1:PORT", rest)
        commands = rest.replace("/tmp/", f"{directory}/").replace("127.0.0.1:PORT", target).replace("DIRECTORY", directory)
        done = subprocess.run(["bash", "-euc", commands], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "100000|100000")
        self.assertIn("`100000|100000`", text)

    def test_a_directory_without_the_programs_is_named(self):
        done = subprocess.run([ROOT / "deploy/quickstart.sh", "--build", "/nowhere"], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere", done.stderr)

    def test_an_unknown_argument_is_named(self):
        done = subprocess.run([ROOT / "deploy/quickstart.sh", "--kepe"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64)
        self.assertIn("--kepe", done.stderr)


if __name__ == "__main__":
    unittest.main()
