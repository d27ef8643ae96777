"""Configuration and statistics by context: what nodes said, in tables; whatever they said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from asadm.commands.modifiers import NamePattern
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.views import configuration, statistics
from asadm.target.aerospike.views.asking import NodeInfo
from asadm.target.aerospike.views.contexts import ContextRequest, PartSelection, tables
from asinfo.exchange import Endpoint
from asinfo.terminal.render import plain
from tests.each import for_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.tables.values import ValueTable
    from asadm.target.aerospike.views.contexts import Context

EVERY = (*configuration.CONTEXTS, *statistics.CONTEXTS)


def node(said: dict[str, str], number: int = 1) -> NodeInfo:
    answer = NodeAnswer(Endpoint(f"10.0.0.{number}"), "ok")
    return NodeInfo(answer, {command.encode(): text.encode() for command, text in said.items()})


def dead(number: int = 9) -> NodeInfo:
    return NodeInfo(NodeAnswer(Endpoint(f"10.0.0.{number}"), "refused", error="nobody listens there"), {})


def shown(
    contexts: Sequence[Context], name: str, *found: NodeInfo, outer: str = "", inner: str = ""
) -> list[ValueTable]:
    context = next(each for each in contexts if each.name == name)
    selection = PartSelection(NamePattern([outer]), NamePattern([inner]))
    return tables("x", found, ContextRequest(context, selection))


CONFIG: list[tuple[str, str, dict[str, str], dict[str, dict[str, str]]]] = [
    (
        "service",
        "",
        {"get-config:context=service": "a=1;b=x=y;a=2;junk;"},
        {"Service Configuration": {"a": "1,2", "b": "x=y"}},
    ),
    ("security", "", {"get-config:context=security": ""}, {}),
    (
        "network",
        "service",
        {"get-config:context=network": "service.port=3000;heartbeat.port=3002"},
        {"Network Configuration": {"service.port": "3000"}},
    ),
    (
        "namespace",
        "te",
        {
            "namespaces": "test;bar",
            "get-config:context=namespace;namespace=test": "nsup-period=5",
            "get-config:context=namespace;namespace=bar": "nsup-period=6",
        },
        {"test Namespace Configuration": {"nsup-period": "5"}},
    ),
    (
        "sets",
        "test",
        {"sets": "ns=test:set=users:objects=9:stop-writes-count=5;ns=bar:set=x:default-ttl=0;"},
        {"test users Set Configuration": {"stop-writes-count": "5"}},
    ),
    (
        "logging",
        "",
        {"logs": "0:/var/log/a.log;1:stderr", "log/0": "misc:INFO;udf:DEBUG", "log/1": "ERROR::bad-id"},
        {
            "Logging Configuration, sink 0": {"file": "/var/log/a.log", "misc": "INFO", "udf": "DEBUG"},
        },
    ),
    (
        "mod-lua",
        "",
        {"get-config:context=asudf": "mod-lua.cache-enabled=true;smd.x=1"},
        {"mod-lua Configuration": {"cache-enabled": "true"}},
    ),
    ("mod-lua", "", {"get-config:context=asudf": "ERROR:4:invalid context"}, {}),
    (
        "xdr",
        "",
        {"get-config:context=xdr": "dcs=A;src-id=1", "get-config:context=xdr;dc=A": "node-address-port=h:1"},
        {
            "XDR Configuration": {"dcs": "A", "src-id": "1"},
            "A XDR Configuration": {"node-address-port": "h:1"},
        },
    ),
    ("xdr", "", {"get-config:context=xdr": ""}, {}),
]


@for_each(CONFIG)
def test_configuration(case: tuple[str, str, dict[str, str], dict[str, dict[str, str]]]) -> None:
    name, outer, said, expected = case
    found = shown(configuration.CONTEXTS, name, node(said), outer=outer)
    assert {table.title: table.values[0] for table in found} == expected


STATISTICS: list[tuple[str, str, str, dict[str, str], dict[str, dict[str, str]]]] = [
    ("service", "", "", {"statistics": "uptime=3"}, {"Service Statistics": {"uptime": "3"}}),
    (
        "sets",
        "test",
        "^users$",
        {"sets": "ns=test:set=users:objects=9;ns=test:set=users2:objects=1"},
        {"test users Set Statistics": {"objects": "9"}},
    ),
    (
        "sindex",
        "",
        "age",
        {
            "sindex-list:": "ns=test:indexname=idx_age:set=NULL:bin=age:state=RW;ns=test:indexname=other:set=s",
            "sindex-stat:namespace=test;indexname=idx_age": "entries=7",
        },
        {"test idx_age SIndex Statistics": {"bin": "age", "state": "RW", "entries": "7"}},
    ),
    (
        "bins",
        "",
        "",
        {"bins": "test:bin_names=2,bin_names_quota=65535,a,b;"},
        {"test Bin Statistics": {"bin_names": "2", "bin_names_quota": "65535"}},
    ),
    (
        "xdr",
        "",
        "",
        {"get-config:context=xdr": "dcs=A", "get-stats:context=xdr;dc=A": "lag=1"},
        {"A XDR Statistics": {"lag": "1"}},
    ),
]


@for_each(STATISTICS)
def test_statistics(case: tuple[str, str, str, dict[str, str], dict[str, dict[str, str]]]) -> None:
    name, outer, inner, said, expected = case
    found = shown(statistics.CONTEXTS, name, node(said), outer=outer, inner=inner)
    assert {table.title: table.values[0] for table in found} == expected


def test_every_node_is_in_every_table() -> None:
    one = node({"namespaces": "test", "namespace/test": "objects=1"})
    two = node(
        {
            "namespaces": "bar;test",
            "namespace/bar": "objects=2",
            "namespace/test": "ERROR:81:the role forbids it",
        },
        2,
    )
    found = shown(statistics.CONTEXTS, "namespace", one, dead(), two)
    assert [table.title for table in found] == ["bar Namespace Statistics", "test Namespace Statistics"]
    assert [cell.text for table in found for cell in table.states()] == [
        "not there", "refused", "ok",
        "ok", "refused", "refused it",
    ]  # fmt: skip
    assert (
        found[1]
        .note()
        .startswith("1 of 3 nodes were read; 10.0.0.9:3000: nobody listens there; 10.0.0.2:3000: ")
    )


def test_where_no_node_was_read_a_table_has_the_reasons() -> None:
    [table] = shown(configuration.CONTEXTS, "namespace", dead(1), dead(2))
    assert table.names == []
    assert [cell.text for cell in table.states()] == ["refused", "refused"]


COMMANDS = st.sampled_from(
    [
        *{command for context in EVERY for command in context.commands},
        "namespace/a", "get-config:context=namespace;namespace=a", "log/0", "sindex-stat:namespace=a;indexname=b",
        "get-config:context=xdr;dc=a", "get-stats:context=xdr;dc=a",
    ]
)  # fmt: skip
PIECES = st.sampled_from(
    [";", ":", "=", ",", "a", "b", "0", "ns=a", "set=b", "indexname=b", "dcs=a", "mod-lua.x=1", "ERROR:4:no", "\0", "\x1b", "\udc80", "-x"]
)  # fmt: skip
ANSWERS = st.lists(PIECES, max_size=12).map(lambda found: "".join(found).encode("utf-8", "surrogateescape"))
NODES = st.lists(st.dictionaries(COMMANDS, ANSWERS | st.binary(max_size=20)), min_size=1, max_size=3)


@given(NODES)
def test_whatever_nodes_say_makes_a_table(said: list[dict[str, bytes]]) -> None:
    every = PartSelection(NamePattern(), NamePattern())
    found = [node({}, number) for number in range(len(said))]
    for info, answers in zip(found, said, strict=True):
        info.said = {command.encode(): answer for command, answer in answers.items()}
    for context in EVERY:
        for info in found:
            assert context.follow is None or isinstance(context.follow(info, every), list)
        for table in tables("x", [*found, dead()], ContextRequest(context, every)):
            for flipped in (False, True):
                table.flipped, table.total = flipped, not flipped
                assert plain(table.sheet())
            table.flipped = False
            other = table.sheet().otherwise
            assert other is not None
            assert plain(other())
            assert json.dumps(table.document())
