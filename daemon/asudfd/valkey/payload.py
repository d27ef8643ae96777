"""FUNCTION DUMP and RESTORE payloads: a stand-in until the codec is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def dump(codes: Iterable[bytes]) -> bytes:
    """The payload of these libraries."""
    return b"".join(codes)


def restored(payload: bytes) -> list[bytes]:
    """The libraries of a payload."""
    return [payload]
