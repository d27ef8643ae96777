"""Error answers of a node in words for a person.

    ERROR:<code>:<text>     the uniform form; code 1 is written as ERROR::<text>
    FAIL:<code>:<text>      older servers
    error=<word>[;key=value...]   the udf family; compile_error carries file, line and a base64 message

Source: the specification of the info protocol, sections 2 and 3.
"""

from __future__ import annotations

from asinfo.text import text
from asinfo.wire.info import parameter

_UDF_TEXTS = {
    b"invalid_filename": "the module's file name is not allowed",
    b"invalid_content_len": "the content length is not a number of base64 characters",
    b"invalid_udf_type": "the type is not LUA",
    b"invalid_content": "the content does not have the announced length",
    b"invalid_udf_content_len,>1M": "the module is larger than 1048575 bytes",
    b"invalid_udf_content_len, lua file size > 1MB": "the module is larger than 1048575 bytes",  # before 6.4
    b"invalid_base64_content": "the content is empty or not base64",
    b"json_error": "the file name is not UTF-8",
    b"timeout": "the cluster did not confirm in time; the change may still have been applied",
    b"not_found": "there is no such module",
    b"empty": "the module's file is empty",
    b"unknown_error": "the node cannot read the module's file",
}


class CompileError:
    """A compile error of a module: ``file`` as the node names it, ``line`` from 1 (0: unknown), ``message``."""

    __slots__ = ("file", "line", "message")

    def __init__(self, file: str, line: int, message: str) -> None:
        self.file = file
        self.line = line
        self.message = message

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else ""
        return place + self.message


def compile_error(answer: bytes) -> CompileError | None:
    """The compile error in an answer to ``udf-put``; None when it is something else. Never fails."""
    if not answer.startswith(b"error=compile_error"):
        return None
    file = parameter(answer, b"file") or b""
    line = parameter(answer, b"line") or b""
    message = parameter(answer, b"message") or b""
    number = int(line) if line.isdigit() and len(line) <= 9 else 0
    return CompileError(text(file), number, text(_decoded(message)))


def _decoded(message: bytes) -> bytes:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(message, strict_mode=True)
    except Error:
        return message


def code(answer: bytes) -> int | None:
    """The result code of an ``ERROR:<code>:<text>`` answer (1 when it is left empty); None in other forms."""
    parts = answer.split(b":", 2)
    if len(parts) < 3 or parts[0].lower() not in {b"error", b"fail"}:
        return None
    if not parts[1]:
        return 1
    return int(parts[1]) if parts[1].isdigit() and len(parts[1]) <= 9 else None


def explain(answer: bytes) -> str:
    """An error answer as a phrase: ``unrecognized command (code 4)``, ``bad.lua:3: unexpected symbol ...``."""
    number = code(answer)
    if number is not None:
        return f"{text(answer.split(b':', 2)[2])} (code {number})"
    failed = compile_error(answer)
    if failed is not None:
        return str(failed)
    word = answer.removeprefix(b"error=")
    return f"{_UDF_TEXTS[word]} ({text(word)})" if word in _UDF_TEXTS else text(answer)
