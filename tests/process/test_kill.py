"""A daemon is killed in the middle of a storm of puts, again and again: nothing acknowledged is lost, nothing is torn."""

import base64
import random
import select
import socket
from pathlib import Path

from asudfd.smd import file
from tests.conftest import StartDaemon
from tests.processes import Daemon, frame

ROUNDS = 6
CLIENTS = 3
PUTS = 60
"""What a client asks for in one round, all at once; the kill comes long before the last is answered."""


def source(number: int) -> bytes:
    return f"-- {number}\nfunction f(rec) return {number} end\n{'-- x' * 200}\n".encode()


def put(name: str, number: int) -> bytes:
    content = base64.b64encode(source(number)).decode()
    body = f"udf-put:filename={name};content={content};content-len={len(content)};udf-type=LUA;\n"
    return frame(body.encode())


class Client:
    """Asks for changes of one module, numbered, and counts the answers that arrive."""

    def __init__(self, name: str, sock: socket.socket) -> None:
        self.name = name
        self.sock = sock
        self.received = b""
        self.broken = False

    def read(self) -> None:
        try:
            chunk = self.sock.recv(1 << 20)
        except ConnectionError:
            chunk = b""
        self.broken = not chunk
        self.received += chunk

    @property
    def acknowledged(self) -> int:
        return self.received.count(b"\tok\n")


def storm(daemon: Daemon, first: int, enough: int) -> dict[str, int]:
    """Put numbered versions of several modules, kill the daemon after ``enough`` answers; the last numbers answered."""
    clients = [Client(f"m{number}.lua", daemon.connect()) for number in range(CLIENTS)]
    for client in clients:
        client.sock.sendall(b"".join(put(client.name, first + number) for number in range(PUTS)))
    while sum(client.acknowledged for client in clients) < enough:
        for sock in select.select([client.sock for client in clients], [], [], 10)[0]:
            client = next(client for client in clients if client.sock is sock)
            client.read()
            assert not client.broken, daemon.log.read_text(errors="replace")
    daemon.kill()
    for client in clients:
        while not client.broken:
            client.read()
        client.sock.close()
        assert b"\terror=" not in client.received
    return {client.name: first + client.acknowledged - 1 for client in clients if client.acknowledged}


def version(daemon: Daemon, name: str) -> int:
    """The number of the module that the daemon serves, which must be whole."""
    answer = daemon.ask(f"udf-get:filename={name}\n".encode()).partition(b"\t")[2]
    assert answer.startswith(b"type=LUA;content="), answer
    content = base64.b64decode(answer.removeprefix(b"type=LUA;content=").removesuffix(b";\n"))
    number = int(content.split()[1])
    assert content == source(number)
    return number


def user_path(work_directory: Path) -> Path:
    (mark,) = work_directory.rglob(".asudfd")
    return mark.parent


def test_nothing_acknowledged_is_lost(start_daemon: StartDaemon, tmp_path: Path) -> None:
    chance = random.Random(11)
    work = tmp_path / "work"
    newest: dict[str, int] = {}
    for number in range(ROUNDS):
        daemon = start_daemon(work_directory=work)
        for name, least in newest.items():
            assert version(daemon, name) >= least
        newest |= storm(daemon, number * PUTS, chance.randrange(1, CLIENTS * PUTS // 3))
        stored = file.parse((work / "smd" / "UDF.smd").read_bytes())
        assert {item.key for item in stored.items} >= newest.keys()
        (user_path(work) / "stray.lua").write_bytes(b"return 1")
        (user_path(work) / "m0.lua").write_bytes(b"edited by hand")

    daemon = start_daemon(work_directory=work)
    names = {entry.name for entry in user_path(work).iterdir()}
    assert names == {".asudfd", *newest}
    for name, least in newest.items():
        number = version(daemon, name)
        assert number >= least
        assert (user_path(work) / name).read_bytes() == source(number)
    assert daemon.stop() == 0
