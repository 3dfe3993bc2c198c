"""A small client of Loadstar for Python.

    with loadstar_client.connect("127.0.0.1:7070") as client:
        with client.writer("test") as writer:
            writer.write_rows("score_board", ["id", "name", "score"], [(1, "starrocks", 100)])

Leaving the inner block waits until every row is committed in StarRocks, or raises. The stubs of
proto/ (loadstar.v1, google.rpc) have to be on the path: see generate_stubs.sh.
"""

from loadstar_client.client import Client, connect
from loadstar_client.errors import FieldViolation, LoadstarError
from loadstar_client.values import DELETE, UPDATE_BEFORE, UPSERT, Op, Struct, to_value
from loadstar_client.writer import Writer

__all__ = [
    "Client",
    "DELETE",
    "FieldViolation",
    "LoadstarError",
    "Op",
    "Struct",
    "UPDATE_BEFORE",
    "UPSERT",
    "Writer",
    "connect",
    "to_value",
]
