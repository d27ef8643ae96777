"""Real servers start from the RDB files of ``asadm function rdb``, and take what ``function lint`` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asadm import cli
from asinfo.wire.functions import dump, portable
from asinfo.wire.rdb import VERSION_9_1
from asinfo.wire.resp_reply import ErrorReply, Map, Verbatim
from tests.real_valkey import REDIS_7_0, VALKEY_8_1, VALKEY_9_1, RealClient, RealValkey

ONE = b"""#!lua name=one
local function get(keys)
    return redis.call('GET', keys[1])
end
redis.register_function{function_name='get', callback=get, flags={'no-writes'}, description='d\xc3\xa9\xff'}
"""
TWO = (
    b"#!LUA  name=Two_2\r\n-- \x01 \x80"
    + b"x" * 70_000
    + b"\nredis.register_function('put', function() return 2 end)"
)
FILES = {"b.lua": ONE, "a.lua": TWO}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "lib"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_bytes(text)
    return made


Start = Callable[[], RealClient]


@pytest.fixture(params=[VALKEY_9_1, VALKEY_8_1, REDIS_7_0], ids=["valkey-9.1", "valkey-8.1", "redis-7.0"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts the server in ``tmp_path / "data"``, with the file dump.rdb there; a client of it."""
    running: list[tuple[RealValkey, RealClient]] = []
    program = request.param

    def begin() -> RealClient:
        server = RealValkey(tmp_path / "data", "--dbfilename", "dump.rdb", program=program)
        running.append((server, server.connect()))
        return running[-1][1]

    yield begin
    for server, client in running:
        client.close()
        server.stop()


def texts(client: RealClient) -> dict[bytes, bytes]:
    """The text of each library by its name."""
    listed: list[Map] = client.done("FUNCTION", "LIST", "WITHCODE")
    each = [dict(library) for library in listed]
    return {library[b"library_name"]: library[b"library_code"] for library in each}


def test_a_server_starts_from_the_file(directory: Path, tmp_path: Path, start: Start) -> None:
    (tmp_path / "data").mkdir()
    servers = "valkey-9.1,valkey-8.1,redis-7.0"
    out = str(tmp_path / "data/dump.rdb")
    assert cli.run(["function", "rdb", str(directory), "--for", servers, "--out", out]) == 0
    client = start()
    assert texts(client) == {b"one": ONE, b"Two_2": TWO}
    client.done("SET", "k", "v")
    assert client.done("FCALL_RO", "GET", 1, "k") == b"v"


def test_valkey_reads_a_text_up_to_a_nul(tmp_path: Path, start: Start) -> None:
    (tmp_path / "data").mkdir()
    client = start()
    text = b"#!lua name=nul\n-- \0\nredis.register_function('f', function() end)"
    reply = client("FUNCTION", "LOAD", text)
    is_redis = b"valkey_version" not in _text(client.done("INFO", "server"))
    assert reply == (b"nul" if is_redis else ErrorReply(b"ERR No functions registered"))


def _text(reply: Verbatim | bytes) -> bytes:
    return reply.text if isinstance(reply, Verbatim) else reply


def test_a_server_takes_a_payload_that_was_made_portable(tmp_path: Path, start: Start) -> None:
    (tmp_path / "data").mkdir()
    client = start()
    payload = portable(dump([ONE, TWO], VERSION_9_1, compressed=True))
    client.done("FUNCTION", "RESTORE", payload)
    assert texts(client) == {b"one": ONE, b"Two_2": TWO}
    assert portable(client.done("FUNCTION", "DUMP"))[-10:-8] == b"\x0a\x00"
