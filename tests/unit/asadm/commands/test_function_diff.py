"""``asadm function diff`` and ``function get``: one library as nodes have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.valkey_fleet import ValkeyFleet
from tests.unit.asadm.conftest import Asadm

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)\n"
A2 = A.replace(b"return 1", b"return 2")


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(3) as made:
        made.load(A)
        made[1].load(A2)
        made[2].load()
        yield made


def test_the_lines_that_differ(asadm: Asadm, fleet: ValkeyFleet) -> None:
    hosts = ("-h", fleet.hosts)
    one, two, three = (node.name for node in fleet.nodes)
    differing = asadm(*hosts, "fn", "diff", "a", one, two)
    assert differing.code == 3, differing.err
    assert differing.out.startswith(f"--- a ({one})\n+++ a ({two})\n")
    assert "\n-server.register_function('f', function() return 1 end)\n+" in differing.out
    assert asadm(*hosts, "--json", "fn", "diff", "a", one, two).document["code"] == 3
    assert asadm(*hosts, "fn", "diff", "a", one, three).code == 3, "just one has it"
    fleet[1].load(A)
    same = asadm(*hosts, "fn", "diff", "a", one, two)
    assert (same.code, same.out, same.err) == (0, "", "")
    neither = asadm(*hosts, "fn", "diff", "b", one, two)
    assert (neither.code, neither.err) == (1, "asadm: neither node lists b\n")
    unknown = asadm(*hosts, "fn", "diff", "a", one, "nobody")
    assert unknown.code == 2
    assert "nobody" in unknown.err


def test_the_text_of_one(asadm: Asadm, fleet: ValkeyFleet) -> None:
    hosts = ("-h", fleet.hosts)
    assert asadm(*hosts, "fn", "get", "a", "--node", fleet[1].name).raw == A2
    several = asadm(*hosts, "fn", "get", "a")
    assert several.code == 1
    assert "--node" in several.err
