"""``asadm function run --live`` on scripted servers that answer what they should not, and options that do not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_reply import ErrorReply
from tests.each import for_each
from tests.fakes.valkey_fleet import BYTES, ValkeyFleet
from tests.fakes.valkey_node import REFUSALS
from tests.unit.asadm.conftest import Asadm

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = b"#!lua name=lib\nserver.register_function('f', function() return 1 end)"


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(1) as made:
        made.load(LIBRARY)
        yield made


def call(asadm: Asadm, fleet: ValkeyFleet) -> tuple[int, str]:
    options = ("-h", fleet[0].name, "--timeout", "1")
    result = asadm(*options, "function", "run", "lib", "f", "k", "--live", "--read-only", "--limit", "0.5")
    assert "Traceback" not in result.err
    return result.code, result.err


KINDS = sorted({"hangs", "closes", "closes amid", *REFUSALS, *BYTES})
REPLIES = {"another type", "null"}
"""Faults that are replies of a function as good as others."""


@for_each([(kind, on) for kind in KINDS for on in (b"FCALL", b"FUNCTION LIST", b"CLUSTER")])
def test_whatever_a_server_answers(case: tuple[str, bytes], asadm: Asadm, fleet: ValkeyFleet) -> None:
    kind, on = case
    fleet[0].more[b"FCALL_RO"] = 1
    fleet[0].mend()
    fleet[0].fail(kind, on=on)
    code, said = call(asadm, fleet)
    assert code == (0 if on == b"CLUSTER" or (on == b"FCALL" and kind in REPLIES) else 1), (code, said)
    assert said.count("\n") <= 3, said


@pytest.mark.parametrize(
    "error",
    [
        b"MOVED",
        b"MOVED 1",
        b"MOVED 1 :",
        b"MOVED 1 x:99999999",
        b"MOVED 1 x:99999",
        b"ASK 1 127.0.0.1:0",
        b"MOVED 1 127.0.0.1:1",
    ],
)
def test_a_redirection_that_leads_nowhere(asadm: Asadm, fleet: ValkeyFleet, error: bytes) -> None:
    fleet[0].more[b"FCALL_RO"] = ErrorReply(error)
    assert call(asadm, fleet)[0] == 1


def test_a_redirection_in_a_circle_ends(asadm: Asadm, fleet: ValkeyFleet) -> None:
    fleet[0].more[b"FCALL_RO"] = ErrorReply(b"MOVED 1 " + fleet[0].name.encode())
    code, said = call(asadm, fleet)
    assert (code, "MOVED 1" in said) == (1, True)
    assert fleet[0].count(b"FCALL_RO") == 3


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lib", "f", "--read-only"], "--read-only: is about a call on a cluster"),
        (["lib", "f", "--node", "x"], "--node: is about a call on a cluster"),
        (["lib", "f", "--live", "--after"], "--after: is about a call without a node"),
        (["lib", "f", "--live", "--keyspace", "k.json"], "--keyspace: is about a call without a node"),
        (["no.lua", "f", "--live", "--read-only"], "no.lua: No such file or directory"),
        (["lib", "f", "--live"], "give --enable"),
        (["lib", "--live"], "FUNCTION is missing"),
    ],
)
def test_wrong_usage(asadm: Asadm, words: list[str], error: str) -> None:
    result = asadm("-h", "127.0.0.1:1", "function", "run", *words)
    assert (result.code, result.out) == (2, "")
    assert error in result.err
