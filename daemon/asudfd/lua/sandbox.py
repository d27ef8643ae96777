"""The Lua files of the sandbox and of a crossing, compiled once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.state import compile_text

if TYPE_CHECKING:
    from asudfd.lua.crossing import Crossing

_PARTS = (
    "sandbox",
    "limit",
    "threads",
    "values",
    "library",
    "times",
    "cost",
    "guards",
    "pieces",
    "functions",
    "lines",
    "failure",
    "modules",
    "calls",
)
"""The chunks of the sandbox in the order in which they are loaded; the first loads the others, and checks what they need."""


class SandboxChunks(NamedTuple):
    """Bytecode: of the chunk that loads the others, and of those in their order."""

    first: bytes
    others: tuple[bytes, ...]


@cache
def sandbox_chunks(crossing: Crossing[Any]) -> SandboxChunks:
    """The chunks of a context with that crossing."""
    here, chunks = Path(__file__).parent, crossing.files()
    first, *own = (_compiled(here, name, crossing) for name in _PARTS)
    others = (_compiled(chunks.directory, name, crossing) for name in (*chunks.names, chunks.last))
    return SandboxChunks(first, (*own, *others))


def _compiled(directory: Path, name: str, crossing: Crossing[Any]) -> bytes:
    shown = crossing.files().shown.get(name) if directory == crossing.files().directory else None
    text = (directory / f"{name}.lua").read_bytes()
    chunk = compile_text(
        text, shown or b"=%s.lua" % name.encode(), crossing.no_tail_calls, strip=shown is None
    )
    if chunk.code is None:
        raise ValueError(f"{name}.lua does not compile: {chunk.message!r}")
    return chunk.code
