"""The crossing of a face whose functions take a text and return one."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from asudfd.lua.bytecode import NAMES, LibraryNames
from asudfd.lua.call import BROKEN, LATE
from asudfd.lua.crossing import CrossingFiles, WrongResultError
from asudfd.lua.state import LUA54


class Said(NamedTuple):
    """A result of this face."""

    ok: bool
    text: bytes
    state: int


class Texts:
    """See `asudfd.lua.crossing.Crossing`."""

    lua_version: str = LUA54
    no_tail_calls: LibraryNames = NAMES
    timeout: bytes = b"out of time"
    no_module: bytes = b"no such library"
    log_context: str = "texts"
    stream_log_context: str = "texts"
    no_view: tuple[Any, ...] = ()

    def files(self) -> CrossingFiles:
        """Those beside this file."""
        return CrossingFiles(Path(__file__).parent, ("texts",), "last", {})

    def result(self, raw: tuple[Any, ...], view: tuple[()]) -> Said:
        """A result whose value is a text."""
        if type(raw[1]) is not bytes:
            raise WrongResultError(f"no text, but {raw[1]!r} for {view}")
        return Said(*raw)

    def pack(self, raw: tuple[Any, ...]) -> bytes:
        """Numbers cross too: it is `result` that refuses them."""
        ok, value, state = raw
        return json.dumps([ok, value.decode() if isinstance(value, bytes) else value, state]).encode()

    def unpack(self, data: bytes) -> tuple[Any, ...]:
        """What `pack` made."""
        ok, value, state = json.loads(data)
        return ok, value.encode() if isinstance(value, str) else value, state

    def failed(self, text: bytes, *, late: bool = False, detail: bytes = b"") -> Said:
        """A call that could not run."""
        return Said(ok=False, text=text, state=LATE if late else BROKEN)

    def lacks_memory(self, result: Said) -> bool:
        """Whether a call ended for want of memory."""
        return result.text == b"not enough memory"

    def is_missing(self, result: Said) -> bool:
        """Lua says what is missing in the words of any error."""
        return not result.ok

    def check_messages(self, messages: object, view: tuple[()]) -> None:
        """There are none."""
        raise WrongResultError("there are no streams")

    def stream_failed(self, text: bytes) -> bytes:
        """As it is."""
        return text


CROSSING = Texts()
