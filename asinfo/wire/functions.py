"""Function libraries of Valkey as bytes: payloads of FUNCTION DUMP and RESTORE, and RDB files.

    dump(texts)                what FUNCTION DUMP answers: version 10, which all servers take (9.1 writes version 80)
    portable(payload)          the same payload with version 10, whatever version it had
    restored(payload)          the texts of such a payload, one after the other; raises where a server answers an error
    rdb_file(texts)            an RDB file of libraries, for ``--functions-rdb`` and for the start of a server
    libraries(data)            the libraries of any RDB file

A payload is F5 and a string for each library (see ``asinfo.wire.rdb``), then version and checksum. The string is the text as it
was given to FUNCTION LOAD: name, engine and functions are what it says when it is run.

Errors are WireErrors, each with the text that a server answers after ``ERR``: WrongPayload, NotAFunction, PreReleaseFormat,
UnreadableLibrary.
"""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire.rdb import (
    COMPRESSED_MAX,
    FOOTER_SIZE,
    VERSION_PORTABLE,
    VERSIONS_9_1,
    RdbReader,
    WrongPayload,
    check_footer,
    footer,
    string,
)
from asinfo.wire.rdb_file import FUNCTION, FUNCTION_PRE_RELEASE, libraries, rdb_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "NotAFunction", "PreReleaseFormat", "UnreadableLibrary", "WrongPayload", "dump", "libraries", "portable", "rdb_file", "restored",
]  # fmt: skip

TEXTS_MAX = 134_217_728
"""Bytes of all texts of a payload (128 MiB): compressed, a payload of 2 MB could have as many."""


class NotAFunction(WireError):  # noqa: N818 - named for what the user sees
    """A payload with something else than function libraries, such as that of a key."""

    def __init__(self) -> None:
        super().__init__("given type is not a function")


class PreReleaseFormat(WireError):  # noqa: N818 - named for what the user sees
    """A payload of a candidate of Redis 7.0."""

    def __init__(self) -> None:
        super().__init__("Pre-GA function format not supported")


class UnreadableLibrary(WireError):  # noqa: N818 - named for what the user sees
    """A payload in which a string is not what it says."""

    def __init__(self) -> None:
        super().__init__("Failed loading library payload")


def dump(texts: Iterable[bytes], version: int = VERSION_PORTABLE, *, compressed: bool = False) -> bytes:
    """The payload of these libraries; ``compressed`` as servers do, unless they are so large that it would take long."""
    listed = list(texts)
    compressed = compressed and sum(map(len, listed)) <= COMPRESSED_MAX
    body = b"".join([bytes((FUNCTION,)) + string(text, compressed=compressed) for text in listed])
    return body + footer(body, version)


def portable(payload: bytes) -> bytes:
    """The payload of FUNCTION DUMP with version 10, for servers of any release; its libraries stay as they are.

    Raises as `restored` does, and WireError for the payload of a key: only those of libraries are the same in all versions.
    """
    for _ in restored(payload):
        pass
    body = payload[:-FOOTER_SIZE]
    return body + footer(body, VERSION_PORTABLE)


def restored(
    payload: bytes, versions: frozenset[int] = VERSIONS_9_1, limit: int = TEXTS_MAX
) -> Iterator[bytes]:
    """The texts of the libraries of ``payload``; WrongPayload at once when it is damaged or of another version.

    What is wrong in it later is raised when the texts before it were given, as a server loads them one by one.
    """
    check_footer(payload, versions)
    return _texts(payload, limit)


def _texts(payload: bytes, limit: int) -> Iterator[bytes]:
    reader = RdbReader(payload, limit=limit)
    while reader.left > FOOTER_SIZE:
        kind = reader.byte()
        if kind == FUNCTION_PRE_RELEASE:
            raise PreReleaseFormat
        if kind != FUNCTION:
            raise NotAFunction
        try:
            text = reader.string()
        except WireError:
            raise UnreadableLibrary from None
        yield text
