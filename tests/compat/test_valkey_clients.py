"""Ordinary client libraries of Valkey and Redis against one node: functions, pipelines, transactions, scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.valkey_library import CODE, FUNCTIONS, KILLED, NAME, EndlessCall, await_running
from tests.processes import READY_SECONDS, Daemon, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

redis = pytest.importorskip("redis", reason="the client library is not installed: make test installs it")
valkey = pytest.importorskip("valkey", reason="the client library is not installed: make test installs it")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("valkey-clients") / "work"
    with running(directory, ("--resp-port", "0")) as daemon:
        with valkey.Valkey(*daemon.resp_addresses[0]) as client:
            client.config_set("busy-reply-threshold", 50)
        yield daemon


LIBRARIES = [(valkey.Valkey, 2), (valkey.Valkey, 3), (redis.Redis, 2), (redis.Redis, 3)]


@pytest.fixture(params=LIBRARIES, ids=lambda each: f"{each[0].__name__} RESP{each[1]}")
def connect(node: Daemon, request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    """Makes clients of one library, on a node without libraries and keys."""
    made, protocol = request.param
    host, port = node.resp_addresses[0]
    clients: list[Any] = []

    def connect() -> Any:
        client = made(
            host=host, port=port, protocol=protocol, decode_responses=True, socket_timeout=READY_SECONDS
        )
        clients.append(client)
        return client

    first = connect()
    first.flushall()
    first.function_flush()
    yield connect
    for client in clients:
        client.close()


def test_a_library_is_loaded_listed_called_and_deleted(connect: Callable[[], Any]) -> None:
    client = connect()
    assert client.function_load(CODE) == NAME
    assert client.function_load(CODE, replace=True) == NAME
    listed = repr(client.function_list(withcode=True))
    assert all(repr(each) in listed for each in (NAME, *FUNCTIONS, CODE))
    assert client.fcall("put", 1, "book", "title", "Walden", "year", "1854") == 2
    fields = client.fcall_ro("fields", 1, "book")
    flat = [*fields.items()] if isinstance(fields, dict) else [*zip(fields[::2], fields[1::2], strict=True)]
    assert dict(flat) == {"title": "Walden", "year": "1854"}
    with pytest.raises(Exception, match="Can not execute a script with write flag using"):
        client.fcall_ro("put", 1, "book")
    assert client.function_delete(NAME)
    with pytest.raises(Exception, match="Function not found"):
        client.fcall("put", 1, "book")
    with pytest.raises(Exception, match="Error compiling function"):
        client.function_load("#!lua name=bad\nreturn (")


def test_an_endless_function_is_killed(connect: Callable[[], Any]) -> None:
    client, other, third = connect(), connect(), connect()
    client.function_load(CODE)
    endless = EndlessCall(lambda: client.fcall("endless", 0))
    await_running(other.function_stats)
    with pytest.raises(Exception, match="busy running a script"):
        third.get("key")
    assert other.function_kill()
    endless.join(READY_SECONDS)
    assert KILLED in endless.told
    assert third.get("key") is None


def test_an_endless_script_is_killed(connect: Callable[[], Any]) -> None:
    client, other = connect(), connect()
    script = EndlessCall(lambda: client.eval("local endless = true while endless do end", 0))
    while True:
        try:
            other.get("key")
        except Exception as error:  # noqa: BLE001 - each library has its own kind
            assert "busy running a script" in str(error)  # noqa: PT017 - what the loop waits for
            break
    assert other.script_kill()
    script.join(READY_SECONDS)
    assert KILLED in script.told


def test_what_is_dumped_is_restored(connect: Callable[[], Any]) -> None:
    text = connect()
    text.function_load(CODE)
    host_and_port = {each: text.connection_pool.connection_kwargs[each] for each in ("host", "port")}
    with type(text)(**host_and_port) as client:
        payload = client.function_dump()
        with pytest.raises(Exception, match="already exists"):
            client.function_restore(payload)
        assert client.function_restore(payload, "REPLACE")
        client.function_flush()
        assert client.function_restore(payload, "FLUSH")
        assert client.function_stats()
        client.hset("hash", mapping={"a": 1})
        client.restore("copy", 0, client.dump("hash"))
        assert client.hgetall("copy") == {b"a": b"1"}
    assert text.fcall("put", 1, "book", "title", "x") == 1


def test_pipelines_and_transactions(connect: Callable[[], Any]) -> None:
    client = connect()
    client.function_load(CODE)
    pipeline = client.pipeline(transaction=False)
    for number in range(300):
        pipeline.set(f"key{number}", number).get(f"key{number}")
    assert pipeline.execute()[1::2] == [str(number) for number in range(300)]
    with client.pipeline() as transaction:
        transaction.watch("key1")
        transaction.multi()
        transaction.incr("key1").fcall("put", 1, "book", "title", "x")
        assert transaction.execute() == [2, 1]
    with client.pipeline() as transaction:
        transaction.watch("key1")
        connect().set("key1", "other")
        transaction.multi()
        transaction.get("key1")
        with pytest.raises(Exception, match="Watched variable changed"):
            transaction.execute()
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert add(keys=["sum"], args=[5]) == 5
    assert client.script_exists(add.sha) == [True]


def test_common_commands_and_their_types(connect: Callable[[], Any]) -> None:
    client = connect()
    assert client.ping()
    assert client.info()["valkey_version"]
    assert client.set("a", "1", ex=100)
    assert 0 < client.ttl("a") <= 100
    assert client.zadd("z", {"a": 1.5, "b": 2}) == 2
    assert [list(each) for each in client.zrange("z", 0, -1, withscores=True)] == [["a", 1.5], ["b", 2.0]]
    assert client.sadd("s", "x", "y") == 2
    assert sorted(client.smembers("s")) == ["x", "y"]
    assert client.rpush("l", 1, 2) == 2
    assert client.blpop("l", timeout=1)[1] == "1"
    assert set(client.scan_iter()) == {"a", "z", "s", "l"}
    assert client.xadd("st", {"f": "v"}, id="1-1") == "1-1"
    assert client.command_count() > 100
    assert client.command_getkeys("FCALL", "f", 2, "a", "b", "c") == ["a", "b"]
    assert "fcall" in client.command()
    assert client.client_setname("me")
    assert client.client_getname() == "me"
    with client.lock("lock", timeout=10):
        assert client.exists("lock")
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    while not client.publish("news", "hi"):
        continue
    while (message := subscriber.get_message(timeout=READY_SECONDS)) is None:
        continue
    assert message["data"] == "hi"
    subscriber.close()


def test_valkey_glide(node: Daemon) -> None:
    glide_sync = pytest.importorskip(
        "glide_sync", reason="the client library is not installed: make test installs it"
    )
    configuration = glide_sync.GlideClientConfiguration(
        [glide_sync.NodeAddress(*node.resp_addresses[0])], request_timeout=int(READY_SECONDS * 1000)
    )
    with valkey.Valkey(*node.resp_addresses[0]) as plain:
        plain.flushall()
        plain.function_flush()
    client, other = (glide_sync.GlideClient.create(configuration) for _ in range(2))
    try:
        assert client.function_load(CODE) == NAME.encode()
        assert NAME in repr(client.function_list())
        assert client.fcall("put", ["book"], ["title", "x"]) == 1
        assert client.fcall_ro("fields", ["book"]) in ({b"title": b"x"}, [b"title", b"x"])
        payload = client.function_dump()
        client.function_flush()
        assert client.function_restore(payload) == "OK"
        batch = glide_sync.Batch(is_atomic=True).set("a", "1").get("a")
        assert client.exec(batch, raise_on_error=True) == ["OK", b"1"]
        endless = EndlessCall(lambda: client.fcall("endless"))
        await_running(other.function_stats)
        assert other.function_kill() == "OK"
        endless.join(READY_SECONDS)
        assert KILLED in endless.told
        assert client.function_delete(NAME) == "OK"
    finally:
        client.close()
        other.close()
