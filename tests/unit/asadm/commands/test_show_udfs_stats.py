"""``asadm show udfs --stats``: the figures of functions of all nodes in one table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fakes.fleet import Fleet, Server
from tests.process.asadm.test_asadm_terminal import Terminal, command
from tests.unit.asadm.target.aerospike.test_function_figures import ONE, TWO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.fleet import Hook
    from tests.unit.asadm.conftest import Asadm


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Three nodes, of which the first two have counted calls."""
    with Fleet(3, real=False) as fleet:
        for server, answer in zip(fleet.nodes, (ONE, TWO, b""), strict=True):
            server.before = _counted(answer)
        yield fleet


def _counted(answer: bytes) -> Hook:
    def before(_server: Server, command: bytes) -> bytes | None:
        return answer if command == b"udf-stats:" else None

    return before


def test_one_table(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "show", "udfs", "--stats")
    assert (result.code, result.err) == (0, "")
    assert [line.split() for line in result.out.splitlines()[1:]] == [
        ["Function", "Calls", "Errors", "Late", "Mean", "p99", "Total", "Memory"],
        ["m.f", "5", "2", "1", "10us", "32us", "50us", "391K"],
        ["m.g;", "0", "0", "0", "-", "-", "0us", "-"],
    ]
    document = asadm("-j", "-h", fleet.hosts, "show", "udfs", "--stats").document
    assert [each["function"] for each in document["functions"]] == ["m.f", "m.g;"]


def test_a_node_that_does_not_count(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].before = lambda _server, _command: b"ERROR:4:unrecognized command"
    result = asadm("-h", fleet.hosts, "show", "udfs", "--stats")
    assert result.code == 1
    assert "m.f" in result.out
    assert f"{fleet[2].address}: it does not count calls of functions" in result.err
    assert "\non the 2 of 3 nodes that were read\n" in result.out


def test_where_no_node_was_read_nothing_is_said_of_calls(asadm: Asadm, fleet: Fleet) -> None:
    for server in fleet.nodes:
        server.before = lambda _server, _command: b"ERROR:4:unrecognized command"
    for words in (["show", "udfs", "--stats"], ["top", "--interval", "0.01", "--count", "1"]):
        result = asadm("-h", fleet.hosts, *words)
        assert result.out.endswith("\nnothing is known: none of 3 nodes could be read\n")


def test_an_answer_that_is_none(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].before = lambda _server, _command: b"<html>"
    result = asadm("-h", fleet.hosts, "show", "udfs", "--stats")
    assert result.code == 1
    assert "about calls of functions is none" in result.err


def test_nothing_was_called(asadm: Asadm, fleet: Fleet) -> None:
    for server in fleet.nodes:
        server.before = lambda _server, command: b"" if command == b"udf-stats:" else None
    assert "no function was called yet" in asadm("-h", fleet.hosts, "show", "udfs", "--stats").out


def test_a_name_with_it_is_refused(asadm: Asadm) -> None:
    result = asadm("-h", "127.0.0.1", "show", "udfs", "a.lua", "--stats")
    assert result.code == 2
    assert "leave the name out" in result.err


def test_it_fits_eighty_columns(fleet: Fleet, tmp_path: Path) -> None:
    name = b"a_module_with_a_long_name:function=and_a_function_with_one"
    row = ONE.replace(b"m:function=f", name).replace(b"calls=4", b"calls=123456789")
    fleet[0].before = lambda _server, _command: row
    terminal = Terminal(
        ["env", "COLUMNS=80", *command("-h", fleet.hosts, "show", "udfs", "--stats")], tmp_path
    )
    assert terminal.end() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.seen.decode()).splitlines()
    assert any(line.startswith("a_module_with_a_long_...  123456789") for line in lines), lines
    assert max(map(len, lines)) <= 80
