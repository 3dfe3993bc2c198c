"""A connection to one daemon."""

import grpc
from loadstar.v1 import (
    admin_service_pb2_grpc,
    ingest_service_pb2_grpc,
    transaction_service_pb2_grpc,
)

from loadstar_client.exactly_once import ExactlyOnceWriter
from loadstar_client.record import RecordFile
from loadstar_client.writer import Writer

# Matches the daemon's own limit; a larger message would die in the transport without a reason.
_MAX_MESSAGE = 32 * 1024 * 1024


class Client:
    """Owns the channel. Writers made by it must be closed before it."""

    def __init__(self, channel: grpc.Channel):
        self._channel = channel
        self.ingest = ingest_service_pb2_grpc.IngestServiceStub(channel)
        self.transactions = transaction_service_pb2_grpc.TransactionServiceStub(channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(channel)

    def writer(self, database: str, writer_id: str = "", **options) -> Writer:
        """Opens an at-least-once writer, see Writer.

        Without a name it is anonymous: if the stream breaks, what was not committed is the caller's
        to write again. With a name it keeps its batches until they are committed, and sends them
        again by itself.
        """
        return Writer(self.ingest, self.transactions, database, writer_id, **options)

    def exactly_once(self, database: str, writer_id: str, records: RecordFile, **options) -> ExactlyOnceWriter:
        """Opens the next epoch of an exactly-once writer, see ExactlyOnceWriter."""
        return ExactlyOnceWriter(self, database, writer_id, records, **options)

    def wait_ready(self, timeout: float) -> bool:
        """Waits for the connection to the daemon; False if there is none by then."""
        try:
            grpc.channel_ready_future(self._channel).result(timeout)
            return True
        except grpc.FutureTimeoutError:
            return False

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def connect(target: str, credentials: "grpc.ChannelCredentials | None" = None) -> Client:
    """Connects to `host:port` or `unix:/path`; plain text without credentials."""
    options = [
        ("grpc.max_send_message_length", _MAX_MESSAGE),
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("grpc.keepalive_time_ms", 30_000),
        # A daemon that restarts is back in a second; the default would wait one, and then up to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
    ]
    if credentials is None:
        return Client(grpc.insecure_channel(target, options))
    return Client(grpc.secure_channel(target, credentials, options))
