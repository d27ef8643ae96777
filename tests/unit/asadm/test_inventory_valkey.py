"""Clusters of Valkey in the inventory: how they tell their nodes, and whose login is whose."""

from __future__ import annotations

from typing import Any

import pytest

from asadm.inventory_file import parse
from asinfo.errors import ConfigError


def cluster(text: str) -> dict[str, Any]:
    """The only cluster of an inventory, whose settings are ``text``."""
    found: dict[str, Any] = parse(f"clusters: {{c: {{{text}}}}}".encode(), "f")["clusters"]["c"]
    return found


def login(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    return entry["user"], entry["password"]


def test_sentinels_have_a_port_and_a_login_of_their_own() -> None:
    said = (
        "type: valkey, mode: sentinel m, nodes: [h], defaults: {user: u, password: env:P, tls: {cafile: ca}}"
    )
    found = cluster(said)
    (node,) = found["nodes"]
    assert (node["name"], node["port"], login(node)) == ("h:26379", 26379, (None, None))
    assert node["tls"] == found["servers"]["tls"] == {"cafile": "ca"}, "TLS is mostly of both"
    assert login(found["servers"]) == ("u", "env:P")
    found = cluster(f"{said}, sentinel: {{user: s, password: file:x, port: 5000, tls: false}}")
    (node,) = found["nodes"]
    assert (node["port"], login(node), node["tls"]) == (5000, ("s", "file:x"), None)
    assert (login(found["servers"]), found["servers"]["tls"]) == (("u", "env:P"), {"cafile": "ca"})


@pytest.mark.parametrize("mode", ["cluster", "replicas", "static", "sentinel m"])
def test_a_password_without_a_user_is_that_of_default(mode: str) -> None:
    of_nodes = f"type: valkey, mode: {mode}, nodes: [{{host: h, password: env:OWN}}]"
    assert login(cluster(of_nodes)["nodes"][0]) == ("default", "env:OWN")
    of_all = cluster(f"type: valkey, mode: {mode}, nodes: [h], defaults: {{password: env:P}}")
    assert login(of_all.get("servers") or of_all["nodes"][0]) == ("default", "env:P")


def test_other_clusters_have_no_servers_beside_their_nodes() -> None:
    assert "servers" not in cluster("type: valkey, mode: replicas, nodes: [h]")
    assert "servers" not in cluster("nodes: [h]")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mode: cluster, sentinel: {user: u}", "sentinel goes with mode: sentinel NAME"),
        ("sentinel: {user: u}", "sentinel goes with mode: sentinel NAME"),
        ("mode: sentinel m, sentinel: {name: u}", "name"),
        ("mode: sentinel m, sentinel: {password: secret}", "password must be env:VARIABLE or file:PATH"),
        ("mode: sentinel m, sentinel: []", "sentinel"),
        ("mode: sentinel", "mode must be one of cluster, replicas, sentinel NAME, static"),
    ],
)
def test_faults(text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        cluster(f"type: valkey, nodes: [h], {text}")
