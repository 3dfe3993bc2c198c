"""What an exactly-once client has to remember: epoch, resume token and source position, in one file."""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import time
import zlib
from typing import Any

_LOCK_WAIT = 10.0


class RecordConflict(Exception):
    """Another instance has changed the record: this one must stop, it decides nothing any more."""


class RecordDamaged(Exception):
    """The file is no record. It is never taken for a missing one: that would load everything again."""


@dataclasses.dataclass(frozen=True)
class Record:
    """One state of the client. `position` is any JSON value; everything before it is in `token` or committed."""

    epoch: int = 0
    token: bytes = b""
    position: Any = 0
    revision: int = 0


class RecordFile:
    """A record in a file that is replaced as a whole, by compare-and-set.

    Power may fail and the process may be killed at any moment: the file has the old record or the
    new one. Of two instances that both read revision n, one alone can write n + 1 (ingest-api.md
    4.6, A1). A file system that several machines share must have working `flock` and `rename`.

    `subject` says what the position is a position in (writer, table, source): it is kept in the record, and a
    record of something else is refused as RecordDamaged. None: the caller knows.
    """

    def __init__(self, path, subject: "str | None" = None):
        self._path = pathlib.Path(path)
        self._subject = subject

    def load(self) -> Record:
        """The record; the first one of all, at position 0, if there is no file."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return Record()
        try:
            body, checksum = text.decode("ascii").split("\n")[:2]
            if int(checksum, 16) != zlib.crc32(body.encode()):
                raise ValueError("the checksum is wrong")
            fields = json.loads(body)
            subject = fields.get("subject")
            if None not in (subject, self._subject) and subject != self._subject:
                raise ValueError(f"it is the record of {subject!r}, not of {self._subject!r}")
            return Record(fields["epoch"], bytes.fromhex(fields["token"]), fields["position"], fields["revision"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordDamaged(f"{self._path}: {error}") from None

    def replace(self, old: Record, new: Record) -> Record:
        """Makes `new` durable in the place of `old`, and returns it with its revision.

        RecordConflict: the file has another record than `old`. OSError: it is unknown which of both
        is durable; stop and start again.
        """
        with self._locked():
            if self.load() != old:
                raise RecordConflict(f"{self._path}: another instance has changed it")
            new = dataclasses.replace(new, revision=old.revision + 1)
            fields = {"epoch": new.epoch, "position": new.position, "revision": new.revision, "token": new.token.hex()}
            if self._subject is not None:
                fields["subject"] = self._subject
            body = json.dumps(fields)
            beside = self._path.with_name(self._path.name + ".new")
            with open(beside, "wb") as file:
                file.write(f"{body}\n{zlib.crc32(body.encode()):08x}\n".encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            os.rename(beside, self._path)
            self._sync_directory()
        return new

    def _sync_directory(self):
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    @contextlib.contextmanager
    def _locked(self):
        """One process at a time, for the moment of one replacement; the kernel frees it with its holder."""
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + _LOCK_WAIT
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise RecordConflict(f"{self._path}: another instance holds its lock") from None
                    time.sleep(0.01)  # there is no wait for a lock that ends in time
            yield
        finally:
            os.close(lock)
