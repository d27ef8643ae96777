"""What commands about modules share: the names that can be sent, lists as nodes give them, and compile errors."""

from __future__ import annotations

from asinfo.errors import UsageError, WireError
from asinfo.wire.info import text
from asinfo.wire.udf import Module, modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import Answer
    from asinfo.wire.failure import CompileError

LIST = b"udf-list"


def sendable(name: bytes) -> bytes:
    """``name`` when it can stand in a command; UsageError otherwise. What a name may be else, the node decides."""
    if not name or any(byte in b";\n\0" for byte in name):
        raise UsageError(f"{text(name)!r} cannot be the name of a module")
    return name


def listed(answer: Answer) -> list[Module]:
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
