"""A small client of Loadstar for Python.

    with loadstar_client.connect("127.0.0.1:7070") as client:
        with client.writer("test") as writer:
            writer.write_rows("score_board", ["id", "name", "score"], [(1, "starrocks", 100)])

Leaving the inner block waits until every row is committed in StarRocks, or raises. Exactly-once
needs a record of the client's own: see ExactlyOnceWriter, and exactly_once.py beside this folder for
a whole program. The stubs of
proto/ (loadstar.v1, google.rpc) have to be on the path: see generate_stubs.sh.
"""

from loadstar_client.client import Client, connect
from loadstar_client.errors import Action, FieldViolation, LoadstarError
from loadstar_client.exactly_once import Committed, ExactlyOnceWriter, StartOver
from loadstar_client.record import Record, RecordConflict, RecordDamaged, RecordFile
from loadstar_client.values import DELETE, UPDATE_BEFORE, UPSERT, Op, Struct, to_value
from loadstar_client.writer import Writer

__all__ = [
    "Action",
    "Client",
    "Committed",
    "DELETE",
    "ExactlyOnceWriter",
    "FieldViolation",
    "LoadstarError",
    "Op",
    "Record",
    "RecordConflict",
    "RecordDamaged",
    "RecordFile",
    "StartOver",
    "Struct",
    "UPDATE_BEFORE",
    "UPSERT",
    "Writer",
    "connect",
    "to_value",
]
