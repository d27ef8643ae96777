"""What a member says of itself in etcd, and how others read it."""

from __future__ import annotations

import json

import pytest

from asudfd.cluster.cluster import Member
from asudfd.smd.etcd.membership import _member, _value
from asudfd.smd.etcd.wire import KeyValue


def entry(value: bytes) -> KeyValue:
    return KeyValue(key=b"/A1", value=value, create=7, mod=7, lease=1)


@pytest.mark.parametrize("ports", [(0, 0), (6379, 0), (0, 6380), (6379, 6380)])
def test_a_member_is_read_as_it_was_written(ports: tuple[int, int]) -> None:
    member = Member("A1", "127.0.0.1", 3000, 7, *ports)
    assert _member(b"A1", entry(_value(member))) == member


@pytest.mark.parametrize("name", ["resp", "resp-tls"])
@pytest.mark.parametrize("port", [-1, 65536, "6379", True, None, 1.5])
def test_a_port_that_is_none_is_refused(name: str, port: object) -> None:
    value = json.dumps({"host": "127.0.0.1", "port": 3000, name: port}).encode()
    with pytest.raises(ValueError, match="port"):
        _member(b"A1", entry(value))
