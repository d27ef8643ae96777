"""A node inside of this program: what it serves, and that nothing of it is left when it has ended."""

import asyncio
import contextlib
import ctypes
import faulthandler
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

import asudfd
from asinfo.wire import frame, request
from asinfo.wire.resp_frame import command
from asudfd import embedded
from asudfd.lua.aerospike.host import UdfHost
from tests.processes import ROOT, receive
from tests.waiting import wait_for
from tests.worker_processes import own_workers

ROUNDS = 10

CONFIG = """
service {
    cluster-name inside
}
network {
    service {
        address any
        port 3000
        access-address 192.0.2.7
    }
    http {
        port 9146
    }
}
namespace kept {
    storage-engine device {
        file /var/lib/asudf/kept.dat
        filesize 128M
    }
}
mod-lua {
    user-path /opt/somewhere
}
"""

LOOP = b"function loop(rec) while true do end end\nfunction one(rec) return 1 end\n"


def ask(address: tuple[str, int], command: str) -> str:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(frame.pack(frame.INFO, f"{command}\n".encode()))
        return receive(connection).decode().partition("\t")[2].rstrip("\n")


def put(address: tuple[str, int], name: str, source: bytes) -> str:
    content = b64encode(source).decode()
    return ask(address, f"udf-put:filename={name};content={content};content-len={len(content)};udf-type=LUA;")


def call(function: str, number: int) -> bytes:
    key = request.Key("test", "", number)
    return frame.pack(frame.MESSAGE, request.apply(key, "a", function, policy=request.Policy(limit=60_000)))


class Left:
    """What a program has of threads, descriptors, children and files, to be compared with what it has later; it has no workers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._before = self._now()

    def _now(self) -> list[object]:
        children = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
        descriptors = {
            each.name: str(each.readlink()).partition(":")[0]
            for each in Path("/proc/self/fd").iterdir()
            if each.is_symlink()  # and not the one of the listing itself
        }
        return [set(threading.enumerate()), descriptors, sorted(children), list(self._directory.iterdir())]

    def check(self) -> None:
        assert self._now() == self._before
        wait_for(lambda: not own_workers())  # they are killed, which takes a moment


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Left]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        asudfd.Node() as node
    ):  # what there is once, such as /dev/urandom, and the process that forks workers
        put(node.addresses[0], "a.lua", LOOP)
    found = Left(tmp_path)
    yield found
    found.check()


def test_ten_in_a_row_leave_nothing(left: Left) -> None:
    for number in range(ROUNDS):
        with asudfd.Node(nodes=1 + number % 3) as node:
            assert len(node.addresses) == 1 + number % 3
            assert ask(node.addresses[-1], "build")
        left.check()


def test_ten_in_a_row_with_clients_and_functions_that_loop_for_ever(left: Left) -> None:
    longest = 0.0
    for _ in range(ROUNDS):
        node = asudfd.Node(nodes=2)
        node.start()
        assert put(node.addresses[0], "a.lua", LOOP) == "ok"
        clients = [socket.create_connection(address, timeout=20) for address in node.addresses * 3]
        for number, client in enumerate(clients[:4]):
            client.sendall(call("loop", number))
        for client in clients[4:]:
            client.sendall(call("one", 9))
            assert client.recv(4096)  # hence the others have begun
        began = time.monotonic()
        node.stop()
        longest = max(longest, time.monotonic() - began)
        for client in clients:
            with client:
                assert not client.recv(1)
        left.check()
    assert longest < embedded.STOP_SECONDS


WRITER = """#!lua name=mylib
server.register_function('one', function() return 1 end)
server.register_function('write', function(keys) server.call('SET', keys[1], 1) while true do end end)
server.register_function('spin', function() while true do end end)
"""

VALKEY = """
network {
    resp {
        address any
        port 6379
    }
}
resp {
    storage file
}
namespace test {
}
"""


def valkey(address: tuple[str, int], *words: str) -> str:
    """The first line of the reply to a command of Valkey."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(command(*words))
        return connection.makefile("r", encoding="utf-8").readline().rstrip("\r\n")


