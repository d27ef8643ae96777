"""asadm function on 300 primaries of which some have a fault each: every row says its own, and all others are as they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.processes import raise_file_limit
from tests.fakes.valkey_fleet import FAULTS, ValkeyFleet, ValkeyServer
from tests.function_fleet.conftest import Tool, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.asadm.conftest import Result

PRIMARIES = 300
HUNG = 4
"""How many hang, beside one of each other kind."""

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
F2 = "server.register_function('f', function() return 2 end)"

NOT_RESP = "does not speak RESP"
READ = {
    "hangs": ("timeout-reply", "no whole answer within"),
    "closes": ("closed", "before it answered"),
    "closes amid": ("closed", "bytes of its answer"),
    "takes and closes": ("closed", "bytes of its answer"),
    "restarts": ("closed", "before it answered"),
    "busy": ("busy", "BUSY"),
    "loading": ("loading", "LOADING"),
    "masterdown": ("lagging", "MASTERDOWN"),
    "readonly": ("readonly", "READONLY"),
    "noauth": ("login", "NOAUTH"),
    "wrongpass": ("login", "WRONGPASS"),
    "oom": ("error", "OOM"),
    "noreplicas": ("error", "NOREPLICAS"),
    "misconf": ("error", "MISCONF"),
    "garbage": ("protocol", NOT_RESP),
    "huge bulk": ("protocol", NOT_RESP),
    "huge array": ("protocol", NOT_RESP),
    "endless line": ("protocol", "has no end"),
    "nested": ("protocol", "no string"),
    "another type": ("protocol", "no string"),
    "null": ("protocol", "no string"),
    "drips": ("ok", ""),
    "forgets": ("ok", ""),
}
"""Status and a part of the reason of a node that shows a fault when it is read."""

WRITE = {
    **READ,
    "closes amid": ("ok", ""),
    "takes and closes": ("ok", ""),
    "nested": ("error", "no OK"),
    "another type": ("error", "no OK"),
    "null": ("error", "no OK"),
    "forgets": ("late", "does not show the change"),
}
"""The same when it is written to."""


class FaultyFleet:
    """The fleet, which node has which fault, and how many of those that hang were waited for at the same time."""

    def __init__(self, fleet: ValkeyFleet) -> None:
        self.fleet = fleet
        self.kinds: dict[str, str] = {}
        self.hung: list[ValkeyServer] = []
        self.waited_for = 0

    def break_some(self, kinds: list[str], command: bytes) -> None:
        """A node far from the others for each kind; it shows the fault at ``command``."""
        for number, kind in enumerate(kinds):
            node = self.fleet[5 + number * 11]
            node.fail(kind, on=command)
            self.kinds[node.name] = kind
            if kind == "hangs":
                self.hung.append(node)
                node.before = self._count

    def _count(self, asked: ValkeyServer, _words: list[bytes]) -> None:
        others = [node for node in self.hung if node is not asked]
        hanging = sum(any(connection.hung for connection in node.connections) for node in others)
        self.waited_for = max(self.waited_for, hanging + 1)

    def judge(self, result: Result, expected: dict[str, tuple[str, str]]) -> None:
        """One row a node: each broken one with its own fault, the others well."""
        found = rows(result)
        assert found.keys() == {node.name for node in self.fleet.nodes}
        for address, row in found.items():
            status, reason = expected[self.kinds[address]] if address in self.kinds else ("ok", "")
            assert row["status"] == status, (self.kinds.get(address), row)
            assert reason in (row["error"] or ""), (self.kinds.get(address), row)

    def has_cost_one_deadline(self, command: bytes) -> None:
        """Those that hang were asked once each, and all before the time of any was over."""
        assert [node.count(command) for node in self.hung] == [1] * HUNG
        assert self.waited_for == HUNG


@pytest.fixture
def faulty() -> Iterator[FaultyFleet]:
    raise_file_limit()
    with ValkeyFleet(PRIMARIES) as fleet:
        fleet.load(A)
        yield FaultyFleet(fleet)


def kinds_of(expected: dict[str, tuple[str, str]]) -> list[str]:
    return [*expected, *["hangs"] * (HUNG - 1)]


def test_all_kinds_are_in_the_tables() -> None:
    assert {*READ, "endless bulk"} == FAULTS  # that one is a hang or a fault of RESP, by what comes first
    assert READ.keys() == WRITE.keys()


def test_reading(tool: Tool, faulty: FaultyFleet) -> None:
    fleet = faulty.fleet
    tool.use("cluster", fleet[0], fleet[1])
    faulty.break_some(kinds_of(READ), b"FUNCTION DUMP")
    status = tool("status", timeout=3)
    assert status.code == 1
    faulty.judge(status, READ)
    faulty.has_cost_one_deadline(b"FUNCTION DUMP")
    sound = [node for node in fleet.nodes if node.name not in faulty.kinds]
    assert {node.count(b"FUNCTION DUMP") for node in sound} == {1}


def test_writing(tool: Tool, faulty: FaultyFleet) -> None:
    fleet = faulty.fleet
    tool.use("cluster", fleet[0], fleet[1])
    tool.write(a=F2)
    faulty.break_some(kinds_of(WRITE), b"FUNCTION RESTORE")
    applied = tool.apply("--wait", "12", timeout=3)
    assert applied.code == 1
    faulty.judge(applied, WRITE)
    faulty.has_cost_one_deadline(b"FUNCTION RESTORE")
    sound = [node for node in fleet.nodes if node.name not in faulty.kinds]
    assert {node.count(b"FUNCTION RESTORE") for node in sound} == {1}
    for node in fleet.nodes:
        if rows(applied)[node.name]["status"] == "ok":
            assert {name.decode(): text for name, text in node.texts.items()} == tool.texts, node.name
        node.mend()
    again = tool.apply("--verify")
    assert again.code == 0, again.err
    assert all(
        {name.decode(): text for name, text in node.texts.items()} == tool.texts for node in fleet.nodes
    )
    assert tool.check().code == 0
