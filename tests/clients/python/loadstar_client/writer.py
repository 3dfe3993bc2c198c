"""An at-least-once writer: anonymous, or named with resend."""

import collections
import random
import threading
import time

import grpc
from loadstar.v1 import ingest_service_pb2, transaction_service_pb2

from loadstar_client.batches import BatchMethods
from loadstar_client.errors import LoadstarError
from loadstar_client.stream import Stream

_BACKOFF_FIRST = 0.1
_BACKOFF_MAX = 5.0
_DEFAULT_WINDOW = 32 * 1024 * 1024


class Writer(BatchMethods):
    """Sends batches in order and knows which of them are committed.

    Batches are counted from 1 in the order they were written; `committed` is the last one of which
    every row is committed in StarRocks. A named writer numbers its batches on the wire, keeps them
    until they are committed, and after a broken stream opens again and sends again what the daemon
    lacks, for at most `retry_for` seconds without progress. Safe to use from several threads.
    """

    def __init__(self, ingest, transactions, database: str, writer_id: str = "", *,
                 retry_for: float = 60.0, client_name: str = "loadstar-python"):
        self._ingest = ingest
        self._transactions = transactions
        self._open = ingest_service_pb2.Open(
            writer_id=writer_id, database=database,
            delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE, client_name=client_name,
        )
        self._retry_for = retry_for
        self._state = threading.Condition(threading.RLock())
        # All below is guarded by _state. Numbers are ours; on the wire they are shifted by _shift.
        self._kept = collections.deque()  # (number, Batch, bytes) from committed + 1 on
        self._kept_bytes = 0
        self._written = 0
        self._received = 0
        self._committed = 0
        self._filtered_rows = 0
        self._shift = 0
        self._window = _DEFAULT_WINDOW
        self._opened = None
        self._attached = []
        self._draining = threading.Event()
        self._closing = False
        self._error = None
        self._ended = False
        self._attempt = 0
        self._broken_at = 0.0  # when the present run of failures without progress began
        self._stream = None
        self._start()

    @property
    def numbered(self) -> bool:
        """True for a named writer, which sends again by itself."""
        return bool(self._open.writer_id)

    @property
    def committed(self) -> int:
        """Number of the last batch whose rows, and those of all before it, are committed."""
        with self._state:
            return self._committed

    @property
    def received(self) -> int:
        """Number of the last batch in the daemon's memory; a crash of the daemon would lose it."""
        with self._state:
            return self._received

    @property
    def filtered_rows(self) -> int:
        """Rows that StarRocks dropped, because max_filter_ratio asked it to."""
        with self._state:
            return self._filtered_rows

    @property
    def opened(self) -> "ingest_service_pb2.Opened | None":
        """The daemon's latest answer to Open: its limits and its id."""
        with self._state:
            return self._opened

    @property
    def attachments(self) -> "list[bool]":
        """One entry for each time the writer was opened: True if the daemon still held it."""
        with self._state:
            return list(self._attached)

    @property
    def draining(self) -> threading.Event:
        """Set once the daemon has said that it is going away."""
        return self._draining

    def wait_opened(self, timeout: "float | None" = None) -> "ingest_service_pb2.Opened":
        """Waits for the daemon's answer to Open. Writing need not wait for it."""
        with self._state:
            self._state.wait_for(lambda: self._opened or self._error or self._ended, timeout)
            if self._error:
                raise self._error
            if not self._opened:
                raise TimeoutError("the writer is not open")
            return self._opened

    def wait_committed(self, number: "int | None" = None, timeout: "float | None" = None) -> None:
        """Waits until batch `number` (all so far without one) is committed.

        LoadstarError: the writer failed before. TimeoutError: not yet; nothing is decided.
        """
        with self._state:
            target = self._written if number is None else number
            done = self._state.wait_for(lambda: self._committed >= target or self._error or self._ended, timeout)
            if self._committed >= target:
                return
            if self._error:
                raise self._error
            if not done:
                raise TimeoutError(f"batch {target} is not committed; {self._committed} is")
            raise LoadstarError(grpc.StatusCode.CANCELLED, f"the stream ended at batch {self._committed} of {target}")

    def wait_received(self, number: "int | None" = None, timeout: "float | None" = None) -> None:
        """As wait_committed, for the daemon's memory."""
        with self._state:
            target = self._written if number is None else number
            done = self._state.wait_for(lambda: self._received >= target or self._error or self._ended, timeout)
            if self._received >= target:
                return
            if self._error:
                raise self._error
            raise TimeoutError(f"batch {target} is not received; {self._received} is, ended: {bool(done)}")

    def checkpoint(self, timeout: float = 60.0) -> transaction_service_pb2.CheckpointResponse:
        """Flush barrier of a named writer: returns once all that was written is committed."""
        self.wait_opened(timeout)
        with self._state:
            request = transaction_service_pb2.CheckpointRequest(
                writer_id=self._open.writer_id, last_sequence=self._written + self._shift
            )
        try:
            return self._transactions.Checkpoint(request, timeout=timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            raise LoadstarError.of(error) from None

    def break_stream(self) -> None:
        """Breaks the stream as a lost connection would, for tests of what happens then."""
        with self._state:
            stream = self._stream
        stream.cancel()

    def close(self, timeout: "float | None" = None) -> None:
        """Ends gracefully: returns once every row is committed, raises what prevented that."""
        with self._state:
            if not self._closing:
                self._closing = True
                if self._opened or not self.numbered:
                    self._stream.half_close()
            if not self._state.wait_for(lambda: self._ended, timeout):
                raise TimeoutError(f"{self._written - self._committed} batches are not committed")
            if self._error:
                raise self._error
            if self._committed < self._written:
                raise LoadstarError(
                    grpc.StatusCode.UNKNOWN,
                    f"the stream ended well, but only {self._committed} of {self._written} batches are committed",
                )

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self.close()
            return
        with self._state:  # do not hide the error by waiting for a commit
            self._closing = True
            self._retry_for = 0
            stream = self._stream
        stream.cancel()

    def _append(self, batch):
        size = batch.ByteSize()
        with self._state:
            self._state.wait_for(
                lambda: self._kept_bytes == 0 or self._kept_bytes + size <= self._window or self._error or self._ended
            )
            if self._error:
                raise self._error
            if self._closing or self._ended:
                raise ValueError("write to a closed writer")
            self._written += 1
            self._kept.append((self._written, batch, size))
            self._kept_bytes += size
            if not self.numbered:
                self._stream.send(batch)
            elif self._opened:
                self._send(self._written, batch)
            return self._written

    def _send(self, number, batch):
        batch.sequence = number + self._shift
        self._stream.send(batch)

    def _start(self):
        with self._state:
            self._opened = None
            try:
                self._stream = Stream(self._ingest, self._open, self._on_response, self._on_end)
            except ValueError as closed:  # the channel was closed while this writer waited to try again
                self._error = LoadstarError(grpc.StatusCode.CANCELLED, str(closed))
                self._ended = True
                self._state.notify_all()
                return
            self._stream.start()

    def _on_response(self, stream, response):
        with self._state:
            if stream is not self._stream:
                return
            kind = response.WhichOneof("response")
            if kind == "opened":
                self._on_opened(response.opened)
            elif kind == "ack":
                self._on_ack(response.ack)
            elif kind == "draining":
                self._draining.set()
            self._state.notify_all()

    def _on_opened(self, opened):
        self._opened = opened
        self._attached.append(opened.attached)
        self._window = opened.limits.max_unacked_bytes or _DEFAULT_WINDOW
        if opened.attached:
            following = opened.next_sequence - self._shift  # the daemon has all before it
        else:
            following = self._committed + 1
            self._shift = opened.next_sequence - following
            self._received = self._committed
        if not self._kept:
            self._attempt = 0
        if not self.numbered:
            return
        for number, batch, _ in self._kept:
            if number >= following:
                self._send(number, batch)
        if self._closing:
            self._stream.half_close()

    def _on_ack(self, ack):
        self._received = max(self._received, ack.received_sequence - self._shift)
        committed = ack.committed_sequence - self._shift
        if committed > self._committed:
            self._committed = committed
            self._attempt = 0
        self._filtered_rows = ack.filtered_rows
        while self._kept and self._kept[0][0] <= self._committed:
            self._kept_bytes -= self._kept.popleft()[2]

    def _on_end(self, stream, error):
        with self._state:
            if stream is not self._stream:
                return
            all_committed = self._committed >= self._written
            if error is None and not all_committed:
                error = LoadstarError(
                    grpc.StatusCode.CANCELLED, f"the stream ended at batch {self._committed} of {self._written}"
                )
            if error is None or (self._closing and all_committed and error.retryable):
                self._ended = True
            elif not self._may_retry(error):
                self._error = error
                self._ended = True
            if self._ended:
                self._state.notify_all()
                return
            delay = min(_BACKOFF_MAX, _BACKOFF_FIRST * 2**self._attempt) * random.uniform(0.5, 1.0)
            if error.retry_after:
                delay = max(delay, min(error.retry_after, _BACKOFF_MAX))
            self._attempt += 1
            self._opened = None
        timer = threading.Timer(delay, self._start)
        timer.daemon = True
        timer.start()

    def _may_retry(self, error):
        now = time.monotonic()
        if self._attempt == 0:
            self._broken_at = now
        return self.numbered and error.retryable and now - self._broken_at < self._retry_for
