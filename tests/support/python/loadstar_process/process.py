"""One child process whose output is kept, line by line."""

import contextlib
import pathlib
import signal
import subprocess
import threading


class ProcessError(RuntimeError):
    """A program ended, or did not say what it should in time; the text has the end of its output."""


class Process:
    """A running program. What it writes goes to `log`, and `wait_line` sees it as it comes.

    No waiting here polls: a thread reads the program's output, and its end ends every wait. With
    `keep` the program and its log go on after this object's own process has ended.
    """

    def __init__(self, command, log, environment=None, keep=False, on_line=None):
        """`on_line(text)` is called on the reading thread, for each line as it comes."""
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        self._on_line = on_line
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        # tee goes on writing the log when nobody reads its own output any more (-p). One that is kept holds no
        # descriptor of ours: whoever reads our standard error to its end would wait for tee's end.
        self._tee = subprocess.Popen(
            ["tee", "-p", "-a", self.log], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if keep else None, start_new_session=keep,
        )
        self._child = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self._tee.stdin, stderr=subprocess.STDOUT,
            env=environment, start_new_session=keep,
        )
        self._tee.stdin.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    @property
    def lines(self) -> list:
        """All lines so far."""
        with self._changed:
            return list(self._lines)

    def wait_line(self, fits, timeout=30.0, start=0) -> str:
        """The first line from number `start` on for which `fits(line)` is true."""
        seen = start

        def found():
            nonlocal seen
            while seen < len(self._lines):
                seen += 1
                if fits(self._lines[seen - 1]):
                    return True
            return self._ended

        with self._changed:
            self._changed.wait_for(found, timeout)
            if seen > start and fits(self._lines[seen - 1]):
                return self._lines[seen - 1]
        raise ProcessError(self._tail("ended" if self._ended else f"did not say in {timeout} s what was awaited"))

    def send(self, number) -> None:
        """Sends a signal, for example signal.SIGTERM."""
        self._child.send_signal(number)

    def wait(self, timeout=60.0) -> int:
        """Exit status; ProcessError if it still runs then."""
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ProcessError(self._tail(f"still runs after {timeout} s")) from None
        self._reader.join(10.0)
        return status

    @contextlib.contextmanager
    def unread(self):
        """Meanwhile nobody reads what the program writes."""
        self._tee.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._tee.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends it at once, as the kernel would, and waits for that. Harmless if it has ended."""
        if self.running:
            self._child.kill()
        self._child.wait(30.0)
        self._reader.join(10.0)

    def _read(self):
        for raw in self._tee.stdout:
            with self._changed:
                line = raw.decode("utf-8", errors="replace").rstrip("\n")
                self._lines.append(line)
                self._changed.notify_all()
            if self._on_line:
                self._on_line(line)
        self._tee.stdout.close()
        self._tee.wait()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _tail(self, what):
        text = "\n".join(self.lines[-30:])
        return f"{pathlib.Path(self.command[0]).name} {what}; the end of its output ({self.log}):\n{text}"