def test_ten_in_a_row_that_speak_valkeys_protocol_leave_nothing(left: Left) -> None:
    longest = 0.0
    for number in range(ROUNDS):
        node = asudfd.Node(nodes=1 + number % 2, resp=True)
        node.start()
        assert (node.resp_address, node.resp_port) == (node.resp_addresses[0], node.resp_addresses[0][1])
        assert valkey(node.resp_addresses[-1], "FUNCTION", "LOAD", WRITER) == "$5"
        assert valkey(node.resp_addresses[-1], "CONFIG", "SET", "busy-reply-threshold", "1") == "+OK"
        idle = socket.create_connection(node.resp_addresses[0], timeout=20)
        endless = socket.create_connection(node.resp_addresses[-1], timeout=20)
        if number % 3:
            call = ("FCALL", "spin", "0") if number % 3 == 1 else ("FCALL", "write", "1", "key")
            endless.sendall(command(*call))
            while not valkey(node.resp_addresses[-1], "PING").startswith("-BUSY"):
                pass
        began = time.monotonic()
        node.stop()
        longest = max(longest, time.monotonic() - began)
        for client in (idle, endless):
            with client, contextlib.suppress(ConnectionResetError):  # one may not have been accepted yet
                while client.recv(100):
                    pass
        assert node.resp_addresses == []
        left.check()
    assert longest < embedded.STOP_SECONDS


def test_valkeys_protocol_by_a_configuration(tmp_path: Path, left: Left) -> None:
    with asudfd.Node() as without, pytest.raises(RuntimeError, match="resp=True"):
        without.resp_address  # noqa: B018 - it raises
    with pytest.raises(RuntimeError, match="does not run"):
        without.resp_port  # noqa: B018 - it raises
    work = tmp_path / "work"
    for value in ("$-1", "$3"):
        with asudfd.Node(config=VALKEY, work_directory=work) as node:
            assert node.resp_address[0] == "127.0.0.1"
            assert valkey(node.resp_address, "GET", "key") == value
            assert valkey(node.resp_address, "SET", "key", "one") == "+OK"
            assert valkey(node.resp_address, "SHUTDOWN", "NOSAVE").startswith("-ERR")
    shutil.rmtree(work)


def test_the_program_stays_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    def state() -> list[object]:
        handlers = [signal.getsignal(number) for number in signal.valid_signals()]
        environment = dict(os.environ)
        timers = [signal.getitimer(which) for which in (signal.ITIMER_REAL, signal.ITIMER_PROF)]
        limits = [resource.getrlimit(which) for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
        wakeup = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(wakeup)
        return [handlers, environment, timers, limits, wakeup, faulthandler.is_enabled(), Path.cwd()]

    signal.set_wakeup_fd(-1)  # an event loop of another test may have left its own
    before = state()
    with asudfd.Node() as node:
        assert ask(node.addresses[0], "statistics")
        assert state() == before
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_a_configuration_from_a_file_or_a_text(tmp_path: Path, left: Left) -> None:
    path = tmp_path / "asudfd.conf"
    path.write_text(CONFIG)
    for config in (path, str(path), CONFIG):
        with asudfd.Node(config=config) as node:
            assert node.host == "127.0.0.1"
            assert ask(node.addresses[0], "namespaces") == "kept"
            assert ask(node.addresses[0], "cluster-name") == "inside"
            assert ask(node.addresses[0], "service") == f"127.0.0.1:{node.port}"
            assert node.work_directory
            assert {each.name for each in node.work_directory.iterdir()} >= {
                "kept-kept.dat",
                "asudfd.log",
                "usr",
            }
    path.unlink()


def test_what_is_in_a_work_directory_is_there_again(tmp_path: Path) -> None:
    for there in (False, True):
        with asudfd.Node(work_directory=tmp_path / "work") as node:
            assert ("a.lua" in ask(node.addresses[0], "udf-list")) is there
            put(node.addresses[0], "a.lua", LOOP)


def test_a_start_that_fails_leaves_nothing(tmp_path: Path, left: Left) -> None:
    for arguments, text in (
        ({"config": "service {\n    no-such-thing 1\n}\n"}, "no-such-thing"),
        ({"config": "/nowhere/asudfd.conf"}, "cannot be read"),
        ({"config": ""}, "give the path"),
        ({"config": b"service {\n}\n"}, "give the path"),
        ({"config": "service { no-such-thing 1 }"}, "the configuration:1: .service. is a context"),
        ({"nodes": 0}, "nodes is 0"),
        ({"nodes": 65}, "nodes is 65"),
        ({"nodes": "2"}, "nodes is '2'"),
        ({"nodes": 1.5}, "nodes is 1.5"),
        ({"work_directory": "/proc/nothing"}, "cannot use the work directory"),
    ):
        node = asudfd.Node(**arguments)
        with pytest.raises(asudfd.StartError, match=text):
            node.start()
        assert not node.addresses
        left.check()
    with asudfd.Node() as node:
        with pytest.raises(asudfd.StartError, match="runs already"):
            node.start()
        with pytest.raises(asudfd.StartError, match="belongs to another"):
            asudfd.Node(work_directory=node.work_directory).start()
        assert ask(node.addresses[0], "build")


def test_start_and_stop_by_hand_in_any_order(left: Left) -> None:
    node = asudfd.Node()
    node.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        assert node.port
    for _ in range(2):
        node.start()
        assert ask((node.host, node.port), "build")
        node.stop()
        node.stop()


def test_in_a_program_with_an_event_loop(left: Left) -> None:
    async def program() -> list[str]:
        async with asudfd.Node() as one, asudfd.Node(nodes=2) as two:
            addresses = one.addresses + two.addresses
            return [await asyncio.to_thread(ask, address, "cluster-size") for address in addresses]

    assert len(asyncio.run(program())) == 3


AWAY = """
service {
    cluster-name away
}
smd {
    backend etcd
    endpoint http://127.0.0.1:9
}
"""


def test_a_start_that_waits_for_etcd_can_be_stopped(left: Left) -> None:
    node, told = asudfd.Node(config=AWAY), []

    def start() -> None:
        with pytest.raises(asudfd.StartError, match="stopped before") as error:
            node.start()
        told.append(error)

    starter = threading.Thread(target=start)
    starter.start()
    while node._loop is None:
        time.sleep(0.001)
    node.stop()
    starter.join()
    assert told

    async def program() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), asudfd.Node(config=AWAY):
                pytest.fail("there is no etcd")

    asyncio.run(program())


