"""A function that does not end: the node's other protocols are answered, and it can be killed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from asinfo.wire.resp_frame import command
from tests.processes import READY_SECONDS, frame, receive

if TYPE_CHECKING:
    from tests.conftest import StartDaemon


def test_info_is_answered_while_a_function_loops(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--resp-port", "0")
    address = daemon.resp_addresses[0]
    with (
        socket.create_connection(address, READY_SECONDS) as client,
        socket.create_connection(address, READY_SECONDS) as other,
        daemon.connect() as info,
    ):
        other.sendall(command("CONFIG", "SET", "busy-reply-threshold", 20))
        assert other.recv(100) == b"+OK\r\n"
        client.sendall(command("EVAL", "while true do end", 0))
        while True:
            other.sendall(command("PING"))
            if other.recv(200).startswith(b"-BUSY "):
                break
        for _ in range(100):
            info.sendall(frame(b"build\n"))
            assert receive(info).startswith(b"build\t")
        other.sendall(command("SCRIPT", "KILL"))
        assert other.recv(100) == b"+OK\r\n"
        assert b"killed by user" in client.recv(300)
