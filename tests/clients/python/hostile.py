"""Hostile values of every StarRocks type, and what a table holds afterwards.

What is expected is written down by hand, or made by Python's own decimal, datetime, struct and json:
neither the daemon nor the emulator has a part in it.
"""

import datetime
import decimal
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from loadstar.v1 import data_pb2
from loadstar_client import Struct

@dataclass(frozen=True)
class Case:
    """A value, what SQLite holds afterwards, and the formats in which it is refused instead."""

    value: Any
    stored: Any
    refused_by: tuple = ()


@dataclass(frozen=True)
class Column:
    type: str
    cases: list
    refused: list = field(default_factory=list)  # by every format


def _same(*values):
    return [Case(value, value) for value in values]


def _text(value):
    """A text; CSV cannot carry the daemon's separators, nor the mark of NULL."""
    carried = "\x01" not in value and "\x02" not in value and value != "\\N"
    return Case(value, value, () if carried else ("csv",))


TEXTS = [
    "", " ", "  before", "behind  ", "\t", "\n", "\r\n", "a\tb\nc", "a,b;c|d", '"', '""', '"in quotes"', "'", "\\", "\\\\",
    "\\N", "\\N ", " \\N", "\\n", "N", "NULL", "null", "\x00", "a\x00b", "\x01", "a\x02b", "\x1f\x7f\x80", "\u2028\u2029",
    "é", "e\u0301", "€", "😀", "\ufeffBOM", "\ufffd", "\U0010ffff", "<&>", "[1,2]", '{"a":1}', "-0", "1e5", "true",
    "ünï→cødé " * 50, "x" * 65533,
]

