"""Every single call recorded on a real server, run in a context: result, error text, and the record afterwards."""

import json
import math
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from asinfo.wire import msgpack
from asudfd.lua.aerospike.udf_result import NOTHING
from asudfd.lua.state import compile_text
from tests.each import for_each

CASES = Path(__file__).parents[4] / "compat" / "lua_cases.jsonl"

NO_SINGLE_CALL = {"lifecycle", "stream"}
ELSEWHERE = {
    "policy.001": "filter expressions belong to the message",
    "policy.002": "filter expressions belong to the message",
    "policy.005": "namespaces belong to the message",
    "error.028": "the host finds modules",
}
HARDENED = {
    "globals.049": "no load unless allow-unsafe-lua",
}


def _cases() -> list[Any]:
    rows = [json.loads(line) for line in CASES.read_text().splitlines()]
    return [row for row in rows if row["area"] not in NO_SINGLE_CALL and row["id"] not in ELSEWHERE]


def value(told: Any) -> Any:
    """A value of the cases file (see its description in the UDF specification) as the codecs have it."""
    if isinstance(told, list):
        return [value(each) for each in told]
    if not isinstance(told, dict):
        return told
    ((form, data),) = told.items()
    if form == "$float":
        return float(data)
    if form == "$bytes":
        return bytes.fromhex(data)
    if form == "$geo":
        return msgpack.GeoJSON(data)
    return {value(key): value(each) for key, each in data}


def exact(got: Any) -> Any:
    """A value with its types, so that 1, 1.0 and True differ; geo JSON as its members."""
    if isinstance(got, msgpack.GeoJSON):
        return "geo", json.loads(got)
    if isinstance(got, list):
        return [exact(each) for each in got]
    if isinstance(got, dict):
        return sorted([(exact(key), exact(each)) for key, each in got.items()], key=repr)
    if isinstance(got, float) and math.isnan(got):
        return "nan"
    return type(got).__name__, got


def bins_of(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["record"] is None:
        return None
    bins = {name: value(told) for name, told in row["record"]["bins"].items()}
    ordered = row["record"].get("ordered_list")
    if ordered:
        bins[ordered] = msgpack.MarkedList(bins[ordered], msgpack.ORDERED)
    return bins


def key_of(row: dict[str, Any]) -> bytes:
    key = value(row.get("key"))
    if isinstance(key, int):
        return b"\1" + key.to_bytes(8, "big", signed=True)
    if isinstance(key, bytes):
        return b"\4" + key
    return b"\3" + key.encode() if key else b""


def check_result(row: dict[str, Any], code: int, got: Any) -> None:
    expect = row["expect"]
    if "error" not in expect:
        assert code == 0, got
    if "result" in expect:
        assert exact(got) == exact(value(expect["result"]))
    elif "result_between" in expect:
        low, high = expect["result_between"]
        assert low <= got <= high
    else:
        wanted = expect["error"]
        assert code == wanted["code"], got
        if code == 100:
            prefix = wanted.get("message_prefix")
            text = (wanted["message"] if prefix is None else prefix).replace("{UDF}", "/udf")
            assert got == text if prefix is None else got.startswith(text)


def check_record(row: dict[str, Any], bins: dict[str, Any] | None, action: int) -> None:
    after = row["after"]
    if after is None:
        assert bins is None
    elif "n_bins" in after:
        assert bins is not None
        assert len(bins) == after["n_bins"]
    else:
        told = {name: exact(value(each)) for name, each in after["bins"].items()}
        assert bins is not None
        assert {name: exact(each) for name, each in bins.items()} == told
        before = 2 if row["record"] and row["record"].get("ordered_list") else 1 if row["record"] else 0
        assert after["gen"] == before + (action != NOTHING)


def is_as_recorded(row: dict[str, Any], called: Any) -> bool:
    """Whether a call came to what the row says, and so did its record."""
    try:
        check_result(row, called.code, called.value)
        if "after" in row:
            check_record(row, called.bins, called.raw.action)
    except AssertionError:
        return False
    return True


@for_each(_cases(), itemgetter("id"))
def test_case(row: dict[str, Any], applier: Any) -> None:
    (source,) = row["modules"].values()
    name = row["module"].encode()
    if "put_error" in row["expect"]:
        assert compile_text(source.encode(), name).code is None
        return
    ttl = max(0, (row["record"] or {}).get("ttl", 0))
    with closing(applier):
        context = applier.load(source, name=name, unsafe=row["id"] in HARDENED)
        called = applier.apply(
            context, row["function"], value(row["args"]), bins_of(row), ttl=ttl, key=key_of(row)
        )
    check_result(row, called.code, called.value)
    check_record(row, called.bins, called.raw.action)


@pytest.mark.parametrize("name", HARDENED)
def test_hardened(name: str, applier: Any) -> None:
    row = next(row for row in map(json.loads, CASES.read_text().splitlines()) if row["id"] == name)
    (source,) = row["modules"].values()
    called = applier.apply(applier.load(source), row["function"], [], None)
    assert called.code == 100
    assert "a nil value (global '" in called.value
