"""Digests: which 20 bytes stand for a key, and which partition they belong to.

    digest      RIPEMD-160 of the set's name, the particle type of the key (1 byte), the key's bytes
    partition   the low 12 bits of the digest's first two bytes, the first being the lowest

Source: the specification of the wire protocol, sections 3.6 and 2.2.
"""

from __future__ import annotations

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Hash(Protocol):
        """The interface that hashlib and our own RIPEMD-160 share."""

        def copy(self) -> Hash:
            """Another one that has taken in the same bytes."""

        def update(self, data: bytes, /) -> None:
            """Take in more bytes."""

        def digest(self) -> bytes:
            """The 20 bytes for all that was taken in."""


PARTITIONS = 4096

_INTEGER = 1
_KEY_TYPES = {1, 3, 4}  # integer, string, blob

_SETS_MAX = 1024
_begun: dict[tuple[bytes, int], Hash] = {}
"""Hashes that have taken in a set's name and a key type: copying one costs half of beginning anew."""

_new: Callable[[], Hash] | None = None


def digest(set_name: bytes, kind: int, key: bytes) -> bytes:
    """The digest of a key: ``kind`` is its particle type (integer, string or blob), ``key`` its bytes.

    An integer is 8 bytes. Raises WireError for a key of another type or size.
    """
    start = _begun.get((set_name, kind)) or _begin(set_name, kind)
    if kind == _INTEGER and len(key) != 8:
        raise WireError(f"an integer key of {len(key)} bytes")
    hashing = start.copy()
    hashing.update(key)
    return hashing.digest()


def partition(digest: bytes) -> int:
    """The partition, 0 to 4095, that a digest belongs to."""
    return digest[0] | (digest[1] & 0x0F) << 8


def _begin(set_name: bytes, kind: int) -> Hash:
    if kind not in _KEY_TYPES:
        raise WireError(f"a key of particle type {kind}")
    if len(_begun) >= _SETS_MAX:
        _begun.clear()  # names of sets may come from anywhere; they may not fill the memory
    hashing = (_new or _choose())()
    hashing.update(set_name + bytes([kind]))
    _begun[set_name, kind] = hashing
    return hashing


def _choose() -> Callable[[], Hash]:
    """Take OpenSSL's RIPEMD-160 where it is compiled in and allowed, else our own: once, at the first digest."""
    global _new  # noqa: PLW0603 - decided at the first use, since importing hashlib costs a tool's start
    from functools import partial
    from hashlib import new

    from asinfo.wire.ripemd import Ripemd160

    try:
        new("ripemd160", usedforsecurity=False)
    except ValueError:
        _new = Ripemd160
    else:
        _new = partial(new, "ripemd160", usedforsecurity=False)
    return _new
