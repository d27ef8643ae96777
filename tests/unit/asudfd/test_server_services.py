"""A node with a second service, which has a thread and a socket loop of its own: all that the server does with it."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from asudfd.assembly import Assembly
from asudfd.config.load import embedded
from asudfd.exposition import exposition
from asudfd.figures.figure import COUNTER, Figure, FigureGroup
from asudfd.network.listener import new_socket
from asudfd.process.holder import holder
from asudfd.server import Server
from tests.fakes.state import Lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from types import FrameType

    from asudfd.cluster.cluster import Member
    from asudfd.node import Node
    from asudfd.service import NodeService
    from asudfd.smd.interface import SmdItem

MODULE = "ECHO"


class EchoService:
    """Sends back what a client sends, and keeps what was stored in the metadata under its name."""

    label = "echo"

    def __init__(self, node: Node) -> None:
        self.node = node
        self.told: list[str] = []
        self.items: dict[str, str | None] = {}
        self.members: list[str] = []
        self._socket = new_socket("127.0.0.1", 0)
        self._thread = threading.Thread(target=self._run)
        node.smd.subscribe(MODULE, self._accept)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()
        return host, port

    @property
    def ports(self) -> tuple[int, int]:
        return self.address[1], 0

    def listen(self) -> None:
        self.told.append("listen")
        self._socket.listen()

    async def start(self) -> None:
        self.told.append("start")
        self._socket.setblocking(True)
        self._thread.start()

    async def stop(self, seconds: float) -> None:
        self.told.append(f"stop {seconds:g}")
        if self._thread.is_alive():
            with socket.create_connection(self.address) as last:
                last.sendall(b"stop")
            self._thread.join()

    async def close(self) -> None:
        self.told.append("close")
        self._socket.close()

    def members_changed(self, members: Sequence[Member]) -> None:
        self.members = [member.id for member in members]

    def figure_groups(self) -> Iterable[FigureGroup]:
        yield FigureGroup("echo", {"node": self.node.id}, [Figure("count", 1, COUNTER, "Echoes.")])

    def blocks(self, frame: FrameType) -> str | None:
        return "an echo" if frame.f_code is looping.__code__ else None

    def client_of(self, task: asyncio.Task[Any]) -> str:
        return "somebody" if task.get_name() == "echo" else ""

    def _accept(self, items: Sequence[SmdItem]) -> None:
        self.items.update({item.key: item.value for item in items})

    def _run(self) -> None:
        data = b""
        while data != b"stop":
            with self._socket.accept()[0] as client:
                data = client.recv(100)
                client.sendall(data)


def looping(stack: Callable[[], FrameType]) -> FrameType:
    return stack()


@pytest.fixture
def echoes(monkeypatch: pytest.MonkeyPatch) -> list[EchoService]:
    """The echo services of the nodes that are made in a test."""
    found: list[EchoService] = []
    first = Assembly._services

    def services(self: Assembly, node: Node, number: int, port: int) -> Iterator[NodeService]:
        yield from first(self, node, number, port)
        found.append(EchoService(node))
        yield found[-1]

    monkeypatch.setattr(Assembly, "_services", services)
    return found


def serve(tmp_path: Path, nodes: int, test: Callable[[Server], Awaitable[None]]) -> list[str]:
    """Run ``test`` with a server of ``nodes``; returns the texts of the log."""
    log = Lines()

    async def live() -> None:
        config = embedded(str(tmp_path))
        config.network.service.address = "127.0.0.1"
        async with Server(config, [0] * nodes, cast("Any", log)) as server:
            await server.open()
            await server.join()
            await server.serve()
            await test(server)
            await server.drain(1)

    asyncio.run(live())
    return [text for _, _, text in log.lines]


def ask(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address) as client:
        client.sendall(b"hello")
        return client.recv(100)


def test_a_second_service_lives_with_its_node(tmp_path: Path, echoes: list[EchoService]) -> None:
    async def test(server: Server) -> None:
        assert await asyncio.to_thread(ask, echoes[1].address) == b"hello"
        places = server.places()
        assert places[:2] == [f"127.0.0.1:{port}" for _, port in server.addresses]
        assert places[2:] == [f"echo=127.0.0.1:{echo.address[1]}" for echo in echoes]

    texts = serve(tmp_path, 2, test)
    for echo in echoes:
        assert echo.told == ["listen", "start", "stop 1", "stop 0", "close"]
        assert echo.members == [each.node.id for each in echoes]
        assert any(text.endswith(" for echo") and f"node {echo.node.id} listens" in text for text in texts)


def test_a_second_service_has_metadata_of_its_own(tmp_path: Path, echoes: list[EchoService]) -> None:
    """Every node of the process gets what one of them stores, and the next start has it still."""

    async def store(_: Server) -> None:
        await echoes[0].node.smd.set(MODULE, "key", "value")
        assert [echo.items for echo in echoes] == [{"key": "value"}] * 2

    async def nothing(_: Server) -> None:
        pass

    serve(tmp_path, 2, store)
    serve(tmp_path, 1, nothing)
    assert echoes[2].items == {"key": "value"}


def test_a_second_service_is_told_of_with_the_first(tmp_path: Path, echoes: list[EchoService]) -> None:
    async def test(server: Server) -> None:
        services = server.nodes[0].services
        metrics = exposition(group for service in services for group in service.figure_groups()).decode()
        assert f'echo_count{{node="{echoes[0].node.id}"}} 1\n' in metrics
        assert "\naerospike_node_up{" in metrics
        task = asyncio.create_task(held(services), name="echo")
        assert await task == "an echo for client somebody"

    async def held(services: Sequence[NodeService]) -> str:
        return str(holder(looping(sys._getframe), asyncio.get_running_loop(), services))

    serve(tmp_path, 1, test)


def test_what_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, echoes: list[EchoService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services that were made before are closed."""

    def fail(_: Path) -> None:
        raise OSError("full")

    async def nothing(_: Server) -> None:
        pass

    monkeypatch.setattr(EchoService, "listen", fail)
    with pytest.raises(OSError, match="full"):
        serve(tmp_path, 1, nothing)
    assert echoes[0].told == ["close"]
