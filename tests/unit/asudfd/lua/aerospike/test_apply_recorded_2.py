"""The second set of single calls recorded on a real server, run in a context."""

import json
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

from asudfd.lua.line_marks import LineMarks
from tests.each import for_each
from tests.unit.asudfd.lua.aerospike import test_apply_recorded as first

ROWS = Path("tests/vectors/lua_cases_2.jsonl")

ELSEWHERE = {
    "new.bytes.030": "the codec of these tests reads no blob of another language",
    "new.convert.031": "the client refuses a string that is not UTF-8",
    "new.error.013": "the client cuts a long message",
    "new.record.041": "these rows have no key unless it is sent",
    "new.record.071": "the record's size is looked at when it is stored",
    "new.record.084": "filter expressions belong to the message",
    "new.record.086": "namespaces belong to the message",
}
"""Rows that `tests/compat` runs with the client."""

NO_SERVER = dict.fromkeys(
    ("new.convert.050", "new.convert.051", "new.convert.052"),
    "the client warns and drops the key: no server sees it",
)


def is_single_call(row: dict[str, Any]) -> bool:
    """Whether a row is one call of one module: `tests/compat` runs the others, and ELSEWHERE, with the client."""
    return len(row.get("modules", ())) == 1 and "records" not in row and "put_error" not in row["expect"]


def _rows() -> list[Any]:
    text = ROWS.read_text(encoding="utf-8").replace("{UDF}", "/udf")
    rows = [json.loads(line) for line in text.splitlines()]
    return [row for row in rows if is_single_call(row)]


def _is_as_recorded(row: dict[str, Any], applier: Any) -> bool:
    (source,) = row["modules"].values()
    ttl = max(0, (row["record"] or {}).get("ttl", 0))
    arguments, bins, key = first.value(row["args"]), first.bins_of(row), first.key_of(row)
    with closing(applier):
        context = applier.load(source, name=row["module"].encode())
        called = applier.apply(context, row["function"], arguments, bins, ttl=ttl, key=key)
    return first.is_as_recorded(row, called)


@for_each(_rows(), itemgetter("id"))
def test_case_where_lines_are_noted(row: dict[str, Any], applier: Any) -> None:
    """The modules have marks, and nothing is different."""
    applier.marks = LineMarks()
    assert _is_as_recorded(row, applier) == (row["id"] not in ELSEWHERE | NO_SERVER)
    assert not applier.marks.followed


@for_each(_rows(), itemgetter("id"))
def test_case(row: dict[str, Any], applier: Any) -> None:
    assert _is_as_recorded(row, applier) == (row["id"] not in ELSEWHERE | NO_SERVER)
