"""Slices of latencies: how many requests there were, and how many of them were slow."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from asudfd.record.latency import BOUNDS, Latencies

NONE = "0.00," * 16 + "0.00"


def test_a_slice_as_the_real_server_writes_it() -> None:
    latencies, counters = Latencies(), {"client_read_success": 300, "client_read_not_found": 100}
    for seconds in (0.0009, 0.001, 0.0019, 0.002, 0.004):
        latencies.note("read", seconds)
    latencies.end_slice(counters, 10)
    assert latencies.slices["read"].text() == "msec,40.0,1.00,0.50,0.25" + ",0.00" * 14
    assert set(latencies.slices) == {"read"}, "the others have had no request"
    latencies.end_slice(counters, 10)
    assert latencies.slices["read"].text() == f"msec,0.0,{NONE}"
    latencies.end_slice({**counters, "client_read_success": 305}, 10)
    assert latencies.slices["read"].text() == f"msec,0.5,{NONE}"


@pytest.mark.parametrize(
    ("counter", "kind"),
    [("client_delete_success", "write"), ("client_write_error", "write"), ("client_udf_complete", "udf")],
)
def test_what_counts_as_what(counter: str, kind: str) -> None:
    latencies = Latencies()
    latencies.end_slice({counter: 1, "from_proxy_read_success": 5}, 1)
    assert list(latencies.slices) == [kind]


def test_longer_than_every_bound() -> None:
    latencies = Latencies()
    latencies.note("udf", 1e6)
    latencies.end_slice({"client_udf_complete": 2}, 1)
    assert latencies.slices["udf"].over == (50.0,) * len(BOUNDS)


def test_a_reply_that_takes_time_is_noted() -> None:
    latencies = Latencies()

    async def reply() -> bytes:
        return b"done"

    assert asyncio.run(latencies.timed("write", monotonic() - 0.005, reply())) == b"done"
    latencies.end_slice({"client_write_success": 1}, 1)
    assert latencies.slices["write"].over[:4] == (100, 100, 100, 0)
