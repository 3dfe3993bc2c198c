"""A daemon for the client's own tests: the answers of ingest-api.md 3 over rows in memory.

`Cluster` is what survives a daemon; `FakeDaemon` can be dropped and made anew. `trouble` is called at
each step with its name and the call's context, and may end the call.
"""

import collections
import concurrent.futures
import json
import threading

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from loadstar.v1 import (
    ingest_service_pb2,
    ingest_service_pb2_grpc,
    transaction_service_pb2,
    transaction_service_pb2_grpc,
)


def refuse(context, code, reason):
    """Ends a call as the daemon does: a code, and the reason in ErrorInfo."""
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="loadstar"))
    status = status_pb2.Status(code=code.value[0], message=reason, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, reason)


class Cluster:
    """StarRocks: prepared parts by (epoch, checkpoint), and the table."""

    def __init__(self):
        self.prepared = {}
        self.committed = set()
        self.table = []

    def commit(self, label):
        if label not in self.committed:
            self.table += self.prepared.pop(label)  # KeyError: rolled back, which no test may reach
            self.committed.add(label)


class FakeDaemon(ingest_service_pb2_grpc.IngestServiceServicer,
                 transaction_service_pb2_grpc.TransactionServiceServicer):
    """One daemon that serves one writer."""

    def __init__(self, cluster, trouble=lambda step, context: None, max_pending=2):
        self.cluster = cluster
        self.trouble = trouble
        self.opens = []
        self._max_pending = max_pending
        self._state = threading.Condition(threading.RLock())
        self._epoch = 0
        self._held = False
        self._received = 0
        self._rows = collections.defaultdict(list)  # by checkpoint
        self._token = None
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        ingest_service_pb2_grpc.add_IngestServiceServicer_to_server(self, self._server)
        transaction_service_pb2_grpc.add_TransactionServiceServicer_to_server(self, self._server)
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self):
        """As SIGKILL: what was not prepared is gone."""
        self._server.stop(None).wait()

    def lose_writer(self):
        """As INTERVAL_LOST."""
        with self._state:
            self._held = False

    def Write(self, request_iterator, context):  # noqa: N802 (gRPC's name)
        opening = next(request_iterator).open
        self.opens.append((opening.epoch, opening.reattach))
        self.trouble("open", context)
        with self._state:
            attached = self._open(opening, context)
            answer = ingest_service_pb2.Opened(
                attached=attached, next_sequence=self._received + 1, next_checkpoint_id=self._token["checkpoint"] + 1,
                daemon_id="fake", limits=ingest_service_pb2.Limits(
                    max_unacked_bytes=1 << 20, max_pending_checkpoints=self._max_pending,
                    ack_interval=duration_pb2.Duration(seconds=1)),
            )
        self.trouble("opened", context)
        yield ingest_service_pb2.WriteResponse(opened=answer)
        for request in request_iterator:
            self.trouble("batch", context)
            with self._state:
                if request.batch.sequence == self._received + 1:
                    self._received += 1
                    self._rows[request.batch.checkpoint_id] += request.batch.data.decode().splitlines()
                elif request.batch.sequence > self._received:
                    refuse(context, StatusCode.OUT_OF_RANGE, "SEQUENCE_GAP")
                received = self._received
                self._state.notify_all()
            yield ingest_service_pb2.WriteResponse(ack=ingest_service_pb2.Ack(received_sequence=received))

    def _open(self, opening, context):
        if opening.epoch < self._epoch:
            refuse(context, StatusCode.FAILED_PRECONDITION, "WRITER_FENCED")
        if opening.epoch == self._epoch and self._held:
            return True
        if opening.reattach or opening.epoch == self._epoch:
            refuse(context, StatusCode.FAILED_PRECONDITION, "EPOCH_USED")
        self._epoch = opening.epoch
        self._held = True
        self._rows.clear()
        self._token = json.loads(opening.resume_token or '{"checkpoint": 0, "sequence": 0, "labels": []}')
        self._received = self._token["sequence"]
        for label in self._token["labels"]:
            self.cluster.commit(tuple(label))
        self.cluster.prepared.clear()
        return False

    def Checkpoint(self, request, context):  # noqa: N802
        self.trouble("checkpoint", context)
        with self._state:
            if not self._held or request.epoch > self._epoch:
                refuse(context, StatusCode.NOT_FOUND, "WRITER_NOT_OPEN")
            if request.epoch < self._epoch:
                refuse(context, StatusCode.FAILED_PRECONDITION, "WRITER_FENCED")
            self._state.wait_for(lambda: self._received >= request.last_sequence, 5)
            if self._received < request.last_sequence:
                context.abort(StatusCode.DEADLINE_EXCEEDED, "batches are missing")
            label = (request.epoch, request.checkpoint_id)
            if label not in self.cluster.prepared:  # the first call
                self.cluster.prepared[label] = self._rows.pop(request.checkpoint_id, [])
                self._token = {"checkpoint": request.checkpoint_id, "sequence": request.last_sequence,
                               "labels": [*self._token["labels"], label]}
            token = json.dumps(self._token).encode()
        self.trouble("prepared", context)
        return transaction_service_pb2.CheckpointResponse(resume_token=token)

    def Commit(self, request, context):  # noqa: N802
        self.trouble("commit", context)
        with self._state:
            for label in json.loads(request.resume_token)["labels"]:
                self.cluster.commit(tuple(label))
        self.trouble("committed", context)
        return transaction_service_pb2.CommitResponse(visible=True)
