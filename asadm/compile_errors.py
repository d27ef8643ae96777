"""Compile errors for the author of a module: the path of the file, the line, and the text of the line."""

from __future__ import annotations

from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.results import SourceError


def describe(error: SourceError, name: bytes, path: str, content: bytes) -> list[str]:
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
