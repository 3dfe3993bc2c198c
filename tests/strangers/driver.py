"""Talks to a driver: a small program of ours that calls a stranger's library as it is told.

One request is one line, words separated by tabs; one answer is one line, `ok` or `error` and, after
a tab, a text. What a driver writes besides goes to standard error, which is kept for failures.
"""

import os
import subprocess
import tempfile
import threading


class DriverError(AssertionError):
    """The library refused, or the driver ended or did not answer in time."""


class Driver:
    def __init__(self, command, cwd=None, environment=None):
        self._errors = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            cwd=cwd, env={**os.environ, **(environment or {})}, text=True, encoding="utf-8",
        )

    def ask(self, *words, timeout=180.0) -> str:
        """The text of the answer `ok`; DriverError for every other."""
        line = "\t".join(str(word) for word in words)
        # The kill ends the read below.
        timer = threading.Timer(timeout, self._child.kill)
        timer.start()
        try:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()
            answer = self._child.stdout.readline().rstrip("\n")
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        verdict, _, text = answer.partition("\t")
        if verdict == "ok":
            return text
        if verdict == "error":
            raise DriverError(f"{line!r}: {text}")
        raise DriverError(f"{line!r}: no answer in {timeout} s, or the driver ended\n{self.errors()}")

    def errors(self) -> str:
        """The end of what the driver wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-8000:]

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._child.kill()
        self._child.wait(30)
        self._child.stdin.close()
        self._child.stdout.close()
        self._errors.close()
