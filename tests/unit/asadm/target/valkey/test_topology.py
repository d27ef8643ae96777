"""The topology of Valkey servers from what the nodes tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from asadm.cluster import ClusterNode
from asadm.outcome import NodeAnswer
from asadm.target.valkey.replies import Role
from asadm.target.valkey.topology import NodeLine, discover
from asinfo.errors import UsageError, WireError
from asinfo.exchange import Endpoint
from asinfo.wire.resp_reply import encode

A = "a" * 40
B = "b" * 40
NODES = f"""\
{A} 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 [93->-{B}]
{B} 10.0.0.2:7000@17000,host2 slave {A} 0 0 1 connected
{"c" * 40} 10.0.0.3:7000@17000 master,fail - 0 0 1 disconnected
{"d" * 40} :0@0 master,noaddr - 0 0 1 disconnected
"""


class Asked:
    """What asks nodes: each says what it is told to say, one that has nothing to say does not answer."""

    def __init__(self, mode: str = "", /, **said: list[Any]) -> None:
        self.mode, _, self.watched = mode.partition(" ")
        self.topology_unknown = False
        self.said = said

    def ask_commands(self, nodes: Sequence[Endpoint], commands: Sequence[Sequence[str]]) -> list[NodeAnswer]:
        answers = []
        for node in nodes:
            said = self.said.get(node.name)
            if said is None:
                answers.append(NodeAnswer(node, "timeout-reply", (), "no answer"))
                continue
            frames = [each if isinstance(each, bytes) else encode(each, protocol=2) for each in said]
            answers.append(NodeAnswer(node, "ok", frames[-len(commands) :]))
        return answers


NO_CLUSTER = b"-ERR This instance has cluster support disabled\r\n"


def seeds(*names: str) -> list[ClusterNode]:
    return [ClusterNode(Endpoint(f"10.0.0.{name[1:]}", 7000, name=name)) for name in names]


def shown(found: list[ClusterNode]) -> list[tuple[str, str, str]]:
    return [
        (
            each.node.name,
            each.node.role.kind if each.node.role else "",
            each.node.role.primary if each.node.role else "",
        )
        for each in found
    ]


def bulk(text: str) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text.encode())


def test_a_cluster_from_one_node() -> None:
    found = discover(Asked(n1=[bulk(NODES), [b"master", 1, []]]), seeds("n1", "n9"))
    assert shown(found) == [
        (":0", "primary", ""),
        ("n1", "primary", ""),
        ("10.0.0.2:7000", "replica", "10.0.0.1:7000"),
        ("10.0.0.3:7000", "primary", ""),
        ("n9", "", ""),
    ]
    roles = {each.node.name: each.node.role for each in found}
    assert (roles["n1"].slots, roles["10.0.0.3:7000"].flags, roles["10.0.0.3:7000"].slots) == (
        5461,
        ("master", "fail"),
        0,
    )
    assert next(each.node for each in found if each.node.name == "10.0.0.2:7000").tls_name == "host2"


def test_a_node_that_never_met_another_has_the_address_it_was_asked_at() -> None:
    line = NodeLine(f"{A} :7391@17391 myself,master - 0 0 0 connected", Endpoint("10.0.0.7", 7391))
    assert (line.host, line.port) == ("10.0.0.7", 7391)


@pytest.mark.parametrize(
    "line", ["", "a b c", f"{A} 10.0.0.1:x@1 master - 0 0 0 connected", f"{A} x master - 0 0 0 c"]
)
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(WireError):
        NodeLine(line, Endpoint("10.0.0.1", 1))


NO_NUMBERS = ("65536", "99999", "-1", "\u00b2", "9" * 5000, "", "+1")
"""No port, and no slot: too large, negative, a digit that int() does not take, longer than int() takes."""


def test_ports_and_slots_that_cannot_be_are_refused() -> None:
    asked = Endpoint("10.0.0.1", 1)
    for said in NO_NUMBERS:
        with pytest.raises(WireError):
            NodeLine(f"{A} 10.0.0.1:{said}@1 master - 0 0 1 connected", asked)
        with pytest.raises(WireError):
            Role(encode([b"slave", b"h", said.encode(), b"connected", 1], protocol=2))
        with pytest.raises(WireError):
            Role(encode([b"master", 1, [[b"h", said.encode(), b"1"]]], protocol=2))
        for field in (said, f"0-{said}", f"{said}-5", "5-4"):
            assert NodeLine(f"{A} h:1@1 master - 0 0 1 connected {field}", asked).slots == 0, field


def test_a_sentinel_that_tells_no_port() -> None:
    for said in NO_NUMBERS:
        asked = Asked("sentinel odd", n9=[[b"10.0.0.1", said.encode()], []])
        with pytest.raises(UsageError, match="n9: the port of a node is no number from 0 to 65535"):
            discover(asked, seeds("n8", "n9"))


def test_replicas_from_a_replica() -> None:
    asked = Asked(
        n2=[NO_CLUSTER, [b"slave", b"10.0.0.1", 7000, b"connected", 5]],
        **{"10.0.0.1:7000": [[b"master", 5, [[b"10.0.0.2", b"7000", b"5"], [b"10.0.0.3", b"7000", b"5"]]]]},
    )
    assert shown(discover(asked, seeds("n2"))) == [
        ("10.0.0.1:7000", "primary", ""),
        ("n2", "replica", "10.0.0.1:7000"),
        ("10.0.0.3:7000", "replica", "10.0.0.1:7000"),
    ]


def test_a_sentinel_tells_the_nodes_and_is_none() -> None:
    replica = [b"name", b"x", b"ip", b"10.0.0.2", b"port", b"7000", b"flags", b"slave,s_down"]
    asked = Asked("sentinel mymaster", n9=[[b"10.0.0.1", b"7000"], [replica]])
    found = discover(asked, seeds("n8", "n9"))
    assert shown(found) == [("10.0.0.1:7000", "primary", ""), ("10.0.0.2:7000", "replica", "10.0.0.1:7000")]
    assert found[1].node.role.flags == ("slave", "s_down")


@pytest.mark.parametrize(
    "more", [[], [b"-NOPERM no\r\n"], [[b"ip", b"10.0.0.2", b"port", b"x"]], [1], [[1, 2]]]
)
def test_the_former_primary_of_a_failover_is_a_node_where_the_sentinel_tells_it(more: list[Any]) -> None:
    heir = [b"ip", b"10.0.0.1", b"port", b"7000", b"flags", b"slave"]
    former = [b"ip", b"10.0.0.2", b"port", b"7000", b"flags", b"s_down,master"]
    under_way = [[b"10.0.0.1", b"7000"], [heir]]
    found = discover(Asked("sentinel mymaster", n9=[*under_way, former]), seeds("n9"))
    assert shown(found) == [("10.0.0.1:7000", "primary", ""), ("10.0.0.2:7000", "replica", "10.0.0.1:7000")]
    untold = discover(Asked("sentinel mymaster", n9=[*under_way, *more]), seeds("n9"))
    assert shown(untold) == [("10.0.0.1:7000", "primary", "")]


def test_a_name_that_no_sentinel_knows() -> None:
    asked = Asked("sentinel odd", n9=[b"*-1\r\n", b"-ERR No such master with that name\r\n"])
    with pytest.raises(UsageError, match="n8: no answer; n9: it watches nothing called 'odd'"):
        discover(asked, seeds("n8", "n9"))


def test_sentinels_that_do_not_answer_are_the_nodes() -> None:
    asked = Asked("sentinel odd")
    assert shown(discover(asked, seeds("n8", "n9"))) == [("n8", "", ""), ("n9", "", "")]
    assert asked.topology_unknown


def test_a_mode_that_does_not_fit() -> None:
    with pytest.raises(UsageError, match="n1 is no node of a cluster"):
        discover(Asked("cluster", n1=[NO_CLUSTER, [b"master", 1, []]]), seeds("n1"))
    with pytest.raises(UsageError, match="n1 is a Sentinel: its mode in the inventory is 'sentinel NAME'"):
        discover(Asked(n1=[b"-ERR unknown command 'CLUSTER'\r\n", [b"sentinel", [b"m"]]]), seeds("n1"))


def test_nobody_tells_anything() -> None:
    asked = Asked(n1=[b"-BUSY x\r\n", b"-BUSY x\r\n"])
    assert shown(discover(asked, seeds("n1", "n2"))) == [("n1", "", ""), ("n2", "", "")]
    assert asked.topology_unknown


def test_static_nodes_are_not_asked() -> None:
    assert shown(discover(Asked("static"), seeds("n1"))) == [("n1", "", "")]