def test_what_cannot_be_broken_off_is_told(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    async def validate(_host: UdfHost, _filename: str, _content: bytes) -> None:
        def hang() -> None:
            begun.set()
            release.wait()

        await asyncio.to_thread(hang)

    monkeypatch.setattr(UdfHost, "validate", validate)
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.5)
    node = asudfd.Node()
    node.start()
    with socket.create_connection(node.addresses[0], timeout=20) as client:
        client.sendall(frame.pack(frame.INFO, b"udf-put:filename=a.lua;content=LS0K;content-len=4;\n"))
        assert begun.wait(20)
        with pytest.raises(asudfd.StopError, match=r"within 0\.5 s"):
            node.stop()
    release.set()
    monkeypatch.setattr(embedded, "STOP_SECONDS", 20)
    node.stop()


def test_a_fork_leaves_the_node_to_its_parent(tmp_path: Path) -> None:
    with asudfd.Node() as node:
        child = os.fork()
        if not child:
            node.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert node.work_directory
        assert node.work_directory.is_dir()
        assert ask(node.addresses[0], "build")


def test_a_node_that_is_never_stopped_ends_with_its_program(tmp_path: Path) -> None:
    program = "import asudfd; node = asudfd.Node(); node.start(); print(node.work_directory)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).parent == tmp_path
    assert (list(tmp_path.iterdir()), done.stderr) == ([], "")


ALLOCATOR = """
import asudfd, ctypes, sys
from asudfd.lua import malloc_trim
from tests.service.test_embedded import LOOP, put

class Blocks(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.mallinfo.restype = Blocks
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def adapts():
    # glibc maps a large block by itself until one of its size was freed; a program that sets a threshold ends that
    libc.free(libc.malloc(8 << 20))
    before = libc.mallinfo().hblks
    block = libc.malloc(8 << 20)
    mapped = libc.mallinfo().hblks - before
    libc.free(block)
    return not mapped

if sys.argv[1] == "daemon":
    malloc_trim.own_process()
    malloc_trim.limit_kept_memory()
else:
    with asudfd.Node() as node:
        assert put(node.addresses[0], "a.lua", LOOP) == "ok"
print(adapts())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo"), reason="only glibc tells of its blocks")
@pytest.mark.parametrize(("who", "adapts"), [("daemon", "False"), ("program", "True")])
def test_only_the_daemon_sets_how_the_process_keeps_freed_memory(who: str, adapts: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALLOCATOR, who], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{adapts}\n"


def test_namespaces_settings_and_log_without_a_file(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    settings: dict[str, str | int | bool] = {
        "service.cluster-name": "demo",
        "namespace.*.default-ttl": 60,
        "mod-lua.cache-enabled": False,
    }
    with asudfd.Node(namespaces=["users"], settings=settings, log=log) as node:
        (address,) = node.addresses
        assert ask(address, "namespaces") == "users"
        assert ask(address, "cluster-name") == "demo"
        assert "default-ttl=60;" in ask(address, "get-config:context=namespace;id=users")
    assert "INFO" in log.read_text()
    with pytest.raises(asudfd.StartError, match="settings: 'nonsense' is not"):
        asudfd.Node(settings={"service.nonsense": 1}).start()
