"""Unmodified client libraries of Valkey load, list, call, dump, restore and kill functions, on one node and on a cluster."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.etcd import await_true
from tests.processes import ROOT, Daemon, log_path, spawn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARY = (ROOT / "config/functions/mylib.lua").read_text()
ENDLESS = "#!lua name=endless\nserver.register_function('spin', function() while true do end end)"
FUNCTIONS = {b"my_hset", b"my_hgetall", b"my_hlastmodified"}


class ClientLibrary(NamedTuple):
    """The module of a library, and its classes for one node and for a cluster."""

    module: str
    one: str
    cluster: str


LIBRARIES = (
    ClientLibrary("valkey", "Valkey", "ValkeyCluster"),
    ClientLibrary("redis", "Redis", "RedisCluster"),
)


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.module)
def library(request: pytest.FixtureRequest) -> ClientLibrary:
    found: ClientLibrary = request.param
    pytest.importorskip(found.module, reason="the client library is not installed: make test installs it")
    return found


@pytest.fixture
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[int]]:
    """Ports of the nodes of a daemon, as many as the test asks for."""
    directory = tmp_path / "work"
    nodes = str(getattr(request, "param", 1))
    process = spawn(directory, ["--resp-port", "0", "--nodes", nodes])
    daemon = Daemon(process, directory, log_path(directory))
    try:
        yield [port for host, port in daemon.addresses if host.startswith("resp=")]
        assert daemon.stop() == 0, daemon.log.read_text(errors="replace")
    finally:
        daemon.kill()


def made(library: ClientLibrary, name: str, port: int, protocol: int = 2) -> Any:
    return getattr(importlib.import_module(library.module), name)(
        host="127.0.0.1", port=port, protocol=protocol
    )


@pytest.mark.parametrize("protocol", [2, 3])
def test_functions_of_one_node(library: ClientLibrary, ports: list[int], protocol: int) -> None:
    client = made(library, library.one, ports[0], protocol)
    assert client.function_load(LIBRARY) == b"mylib"
    error = importlib.import_module(library.module).ResponseError
    with pytest.raises(error, match="Library 'mylib' already exists"):
        client.function_load(LIBRARY)
    assert client.function_load(LIBRARY, replace=True) == b"mylib"
    assert all(name in repr(client.function_list()).encode() for name in FUNCTIONS)
    assert b"register_function" in repr(client.function_list(withcode=True)).encode()

    assert client.fcall("my_hset", 1, "myhash", "field", "value") == 2
    whole = client.fcall_ro("my_hgetall", 1, "myhash")
    assert whole == ({b"field": b"value"} if protocol == 3 else [b"field", b"value"])
    with pytest.raises(error, match="Only one key name is allowed"):
        client.fcall("my_hset", 2, "one", "two")
    with pytest.raises(error, match="Can not execute a script with write flag"):
        client.fcall_ro("my_hset", 1, "myhash", "field", "value")

    payload = client.function_dump()
    assert client.function_flush()
    assert client.function_list() == []
    assert client.function_restore(payload)
    assert client.function_delete("mylib")
    client.close()


def test_an_endless_function_is_killed(library: ClientLibrary, ports: list[int]) -> None:
    client = made(library, library.one, ports[0])
    errors = importlib.import_module(library.module)
    client.config_set("busy-reply-threshold", 50)
    client.function_load(ENDLESS)
    ended: list[str] = []

    def spin() -> None:
        try:
            made(library, library.one, ports[0]).fcall("spin", 0)
        except errors.ResponseError as error:
            ended.append(str(error))

    def is_busy() -> bool:
        try:
            client.ping()
        except errors.ResponseError as error:
            return "busy running a script" in str(error)
        return False

    spinning = threading.Thread(target=spin, daemon=True)
    spinning.start()
    await_true(is_busy, "others are told BUSY")
    assert b"spin" in repr(client.function_stats()).encode()
    assert client.function_kill()
    spinning.join()
    assert "Script killed by user with FUNCTION KILL" in ended[0]
    assert client.ping()
    client.close()


@pytest.mark.parametrize("ports", [3], indirect=True)
def test_functions_of_a_cluster(library: ClientLibrary, ports: list[int]) -> None:
    client = made(library, library.cluster, ports[0])
    assert len(client.get_nodes()) == 3
    client.function_load(LIBRARY)  # the client sends it to every primary
    for port in ports:
        one = made(library, library.one, port)
        assert all(name in repr(one.function_list()).encode() for name in FUNCTIONS)
        one.close()
    for number in range(20):
        key = f"user:{number}"
        assert client.fcall("my_hset", 1, key, "number", number) == 2
        assert client.fcall("my_hgetall", 1, key) == [b"number", str(number).encode()]
    client.function_delete("mylib")
    assert made(library, library.one, ports[2]).function_list() == []
    client.close()
