"""One Write call: requests through a queue, responses on a thread."""

import queue
import threading
from typing import Callable

import grpc
from loadstar.v1 import ingest_service_pb2

from loadstar_client.errors import LoadstarError


class Stream:
    """A live Write call. `send` and `half_close` never block; callbacks come from its own thread.

    `on_response` gets each WriteResponse, `on_end` exactly once the LoadstarError of the call, or
    None if it ended well. With `wait_for_ready` it is no error that the daemon cannot be reached: gRPC
    goes on connecting, and who made the stream cancels it when that takes too long.
    """

    def __init__(
        self,
        stub,
        open_request: ingest_service_pb2.Open,
        on_response: Callable[["Stream", ingest_service_pb2.WriteResponse], None],
        on_end: Callable[["Stream", "LoadstarError | None"], None],
        wait_for_ready: bool = False,
    ):
        self._requests = queue.SimpleQueue()
        self._requests.put(ingest_service_pb2.WriteRequest(open=open_request))
        self._call = stub.Write(iter(self._requests.get, None), wait_for_ready=wait_for_ready)
        self._on_response = on_response
        self._on_end = on_end
        self._thread = threading.Thread(target=self._read, name="loadstar-stream", daemon=True)

    def start(self) -> None:
        """Begins to read; callbacks come from now on."""
        self._thread.start()

    def send(self, batch) -> None:
        """Queues a copy of the batch, so that its owner may number it anew."""
        request = ingest_service_pb2.WriteRequest()
        request.batch.CopyFrom(batch)
        self._requests.put(request)

    def half_close(self) -> None:
        """Says that no batch follows: the graceful end."""
        self._requests.put(None)

    def cancel(self) -> None:
        """Breaks the call, as a lost connection would."""
        self._requests.put(None)
        self._call.cancel()

    def join(self) -> None:
        """Waits until on_end has returned. Not from a callback."""
        self._thread.join()

    def _read(self) -> None:
        error = None
        try:
            for response in self._call:
                self._on_response(self, response)
        except grpc.RpcError as broken:
            error = LoadstarError.of(broken)
        self._requests.put(None)  # ends gRPC's own thread that reads the queue
        self._on_end(self, error)
