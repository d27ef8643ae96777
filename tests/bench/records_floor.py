"""A server that answers whatever comes with a constant: what a protocol in Python costs that does nothing.

`python -m tests.bench.records_floor REPLY`, the reply in hexadecimal, prints `ready HOST:PORT` and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

from asudfd.server import loop_factory


class Floor(asyncio.Protocol):
    """Writes ``reply`` for every chunk."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look up once what writes."""
        self._write = transport.write  # type: ignore[attr-defined]  # a Transport in all but its class

    def data_received(self, _data: bytes) -> None:
        """Answer."""
        self._write(self._reply)


async def serve(reply: bytes) -> None:
    """Listen on a free port."""
    server = await asyncio.get_running_loop().create_server(lambda: Floor(reply), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"ready {host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(bytes.fromhex(sys.argv[1])))
