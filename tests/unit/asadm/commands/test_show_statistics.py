"""``asadm show statistics`` as it is typed."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.each import for_each
from tests.fakes.fleet import FAULTS, Fleet
from tests.fakes.node import FakeNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.asadm.conftest import Asadm, Waited

FIXED = {
    "namespaces": "test;bar",
    "namespace/test": "objects=5;nsup-period=120;client_write_success=3",
    "namespace/bar": "objects=7",
    "sets": "ns=test:set=users:objects=5;",
    "sindex-list:": "ns=test:indexname=idx_age:set=users:bin=age:type=numeric:state=RW",
    "sindex-stat:namespace=test;indexname=idx_age": "entries=5;entries_per_rec=1",
    "get-config:context=xdr": "",
}


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A node that counts ten more requests at each look."""
    looks = count(1)

    def answer(line: bytes) -> str | None:
        if line == b"statistics":
            return f"info_complete={10 * next(looks)};cluster_size=1;uptime=9"
        return FIXED.get(line.decode())

    with FakeNode(answer) as node:
        yield node


def test_all_contexts_in_one_conversation(asadm: Asadm, node: FakeNode) -> None:
    result = asadm("-j", "-h", node.address, "-e", "show stat -t")
    assert (result.code, result.err) == (0, "")
    tables = {table["title"]: table for table in result.document["tables"]}
    assert list(tables) == [
        "Service Statistics",
        "bar Namespace Statistics",
        "test Namespace Statistics",
        "test users Set Statistics",
    ]
    assert tables["Service Statistics"]["totals"]["values"] == {
        "cluster_size": None, "info_complete": 10, "uptime": None,
    }  # fmt: skip
    assert tables["test Namespace Statistics"]["totals"]["values"]["nsup-period"] is None
    assert len(node.requests) == 2


FOUND = [
    ("show statistics namespace test", "client_write_success"),
    ("show stat names for ^te like write", "client_write_success"),
    ("show stats sets test users", "objects"),
    ("show stat sets for test users -flip -r", "objects"),
    ("show stat sindex test idx_age", "entries_per_rec"),
    ("show stat sindex for test age", "RW"),
]


@for_each(FOUND)
def test_words_that_find(case: tuple[str, str], asadm: Asadm, node: FakeNode) -> None:
    words, text = case
    result = asadm("-h", node.address, "-e", words)
    assert (result.code, result.err) == (0, "")
    assert text in result.out


NOTHING = [
    ("show stat bins", 1, "servers from 7.0 on have no limit"),
    ("show stat bins for test", 1, "servers from 7.0 on have no limit"),
    ("show stat xdr", 1, "of the Enterprise Edition only"),
    ("show stat sindex for idx", 1, "nothing matches 'idx'"),
    ("show stat sets test other", 1, "no node has a set 'other'"),
    ("show stat namespace diff", 0, "nothing differs: 4 values are the same on 1 node"),
    ("show stat namespace --rate 0.01", 0, "nothing changed in 0.01 s"),
    ("show stat --rate diff", 2, "leave diff out"),
    ("show stat --rate 0", 2, "is not more than 0"),
    ("show stat nosuch", 2, "there is no context 'nosuch'"),
]


@for_each(NOTHING)
def test_nothing_and_wrong_words_are_told(case: tuple[str, int, str], asadm: Asadm, node: FakeNode) -> None:
    words, code, text = case
    result = asadm("-h", node.address, "-e", words)
    assert (result.code, result.out) == (code, "")
    assert text in result.err


def test_changes_a_second(asadm: Asadm, node: FakeNode) -> None:
    result = asadm("-j", "-h", node.address, "-e", "show stat service --rate 0.01 like complete size")
    assert result.code == 0
    [table] = result.document["tables"]
    assert (table["name"], table["title"]) == ("rate_service", "Service Statistics, changes a second")
    [row] = table["rows"]
    assert list(row["values"]) == ["info_complete"]
    assert 0 < row["values"]["info_complete"] <= 1000


def test_the_word_after_rate_may_be_a_clause(
    asadm: Asadm, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asadm.commands.show_statistics.REPEAT_SECONDS", 0.01)
    result = asadm("-h", node.address, "-e", "show stat service --rate like complete")
    assert "info_complete" in result.out


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"timeout", "timeout, lost", "denied"}))
def test_a_node_that_misbehaves_has_its_reason(asadm: Asadm, fault: str) -> None:
    with Fleet(3) as fleet:
        fleet[1].fault = fault
        result = asadm("-j", "-h", fleet.hosts, "--timeout", "1", "-e", "show statistics service")
    assert "Traceback" not in result.err
    [table] = result.document["tables"]
    assert [row["node"] for row in table["rows"]] == [node.address for node in fleet.nodes]
    told = [row["values"] is not None for row in table["rows"]]
    assert told == [True, False, True] or (fault == "nonsense" and all(told))
    assert result.code == (0 if all(told) else 1)
    assert all(told) or table["rows"][1]["reason"]


def test_a_hung_node_costs_the_rates_little_more_than_one_deadline(asadm: Asadm, waited: Waited) -> None:
    with Fleet(2) as fleet:
        fleet[1].fault = "hangs"
        result = asadm("-j", "-h", fleet.hosts, "--timeout", "1", "-e", "show stat service --rate 0.01")
    assert result.code == 1
    assert sum(waited.missed(fleet[1].address)) <= 1.25
