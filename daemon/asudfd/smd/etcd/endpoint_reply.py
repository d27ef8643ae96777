"""Replies of an endpoint of etcd: their bytes, within a limit, and what an error in one means."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from asinfo.decode import DecodeError, decode_json
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.wire import AccessDenied, EtcdRefused, LeaseExpired, ReplyTooLarge, RevisionCompacted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

REPLY_SIZE_MAX = 64 << 20
"""Longest reply, and longest message of a watch, in bytes. Modules are 1.9 MB each on this wire."""

_CANCELLED, _DEADLINE, _DENIED, _UNAVAILABLE, _UNAUTHENTICATED = 1, 4, 7, 14, 16  # codes of gRPC
_TOKEN = re.compile(
    r"invalid auth token|user name is empty|revision (in header|of auth store) is old", re.ASCII
)


class EndpointFailed(Exception):  # noqa: N818 - never leaves the gateway
    """The endpoint has failed this request; ``maybe``: it may have been executed all the same."""

    def __init__(self, text: str, *, maybe: bool = True) -> None:
        super().__init__(text)
        self.maybe = maybe


class TokenExpired(Exception):  # noqa: N818 - never leaves the gateway
    """etcd does not know the token, any more or at all."""


async def body_of(chunks: AsyncIterator[bytes]) -> bytes:
    """The whole body. Raises ReplyTooLarge."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > REPLY_SIZE_MAX:
            raise ReplyTooLarge(f"a reply is longer than {REPLY_SIZE_MAX >> 20} MiB")
    return bytes(data)


async def lines(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The lines of a reply that goes on. Raises ReplyTooLarge."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if b"\n" in chunk:
            *whole, rest = data.split(b"\n")
            data = rest
            for line in whole:
                if line:
                    yield bytes(line)
        if len(data) > REPLY_SIZE_MAX:
            raise ReplyTooLarge(f"a message is longer than {REPLY_SIZE_MAX >> 20} MiB")


def json_of(data: bytes) -> Mapping[str, Any]:
    """The object that a reply is. Raises EndpointFailed."""
    try:
        value = decode_json(data, size_max=REPLY_SIZE_MAX)
    except DecodeError as error:
        raise EndpointFailed(f"its reply cannot be read: it {error}") from error
    if not isinstance(value, dict):
        raise EndpointFailed("its reply is not a JSON object")
    return value


def raise_error(status: int, data: bytes) -> None:
    """Raise what a reply with a ``status`` other than 200 means."""
    try:
        reply = json_of(data)
        code, message = wire.number(reply, "code"), reply.get("error") or reply.get("message")
    except (EndpointFailed, ValueError):
        code, message = 0, None
    if not code or not isinstance(message, str):  # it is not etcd that answers
        raise EndpointFailed(f"answers the status {status}", maybe=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
    if code in {_CANCELLED, _DEADLINE, _UNAVAILABLE}:
        raise EndpointFailed(message)
    if code == _UNAUTHENTICATED or is_of_token(message):
        raise TokenExpired(message)
    if code == _DENIED:
        raise AccessDenied(message)
    if "lease not found" in message:
        raise LeaseExpired(message)
    if "has been compacted" in message:
        raise RevisionCompacted(message)
    raise EtcdRefused(message)


def is_of_token(message: str) -> bool:
    """Whether etcd says that it does not take a token."""
    return _TOKEN.search(message) is not None


def words_of(error: Exception) -> str:
    """An error in words."""
    return str(error) or type(error).__name__
