"""A listener with a TLS context, and the same connections behind it as without."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.frame import HEADER_SIZE, INFO, pack, unpack_header
from asudfd.network.listener import Listener
from asudfd.server import loop_factory
from tests.fakes.connection import BUILD, BUILD_REPLY, Bench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FILES = Path(__file__).parents[3] / "fakes" / "tls"
LARGE = pack(INFO, b"large\n" * 30)


def over_tls(
    test: Callable[[Bench, tuple[str, int]], Awaitable[None]], *, certificate_needed: bool = False
) -> None:
    """Run ``test`` with a node behind a TLS listener, on the event loop of the daemon and on Python's own."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(FILES / "node.pem")
    if certificate_needed:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(FILES / "authority.pem")

    async def live() -> None:
        bench = Bench()
        listener = Listener(bench.connections, "127.0.0.1", 0, tls=tls)
        await listener.start()
        try:
            await test(bench, listener.address)
        finally:
            await listener.stop(0)

    for factory in {loop_factory(), None}:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(live())


def client_context(certificate: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(FILES / "authority.pem"))
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(FILES / certificate)
    return context


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(HEADER_SIZE)
    return header + await reader.readexactly(unpack_header(header)[1])


async def connect(
    address: tuple[str, int], context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*address, ssl=context)


def test_requests_and_replies() -> None:
    async def test(bench: Bench, address: tuple[str, int]) -> None:
        reader, writer = await connect(address, client_context())
        for _ in range(2):
            writer.write(BUILD)
            assert await read_frame(reader) == BUILD_REPLY
        writer.write(
            BUILD * 300 + LARGE + BUILD[:5]
        )  # more than a turn, more than a buffer, and half a request
        for _ in range(300):
            assert await read_frame(reader) == BUILD_REPLY
        assert len(await read_frame(reader)) > 3_000_000
        writer.write(BUILD[5:])
        assert await read_frame(reader) == BUILD_REPLY
        assert len(bench.connections.connections) == 1
        writer.close()
        await writer.wait_closed()
        while bench.connections.connections:  # noqa: ASYNC110 - nothing tells that a connection has ended
            await asyncio.sleep(0)

    over_tls(test)


def test_a_reply_in_flight_is_sent_before_the_stop() -> None:
    async def test(bench: Bench, address: tuple[str, int]) -> None:
        reader, writer = await connect(address, client_context())
        writer.write(pack(INFO, b"wait\n"))
        while not bench.pending.futures:  # noqa: ASYNC110 - nothing tells that a command has begun
            await asyncio.sleep(0)
        drained = asyncio.ensure_future(bench.connections.drain(60))
        await asyncio.sleep(0)
        bench.pending.futures[0].set_result(b"done")
        assert await read_frame(reader) == pack(INFO, b"wait\tdone\n")
        assert await reader.read() == b""
        await drained
        writer.close()

    over_tls(test)


def test_a_client_that_speaks_no_tls_is_closed_and_harms_nobody() -> None:
    async def test(bench: Bench, address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(BUILD)
        with_tls = await connect(address, client_context())
        with_tls[1].write(BUILD)
        assert await read_frame(with_tls[0]) == BUILD_REPLY
        assert BUILD_REPLY not in await reader.read()
        assert len(bench.connections.connections) == 1
        writer.close()
        with_tls[1].close()

    over_tls(test)


@pytest.mark.parametrize("certificate", ["", "client.pem"])
def test_the_context_says_whether_clients_need_a_certificate(certificate: str) -> None:
    async def test(_: Bench, address: tuple[str, int]) -> None:
        reader, writer = await connect(address, client_context(certificate))
        writer.write(BUILD)
        if certificate:
            assert await read_frame(reader) == BUILD_REPLY
        else:  # of TLS 1.3 a client learns with its first read that its certificate was missed
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                await read_frame(reader)
        writer.close()

    over_tls(test, certificate_needed=True)


def test_a_client_that_breaks_off_in_the_handshake_is_forgotten() -> None:
    async def test(bench: Bench, address: tuple[str, int]) -> None:
        for _ in range(3):
            _, writer = await asyncio.open_connection(*address)
            writer.write(b"\x16\x03\x01")
            writer.close()
            await writer.wait_closed()
        reader, writer = await connect(address, client_context())
        writer.write(BUILD)
        assert await read_frame(reader) == BUILD_REPLY
        assert bench.connections.counters.opened == 1
        writer.close()

    over_tls(test)
