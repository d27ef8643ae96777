"""The Lua files of the sandbox and of a crossing, compiled once a process."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from asudfd.lua.state import compile_text

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from asudfd.lua.bytecode import LibraryNames
    from asudfd.lua.crossing import Crossing

_PARTS = ("sandbox", "limit", "threads", "pattern", "cost", "library", "tables", "times", "modules")
"""The chunks of the sandbox; the first loads the others."""


@cache
def sandbox_chunks(crossing: Crossing[Any]) -> tuple[list[bytes], list[bytes]]:
    """Bytecode of the sandbox and its parts, the crossing's last chunk behind them; and of the crossing's other chunks."""
    here, chunks = files(__package__), crossing.chunks()

    def compiled(directory: Traversable, name: str) -> bytes:
        return _compiled(directory, name, chunks.shown.get(name), crossing.library_names)

    parts = [compiled(here, name) for name in _PARTS]
    return (
        [*parts, compiled(chunks.directory, chunks.last)],
        [compiled(chunks.directory, name) for name in chunks.names],
    )


def _compiled(directory: Traversable, name: str, shown: bytes | None, names: LibraryNames) -> bytes:
    chunk_name = shown or b"=%s.lua" % name.encode()
    text = (directory / f"{name}.lua").read_bytes()
    chunk = compile_text(text, chunk_name, names, strip=shown is None)
    return chunk.code or chunk.message
