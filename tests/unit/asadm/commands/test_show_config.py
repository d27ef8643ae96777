"""``asadm show config`` as it is typed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.each import for_each
from tests.fakes.node import FakeNode, refusing
from tests.process.asadm.test_asadm_terminal import Terminal, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.asadm.conftest import Asadm


def answers(number: int) -> dict[str, str | bytes]:
    return {
        "get-config:context=security": "",
        "get-config:context=service": f"node-id=A{number};migrate-threads={number % 2}",
        "get-config:context=network": "service.port=3000;heartbeat.interval=150",
        "get-config:context=xdr": "",
        "namespaces": "test",
        "get-config:context=namespace;namespace=test": "nsup-period=5;default-ttl=0",
        "sets": "",
    }


@pytest.fixture
def nodes() -> Iterator[list[FakeNode]]:
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNode(answers(number))) for number in (1, 2, 3)]


def hosts(nodes: list[FakeNode]) -> str:
    return ",".join(node.address for node in nodes)


def test_all_contexts_in_one_conversation(asadm: Asadm, nodes: list[FakeNode]) -> None:
    result = asadm("-j", "-h", hosts(nodes), "-e", "sho conf")
    assert (result.code, result.err) == (0, "")
    tables = [table["title"] for table in result.document["tables"]]
    assert tables == ["Service Configuration", "Network Configuration", "test Namespace Configuration"]
    assert [len(node.requests) for node in nodes] == [2, 2, 2]


def test_for_that_chooses_nothing_is_told_beside_what_it_does_not_concern(
    asadm: Asadm, nodes: list[FakeNode]
) -> None:
    result = asadm("-h", hosts(nodes), "-e", "show config for nosuch")
    assert "Service Configuration" in result.out
    assert (result.code, result.err) == (1, "asadm: for: no namespace matches 'nosuch'\n")
    found = asadm("-h", hosts(nodes), "-e", "show config for te like ttl")
    assert (found.code, found.err) == (0, "")


def test_what_differs(asadm: Asadm, nodes: list[FakeNode]) -> None:
    result = asadm("-h", hosts(nodes), "-e", "show config diff")
    assert [line.split() for line in result.out.splitlines()[2:]] == [
        ["migrate-threads", "1", "0", "1"],
        ["node-id", "A1", "A2", "A3"],
    ]
    same = asadm("-h", hosts(nodes), "-e", "show config network diff")
    assert (same.code, same.out) == (0, "")
    assert same.err == "asadm: nothing differs: 2 values are the same on 3 nodes\n"


def test_a_dead_node_is_in_the_table_and_no_difference(asadm: Asadm, nodes: list[FakeNode]) -> None:
    dead = "{}:{}".format(*refusing())
    result = asadm("-h", f"{hosts(nodes)},{dead}", "-e", "show config service diff like threads")
    assert result.code == 1
    assert [line.split() for line in result.out.splitlines()[2:4]] == [
        ["State", "ok", "ok", "ok", "refused"],
        ["migrate-threads", "1", "0", "1", "-"],
    ]
    only = asadm("-h", dead, "-e", "show config")
    assert only.code == 1
    assert only.out.count("refused") == 1


FOUND = [
    ("show config network heartbeat", "heartbeat.interval"),
    ("show config names test like ttl", "default-ttl"),
    ("show config namespace for ^te --flip -r", "default-ttl"),
    ("show config for test like nsup -flip", "nsup-period"),
    ("show config service with {first}", "A1"),
]


@for_each(FOUND)
def test_words_that_find(case: tuple[str, str], asadm: Asadm, nodes: list[FakeNode]) -> None:
    words, text = case
    result = asadm("-h", hosts(nodes), "-e", words.format(first=nodes[0].address))
    assert (result.code, result.err) == (0, "")
    assert text in result.out


NOTHING = [
    ("show config security", "of the Enterprise Edition only"),
    ("show config xdr", "of the Enterprise Edition only"),
    ("show config sets", "no node has a set"),
    ("show config mod-lua", "a real server does not tell its parameters"),
    ("show config namespace other", "no node has a namespace 'other'"),
    ("show config namespace test like other", "no node has a namespace 'test' with a name that matches"),
    ("show config namespace for other", "nothing matches 'other'"),
    ("show config service like OTHER", "nothing matches 'OTHER'"),
]


@for_each(NOTHING)
def test_nothing_is_said_so(case: tuple[str, str], asadm: Asadm, nodes: list[FakeNode]) -> None:
    words, text = case
    result = asadm("-h", hosts(nodes), "-e", words)
    assert (result.code, result.out) == (1, "")
    assert text in result.err


WRONG = [
    ("show config servce", "did you mean 'service'"),
    ("show config se", "may be security, service, sets"),
    ("show config service threads", "show config service like threads"),
    ("show config namespace test users", "unexpected 'users'"),
    ("show config service for test", "for chooses among namespaces"),
    ("show config namespace test for bar", "leave for out"),
    ("show config like (", "is no regular expression"),
    ("show config -t", "unknown option -t"),
    ("show config namespace for a b c", "unexpected 'c'"),
]


@for_each(WRONG)
def test_what_is_wrong_asks_nobody(case: tuple[str, str], asadm: Asadm, nodes: list[FakeNode]) -> None:
    words, text = case
    result = asadm("-h", hosts(nodes), "-e", words)
    assert (result.code, result.out) == (2, "")
    assert text in result.err
    assert all(not node.requests for node in nodes)


def test_a_name_that_cannot_be_asked_for_fails_nobody_else(asadm: Asadm) -> None:
    odd = {**answers(1), "namespaces": "te\0st;test"}
    with FakeNode(odd) as one, FakeNode(answers(2)) as two:
        result = asadm("-j", "-h", f"{one.address},{two.address}", "-e", "show config namespace")
        assert [row["values"] is None for row in result.document["tables"][-1]["rows"]] == [False, False]


def test_eighty_columns_have_room_for_three_nodes(nodes: list[FakeNode], tmp_path: Path) -> None:
    argv = ["env", "COLUMNS=80", *command("-h", hosts(nodes), "show", "config", "network")]
    terminal = Terminal(argv, tmp_path)
    try:
        assert terminal.end() == 0
    finally:
        terminal.close()
    lines = terminal.seen.decode().splitlines()
    [row] = [line for line in lines if line.startswith("heartbeat.interval")]
    assert row.split() == ["heartbeat.interval", "150", "150", "150"]
