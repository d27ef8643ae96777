"""The udf family of the info protocol as the tools and the node both need it: puts, lists and hashes.

    udf-put:filename=NAME;content=BASE64;content-len=SIZE OF BASE64;udf-type=LUA;
    udf-list  ->  *( "filename=" NAME ",hash=" SHA-1 ",type=LUA;" )

Source: the specification of the info protocol, section 3. Names are bytes here: a node does not look into them.
"""

from __future__ import annotations

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE_SIZE_MAX = 1_048_575
"""Largest module, in bytes of source, that a real server stores."""

NAME_SIZE_MAX = 127
"""Longest module name in bytes."""

_MARKS = b"._$-"
"""What a name may have beside letters and digits."""

_ESCAPES = {
    **{code: f"\\u{code:04X}".encode() for code in range(0x20)},
    0x08: rb"\b",
    0x09: rb"\t",
    0x0A: rb"\n",
    0x0C: rb"\f",
    0x0D: rb"\r",
    0x22: rb"\"",
    0x5C: rb"\\",
}


class Module:
    """One entry of ``udf-list``: file name, hash (40 hex digits) and type, all as the node wrote them."""

    __slots__ = ("filename", "hash", "type")

    def __init__(self, filename: bytes, digest: bytes, kind: bytes) -> None:
        self.filename = filename
        self.hash = digest.decode("ascii", "backslashreplace")
        self.type = kind.decode("ascii", "backslashreplace")

    def __repr__(self) -> str:
        return f"Module({self.filename!r}, {self.hash!r}, {self.type!r})"


def is_filename(name: bytes) -> bool:
    """Whether every server takes a module of that name: asudfd, and the releases that check names (8.1.2.2 and later).

    Letters, digits and . _ $ -, neither a dot first nor two together, ending in .lua: nothing else can be called.
    """
    letters = name.translate(None, _MARKS)  # without `re`, which is a third of a tool's start
    plain = letters.isalnum() and len(name) <= NAME_SIZE_MAX
    return plain and name.endswith(b".lua") and not name.startswith(b".") and b".." not in name


def modules(answer: bytes) -> list[Module]:
    """The entries of a ``udf-list`` answer, in the node's order. Raises WireError.

    Names are not escaped on the wire, so each entry is read from its end: a comma may belong to the name.
    """
    found = []
    for entry in answer.split(b";"):
        if not entry:
            continue
        rest, type_mark, kind = entry.rpartition(b",type=")
        name, hash_mark, digest = rest.rpartition(b",hash=")
        if not (type_mark and hash_mark and name.startswith(b"filename=")):
            raise WireError("udf-list: an entry is not filename=...,hash=...,type=...")
        found.append(Module(name.removeprefix(b"filename="), digest, kind))
    return found


def module_list(entries: Iterable[tuple[bytes, str]]) -> bytes:
    """The ``udf-list`` answer for (filename, hash) entries."""
    return b"".join(b"filename=%b,hash=%b,type=LUA;" % (name, digest.encode()) for name, digest in entries)


def base64(source: bytes) -> bytes:
    """``source`` as the standard, padded base64 text that goes over the wire."""
    from binascii import b2a_base64

    return b2a_base64(source, newline=False)


def put(filename: bytes, source: bytes) -> bytes:
    """The command that registers a module, its fields in the order of the C client."""
    content = base64(source)
    return b"udf-put:filename=%b;content=%b;content-len=%d;udf-type=LUA;" % (filename, content, len(content))


def metadata(filename: bytes, content64: bytes) -> bytes:
    """The JSON text under which a node stores a module.

    Three keys in this order, one space after each colon and comma; non-ASCII as raw UTF-8; only quote, backslash
    and control characters escaped (hexadecimal digits in upper case), the slash not.
    """
    name = b"".join(_ESCAPES.get(byte) or bytes([byte]) for byte in filename)
    return b'{"content64": "%b", "type": "LUA", "name": "%b"}' % (content64, name)


def digest(filename: bytes, content64: bytes) -> str:
    """The ``hash`` of ``udf-list``: SHA-1 of the stored JSON text, 40 hex digits.

    It depends on the name and on the very spelling of the base64 text, not on the source alone.
    """
    from hashlib import sha1

    return sha1(metadata(filename, content64), usedforsecurity=False).hexdigest()


def content(answer: bytes) -> bytes:
    """Source bytes in a good answer to ``udf-get``. Raises WireError."""
    from binascii import Error, a2b_base64

    from asinfo.wire.info import parameter

    text = parameter(answer, b"content")
    if text is None:
        raise WireError("udf-get: the answer has no content")
    try:
        return a2b_base64(text, strict_mode=True)
    except Error as error:
        raise WireError(f"udf-get: the content is not base64: {error}") from None
