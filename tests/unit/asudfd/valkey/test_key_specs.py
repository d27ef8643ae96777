"""Where commands have their keys, as a real Valkey 9.1.2 tells by COMMAND GETKEYSANDFLAGS."""

from __future__ import annotations

import pytest

from asudfd.valkey.key_specs import flags_of_place
from asudfd.valkey.table import command_rows
from tests.unit.asudfd.valkey.conftest import TestedKeyspace


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("get a", "a:RO,access"),
        ("set a b", "a:OW,update"),
        ("set a b get", "a:RW,access,update"),
        ("mset a 1 b 2", "a:OW,update b:OW,update"),
        ("mset a 1 b", "a:OW,update b:OW,update"),
        ("del a b c", "a:RM,delete b:RM,delete c:RM,delete"),
        ("rename a b", "a:RW,access,delete b:OW,update"),
        ("eval x 1 a", "a:RW,access,update"),
        ("eval_ro x 2 a b c", "a:RO,access b:RO,access"),
        ("fcall f 0 a", None),
        ("eval x 5 a", None),
        ("eval x y", None),
        ("eval x -1", None),
        ("eval x 01 a", "a:RW,access,update"),
        ("eval x 99999999999999999999 a", None),
        ("zunionstore d 2 a b", "d:OW,update a:RO,access b:RO,access"),
        ("zunionstore d 9 a b", None),
        ("sort a", "a:RO,access"),
        ("sort a by x store b store c", "a:RO,access c:OW,update"),
        ("xread count 1 streams a b 0 0", "a:RO,access b:RO,access"),
        ("xread count 1 streams a b 0", "a:RO,access"),
        ("xread count 1", ""),
        ("xreadgroup group g c streams a >", "a:RO,access"),
        ("bitfield a get u1 0", "a:RO,access"),
        ("bitfield a set u1 0 1", "a:RW,access,update"),
        ("blpop a b 0", "a:RW,access,delete b:RW,access,delete"),
        ("lmpop 2 a b left", "a:RW,access,delete b:RW,access,delete"),
        ("bitop and d a b", "d:OW,update a:RO,access b:RO,access"),
        ("object|encoding object encoding a", "a:RO"),
        ("spublish a b", ""),
        ("ping", ""),
    ],
)  # fmt: skip
def test_keys_and_what_is_done_to_them(keyspace: TestedKeyspace, line: str, keys: str | None) -> None:
    first, *rest = line.split()
    row = command_rows()[first]
    arguments = [word.encode() for word in (rest if "|" in first else [first, *rest])]
    places = keyspace.engine.key_places(row, arguments)
    if keys is None:
        assert not places
        return
    assert places is not None
    found = [
        f"{arguments[place.position].decode()}:{','.join(flags_of_place(row, place, arguments))}"
        for place in places
    ]
    assert " ".join(found) == keys
