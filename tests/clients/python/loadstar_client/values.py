"""Python values as loadstar.v1.Value, and rows as loadstar.v1.Row."""

import datetime
import decimal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2
from loadstar.v1 import data_pb2

UPSERT = data_pb2.ROW_OP_UPSERT
DELETE = data_pb2.ROW_OP_DELETE
UPDATE_BEFORE = data_pb2.ROW_OP_UPDATE_BEFORE

_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MICROSECOND = datetime.timedelta(microseconds=1)


@dataclass(frozen=True)
class Op:
    """A row with something else to do than an upsert: Op(DELETE, (1, "x", 100))."""

    op: int
    values: Sequence[Any]


class Struct(dict):
    """A STRUCT: names of fields to their values. Any other mapping is a MAP."""


def to_value(value: Any) -> data_pb2.Value:
    """The member of Value that fits the Python type; ValueError if none does.

    An integer beyond 64 bits and a Decimal go as their text, for LARGEINT and DECIMAL. A naive
    datetime is the wall clock of the column; one with a time zone is an instant, which the daemon
    writes in the table's time zone. A Value goes as it is, for what Python has no type for, such as
    the year 0.
    """
    if isinstance(value, data_pb2.Value):
        return value
    if value is None:
        return data_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return data_pb2.Value(bool_value=value)
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return data_pb2.Value(int_value=value)
        return data_pb2.Value(string_value=str(value))
    if isinstance(value, float):
        return data_pb2.Value(double_value=value)
    if isinstance(value, str):
        return data_pb2.Value(string_value=value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return data_pb2.Value(bytes_value=bytes(value))
    if isinstance(value, decimal.Decimal):
        return data_pb2.Value(string_value=format(value, "f"))
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return data_pb2.Value(datetime_value=(value - _EPOCH) // _MICROSECOND)
        return data_pb2.Value(instant_value=(value - _EPOCH_UTC) // _MICROSECOND)
    if isinstance(value, datetime.date):
        return data_pb2.Value(date_value=(value - _EPOCH.date()).days)
    if isinstance(value, Struct):
        return data_pb2.Value(
            struct_value=data_pb2.StructValue(names=value.keys(), values=[to_value(entry) for entry in value.values()])
        )
    if isinstance(value, Mapping):
        return data_pb2.Value(
            map_value=data_pb2.MapValue(
                keys=[to_value(key) for key in value], values=[to_value(entry) for entry in value.values()]
            )
        )
    if isinstance(value, Sequence):
        return data_pb2.Value(list_value=data_pb2.ListValue(values=[to_value(entry) for entry in value]))
    raise ValueError(f"no member of loadstar.v1.Value takes a {type(value).__name__}: {value!r}")


def to_row(row: "Op | Sequence[Any]") -> data_pb2.Row:
    """One typed row: a sequence of values is an upsert."""
    op, values = (row.op, row.values) if isinstance(row, Op) else (data_pb2.ROW_OP_UNSPECIFIED, row)
    return data_pb2.Row(op=op, values=[to_value(value) for value in values])
