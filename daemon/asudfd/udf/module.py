"""The forms of a Lua module: on the wire, in system metadata and in a listing.

`udf-put` is checked in the order of the real server, and refused with its texts:

    file name        -> invalid_filename
    content-len      -> invalid_content_len     it must stand there, at most 10 characters
    udf-type         -> invalid_udf_type        LUA, or left out
    content-len      -> invalid_content_len     decimal digits, modulo 2^32, a multiple of 4; nothing counts as 0
    content          -> invalid_content         as long as content-len says
    size             -> invalid_udf_content_len,>1M
    base64           -> invalid_base64_content  padded standard alphabet, not empty

Then follows the compile check, which is the Lua host's. Source: the info protocol specification, section 3. Only the
file name differs, on purpose: the recorded server takes nearly everything, paths included; its fixed releases
(8.1.2.2 and later) take the characters of `is_filename`, and we ask for `.lua` as well, because nothing else can be called.
"""

import binascii
import hashlib
import json
import string
from dataclasses import dataclass

from asinfo.decode import decode_json
from asinfo.wire.info import parameter
from asinfo.wire.udf import SOURCE_SIZE_MAX, is_filename
from asudfd.errors import UdfError

CONTENT_LEN_SIZE_MAX = 10
"""Digits of `content-len`, as on the real server."""
BASE64_ALPHABET = (string.ascii_letters + string.digits + "+/").encode()


@dataclass(frozen=True, slots=True)
class UdfPut:
    """A module that a client asks to store: ``content64`` is the base64 text as it was sent, ``source`` its bytes."""

    filename: str
    content64: str
    source: bytes


@dataclass(frozen=True, slots=True)
class UdfModule:
    """A registered module. ``value`` is its JSON text in system metadata, ``hash`` what `udf-list` shows.

    The text is shared by the metadata and every node of the process, so content and source are taken out of it when
    they are asked for: a module of 1 MB is not kept four times.
    """

    filename: str
    value: str
    hash: str

    @property
    def content64(self) -> str:
        """The base64 text as it was sent; its spelling counts for the hash."""
        content: str = json.loads(self.value)["content64"]
        return content

    @property
    def answer(self) -> bytes:
        """The answer of `udf-get`: its content in the usual spelling, which differs in the last character at most."""
        content = self.content64.encode()
        last = binascii.b2a_base64(binascii.a2b_base64(content[-4:]), newline=False)
        return b"type=LUA;content=%b%b;" % (content[:-4], last)

    @property
    def source(self) -> bytes:
        """The Lua text."""
        return _decoded(self.content64.encode())


def parse_put(parameters: bytes) -> UdfPut:
    """The module in the parameters of a `udf-put`. Raises UdfError, in the order above."""
    filename = parameter(parameters, b"filename")
    if filename is None or not is_filename(filename):
        raise UdfError(b"invalid_filename")
    content_len = parameter(parameters, b"content-len")
    if content_len is None or len(content_len) > CONTENT_LEN_SIZE_MAX:
        raise UdfError(b"invalid_content_len")
    if parameter(parameters, b"udf-type") not in {None, b"LUA"}:
        raise UdfError(b"invalid_udf_type")
    content = _content(parameter(parameters, b"content"), _length(content_len))
    try:
        source = _decoded(content)
    except ValueError as error:
        raise UdfError(b"invalid_base64_content") from error
    return UdfPut(filename.decode("ascii"), content.decode("ascii"), source)


def _length(text: bytes) -> int:
    """The number of base64 characters that ``text`` announces."""
    if text and not text.isdigit():  # bytes.isdigit knows only 0 to 9
        raise UdfError(b"invalid_content_len")
    length = int(text or b"0") % 2**32
    if length % 4:
        raise UdfError(b"invalid_content_len")
    return length


def _content(content: bytes | None, length: int) -> bytes:
    """``content``, when it is just as long as announced and small enough."""
    if content is None or len(content) != length:
        raise UdfError(b"invalid_content")
    if (
        length * 3 // 4 > SOURCE_SIZE_MAX + 1
    ):  # three quarters of the base64 length, as the real server looks at it
        raise UdfError(b"invalid_udf_content_len,>1M")
    return content


def _decoded(content: bytes) -> bytes:
    """The bytes behind base64 text. Raises ValueError when it is empty or not padded base64.

    Bits that the last character has too many may be anything, as on the real server. The grammar is checked here
    because Python's strict mode lets surplus padding pass in some versions.
    """
    digits = content.rstrip(b"=")
    padding = len(content) - len(digits)
    if not digits or len(content) % 4 or padding > 2 or digits.translate(None, BASE64_ALPHABET):
        raise ValueError("its content is not base64")
    return binascii.a2b_base64(content)


def to_value(filename: str, content64: str) -> str:
    """The JSON text that stands for a module in system metadata; spaces and order of keys count for the hash."""
    return json.dumps({"content64": content64, "type": "LUA", "name": filename}, ensure_ascii=False)


def from_value(filename: str, value: str) -> UdfModule:
    """The module that ``value`` of key ``filename`` stands for.

    Raises ValueError for what no `udf-put` of ours can have stored: system metadata may come from another server.
    """
    if not is_filename(filename.encode()):
        raise ValueError("its name is not allowed")
    match decode_json(value, escaped_bytes=True):
        case {"content64": str(content64), "type": "LUA"}:
            _decoded(content64.encode())
        case _:
            raise ValueError("its value is not a Lua module")
    return UdfModule(filename, value, hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest())
