"""Groups of consumers of streams: what they have read, and where they can be set to."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire.resp_reply import ErrorReply
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace


@pytest.fixture
def client() -> ServedClient:
    """A stream x of ten entries, of which the group g has read eight; the ninth is gone."""
    client = ServedKeyspace().client()
    for number in range(1, 11):
        client.line(f"XADD x {number}-0 f v")
    client.line("XGROUP CREATE x g 0")
    client.line("XREADGROUP GROUP g me COUNT 8 STREAMS x >")
    client.line("XDEL x 9-0")
    return client


def group(client: ServedClient) -> dict[bytes, Any]:
    flat = client.line("XINFO GROUPS x")[0]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def test_entries_that_are_gone_count_as_read(client: ServedClient) -> None:
    assert group(client)[b"lag"] is None
    client.line("XREADGROUP GROUP g me COUNT 1 STREAMS x >")
    assert (group(client)[b"entries-read"], group(client)[b"lag"]) == (10, 0)


def test_entries_that_were_trimmed_count_as_read(client: ServedClient) -> None:
    client.line("XTRIM x MINID 10-0")
    client.line("XADD x 11-0 f v")
    client.line("XREADGROUP GROUP g me STREAMS x >")
    assert (group(client)[b"entries-read"], group(client)[b"lag"]) == (11, 0)


@pytest.mark.parametrize(
    ("text", "last"), [("-", b"0-0"), ("+", b"%d-%d" % (2**64 - 1, 2**64 - 1)), ("$", b"10-0")]
)
def test_a_group_is_set_to_the_ends(client: ServedClient, text: str, last: bytes) -> None:
    assert client.line(f"XGROUP SETID x g {text}") == b"OK"
    assert group(client)[b"last-delivered-id"] == last


@pytest.mark.parametrize("text", ["-", "+"])
def test_a_group_is_not_made_at_the_ends(client: ServedClient, text: str) -> None:
    assert isinstance(client.line(f"XGROUP CREATE x other {text}"), ErrorReply)


def test_full_names_what_is_pending(client: ServedClient) -> None:
    full = client.line("XINFO STREAM x FULL")
    (found,) = full[full.index(b"groups") + 1]
    assert found[found.index(b"pending") + 1][0][:2] == [b"1-0", b"me"]
    (consumer,) = found[found.index(b"consumers") + 1]
    assert consumer[consumer.index(b"pending") + 1][0][0] == b"1-0"


@pytest.mark.parametrize("count", ["0", "-1", "8070450532247928833", "9223372036854775807"])
def test_the_count_of_a_claim_is_bounded(client: ServedClient, count: str) -> None:
    reply = client.line(f"XAUTOCLAIM x g me 0 0 COUNT {count}")
    assert reply == ErrorReply(b"ERR COUNT must be > 0")


def test_keys_that_clients_wait_for_are_counted(client: ServedClient) -> None:
    first, second = (client.another() for _ in range(2))
    first.raw([b"BLPOP", b"l", b"m", b"0"])
    second.raw(b"XREADGROUP GROUP g me BLOCK 0 STREAMS x >".split())
    second.raw(b"XREADGROUP GROUP g me BLOCK 0 STREAMS x >".split())
    info = client.line("INFO clients")
    assert b"total_blocking_keys:3\r\ntotal_blocking_keys_on_nokey:1\r\n" in info
