"""The Write stream of one epoch: opened again as often as it breaks, until the epoch is over."""

import collections
import random
import threading
import time

import grpc
from loadstar.v1 import ingest_service_pb2

from loadstar_client.errors import Action, LoadstarError
from loadstar_client.stream import Stream

_BACKOFF_FIRST = 0.1
_BACKOFF_MAX = 2.0
_A_FEW_TIMES = 5
_DEFAULT_WINDOW = 32 * 1024 * 1024
_END_WAIT = 5.0
_NEVER = float("inf")


class StartOver(Exception):
    """This epoch is over, and what it had not decided is gone: open the next one, and read the source
    again from its position. Nothing is lost or doubled by doing so, however often."""


class EpochStream:
    """Sends batches in order, keeps those that the daemon has not received, and sends them again.

    The first Open claims the epoch; each later one says `reattach`, so that a daemon that does not
    hold the writer refuses it. One thread keeps the stream: it opens it, and drops it if the daemon
    is silent for too long. `state` guards everything, and is notified of every change.
    """

    def __init__(self, stub, open_request: ingest_service_pb2.Open, *, retry_for: float, open_timeout: float):
        self.state = threading.Condition(threading.RLock())
        self.opens = 0  # answered ones
        self.opened = None  # the last answer
        self.draining = False
        self._stub = stub
        self._open = open_request
        self._retry_for = retry_for
        self._open_timeout = open_timeout
        self._kept = collections.deque()  # (sequence, Batch, bytes) above what was received
        self._kept_bytes = 0
        self._attached = False
        self._stream = None
        self._error = None
        self._over = False
        self._half_closed = False
        self._attempt = 0
        self._defects = 0
        self._open_at = 0.0
        self._heard_at = self._progress_at = time.monotonic()
        threading.Thread(target=self._keep, name="loadstar-epoch", daemon=True).start()

    def wait_opened(self) -> ingest_service_pb2.Opened:
        """The answer to the first Open."""
        self.wait(lambda: self.opens > 0)
        return self.opened

    def wait_reopened(self, opens: int) -> None:
        """Opens again unless that was done since there were `opens` answers, and waits for the answer."""
        with self.state:
            if self.opens == opens and self._stream is not None:
                self._stream.cancel()
        self.wait(lambda: self.opens > opens)

    def send(self, batch) -> None:
        """Takes a numbered batch; waits while too many bytes are not received."""
        size = batch.ByteSize()
        with self.state:
            self.wait(lambda: not self._kept or self._kept_bytes + size <= self._window())
            if not self._kept:
                self._heard_at = time.monotonic()
            self._kept.append((batch.sequence, batch, size))
            self._kept_bytes += size
            if self._attached:
                self._stream.send(batch)
            self.state.notify_all()

    def wait_received(self) -> None:
        """Waits until the daemon has every batch in its memory."""
        self.wait(lambda: not self._kept)

    def wait(self, fits) -> None:
        """Waits until `fits()`; raises what has ended the epoch."""
        with self.state:
            self.state.wait_for(lambda: self._error is not None or fits())
            self.check()

    def pause(self, seconds: float) -> None:
        """Waits for a time; raises what has ended the epoch."""
        with self.state:
            self.state.wait_for(lambda: self._error is not None, seconds)
            self.check()

    def check(self) -> None:
        """Raises what has ended the epoch."""
        if self._error is not None:
            raise self._error

    def fail(self, error: BaseException) -> None:
        """Ends the epoch: everybody who waits gets this."""
        with self.state:
            if self._error is None:
                self._error = error
            self._stop()

    def half_close(self) -> None:
        """The graceful end; bounded, because nothing depends on it."""
        with self.state:
            self._half_closed = True  # from now on it is not opened again
            if self._attached:
                self._stream.half_close()
                self.state.wait_for(lambda: self._stream is None, _END_WAIT)
            self._stop()

    def abandon(self) -> None:
        """Ends now."""
        self.fail(StartOver("abandoned"))

    def _stop(self):
        self._over = True
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
        self._attached = False
        self.state.notify_all()

    def _window(self):
        return (self.opened.limits.max_unacked_bytes if self.opened else 0) or _DEFAULT_WINDOW

    def _keep(self):
        with self.state:
            while not self._over and not self._half_closed:
                now = time.monotonic()
                if self._stream is None and now >= self._open_at:
                    self._connect()
                    continue
                due = self._open_at if self._stream is None else self._silent_at()
                if self._stream is not None and now >= due:
                    self._heard_at = now
                    self._stream.cancel()  # _on_end opens again
                    continue
                self.state.wait(None if due == _NEVER else max(0.0, due - now))

    def _silent_at(self):
        """When to give the stream up: no Opened in time, or three Acks in a row are missing."""
        if not self._attached:
            return self._heard_at + self._open_timeout
        if not self._kept:
            return _NEVER
        interval = self.opened.limits.ack_interval
        return self._heard_at + 3 * ((interval.seconds + interval.nanos / 1e9) or 1.0)

    def _connect(self):
        self._heard_at = time.monotonic()
        try:
            self._stream = Stream(self._stub, self._open, self._on_response, self._on_end, wait_for_ready=True)
        except ValueError as closed:  # the channel was closed
            self.fail(StartOver(str(closed)))
            return
        self._open.reattach = True  # whatever becomes of this Open, it was sent
        self._stream.start()

    def _on_response(self, stream, response):
        with self.state:
            if stream is not self._stream:
                return
            self._heard_at = time.monotonic()
            kind = response.WhichOneof("response")
            if kind == "opened":
                self._on_opened(response.opened)
            elif kind == "ack":
                self._on_received(response.ack.received_sequence)
            elif kind == "draining":
                self.draining = True
            self.state.notify_all()

    def _on_opened(self, opened):
        if opened.attached != (self.opens > 0):
            self.fail(StartOver("the daemon goes on from another point than this client"))
            return
        self.opens += 1
        self.opened = opened
        self._attached = True
        if opened.attached:
            self._on_received(opened.next_sequence - 1)
        for _, batch, _ in self._kept:
            self._stream.send(batch)
        self._progress()

    def _on_received(self, sequence):
        while self._kept and self._kept[0][0] <= sequence:
            self._kept_bytes -= self._kept.popleft()[2]
            self._progress()

    def _progress(self):
        self._attempt = 0
        self._defects = 0
        self._progress_at = time.monotonic()

    def _on_end(self, stream, error):
        with self.state:
            if stream is not self._stream:
                return
            self._stream = None
            self._attached = False
            self.state.notify_all()
            if self._over or self._half_closed:
                return
            error = error or LoadstarError(grpc.StatusCode.UNAVAILABLE, "the daemon has ended the stream")
            self._defects += error.action is Action.AGAIN_A_FEW_TIMES
            if error.action is Action.START_OVER:
                self.fail(StartOver(str(error)))
            elif error.action in (Action.GIVE_WAY, Action.STOP) or self._defects >= _A_FEW_TIMES:
                self.fail(error)
            elif time.monotonic() - self._progress_at > self._retry_for:
                self.fail(StartOver(f"no progress in {self._retry_for} s: {error}"))
            else:
                delay = min(_BACKOFF_MAX, _BACKOFF_FIRST * 2 ** min(self._attempt, 10)) * random.uniform(0.5, 1.0)
                if error.retry_after:
                    delay = max(delay, min(error.retry_after, _BACKOFF_MAX))
                self._attempt += 1
                self._open_at = time.monotonic() + delay
