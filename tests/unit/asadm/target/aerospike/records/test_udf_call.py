"""What a node says of a failed call."""

from __future__ import annotations

import pytest

from asadm.target.aerospike.records.udf_call import UdfFailure, UdfInvocation
from asinfo.errors import UsageError


@pytest.mark.parametrize(
    ("reason", "place"),
    [
        ("/opt/aerospike/usr/udf/lua/counter.lua:3: bad", ("counter.lua", 3, "bad")),
        ("...very/long/path/counter.lua:12: a: b", ("counter.lua", 12, "a: b")),
        ("counter.lua:1: two\nlines", ("counter.lua", 1, "two\nlines")),
        ("UDF Execution Timeout", None),
        ("function not found", None),
        ("a.lua: no line", None),
        ("a.lua:9999999999999: far", None),
    ],
)
def test_the_place_of_an_error(reason: str, place: tuple[str, int, str] | None) -> None:
    found = UdfFailure(reason).place
    assert (None if found is None else (found.file, found.line, found.message)) == place


def test_the_name_of_a_function() -> None:
    for word in ("counter.increment", "counter.lua.increment"):
        call = UdfInvocation(word, [])
        assert (call.module, call.function, call.file) == ("counter", "increment", "counter.lua")
    assert UdfInvocation("a.b.f", []).module == "a.b"
    for word in ("counter", ".f", "counter."):
        with pytest.raises(UsageError):
            UdfInvocation(word, [])
