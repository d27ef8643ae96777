"""The whole configuration of a node, as it tells it over several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.views import node_settings
from asadm.target.aerospike.views.asking import NodeInfo
from asinfo.exchange import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

SAID = {
    "get-config:context=service": "node-id=A1;work-directory=/srv/1;user=",
    "get-config:context=network": "heartbeat.mesh-seed-address-port=a:1;heartbeat.mesh-seed-address-port=b:1",
    "get-config:context=security": "",
    "get-config:context=xdr": "ERROR:25:enterprise only",
    "get-config:context=asudf": "mod-lua.cache-enabled=true;network.http.port=0;unknown.x=1;bare=1",
    "namespaces": "test;bar",
    "get-config:context=namespace;namespace=test": "default-ttl=5",
    "get-config:context=namespace;namespace=bar": "default-ttl=6",
    "sets": "ns=test:set=users:objects=5:disable-eviction=true:stop-writes-count=9;ns=test:broken;",
    "logs": "0:stderr;1:/var/log/a:b",
    "log/0": "misc:INFO;udf:DEBUG",
    "log/1": "ERROR:4:no such sink",
}


def info(said: Mapping[str, str]) -> NodeInfo:
    answer = NodeAnswer(Endpoint("127.0.0.1"), "ok")
    return NodeInfo(answer, {name.encode(): text.encode() for name, text in said.items()})


def test_contexts_by_name() -> None:
    assert node_settings.settings(info(SAID)) == {
        "service": {"node-id": "A1", "work-directory": "/srv/1", "user": ""},
        "network": {"heartbeat.mesh-seed-address-port": "a:1,b:1", "http.port": "0"},
        "mod-lua": {"cache-enabled": "true"},
        "namespace test": {"default-ttl": "5"},
        "namespace bar": {"default-ttl": "6"},
        "namespace test set users": {"disable-eviction": "true", "stop-writes-count": "9"},
        "logging 0": {"file": "stderr", "misc": "info", "udf": "debug"},
    }


@given(st.dictionaries(st.sampled_from(sorted(SAID)), st.text(max_size=80)))
def test_whatever_a_node_says_is_read(said: dict[str, str]) -> None:
    found = node_settings.settings(info({**SAID, **said}))
    assert all(values for values in found.values())
