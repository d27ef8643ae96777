"""A client that gets messages while its own requests are answered."""

from __future__ import annotations

from typing import Any

import pytest

from asudfd.valkey.conversation import RespConversation
from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings
from tests.unit.asudfd.valkey.test_conversation import StillConnection


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (b"PUBLISH c m\r\n", b":1\r\n"),
        (b"EVAL \"redis.call('PUBLISH', 'c', 'm') return 7\" 0\r\n", b":7\r\n"),
        (
            b"MULTI\r\nPUBLISH c m\r\nPING x\r\nEXEC\r\n",
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$1\r\nx\r\n",
        ),
    ],
)
def test_a_message_to_oneself_comes_behind_the_reply(request_: bytes, reply: bytes) -> None:
    server = ValkeyServer(ValkeySettings(), print)
    connection: Any = StillConnection()
    client = server.state.connected(connection)
    conversation = RespConversation(server._dispatcher, client)
    conversation.feed(b"HELLO 3\r\nSUBSCRIBE c\r\n")
    message = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
    assert conversation.feed(request_ + b"PING after\r\n") == reply + message + b"$5\r\nafter\r\n"
