"""The page of Valkey's commands says of each what is so."""

from fnmatch import fnmatchcase

import pytest

from asudfd.valkey.table import command_rows
from docs.valkey_commands import NO, PART, REFUSED, REMARKS, YES, listed, offered
from tests.recorded.valkey import MEMBER, ReplyStream, serving

CALLS = {
    "replicaof": "REPLICAOF 10.0.0.1 6379",
    "slaveof": "SLAVEOF 10.0.0.1 6379",
    "failover": "FAILOVER",
    "migrate": "MIGRATE 10.0.0.1 6379 there 0 1000",
    "module|load": "MODULE LOAD a.so",
    "module|loadex": "MODULE LOADEX a.so",
    "module|unload": "MODULE UNLOAD a",
    "config|rewrite": "CONFIG REWRITE",
    "acl|save": "ACL SAVE",
    "acl|load": "ACL LOAD",
    "cluster|meet": "CLUSTER MEET 127.0.0.1 7001",
    "cluster|addslots": "CLUSTER ADDSLOTS 1",
    "cluster|addslotsrange": "CLUSTER ADDSLOTSRANGE 1 2",
    "cluster|delslots": "CLUSTER DELSLOTS 1",
    "cluster|delslotsrange": "CLUSTER DELSLOTSRANGE 1 2",
    "cluster|forget": f"CLUSTER FORGET {MEMBER}",
    "cluster|replicate": f"CLUSTER REPLICATE {MEMBER}",
    "cluster|reset": "CLUSTER RESET",
    "cluster|flushslots": "CLUSTER FLUSHSLOTS",
    "cluster|flushslot": "CLUSTER FLUSHSLOT 1",
    "cluster|migrateslots": f"CLUSTER MIGRATESLOTS SLOTSRANGE 0 1 NODE {MEMBER}",
    "cluster|cancelslotmigrations": "CLUSTER CANCELSLOTMIGRATIONS",
    "cluster|syncslots": "CLUSTER SYNCSLOTS ESTABLISH",
    "cluster|set-config-epoch": "CLUSTER SET-CONFIG-EPOCH 5",
    "cluster|setslot": f"CLUSTER SETSLOT 1 NODE {MEMBER}",
    "cluster|failover": "CLUSTER FAILOVER",
}
"""A call of each command that is refused."""


@pytest.mark.parametrize("clustered", [False, True])
def test_what_is_called_refused_is(clustered: bool) -> None:
    refused = {row.name for row in listed() if offered(row.name) == REFUSED}
    assert refused == set(CALLS)
    answers = {}
    with serving([], clustered=clustered) as address:
        stream = ReplyStream(address, 2, 10)
        if not clustered:
            stream.call(("SET", "there", "1"))
        for name, call in CALLS.items():
            if clustered == name.startswith("cluster|"):
                answers[name] = stream.call(call.split())
        stream.close()
    assert not {name: answer for name, answer in answers.items() if not answer.startswith(b"-ERR ")}


def test_a_command_without_an_implementation_says_so() -> None:
    names = [row.name for row in listed() if offered(row.name) == NO]
    with serving([]) as address:
        stream = ReplyStream(address, 2, 10)
        answers = {
            name: stream.call([*name.split("|"), *"xxx"][: max(2, abs(command_rows()[name].arity))])
            for name in names
        }
        stream.close()
    assert not {name: answer for name, answer in answers.items() if b"not supported by asudfd" not in answer}


def test_every_remark_is_about_a_command() -> None:
    assert not [
        each for each in REMARKS if not any(fnmatchcase(name, each.pattern) for name in command_rows())
    ]
    assert {each.offered for each in REMARKS} <= {YES, PART, REFUSED, NO}
    assert not [each for each in REMARKS if each.offered == NO and offered(each.pattern) != NO]
