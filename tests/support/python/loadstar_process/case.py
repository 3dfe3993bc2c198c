"""A unittest case with a StarRocks, a daemon and clients of its own."""

import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

import loadstar_client

from loadstar_process.daemon import Daemon
from loadstar_process.emulator import Emulator

# For everything that has to happen: long, because it decides only how soon a broken build fails.
WAIT = 60.0


class ClusterCase(unittest.TestCase):
    """Each test starts what it needs; everything ends with the test.

    EMULATOR_BINARY and LOADSTAR_BINARY name the programs. What the programs wrote is shown for a
    test that failed, and all of its files are kept with LOADSTAR_KEEP=1.
    """

    TABLES = "CREATE DATABASE test;"

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="loadstar-test-"))
        self._programs = []
        self.addCleanup(self._clean_up)

    def start_emulator(self, tables=None, options=()) -> Emulator:
        emulator = Emulator(os.environ["EMULATOR_BINARY"], self._new_directory("emulator"),
                            self.TABLES if tables is None else tables, options)
        self._programs.append(emulator)
        return emulator.start()

    def start_daemon(self, emulator, configuration=None, **options) -> Daemon:
        return self.new_daemon([emulator.url], configuration, **options).start()

    def new_daemon(self, load_urls, configuration=None, **options) -> Daemon:
        daemon = Daemon(os.environ["LOADSTAR_BINARY"], self._new_directory("daemon"), load_urls, configuration, **options)
        self._programs.append(daemon)
        return daemon

    def connect(self, daemon) -> loadstar_client.Client:
        client = loadstar_client.connect(daemon.target)
        self.addCleanup(client.close)
        return client

    def wait_until(self, fits) -> None:
        """Asks again and again, for what no program announces."""
        pause, until = threading.Event(), time.monotonic() + WAIT
        while not fits():
            self.assertLess(time.monotonic(), until, "did not happen in time")
            pause.wait(0.02)

    def _new_directory(self, name):
        directory = self.directory / f"{name}{len(self._programs)}"
        directory.mkdir()
        return directory

    def _clean_up(self):
        for program in reversed(self._programs):
            program.stop()
        result = self._outcome.result
        if any(case is self for case, _ in getattr(result, "failures", []) + getattr(result, "errors", [])):
            for program in self._programs:
                if program.process is not None:
                    print(f"--- the end of {program.process.log}:", *program.process.lines[-40:], sep="\n")
            if os.environ.get("LOADSTAR_KEEP"):
                print(f"--- kept: {self.directory}")
                return
        shutil.rmtree(self.directory, ignore_errors=True)