def _integers(kind, bits):
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    # LARGEINT has no SQLite type, so it is text there.
    hold = str if kind == "LARGEINT" else int
    good = [0, 1, -1, least, most, least + 1, most - 1]
    cases = [Case(value, hold(value)) for value in good]
    cases += [Case(str(most), hold(most)), Case("-0", hold(0)), Case(f"+{most}", hold(most)), Case("007", hold(7))]
    cases += [Case(value.to_bytes(bits // 8, "big", signed=True), hold(value)) for value in good]
    cases += [Case(b"\xff", hold(-1)), Case(None, None), Case(True, hold(1))]
    refused = [str(most + 1), str(least - 1), "", " 1", "1 ", "1.0", "1e3", "0x10", "NaN", "\\N", b"", b"\0" * (bits // 8 + 1), 0.5,
               float("nan"), [1], {"a": 1}, datetime.date(2024, 1, 1)]
    if bits < 64:
        refused += [most + 1, least - 1, 2**63 - 1]
    return Column(kind, cases, refused)


def _decimals(kind, precision, scale):
    with decimal.localcontext(decimal.Context(prec=80)):
        most = decimal.Decimal(10) ** (precision - scale) - decimal.Decimal(1).scaleb(-scale)
        tiny = decimal.Decimal(1).scaleb(-scale)

        def case(value):
            number = decimal.Decimal(str(value))
            shown = format(number.quantize(tiny), "f")
            return Case(value, shown.lstrip("-") if number == 0 else shown)

        values = [decimal.Decimal(0), most, -most, tiny, -tiny, "-0", "+1", "1.", ".0", "1E+0", "5e-1" if scale else "5e0", 7]
        values = [value for value in values if abs(decimal.Decimal(str(value))) <= most]
        cases = [case(value) for value in values] + [Case(None, None), case(0.5 if scale else 2.0)]
        beyond = format(most + tiny, "f")
    refused = [beyond, "-" + beyond, format(tiny / 10, "f"), "", " 1", "1 1", "NaN", "Infinity", "1e", "0x1", float("nan"), float("inf"),
               True, b"1", [1]]
    return Column(kind, cases, refused)


def _float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


FLOATS = [0.0, 1.0, -1.5, 0.1, 1 / 3, 1e-7, 123456.78, 1e15, 1e22]
_NO_FLOATS = [float("nan"), float("inf"), float("-inf"), True, "1.0", "NaN", b"1", [1.0]]
DATES = [datetime.date(1, 1, 1), datetime.date(1582, 10, 10), datetime.date(1900, 2, 28), datetime.date(1969, 12, 31),
         datetime.date(1970, 1, 1), datetime.date(2000, 2, 29), datetime.date(9999, 12, 31)]
TIMES = [datetime.datetime(1, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.datetime(1970, 1, 1, 0, 0, 0, 1),
         datetime.datetime(2024, 2, 29, 13, 14, 15, 120000), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)]
_ZONE = datetime.timezone(datetime.timedelta(hours=-5))


def _wall(time):
    """As a DATETIME column shows it."""
    text = time.strftime("%H:%M:%S") + (f".{time.microsecond:06}" if time.microsecond else "")
    return f"{time.date().isoformat()} {text}"


def _canonical(value):
    """As a JSON column shows it: members by name."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _flat(text):
    """As nested types are stored: no blanks."""
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


_DAY = 86_400_000_000
_FIRST, _LAST = -719_528, 2_932_896  # 0000-01-01, 9999-12-31

COLUMNS = {
    "boolean": Column("BOOLEAN", [Case(True, 1), Case(False, 0), Case(1, 1), Case(0, 0), Case(None, None)],
                      [2, -1, 1.0, "true", "1", b"\1", [True], float("nan")]),
    "tinyint": _integers("TINYINT", 8),
    "smallint": _integers("SMALLINT", 16),
    "int": _integers("INT", 32),
    "bigint": _integers("BIGINT", 64),
    "largeint": _integers("LARGEINT", 128),
    # SQLite keeps no sign of zero; number_text_test.cpp does.
    "float": Column("FLOAT", [Case(-0.0, 0.0)] + [Case(v, _float32(v)) for v in [*FLOATS, 3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45]]
                    + [Case(3, 3.0), Case(None, None)] + [Case(v, float(v)) for v in (2**24, 2**24 + 2, 2**25, -(2**30), 2**62, -(2**63))],
                    [*_NO_FLOATS, 3.5e38, 1.7976931348623157e308, 1e-46, -5e-324, 2**24 + 1, 2**25 + 1, 2**62 + 1, 2**63 - 1]),
    "double": Column("DOUBLE", _same(*FLOATS, 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, None)
                     + [Case(v, float(v)) for v in (2**53, 2**53 + 2, 2**54, -(2**60), -(2**63))] + [Case(-0.0, 0.0)],
                     [*_NO_FLOATS, 2**53 + 1, -(2**53) - 1, 2**54 + 1, 2**63 - 1]),
    "decimal32": _decimals("DECIMAL(9,2)", 9, 2),
    "decimal64": _decimals("DECIMAL(18,9)", 18, 9),
    "decimal128": _decimals("DECIMAL(38,10)", 38, 10),
    "decimal_whole": _decimals("DECIMAL(38,0)", 38, 0),
    "decimal_fraction": _decimals("DECIMAL(20,20)", 20, 20),
    "char": Column("CHAR(10)", [*map(_text, (t for t in TEXTS if len(t.encode()) <= 10 and "\0" not in t)),
                               Case("0123456789", "0123456789"), Case(None, None)],
                   # StarRocks pads CHAR with NUL bytes and ends it before the first.
                   ["\0", "a\0b", "01234567890", "€€€€", 1, True, 0.5, b"x", datetime.date(2024, 1, 1)]),
    "string": Column("STRING", [*map(_text, TEXTS), Case(None, None), Case([1, None, "a"], '[1,null,"a"]'),
                                Case({"k": [True, 1.5]}, '{"k":[true,1.5]}'), Case(Struct(a=None), '{"a":null}')],
                     ["x" * 65534, "€" * 21845, 1, True, 0.5, b"x", {"k": float("nan")}, [b"x"]]),
    "varbinary": Column("VARBINARY", _same(b"\0", b"\xff\xfe\x80", b"\\N", b"\x01\x02\t\n", b"AAAA", bytes(range(256)), b"x" * 5000, None)
                        + [Case(b"", b"", ("json",))], ["text", 1, [b"x"]]),
    # From 3.4 on the v2 schema does not tell the length.
    "varbinary_short": Column("VARBINARY(4)", _same(b"1234", b"\0\0\0\0", b"\xff", None) + [Case(b"", b"", ("json",))],
                              [b"12345", b"x" * 5000, "1234"]),
    "varchar_short": Column("VARCHAR(4)", _same("1234", "€1", "", "\t", None) + [_text("\x01"), _text("\\N")], ["12345", "€€", "x" * 5000, b"1234"]),
    "date": Column("DATE", [Case(d, d.isoformat()) for d in DATES] + [
        Case(data_pb2.Value(date_value=_FIRST), "0000-01-01"), Case("2024-02-29", "2024-02-29"), Case(None, None)],
        [data_pb2.Value(date_value=_FIRST - 1), data_pb2.Value(date_value=_LAST + 1), "2023-02-29", "2024-13-01", "10000-01-01",
         "2024-1-1", "20240101", "2024-02-29 00:00:00", "", "null", 19782, datetime.datetime(2024, 2, 29)]),
    "datetime": Column("DATETIME", [Case(t, _wall(t)) for t in TIMES] + [
        Case(datetime.datetime(2024, 2, 29, 20, 0, 0, 5, _ZONE), "2024-03-01 01:00:00.000005"),
        Case(datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, datetime.timezone.utc), "1969-12-31 23:59:59.999999"),
        Case(datetime.date(2024, 2, 29), "2024-02-29 00:00:00"), Case("2024-02-29 13:14:15.5", "2024-02-29 13:14:15.500000"),
        Case("2024-02-29T13:14:15", "2024-02-29 13:14:15"), Case(data_pb2.Value(datetime_value=_FIRST * _DAY), "0000-01-01 00:00:00"),
        Case(None, None)],
        [data_pb2.Value(datetime_value=_FIRST * _DAY - 1), data_pb2.Value(datetime_value=(_LAST + 1) * _DAY),
         data_pb2.Value(instant_value=(_LAST + 1) * _DAY), data_pb2.Value(instant_value=2**63 - 1), "2024-02-29 24:00:00",
         "2024-02-29 13:14:15.1234567", "2024-02-29T13:14:15Z", "2024-02-29 13:14:15+08:00", "10000-01-01 00:00:00", "", 0]),
    "json": Column("JSON", [Case(text, _canonical(json.loads(text))) for text in (
        '{"b":1,"a":[true,null,"x\\u0000\\ty"]}', "[]", "{}", '{"":""}', ' {"blank" : 1} ', '[[[["deep"]]]]',
        '{"u":"é€😀","esc":"\\ud83d\\ude00"}')] + [
        # Not every StarRocks reads these from CSV as what they are (value_writer_nested.cpp).
        Case("1", "1", ("csv",)), Case("-1.5", "-1.5", ("csv",)), Case("true", "true", ("csv",)), Case("null", None, ("auto", "csv", "json")),
        Case('"text"', '"text"', ("json",)), Case('"\\\\N"', '"\\\\N"', ("json",)), Case({"k": [1, None]}, '{"k": [1, null]}'),
        Case([True, "a\x01b"], '[true, "a\\u0001b"]'), Case(Struct(a=Struct(b="c")), '{"a": {"b": "c"}}'), Case(1, "1", ("csv",)), Case(None, None)],
        ["", "text", "{", "{'a':1}", "[1,]", "NaN", "\\N", '{"a":NaN}', b"{}", float("nan"), [float("inf")], {"a": b"x"}]),
    "array": Column("ARRAY<STRING>", [Case([], "[]"), Case([""], '[""]'), Case([None, "null"], '[null,"null"]'), Case(None, None),
                                       Case([["a"]], '["[\\"a\\"]"]')] + [
        Case([text], json.dumps([text], separators=(",", ":"), ensure_ascii=False),
             ("csv",) if "\x01" in text or "\x02" in text or text == "\\N" else ()) for text in TEXTS if len(text) < 1000],
        ["[]", 1, {"a": 1}, [1], [b"x"], ["x" * 65534]]),
    "array_nested": Column("ARRAY<ARRAY<BIGINT>>", [Case([[1, None], [], None, [-(2**63), 2**63 - 1]],
                                                         f"[[1,null],[],null,[{-2**63},{2**63 - 1}]]")], [[1], [["a"]], [[2**63]]]),
    "array_datetime": Column("ARRAY<DATETIME>", [Case([TIMES[1], None, TIMES[4]], f'["{_wall(TIMES[1])}",null,"{_wall(TIMES[4])}"]')],
                             [["2024"], [data_pb2.Value(datetime_value=2**62)]]),
    "array_decimal": Column("ARRAY<DECIMAL(10,2)>", [Case([decimal.Decimal("-1.50"), None, "99999999.99"], "[-1.50,null,99999999.99]")],
                            [["1.001"], [float("nan")]]),
    "map": Column("MAP<STRING,INT>", [Case({}, "{}"), Case({"": 1, "a:b": None, '"q"': -5, "{,}": 2}, _flat('{"":1,"a:b":null,"\\"q\\"":-5,"{,}":2}')),
                                      Case({"\x01": 1}, '{"\\u0001":1}', ("csv",)), Case(None, None)],
                  [{"a": "x"}, {"a": 2**31}, [1], {None: 1}, {1: 1}]),
    "map_int": Column("MAP<INT,ARRAY<STRING>>", [Case({-1: ["a", None], 2: []}, '{-1:["a",null],2:[]}')], [{"x": []}, {2**31: []}]),
    "map_date": Column("MAP<DATE,DATETIME>", [Case({DATES[3]: TIMES[1], DATES[6]: None}, f'{{"{DATES[3]}":"{_wall(TIMES[1])}","{DATES[6]}":null}}')],
                       [{"x": None}, {TIMES[1]: None}]),
    "map_decimal": Column("MAP<DECIMAL(10,2),BOOLEAN>", [Case({decimal.Decimal("-1.50"): True, "99999999.99": None}, "{-1.50:1,99999999.99:null}")], [{"1.001": True}, {"1": 2}]),
    "map_binary": Column("MAP<VARBINARY,INT>", [Case({}, "{}"), Case(None, None)], [{b"ab": 1}, {"ab": 1}]),
    "array_struct": Column("ARRAY<STRUCT<a INT, b STRING>>", [
        Case([Struct(a=1, b="x\x01"), None, Struct(b=None, a=None)], '[{"a":1,"b":"x\\u0001"},null,{"a":null,"b":null}]', ("csv",))],
        [[Struct(a=1)], [Struct(a="x", b="")], [1]]),
    "struct": Column("STRUCT<a INT, b STRING, c ARRAY<INT>>", [
        Case(Struct(a=1, b="x\x01\\N\"", c=[1, None]), _flat('{"a":1,"b":"x\\u0001\\\\N\\"","c":[1,null]}'), ("csv",)),
        Case(Struct(c=None, b=None, a=None), '{"a":null,"b":null,"c":null}', ("csv",))],
        [Struct(a=1), Struct(a=1, b="x", d=[]), Struct(a="x", b="x", c=[]), {"a": 1, "b": "x", "c": []}]),
}
