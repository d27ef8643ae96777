"""Payloads of FUNCTION DUMP as lists of libraries: name and hash of each, and the texts for who asks for them.

A payload is cut at its length headers only (see `asinfo.wire.functions`). Each different payload is cut once, and each different
chunk is read once, however many nodes sent it: the order of chunks differs from server to server, their bytes seldom do.
The checksum is not computed: TCP has one, and 1,500 bytes would cost more than all else.
"""

from __future__ import annotations

from asadm.target.valkey.function_library import library_name
from asinfo.errors import WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION = 0xF5
FOOTER_SIZE = 10
COMPRESSED = 0xC3

TEXTS_MAX = 128 << 20
"""Bytes of all different texts that are kept: compressed, a payload of 2 MB could have as many."""


class LibraryTexts:
    """The different texts of libraries that nodes have, by hash; and the lists of libraries that they make up."""

    __slots__ = ("_chunks", "_lists", "_shared", "_size", "texts")

    def __init__(self) -> None:
        self._lists: dict[bytes, dict[bytes, str]] = {}
        self._shared: dict[tuple[tuple[bytes, str], ...], dict[bytes, str]] = {}
        self._chunks: dict[bytes, tuple[bytes, str]] = {}
        self._size = 0
        self.texts: dict[str, bytes] = {}

    def listed(self, payload: bytes) -> dict[bytes, str]:
        """Hash by name of the libraries in ``payload``; one dictionary for all that are equal. Raises WireError."""
        found = self._lists.get(payload)
        if found is None:
            try:
                entries = tuple(sorted(map(self._entry, chunks_of(payload))))
            except IndexError:
                raise WireError("the payload of FUNCTION DUMP ends too early") from None
            found = self._lists[payload] = self._shared.setdefault(entries, dict(entries))
        return found

    def _entry(self, chunk: bytes) -> tuple[bytes, str]:
        entry = self._chunks.get(chunk)
        if entry is None:
            entry = self._chunks[chunk] = self._read(chunk)
        return entry

    def _read(self, chunk: bytes) -> tuple[bytes, str]:
        text = string_of(chunk)
        self._size += len(text)
        if self._size > TEXTS_MAX:
            raise WireError(f"the libraries have more than {TEXTS_MAX} bytes")
        hash_ = hash_of(text)
        self.texts[hash_] = text
        return library_name(text), hash_


def hash_of(text: bytes) -> str:
    """The hash of a library: SHA-256 of its text, the first line with its name included."""
    from hashlib import sha256

    return sha256(text, usedforsecurity=False).hexdigest()


def chunks_of(payload: bytes) -> Iterator[bytes]:
    """The strings of the libraries of ``payload``, as they stand there. Raises WireError."""
    at, end = 0, len(payload) - FOOTER_SIZE
    if end < 0:
        raise WireError("the payload of FUNCTION DUMP is too short")
    while at < end:
        if payload[at] != FUNCTION:
            raise WireError("the payload of FUNCTION DUMP has something else than libraries in it")
        size, head = _string_size(payload, at + 1)
        after = at + 1 + head + size
        if after > end:
            raise WireError("the payload of FUNCTION DUMP ends too early")
        yield payload[at + 1 : after]
        at = after


def _string_size(payload: bytes, at: int) -> tuple[int, int]:
    """Bytes of the string at ``at``, and of the header before it. Raises WireError."""
    first = payload[at]
    if first < 0x80:  # most: a size of 6 or 14 bits
        return (first, 1) if first < 0x40 else ((first & 0x3F) << 8 | payload[at + 1], 2)
    if first == COMPRESSED:
        packed, head = _string_size(payload, at + 1)
        _, second = _string_size(payload, at + 1 + head)
        return packed, 1 + head + second
    if first == 0x80:
        return int.from_bytes(payload[at + 1 : at + 5], "big"), 5
    if first == 0x81:
        return int.from_bytes(payload[at + 1 : at + 9], "big"), 9
    raise WireError("the payload of FUNCTION DUMP has a string of an unknown form")


def string_of(chunk: bytes) -> bytes:
    """The text that ``chunk`` stands for. Raises WireError."""
    size, head = _string_size(chunk, 0)
    if chunk[0] != COMPRESSED:
        return chunk[head : head + size]
    from asinfo.wire.lzf import decompress

    _, first = _string_size(chunk, 1)
    true_size, _ = _string_size(chunk, 1 + first)
    if true_size > TEXTS_MAX:
        raise WireError(f"a library has more than {TEXTS_MAX} bytes")
    return decompress(chunk[head:], true_size)
