"""An exactly-once stream without a mind of its own: a test says every message, also the wrong ones."""

import queue

import grpc
from loadstar.v1 import data_pb2, ingest_service_pb2, transaction_service_pb2
from loadstar_client import LoadstarError
from loadstar_client.stream import Stream

from loadstar_process.case import WAIT
from loadstar_process.once import text_of

COLUMNS = ["writer", "line", "text"]


class RawOnce:
    """One Write stream of writer `name`; `opened` is the answer. LoadstarError if the daemon refuses."""

    def __init__(self, client, name, epoch, token=b"", reattach=False, database="test"):
        self._client = client
        self._name = name
        self.epoch = epoch
        self._said = queue.SimpleQueue()
        self._stream = Stream(client.ingest, ingest_service_pb2.Open(
            writer_id=name, database=database, delivery=ingest_service_pb2.DELIVERY_EXACTLY_ONCE, epoch=epoch,
            resume_token=token, reattach=reattach, client_name="raw",
        ), lambda _, response: self._said.put(response), lambda _, error: self._said.put(error or "ended"))
        self._stream.start()
        self.opened = self._next().opened
        self.sequence = self.opened.next_sequence - 1
        self.received = self.sequence

    def write(self, checkpoint, lines, sequence=None, table="events", **fields) -> int:
        """Sends one batch with these lines; returns its sequence."""
        self.sequence = self.sequence + 1 if sequence is None else sequence
        text = "".join(f"{self._name},{line},{text_of(self._name, line)}\n" for line in lines)
        self._stream.send(data_pb2.Batch(**{
            "sequence": self.sequence, "checkpoint_id": checkpoint, "table": table, "row_count": len(lines),
            "format": data_pb2.FORMAT_CSV, "data": text.encode(), "columns": COLUMNS,
            "properties": {"column_separator": ","}, **fields,
        }))
        return self.sequence

    def wait_received(self, sequence=None) -> None:
        """Waits for the watermark."""
        target = self.sequence if sequence is None else sequence
        while self.received < target:
            response = self._next()
            if response.HasField("ack"):
                self.received = response.ack.received_sequence

    def wait_error(self) -> LoadstarError:
        """The error that the stream ends with."""
        try:
            while True:
                self._next()
        except LoadstarError as error:
            return error

    def half_close(self) -> None:
        """The graceful end; returns when the daemon has said OK."""
        self._stream.half_close()
        while (said := self._said.get(timeout=WAIT)) != "ended":
            if isinstance(said, LoadstarError):
                raise said

    def break_off(self) -> None:
        """As a lost connection."""
        self._stream.cancel()
        self._stream.join()

    def checkpoint(self, number, last_sequence=None, epoch=None, timeout=WAIT):
        """Phase one."""
        return call(self._client.transactions.Checkpoint, transaction_service_pb2.CheckpointRequest(
            writer_id=self._name, epoch=self.epoch if epoch is None else epoch, checkpoint_id=number,
            last_sequence=self.sequence if last_sequence is None else last_sequence,
        ), timeout)

    def _next(self):
        said = self._said.get(timeout=WAIT)
        if isinstance(said, LoadstarError):
            raise said
        if said == "ended":
            raise LoadstarError(grpc.StatusCode.OK, "ended")
        return said


def commit(client, token, timeout=WAIT, **fields):
    """Phase two."""
    return call(client.transactions.Commit, transaction_service_pb2.CommitRequest(resume_token=token, **fields), timeout)


def abort(client, name, epoch, token=b""):
    """Gives a writer up."""
    return call(client.transactions.Abort, transaction_service_pb2.AbortRequest(
        writer_id=name, database="test", epoch=epoch, resume_token=token), WAIT)


def call(method, request, timeout):
    """A unary call, with LoadstarError for RpcError."""
    try:
        return method(request, timeout=timeout)
    except grpc.RpcError as error:
        raise LoadstarError.of(error) from None
