"""The documented examples (examples.md 1 to 3), as a client sends them.

What has to come out is in expected.json, under the same names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from loadstar_client import DELETE, Op, Writer

SCORE_BOARD = ["id", "name", "score"]
TWO_ROWS = [(1, "starrocks", 100), (2, "flink", 100)]


@dataclass(frozen=True)
class Example:
    """One load: what it shows, the rows that the table has before, and what is sent.

    `before` is None where the example goes on from the one before it.
    """

    name: str
    table: str
    shows: str
    before: "list | None"
    send: Callable[[Writer], object]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


PAGE_UV = [
    (1, _time("2020-06-23 01:30:30"), 13),
    (1, _time("2020-06-23 01:30:30"), 23),
    (1, _time("2020-06-23 01:30:30"), 33),
    (1, _time("2020-06-23 02:30:30"), 13),
    (2, _time("2020-06-23 01:30:30"), 23),
]
HLL_UV = [
    (3, _time("2023-07-24 12:00:00"), 78),
    (4, _time("2023-07-24 13:20:10"), 2),
    (3, _time("2023-07-24 12:30:00"), 674),
]
VISITS = ["page_id", "visit_date", "visit_user_id"]

EXAMPLES = (
    Example(
        "typed rows", "score_board", "values of the client's language", [],
        lambda writer: writer.write_rows("score_board", SCORE_BOARD, TWO_ROWS),
    ),
    Example(
        "CSV", "score_board", "text with the column separator \\t", [],
        lambda writer: writer.write_csv(
            "score_board", "1\tstarrocks-csv\t100\n2\tflink-csv\t100\n", 2, properties={"column_separator": "\t"}
        ),
    ),
    Example(
        "JSON objects", "score_board", "one object a line", [],
        lambda writer: writer.write_ndjson(
            "score_board",
            [{"id": 1, "name": "starrocks-json", "score": 100}, {"id": 2, "name": "flink-json", "score": 100}],
        ),
    ),
    Example(
        "JSON array", "score_board", "one array of objects", [],
        lambda writer: writer.write_json_array(
            "score_board",
            [{"id": 1, "name": "starrocks-json", "score": 100}, {"id": 2, "name": "flink-json", "score": 100}],
        ),
    ),
    Example(
        "upsert", "score_board", "typed rows over rows with the same keys", None,
        lambda writer: writer.write_rows(
            "score_board", SCORE_BOARD, [(1, "starrocks-rowdata", 100), (2, "flink-rowdata", 100)]
        ),
    ),
    Example(
        "delete", "score_board", "a typed row that deletes key 2", None,
        lambda writer: writer.write_rows("score_board", SCORE_BOARD, [Op(DELETE, (2, "flink-rowdata", 100))]),
    ),
    Example(
        "partial update", "score_board", "columns id and name only; score stays", TWO_ROWS,
        lambda writer: writer.write_rows(
            "score_board", ["id", "name"], [(1, "starrocks-update"), (2, "flink-update")],
            properties={"partial_update": "true"},
        ),
    ),
    Example(
        "conditional update", "score_board", "only where the new score is not lower", TWO_ROWS,
        lambda writer: writer.write_rows(
            "score_board", SCORE_BOARD, [(1, "starrocks-update", 99), (2, "flink-update", 101)],
            properties={"merge_condition": "score"},
        ),
    ),
    Example(
        "BITMAP", "page_uv", "visit_users=to_bitmap(visit_user_id), distinct visitors of a page", [],
        lambda writer: writer.write_rows(
            "page_uv", VISITS, PAGE_UV, expressions=["visit_users=to_bitmap(visit_user_id)"]
        ),
    ),
    Example(
        "HLL", "hll_uv", "visit_users=hll_hash(visit_user_id), the same by estimate", [],
        lambda writer: writer.write_rows(
            "hll_uv", VISITS, HLL_UV, expressions=["visit_users=hll_hash(visit_user_id)"]
        ),
    ),
)
