"""What the tests of strangers have in common: an emulator, tools, and the rule about skipping.

A stranger is a program that others wrote for a real StarRocks. It loads rows into the emulator, and
the test compares the rows of the tables in the SQLite file itself: the emulator, which is judged, has no part in it.
What SQL answers (`rows`) has to be the same.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from loadstar_process.emulator import Emulator

SOURCE = pathlib.Path(os.environ["LOADSTAR_SOURCE"], "tests/strangers")
# What the tests build and install, kept between runs.
KEPT = pathlib.Path(os.environ["LOADSTAR_BUILD"], "tests/strangers/kept")

PASSWORD = "s3cret:with colon"

TABLES = """
CREATE DATABASE test;
CREATE TABLE test.people (id INT NOT NULL, name VARCHAR(64) NULL, score INT NULL)
  PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
CREATE TABLE test.log (id BIGINT NOT NULL, line VARCHAR(200) NULL)
  DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
"""


def output_of(command, timeout, cwd=None, environment=None, stdin=None) -> str:
    """Standard output of a command that must succeed in time; its output is in the error if it does not."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(words, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=errors, cwd=cwd, start_new_session=True,
                                 env={**os.environ, **(environment or {})})
        try:
            text = child.communicate(stdin, timeout)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            text = child.communicate()[0].decode(errors="replace") + f"\n(killed after {timeout} s)"
        errors.seek(0)
        if child.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: exit status {child.returncode}\n{text[-6000:]}\n"
                                 f"{errors.read().decode(errors='replace')[-6000:]}")
    return text


def kept(name, sources, make) -> pathlib.Path:
    """Directory below KEPT that `make(directory)` filled once for exactly these `sources` (paths or texts)."""
    digest = hashlib.sha256(name.encode())
    for source in sources:
        digest.update(source.read_bytes() if isinstance(source, pathlib.Path) else source.encode())
        digest.update(b"\0")
    directory = KEPT / name
    stamp = directory / "made-from"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        directory.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        make(directory)
        stamp.write_text(digest.hexdigest())
    return directory


def tool(name, package) -> str:
    """Path of a program; a test whose program is missing fails, with the package to install."""
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"{name} is not installed; deploy/install-packages.sh installs {package}")
    return found


class StrangerCase(unittest.TestCase):
    """NAME is what LOADSTAR_SKIP calls the stranger. Each test has an emulator of its own."""

    NAME = ""
    TABLES = TABLES
    OPTIONS = ("--user", f"root:{PASSWORD}", "--fe-follower-port", "0")

    @classmethod
    def setUpClass(cls):
        if cls.NAME in os.environ.get("LOADSTAR_SKIP", "").split(","):
            if os.environ.get("CI"):
                raise AssertionError("LOADSTAR_SKIP is for people; in CI every stranger runs")
            print(f"\n*** LOADSTAR_SKIP: {cls.NAME} DID NOT RUN; the emulator was not judged by it ***\n", flush=True)
            raise unittest.SkipTest(f"LOADSTAR_SKIP names {cls.NAME}")
        cls.prepare()

    @classmethod
    def prepare(cls):
        """Builds or installs the stranger."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="loadstar-stranger-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.emulator = Emulator(os.environ["EMULATOR_BINARY"], self.directory, self.TABLES, self.OPTIONS)
        self.addCleanup(self._stop)
        self.emulator.start()

    def _stop(self):
        self.emulator.stop()
        result = self._outcome.result
        if any(case is self for case, _ in getattr(result, "failures", []) + getattr(result, "errors", [])):
            log = self.emulator.process.lines[-20:]
            print("--- the end of the emulator's log:", *log, sep="\n")

    @property
    def follower(self) -> str:
        """URL of the follower FE: one redirect more."""
        return f"http://127.0.0.1:{self.emulator.ports['fe_follower']}"

    @property
    def addresses(self) -> list:
        """host:port of both FEs, the follower first."""
        return [f"127.0.0.1:{self.emulator.ports[name]}" for name in ("fe_follower", "fe")]

    def rows(self, query) -> list:
        return self.emulator.rows(query, password=PASSWORD)

    def stored(self, query) -> list:
        """Rows of a query over the SQLite file, where table t of database test is "test.t"."""
        return self.emulator.stored(re.sub(r"\bFROM (\w+)", r'FROM "test.\1"', query))

    def assert_rows(self, query, expected):
        """The rows in the SQLite file, and over SQL; `expected` holds them as Python values."""
        expected = [tuple(row) for row in expected]
        self.assertEqual(self.stored(query), expected)
        self.assertEqual([tuple(row) for row in self.rows(query)], expected)

    def requests(self, operation) -> list:
        """Requests of this kind that BEs have had, oldest first."""
        return [r for r in self.emulator.requests() if r["op"] == operation and r["server"].startswith("be")]
