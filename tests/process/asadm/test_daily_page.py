"""The page of what one does daily: every command of it is run, in order, on a cluster of three nodes in this process."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

import asudfd
from tests.each import for_each
from tests.guide import ROOT
from tests.unit.asadm.conftest import Asadm, Result, asadm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["asadm"]  # a fixture

PAGE = (ROOT / "docs/daily.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SESSION = [shlex.split(line, comments=True) for block in BLOCK.findall(PAGE) for line in block.splitlines()]
ROW = re.compile(r"^\| (`.+?) \| ", re.MULTILINE)

ONCE = {"watch info": "watch 0 1 info", "top": "top --interval 0.01 --count 1"}
SHORTER = {"watch 5": "watch 0 1", "--rate": "--rate 0.01"}
"""What the page does at its leisure."""

ASKING = {"rollback", "truncate", "jobs"}
"""What is asked about on a terminal: here is none."""

RECORDS = 20
"""So many that each node has one."""


def named() -> list[str]:
    """The commands of the table: ``info network`, `namespace [usage, object]``: the next has the first word of the first, and what is in brackets may follow."""
    found = []
    for cell in ROW.findall(PAGE):
        commands = re.findall(r"`([^`]+)`", cell)
        first, several, _ = commands[0].partition(" ")
        for number, command in enumerate(commands):
            plain, _, more = command.replace("COMMAND", "info").partition(" [")
            whole = f"{first} {plain}" if several and number else plain
            found += [whole, *(f"{whole} {word}" for word in re.findall(r"[a-z]+", more))]
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[asudfd.Node]:
    with asudfd.Node(nodes=3) as node:
        yield node


@pytest.fixture
def tool(asadm: Asadm, cluster: asudfd.Node, tmp_path: Path) -> Asadm:
    """asadm for the nodes of a cluster that has a set and an index."""
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.addresses)

    def run(*words: str) -> Result:
        return asadm("-h", hosts, *words)

    lines = [f"record put test.demo/{number} n={number}" for number in range(RECORDS)]
    (tmp_path / "puts").write_text("\n".join(lines))
    assert run("--enable", "-f", "puts").code == 0
    assert (
        run(
            "--enable",
            *["manage", "sindex", "create", "numeric", "idx_n", "ns", "test", "set", "demo", "bin", "n"],
        ).code
        == 0
    )
    return run


def test_the_page_names_every_command_that_looks() -> None:
    assert {"info set", "info namespace usage", "summary", "show pmap", "watch info"} <= set(named())


@for_each(named())
def test_every_command_of_the_table_is_there(command: str, tool: Asadm) -> None:
    done = tool(*ONCE.get(command, command).split())
    assert (done.code, done.err) == (0, ""), done.err


def test_every_command_of_the_page_does_what_it_says(tool: Asadm) -> None:
    for words in SESSION:
        assert words[0] == "asadm"
        line = re.sub(r"^-h \S+ ", "", shlex.join(words[1:]))
        for long, short in SHORTER.items():
            line = line.replace(long, short)
        asks = ["--yes"] if ASKING & set(words) else []
        done = tool(*shlex.split(line), *asks)
        assert done.code == (3 if "--dry-run" in words else 0), f"{line}: {done.err}"
