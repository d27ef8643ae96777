"""asadm function on a primary with replicas, behind Sentinel, on servers of two versions, over TLS, and with few rights."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asinfo.wire.resp_reply import ErrorReply
from tests.function_fleet import topology
from tests.function_fleet.conftest import Tool, rows
from tests.function_fleet.topology import libraries
from tests.real_valkey import REDIS_7_0, VALKEY_8_1, VALKEY_9_1, Login, RealValkey

if TYPE_CHECKING:
    import pytest

    from tests.function_fleet.topology import Cluster, Group
    from tests.unit.asadm.conftest import Asadm

F = "redis.register_function('f', function() return 1 end)"
F2 = "redis.register_function('f', function() return 2 end)"
AUTHORITY = Path(__file__).parents[1] / "fakes/tls/authority.pem"
NODE = AUTHORITY.with_name("node.pem")
RIGHTS = "+function +cluster|nodes +cluster|myid +info +role +wait +ping +hello +auth +client|setinfo"
"""What a user of the tool needs, and no keys."""

GUIDE = Path(__file__).parents[2] / "docs/function-fleet.md"


def documented(user: str) -> list[str]:
    """The rights of a user as the guide gives them, behind the password."""
    (rights,) = re.findall(rf"^ACL SETUSER {user} on >PASSWORD (.*)$", GUIDE.read_text(), re.MULTILINE)
    words: list[str] = rights.split()
    return words


def test_a_primary_and_its_replicas(tool: Tool, replicas: Group) -> None:
    tool.use("replicas", replicas.servers[-1])  # a replica leads to its primary, and that to the others
    tool.write(a=F)
    applied = tool.apply("--verify")
    assert applied.code == 0, applied.out
    assert rows(applied).keys() == replicas.libraries().keys()
    assert set(map(str, replicas.libraries().values())) == {str(tool.texts)}
    tool.finish(replicas)


def test_static_nodes_are_those_of_the_inventory(tool: Tool, replicas: Group) -> None:
    primary = replicas.servers[0]
    tool.use("static", primary)
    tool.write(a=F)
    applied = tool.apply()
    assert applied.code == 0, applied.out
    assert rows(applied).keys() == {primary.address}
    assert libraries(primary) == tool.texts


def test_sentinel_tells_the_nodes(tool: Tool, watched: tuple[RealValkey, Group]) -> None:
    sentinel, group = watched
    tool.use(f"sentinel {topology.SENTINEL_NAME}", sentinel)
    tool.write(a=F)
    applied = tool.apply("--verify")
    assert applied.code == 0, applied.out
    assert rows(applied).keys() == {server.address for server in group.servers}
    tool.finish(group)


def test_sentinels_have_a_login_of_their_own(
    tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = f"sentinel {topology.SENTINEL_NAME}"
    servers: dict[str, Any] = {"user": "ops", "password": "env:VALKEY_PASSWORD"}
    own = {"user": "watcher", "password": "env:SENTINEL_PASSWORD"}
    monkeypatch.setenv("VALKEY_PASSWORD", "pw")
    monkeypatch.setenv("SENTINEL_PASSWORD", "secret")
    tool.write(a=F)
    with topology.watched(tmp_path / "watched") as (sentinel, group):
        for server in group.servers:
            server.ask("ACL", "SETUSER", "ops", "on", ">pw", "-@all", "resetkeys", *RIGHTS.split())
        tool.use(mode, sentinel, **servers)
        assert tool.plan().code == 3, "Sentinels mostly have no login, and do not get that of the servers"
        sentinel.ask("ACL", "SETUSER", "watcher", "on", ">secret", *documented("watcher"))
        sentinel.ask("ACL", "SETUSER", "default", "resetpass", ">closed")
        refused = tool.plan()
        assert refused.code == 2
        assert "the inventory has the login of Sentinels as 'sentinel: {user, password}'" in refused.err
        tool.use(mode, sentinel, sentinel=own, **servers)
        assert tool.apply("--verify").code == 0
        tool.finish(group)
        monkeypatch.setenv("VALKEY_PASSWORD", "wrong")
        assert {row["status"] for row in rows(tool.check()).values()} == {"login"}
        monkeypatch.setenv("SENTINEL_PASSWORD", "wrong")
        refused = tool.check()
        (row,) = refused.document["nodes"]
        assert (refused.code, row["address"], row["status"]) == (1, sentinel.address, "login")
        assert "WRONGPASS" in row["error"]


def test_replicas_of_an_older_version_get_what_their_primary_gets(tool: Tool, tmp_path: Path) -> None:
    programs = (VALKEY_9_1, VALKEY_9_1, VALKEY_8_1, VALKEY_8_1)
    with topology.cluster(tmp_path / "mixed", 2, 2, programs=programs) as group:
        tool.use("cluster", group.servers[0])
        for body in (F, F2):
            tool.write(a=body)
            applied = tool.apply("--verify")
            assert applied.code == 0, applied.out
            versions = {row["version"].rpartition(".")[0] for row in rows(applied).values()}
            assert versions == {"9.1", "8.1"}
            tool.finish(group)
        back = tool("rollback", "--yes")
        assert back.code == 0, back.out
        tool.write(a=F)
        assert group.libraries() == {server.address: tool.texts for server in group.servers}


def test_a_payload_of_9_1_is_made_portable_without_a_server(
    asadm: Asadm, replicas: Group, tmp_path: Path
) -> None:
    primary = replicas.servers[0]
    text = f"#!lua name=a\n{F}".encode()
    primary.ask("FUNCTION", "LOAD", text)
    own = primary.ask("FUNCTION", "DUMP")
    (tmp_path / "nine.dump").write_bytes(own)
    assert asadm("fn", "dump", "--portable", "nine.dump", "--out", "ten.dump").code == 0
    place = tmp_path / "older"
    place.mkdir()
    with topology.Group(place) as group:
        for server in (*group.start(1, program=VALKEY_8_1), *group.start(1, program=REDIS_7_0)):
            with server.connect() as client:
                assert isinstance(client("FUNCTION", "RESTORE", own), ErrorReply)
                client.done("FUNCTION", "RESTORE", (tmp_path / "ten.dump").read_bytes())
            assert libraries(server) == {"a": text}


def test_redis_over_tls(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ("--tls-cert-file", str(NODE), "--tls-key-file", str(NODE), "--tls-ca-cert-file", str(AUTHORITY))
    trusted = ssl.create_default_context(cafile=str(AUTHORITY))
    login = Login("sesame", tls=trusted)
    options = (*files, "--tls-auth-clients", "no", "--requirepass", "sesame")
    place = tmp_path / "tls"
    place.mkdir()
    with topology.Group(place) as group:
        (server,) = group.start(1, *options, program=REDIS_7_0, login=login)
        monkeypatch.setenv("VALKEY_PASSWORD", "sesame")
        password = "env:VALKEY_PASSWORD"
        tool.write(a=F)
        tool.use("static", server, password=password, tls={"cafile": str(AUTHORITY)})
        applied = tool.apply("--verify")
        assert applied.code == 0, applied.out + applied.err
        assert libraries(server) == tool.texts
        tool.use("static", server, password=password, tls=True)
        unknown = tool.check(timeout=2)
        assert unknown.code == 1, unknown.out
        monkeypatch.setenv("VALKEY_PASSWORD", "wrong")
        tool.use("static", server, password=password, tls={"cafile": str(AUTHORITY)})
        refused = tool.check()
        assert refused.code == 1
        assert rows(refused)[server.address]["status"] == "login"


def test_the_rights_of_the_guide_are_enough(
    tool: Tool, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for server in cluster.servers:
        server.ask("ACL", "SETUSER", "functions", "on", ">pw", *documented("functions"))
    monkeypatch.setenv("VALKEY_PASSWORD", "pw")
    tool.use("cluster", cluster.servers[0], user="functions", password="env:VALKEY_PASSWORD")
    tool.write(a=F)
    assert tool.apply("--verify").code == 0
    with cluster.primaries[1].connect() as client:
        client("EVAL", "#!lua flags=allow-cross-slot-keys\nreturn redis.call('MGET', 'a', 'b')", 0)
    checked = tool.check()
    assert [finding["kind"] for finding in checked.document["findings"]] == ["poisoned"]
    for words in (["status"], ["stats"], ["kill", "--yes"], ["rollback", "--yes"]):
        done = tool(*words)
        assert done.code == 0, (words, done.out, done.err)
    poisoned = cluster.primaries[1]
    poisoned.kill()
    poisoned.restart()
    cluster.await_whole()
    for server in cluster.servers:
        server.ask("ACL", "DELUSER", "functions")


def test_least_rights(tool: Tool, replicas: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    for server in replicas.servers:
        server.ask("ACL", "SETUSER", "ops", "on", ">pw", "-@all", "resetkeys", *RIGHTS.split())
        server.ask("ACL", "SETUSER", "reader", "on", ">pw", "-@all", *["+function|dump", "+role", "+hello"])
    monkeypatch.setenv("VALKEY_PASSWORD", "pw")
    tool.write(a=F)
    tool.use("replicas", replicas.servers[0], user="reader", password="env:VALKEY_PASSWORD")
    assert tool.plan().code == 3
    forbidden = tool.apply("--wait", "3")
    assert forbidden.code == 1
    assert "NOPERM" in forbidden.out
    assert replicas.libraries() == {server.address: {} for server in replicas.servers}
    tool.use("replicas", replicas.servers[0], user="ops", password="env:VALKEY_PASSWORD")
    assert tool.apply("--verify").code == 0
    tool.finish(replicas)
