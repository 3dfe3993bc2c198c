"""An exactly-once writer: one epoch, its checkpoints, and the record that decides (ingest-api.md 3.11)."""

import dataclasses
import queue
import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable

import grpc
from loadstar.v1 import ingest_service_pb2, transaction_service_pb2

from loadstar_client.batches import BatchMethods
from loadstar_client.epoch_stream import EpochStream, StartOver
from loadstar_client.errors import Action, LoadstarError
from loadstar_client.record import Record, RecordFile

__all__ = ["Committed", "ExactlyOnceWriter", "StartOver"]

_BACKOFF_FIRST = 0.1
_BACKOFF_MAX = 2.0
_A_FEW_TIMES = 5


@dataclass(frozen=True)
class Committed:
    """A checkpoint whose rows are in StarRocks, once; and how long each of its two phases took."""

    checkpoint_id: int
    position: Any
    rows: int
    checkpoint_seconds: float
    commit_seconds: float
    expire_time: float  # seconds since 1970; 0 for a checkpoint without rows


class ExactlyOnceWriter(BatchMethods):
    """One epoch of a writer. Rows become visible by `checkpoint`, each once, whatever is killed when.

        records = RecordFile("orders.state")
        while True:
            try:
                with client.exactly_once("shop", "orders", records) as writer:
                    source.seek(writer.position)
                    for rows in source:
                        writer.write_rows("orders", COLUMNS, rows)
                        writer.checkpoint(source.position)
                break
            except StartOver:
                pass  # the loop opens the next epoch, which reads again from the last durable position

    `checkpoint` returns at once: the two phases run behind the next batches, in order. Errors of the
    daemon come from whichever method is called next: StartOver (see there); RecordConflict, or
    LoadstarError with action GIVE_WAY: another instance is alive, exit; LoadstarError else: what is
    wrong is in it. Only one thread may use a writer.
    """

    def __init__(self, client, database: str, writer_id: str, records: RecordFile, *, retry_for: float = 60.0,
                 open_timeout: float = 60.0, call_timeout: float = 60.0, client_name: str = "loadstar-python",
                 on_committed: "Callable[[Committed], None] | None" = None):
        self._transactions = client.transactions
        self._writer_id = writer_id
        self._records = records
        self._retry_for = retry_for
        self._call_timeout = call_timeout
        self._on_committed = on_committed
        self._jobs = queue.SimpleQueue()
        self._submitted = 0
        self._rows = 0  # since the last checkpoint
        self._call = None
        # Durable before Open: nobody else has ever used, or will ever use, this epoch.
        record = records.load()
        self._record = records.replace(record, dataclasses.replace(record, epoch=record.epoch + 1))
        self._stream = EpochStream(client.ingest, ingest_service_pb2.Open(
            writer_id=writer_id, database=database, delivery=ingest_service_pb2.DELIVERY_EXACTLY_ONCE,
            epoch=self._record.epoch, resume_token=self._record.token, client_name=client_name,
        ), retry_for=retry_for, open_timeout=open_timeout)
        self._state = self._stream.state
        self._finished = 0  # checkpoints committed
        self._worker = threading.Thread(target=self._work, name="loadstar-checkpoints", daemon=True)
        try:
            opened = self._stream.wait_opened()
        except BaseException:
            self._stream.abandon()
            raise
        self._position = self._record.position
        self._sequence = opened.next_sequence - 1
        self._checkpoint_id = opened.next_checkpoint_id
        # A batch may not be further ahead of the last commit than this.
        self._ahead = max(1, opened.limits.max_pending_checkpoints or 1)
        self._worker.start()

    @property
    def epoch(self) -> int:
        """The fencing number of this instance."""
        return self._record.epoch

    @property
    def position(self):
        """Where the source has to be read from: all before it is committed."""
        return self._position

    @property
    def opened(self) -> ingest_service_pb2.Opened:
        """The daemon's answer to the last Open."""
        return self._stream.opened

    @property
    def draining(self) -> bool:
        """True once the daemon goes away: checkpoint, finish, and open the next epoch elsewhere."""
        return self._stream.draining

    @property
    def rows(self) -> int:
        """Rows written since the last call of `checkpoint`."""
        return self._rows

    def checkpoint(self, position) -> None:
        """Ends the interval: all rows written so far, and `position` behind them, are one decision."""
        self._jobs.put((self._checkpoint_id, self._sequence, position, self._rows))
        self._submitted += 1
        self._checkpoint_id += 1
        self._rows = 0

    def wait_received(self) -> None:
        """Waits until every batch is in the daemon's memory. It decides nothing; tests want to know."""
        self._stream.wait_received()

    def flush(self) -> None:
        """Waits until every checkpoint is committed."""
        self._stream.wait(lambda: self._finished == self._submitted)

    def finish(self) -> None:
        """Flushes and ends gracefully. Rows written after the last checkpoint are rolled back."""
        self.flush()
        self._stream.half_close()
        self._end()

    def abandon(self) -> None:
        """Ends at once and decides nothing more. The next epoch goes on from the record."""
        self._stream.abandon()
        with self._state:
            if self._call is not None:
                self._call.cancel()
        self._end()

    def __enter__(self) -> "ExactlyOnceWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.finish()
        except BaseException:
            self.abandon()
            raise

    def _append(self, batch):
        # One checkpoint more than are committed may be filled; the others are under way.
        self._stream.wait(lambda: self._submitted - self._finished < self._ahead)
        self._sequence += 1
        batch.sequence = self._sequence
        batch.checkpoint_id = self._checkpoint_id
        self._stream.send(batch)
        self._rows += batch.row_count
        return self._sequence

    def _end(self):
        """Waits for the worker: a record that it is writing is the one that the next epoch reads."""
        self._jobs.put(None)
        if self._worker.ident is not None:
            self._worker.join()

    def _work(self):
        try:
            while (job := self._jobs.get()) is not None:
                committed = self._decide(*job)
                with self._state:
                    self._finished += 1
                    self._state.notify_all()
                if self._on_committed:
                    self._on_committed(committed)
        except BaseException as error:  # noqa: BLE001 (raised again where the writer is used)
            self._stream.fail(error)

    def _decide(self, checkpoint_id, sequence, position, rows):
        started = time.monotonic()
        answer = self._repeat(self._transactions.Checkpoint, transaction_service_pb2.CheckpointRequest(
            writer_id=self._writer_id, epoch=self._record.epoch, checkpoint_id=checkpoint_id, last_sequence=sequence,
        ))
        prepared = time.monotonic()
        # This is the decision: from here on these rows are going to be visible, and are never read again.
        self._record = self._records.replace(
            self._record, Record(self._record.epoch, answer.resume_token, position)
        )
        decided = time.monotonic()
        self._commit()
        return Committed(checkpoint_id, position, rows, prepared - started, time.monotonic() - decided,
                         answer.expire_time.seconds)

    def _commit(self):
        self._repeat(self._transactions.Commit, transaction_service_pb2.CommitRequest(resume_token=self._record.token))

    def _repeat(self, method, request):
        """Calls until the daemon says yes, or something that repeating cannot change."""
        until = time.monotonic() + self._retry_for
        attempt = 0
        while True:
            opens = self._stream.opens
            try:
                return self._once(method, request)
            except grpc.RpcError as raised:
                error = LoadstarError.of(raised)
            attempt += 1
            if error.action is Action.START_OVER:
                raise StartOver(str(error))
            if error.action in (Action.GIVE_WAY, Action.STOP):
                raise error
            if error.action is Action.AGAIN_A_FEW_TIMES and attempt >= _A_FEW_TIMES:
                raise error
            if error.action is Action.COMMIT_FIRST and method is not self._transactions.Commit:
                self._commit()
            elif error.action is Action.OPEN:
                self._stream.wait_reopened(opens)  # EPOCH_USED there ends this epoch
            if time.monotonic() > until:
                raise StartOver(f"nothing decided in {self._retry_for} s: {error}")
            delay = min(_BACKOFF_MAX, _BACKOFF_FIRST * 2 ** min(attempt - 1, 10)) * random.uniform(0.5, 1.0)
            if error.retry_after:
                delay = max(delay, min(error.retry_after, _BACKOFF_MAX))
            self._stream.pause(delay)

    def _once(self, method, request):
        with self._state:
            self._stream.check()
            self._call = method.future(request, timeout=self._call_timeout, wait_for_ready=True)
        try:
            return self._call.result()
        except grpc.FutureCancelledError:
            raise StartOver("abandoned") from None
        finally:
            with self._state:
                self._call = None
