"""Errors of the daemon, decoded from the status of a call."""

import enum
from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2, status_pb2

_DETAILS = "grpc-status-details-bin"

# The state of the call is undecided, and repeating it is right (ingest-api.md 3.6).
_RETRYABLE = frozenset(
    (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    )
)


class Action(enum.Enum):
    """What an exactly-once client does about an error (ingest-api.md 3.6)."""

    AGAIN = "the same call again, after a while; for a stream: open again, same epoch, reattach"
    AGAIN_A_FEW_TIMES = "as AGAIN, then stop"
    OPEN = "open the writer again, same epoch, reattach; then the same call"
    COMMIT_FIRST = "commit the last durable token, then the same call"
    START_OVER = "next epoch, last durable token, source from its position"
    GIVE_WAY = "another instance owns the writer: stop this one"
    STOP = "the request or the state is wrong: a person has to look"


_BY_REASON = {
    "WRITER_NOT_OPEN": Action.OPEN,
    "TOO_MANY_PENDING_CHECKPOINTS": Action.COMMIT_FIRST,
    "EPOCH_USED": Action.START_OVER,
    "WRITER_FENCED": Action.GIVE_WAY,
    "STREAM_REPLACED": Action.GIVE_WAY,
}
_BY_CODE = {
    grpc.StatusCode.ABORTED: Action.START_OVER,
    grpc.StatusCode.UNAVAILABLE: Action.AGAIN,
    grpc.StatusCode.DEADLINE_EXCEEDED: Action.AGAIN,
    grpc.StatusCode.CANCELLED: Action.AGAIN,
    grpc.StatusCode.INTERNAL: Action.AGAIN_A_FEW_TIMES,
    grpc.StatusCode.UNKNOWN: Action.AGAIN_A_FEW_TIMES,
}


@dataclass(frozen=True)
class FieldViolation:
    """What is wrong with one field, by its path: `batch[sequence=17].rows[3].values[2]`."""

    field: str
    description: str


@dataclass(eq=False)
class LoadstarError(Exception):
    """A call failed. Clients act on `code`, and in a few cases on `reason` (an ErrorReason)."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: dict = field(default_factory=dict)
    violations: list = field(default_factory=list)
    retry_after: "float | None" = None

    def __str__(self) -> str:
        text = f"{self.code.name} {self.reason}: {self.message}" if self.reason else f"{self.code.name}: {self.message}"
        # The message of most refusals says already what its field violations say.
        more = (v for v in self.violations if not (v.field in self.message and v.description in self.message))
        return "; ".join([text, *(f"{violation.field}: {violation.description}" for violation in more)])

    @property
    def retryable(self) -> bool:
        """True if the same call again can succeed; `retry_after` (seconds) says when, if known."""
        return self.code in _RETRYABLE

    @property
    def action(self) -> Action:
        """What an exactly-once client does now; by code for reasons that it does not know."""
        return _BY_REASON.get(self.reason) or _BY_CODE.get(self.code, Action.STOP)

    @staticmethod
    def of(error: grpc.RpcError) -> "LoadstarError":
        """Decodes ErrorInfo, BadRequest and RetryInfo from the trailing metadata of a failed call."""
        result = LoadstarError(error.code(), error.details() or "")
        for key, value in error.trailing_metadata() or ():
            if key != _DETAILS:
                continue
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                    info = error_details_pb2.ErrorInfo.FromString(detail.value)
                    result.reason = info.reason
                    result.metadata = dict(info.metadata)
                elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                    bad = error_details_pb2.BadRequest.FromString(detail.value)
                    result.violations = [FieldViolation(v.field, v.description) for v in bad.field_violations]
                elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                    delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
                    result.retry_after = delay.seconds + delay.nanos / 1e9
        return result
