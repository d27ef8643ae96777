"""What commands about modules share: the names that can be sent, lists as nodes give them, and compile errors."""

from __future__ import annotations

from asinfo.errors import UsageError, WireError
from asinfo.text import text
from asinfo.wire.udf import NAME_SIZE_MAX, Module, is_filename, modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asinfo.wire.failure import CompileError

LIST = b"udf-list"


RULE = (
    "a name has at most 127 bytes of UTF-8, no ';', line end or NUL, and its first dot neither at its start nor at its "
    "end: counter.lua"
)
"""What every server wants; it says ``error=invalid_filename`` to all else. Some of that would even end a real server
when it is asked for or removed: an empty name, ``.`` and ``..``, bytes that are no UTF-8."""

ALLOWED = f"letters, digits and . _ $ - (neither a dot first nor two together), ending in .lua, at most {NAME_SIZE_MAX} bytes"
"""The rule of `asinfo.wire.udf.is_filename`, for messages."""


def sendable(name: bytes) -> bytes:
    """``name`` when a server can have a module of that name; UsageError with the rule otherwise."""
    dot = name.find(b".")
    bad = len(name) > NAME_SIZE_MAX or dot in {-1, 0, len(name) - 1} or any(byte in b";\n\0" for byte in name)
    try:
        name.decode()
    except UnicodeDecodeError:
        bad = True
    if bad:
        raise UsageError(f"{text(name)!r} cannot be the name of a module: {RULE}")
    return name


def registrable(name: bytes) -> bytes:
    """``name`` when every server takes a module of that name; UsageError with the rule otherwise.

    A module that an older server has under another name can be looked at and removed; a new one gets a name that lasts.
    """
    if is_filename(sendable(name)):
        return name
    raise UsageError(
        f"{text(name)!r} cannot be the name of a module on asudfd and on servers from 8.1.2.2 on: {ALLOWED}. "
        "Only an older server takes it, by asinfo and udf-put"
    )


def listed(answer: NodeAnswer) -> list[Module]:
    """The modules a node lists; none when it did not answer well. An answer that is no list becomes a failure."""
    try:
        return modules(answer.answer) if answer.good else []
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return []


def describe(error: CompileError, name: bytes, path: str, content: bytes) -> list[str]:
    """``path:line: message``, and below it the line of ``content`` that it is about, and more of the message.

    The node knows the module by ``name`` (cut to 45 characters in its messages); the user knows it by ``path``. An
    error inside another file, as in a module that this one requires, keeps that file's name and has no source line.
    """
    head, *more = error.message.split("\n")
    rest = [f"    {line.strip()}" for line in more if line.strip()]
    if not error.line:
        return [f"{path}: {head}", *rest]
    if not text(name).startswith(error.file.removesuffix("...")):
        return [f"{path}: {error.file}:{error.line}: {head}", *rest]
    lines = content.split(b"\n")
    line = text(lines[error.line - 1]).strip() if error.line <= len(lines) else ""
    about = [f"    {line}"] if line else []
    return [f"{path}:{error.line}: {head}", *about, *rest]
