"""No summary claims anything about nodes that were not read: every command, with none of the nodes and with all but one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from asadm.fleet.observed.survey import coverage, unknown
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

ONE = b"return 1\n"

COMMANDS: dict[str, list[str]] = {
    "asinfo": ["asinfo", "-v", "build"],
    "show udfs": ["show", "udfs"],
    "show one": ["show", "udfs", "one.lua"],
    "info network": ["info", "network"],
    "add": ["--enable", "-e", "manage udfs add two.lua path udf/one.lua --wait 1"],
    "take away": ["--enable", "-e", "manage udfs remove nosuch.lua"],
    "plan": ["udf", "plan", "udf"],
    "apply": ["udf", "apply", "udf", "--yes", "--verify"],
    "apply dry": ["udf", "apply", "udf", "--dry-run"],
    "remove": ["udf", "remove", "nosuch.lua", "--yes"],
    "rollback": ["udf", "rollback", "--to", "1", "--yes"],
    "status": ["udf", "status"],
    "status by bytes": ["udf", "status", "--verify"],
    "get": ["udf", "get", "nosuch.lua"],
    "check": ["udf", "check", "udf"],
    "check by bytes": ["udf", "check", "udf", "--verify"],
    "repair": ["udf", "repair", "--yes"],
    "repair dry": ["udf", "repair", "--dry-run"],
    "rewarm": ["udf", "rewarm", "--yes"],
    "cache clear": ["cache", "clear"],
    "watch": ["watch", "0.01", "1", "show", "udfs"],
}

BOAST = re.compile(
    r"all the same(?! there)|no change: .* on (\d+) nodes?\b|nothing to repair: |0 modules|\bno node lists",
)
"""Words that would be a claim about nodes that were not read."""


@pytest.fixture
def fleet(asadm: Asadm, tmp_path: Path) -> Any:
    """Three asudfd nodes with all that the directory has, and a history that knows it."""
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "one.lua").write_bytes(ONE)
    with Fleet(3, real=False) as fleet:
        assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes").code == 0
        yield fleet


def ran(asadm: Asadm, fleet: Fleet, command: str, *flags: str) -> Any:
    return asadm(*flags, "-h", fleet.hosts, "--timeout", "2", *COMMANDS[command])


@pytest.mark.parametrize("command", COMMANDS)
def test_with_one_unread(asadm: Asadm, fleet: Fleet, command: str) -> None:
    fleet[1].fault = "refuses"
    done = ran(asadm, fleet, command)
    said = done.out + done.err
    assert done.code == 1, said
    assert not BOAST.search(said), said
    assert fleet[1].address in said
    assert "all 3 nodes" not in said
    document = ran(asadm, fleet, command, "--json").document
    assert (document["nodes_read"], document["nodes_asked"], document["complete"]) == (2, 3, False)
    assert document["code"] == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_with_all_unread(asadm: Asadm, fleet: Fleet, command: str) -> None:
    for node in fleet.nodes:
        node.fault = "refuses"
    done = ran(asadm, fleet, command)
    said = done.out + done.err
    assert done.code == 1, said
    assert not BOAST.search(said), said
    assert "bytes compared" not in said
    assert "nobody listens there" in said
    document = ran(asadm, fleet, command, "--json").document
    assert (document["nodes_read"], document["nodes_asked"], document["complete"]) == (0, 3, False)


SAYS = {
    "show udfs": "1 module on the 2 of 3 nodes that were read",
    "plan": "no change: 1 module as in udf on 2 of 3 nodes",
    "check": "1 of 3 nodes not read",
    "repair": "nothing to repair on the 2 of 3 nodes that were read: 1 module",
    "remove": "nothing to remove (on the 2 of 3 nodes that were read)",
    "take away": "none of the 2 of 3 nodes that were read lists a module nosuch.lua",
    "get": "none of the 2 of 3 nodes that were read lists nosuch.lua",
    "info network": "2 of 3 nodes were read",
    "apply": "2 of 3 nodes as they should be",
    "rewarm": "(on the 2 of 3 nodes that were read)",
}
NOTHING = ["show udfs", "plan", "repair", "repair dry", "remove"]


@pytest.mark.parametrize("command", SAYS)
def test_how_many_of_how_many(asadm: Asadm, fleet: Fleet, command: str) -> None:
    fleet[1].fault = "refuses"
    done = ran(asadm, fleet, command)
    assert SAYS[command] in done.out + done.err


@pytest.mark.parametrize("command", NOTHING)
def test_nothing_is_known_where_nobody_answers(asadm: Asadm, fleet: Fleet, command: str) -> None:
    for node in fleet.nodes:
        node.fault = "refuses"
    done = ran(asadm, fleet, command)
    assert unknown(3) in done.out + done.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in {"get", "take away"}])
def test_with_all_read_the_document_says_so(asadm: Asadm, fleet: Fleet, command: str) -> None:
    document = ran(asadm, fleet, command, "--json").document
    assert (document["nodes_read"], document["nodes_asked"], document["complete"]) == (3, 3, True)


def test_pending_changes_and_a_node_that_was_not_read(asadm: Asadm, fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "udf" / "two.lua").write_bytes(b'require("three")\n')
    fleet[1].fault = "refuses"
    done = ran(asadm, fleet, "plan")
    assert "on 2 of 3 nodes; 1 the same; 1 of 3 nodes not read" in done.out
    assert "nor a node that was read has" in done.err


@pytest.mark.parametrize(
    "words", [["udf", "repair", "x.lua", "--yes"], ["udf", "repair", "x.lua", "--dry-run"]]
)
def test_a_name_that_nobody_could_list_is_no_wrong_command_line(
    asadm: Asadm, fleet: Fleet, words: list[str]
) -> None:
    for node in fleet.nodes:
        node.fault = "refuses"
    done = asadm("-h", fleet.hosts, *words)
    assert (done.code, unknown(3) in done.err) == (1, True)


def test_check_by_bytes_counts_who_did_not_let_them_be_read(asadm: Asadm, fleet: Fleet) -> None:
    fleet[1].before = lambda _, command: (
        b"ERROR:81:role violation" if command.startswith(b"udf-get") else None
    )
    document = ran(asadm, fleet, "check by bytes", "--json").document
    assert document["code"] != 0
    fleet[1].before = lambda node, command: (
        node._switch("refuses") if command.startswith(b"udf-get") else None
    )
    done = asadm("-h", fleet.hosts, "udf", "check", "--verify", "--format", "json")
    document = json.loads(done.raw)
    assert (document["nodes_read"], document["nodes_asked"], document["complete"]) == (2, 3, False)


def test_the_words() -> None:
    assert [coverage(*each) for each in ((1, 1), (3, 3), (1, 3), (2, 3), (0, 1))] == [
        "1 node",
        "3 nodes",
        "the 1 of 3 nodes that was read",
        "the 2 of 3 nodes that were read",
        "the 0 of 1 node that were read",
    ]
