"""The ways to say rows, for every kind of writer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadstar.v1 import data_pb2

from loadstar_client.values import Op, to_row


class BatchMethods:
    """Makes a Batch of rows, and gives it to `_append`, which returns its number.

    `options` of each: columns, expressions, properties.
    """

    def write_rows(self, table: str, columns: Sequence[str], rows: "Iterable[Op | Sequence[Any]]", **options) -> int:
        """Typed rows: sequences of values for `columns`, or Op(DELETE, ...). Returns the batch's number."""
        typed = [to_row(row) for row in rows]
        return self._write(table, data_pb2.FORMAT_TYPED_ROWS, len(typed), columns=columns, rows=typed, **options)

    def write_csv(self, table: str, data: "str | bytes", row_count: int, **options) -> int:
        """Delimited text; every row ends with the row delimiter. Returns the batch's number."""
        return self._write(table, data_pb2.FORMAT_CSV, row_count, data=_bytes(data), **options)

    def write_ndjson(self, table: str, objects: "Iterable[Mapping[str, Any]]", **options) -> int:
        """JSON objects, one a line. Returns the batch's number."""
        lines = [json.dumps(entry, separators=(",", ":")) + "\n" for entry in objects]
        return self._write(table, data_pb2.FORMAT_NDJSON, len(lines), data="".join(lines).encode(), **options)

    def write_json_array(self, table: str, objects: "Sequence[Mapping[str, Any]]", **options) -> int:
        """One JSON array of objects. Returns the batch's number."""
        text = json.dumps(list(objects), separators=(",", ":"))
        return self._write(table, data_pb2.FORMAT_JSON_ARRAY, len(objects), data=text.encode(), **options)

    def _write(self, table, batch_format, row_count, *, columns=(), expressions=(), properties=None, rows=(), data=b""):
        return self._append(data_pb2.Batch(
            table=table, columns=columns, row_count=row_count, format=batch_format, rows=rows,
            properties=properties or {}, column_expressions=expressions, data=data,
        ))

    def _append(self, batch: data_pb2.Batch) -> int:
        raise NotImplementedError


def _bytes(data):
    return data.encode() if isinstance(data, str) else bytes(data)
