"""Cluster clients of Valkey and Redis over three nodes of one process: every library is on every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.valkey_library import CODE, KILLED, NAME, EndlessCall, await_running
from tests.processes import READY_SECONDS, Daemon, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

redis = pytest.importorskip("redis", reason="the client library is not installed: make test installs it")
valkey = pytest.importorskip("valkey", reason="the client library is not installed: make test installs it")

NODES = 3
KEYS = [f"key{number}" for number in range(30)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("valkey-cluster") / "work"
    arguments = ("--resp-port", "0", "--nodes", str(NODES))
    with running(directory, arguments) as daemon:
        for address in daemon.resp_addresses:
            with valkey.Valkey(*address) as client:
                client.config_set("busy-reply-threshold", 50)
        yield daemon


@pytest.fixture(params=[valkey.ValkeyCluster, redis.RedisCluster], ids=lambda each: each.__name__)
def connect(nodes: Daemon, request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    host, port = nodes.resp_addresses[0]
    clients: list[Any] = []

    def connect() -> Any:
        client = request.param(host=host, port=port, decode_responses=True, socket_timeout=READY_SECONDS)
        clients.append(client)
        return client

    connect().flushall()
    connect().function_flush()
    yield connect
    for client in clients:
        client.close()


def test_a_library_of_a_cluster(connect: Callable[[], Any], nodes: Daemon) -> None:
    client = connect()
    assert len(client.get_primaries()) == NODES
    client.function_load(CODE)
    for address in nodes.resp_addresses:
        with valkey.Valkey(*address, decode_responses=True) as one:
            assert NAME in repr(one.function_list())
    assert [client.fcall("put", 1, key, "f", key) for key in KEYS] == [1] * len(KEYS)
    assert [client.hget(key, "f") for key in KEYS] == KEYS
    assert sum(client.dbsize(target_nodes=each) for each in client.get_primaries()) == len(KEYS)
    with pytest.raises(Exception, match=r"key slot|CROSSSLOT"):
        client.fcall("put", 2, "a", "b")
    client.function_delete(NAME)
    with pytest.raises(Exception, match="Function not found"):
        client.fcall("put", 1, "key")


def test_pipelines_over_all_nodes(connect: Callable[[], Any]) -> None:
    client = connect()
    pipeline = client.pipeline()
    for key in KEYS:
        pipeline.set(key, key)
        pipeline.get(key)
    assert pipeline.execute()[1::2] == KEYS


def test_an_endless_function_on_one_node(connect: Callable[[], Any]) -> None:
    client, other = connect(), connect()
    client.function_load(CODE)
    node = client.get_node_from_key("busy")
    elsewhere = next(key for key in KEYS if client.get_node_from_key(key) != node)
    endless = EndlessCall(lambda: client.fcall("endless", 1, "busy"))
    target = other.get_node_from_key("busy")
    await_running(lambda: other.execute_command("FUNCTION STATS", target_nodes=target))
    assert other.set(elsewhere, "1")
    other.execute_command("FUNCTION KILL", target_nodes=target)
    endless.join(READY_SECONDS)
    assert KILLED in endless.told


def test_valkey_glide_cluster(nodes: Daemon) -> None:
    glide_sync = pytest.importorskip(
        "glide_sync", reason="the client library is not installed: make test installs it"
    )
    configuration = glide_sync.GlideClusterClientConfiguration(
        [glide_sync.NodeAddress(*nodes.resp_addresses[0])], request_timeout=int(READY_SECONDS * 1000)
    )
    client = glide_sync.GlideClusterClient.create(configuration)
    try:
        client.flushall()
        client.function_flush()
        assert client.function_load(CODE) == NAME.encode()
        for key in KEYS:
            assert client.custom_command(["FCALL", "put", "1", key, "f", key]) == 1
            assert client.hget(key, "f") == key.encode()
        assert NAME in repr(client.function_list(route=glide_sync.AllPrimaries()))
        assert client.function_delete(NAME) == "OK"
    finally:
        client.close()
