"""Commands that bring Lua: what may take long is checked and compiled elsewhere first, and its client waits for that, but nobody else.

A compiler cannot be interrupted, and a body can hold on in a single instruction. So the text of a script or library that is LONG
is checked in a worker; the body of a short library, too, if it has not ended soon.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, Protocol

from asudfd.valkey.lua_text import LIBRARY, LONG, SCRIPT, CheckWantedError, CommandHeldError, LuaText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asudfd.valkey.client import Client
    from asudfd.valkey.engine import KeyspaceEngine
    from asudfd.valkey.libraries import LibrarySet
    from asudfd.valkey.lua_text import CheckedText
    from asudfd.valkey.pause import ClientPause
    from asudfd.valkey.statistics import ServerStatistics

EVALS = frozenset({"eval", "eval_ro"})
COMMANDS = EVALS | {"script|load", "function|load", "function|restore", "exec"}
"""Commands that bring texts."""


class Checker(Protocol):
    """Checks texts elsewhere."""

    def check(
        self, texts: Sequence[LuaText], ended: Callable[[Mapping[LuaText, CheckedText]], None]
    ) -> Callable[[], None]:
        """Begin to check texts; ``ended`` is called later, in the thread of the face. To call what is returned gives the check up."""


class CheckedTexts:
    """Who waits for a check, and what has come of it."""

    def __init__(
        self, engine: KeyspaceEngine, libraries: LibrarySet, pause: ClientPause, statistics: ServerStatistics
    ) -> None:
        self._engine = engine
        self._libraries = libraries
        self._pause = pause
        self._statistics = statistics
        self._lua = engine.lua
        self._checker: Checker | None = None
        self._checks: dict[Client, Callable[[], None]] = {}  # that are under way
        self._verdicts: dict[Client, Mapping[LuaText, CheckedText]] = {}  # for the command that comes next

    def use(self, checker: Checker) -> None:
        """Have texts checked from now on."""
        self._checker = checker
        self._lua[b"state"][b"compile_first_above"] = LONG

    def run(self, client: Client, name: str, arguments: list[bytes], run: Callable[[], bytes]) -> bytes:
        """The reply of ``run``, which runs this command with its texts checked. Raises CommandHeldError, and CommandFailed."""
        if self._checker is None or client.connection is None:
            return run()
        if client in self._checks:
            self._hold(client)
        verdicts = self._verdicts.pop(client, {})  # they may be those of a command that was refused meanwhile
        texts = self._doubtful(client, name, arguments)
        if not verdicts.keys() >= set(texts):
            self._check(client, texts)
        libraries = self._libraries
        libraries.tries = name == "function|load" and LuaText(LIBRARY, arguments[-1]) not in verdicts
        try:
            self._prepare(verdicts)
            return run()
        except CheckWantedError:
            self._statistics.calls[name] -= 1
            self._check(client, [LuaText(LIBRARY, arguments[-1])])
        finally:
            libraries.tries, libraries.refused = False, {}
            self._engine.make_room()  # what ran may have left none
            self._lua[b"state"][b"compile_first_above"] = LONG
            if verdicts:  # what it has not used
                self._lua[b"drop_prepared"]()

    def forget(self, client: Client) -> None:
        """The client has gone."""
        self._verdicts.pop(client, None)
        give_up = self._checks.pop(client, None)
        if give_up is not None:
            give_up()

    def _check(self, client: Client, texts: Sequence[LuaText]) -> NoReturn:
        assert self._checker is not None
        self._checks[client] = self._checker.check(texts, lambda verdicts: self._ended(client, verdicts))
        self._hold(client)

    def _hold(self, client: Client) -> NoReturn:
        self._pause.hold(client)
        raise CommandHeldError

    def _ended(self, client: Client, verdicts: Mapping[LuaText, CheckedText]) -> None:
        is_wanted = self._checks.pop(client, None) is not None
        # it may have gone on: another client has brought the same script
        if is_wanted and self._pause.is_held(client):
            self._verdicts[client] = verdicts
            self._pause.go_on(client)

    def _prepare(self, verdicts: Mapping[LuaText, CheckedText]) -> None:
        """What this command brings is compiled already; what it runs again has been compiled before, and so is not slow."""
        self._lua[b"state"][b"compile_first_above"] = None
        refused = self._libraries.refused
        for text, verdict in verdicts.items():
            if verdict.refusal:
                refused[text.code] = verdict.refusal
                continue
            self._engine.make_room(len(text.code) + len(verdict.bytecode or b""))
            self._lua[b"prepare"](text.chunk, text.compiled, verdict.bytecode, verdict.message)

    def _doubtful(self, client: Client, name: str, arguments: list[bytes]) -> list[LuaText]:
        """The texts of a command that are to be checked before it runs."""
        if name != "exec":
            return list(self._texts(name, arguments))
        found: dict[LuaText, None] = {}
        for queued in client.queue or ():
            words = b"|".join(queued[:2]).decode("latin-1").lower()
            command = words.partition("|")[0]
            found.update(
                dict.fromkeys(self._texts(command if command in EVALS else words, queued, is_alone=False))
            )
        return list(found)

    def _texts(self, name: str, arguments: list[bytes], *, is_alone: bool = True) -> Iterator[LuaText]:
        """Those of one command. The body of a library is no trouble where it can be tried, which is for a command that ``is_alone``."""
        if name in EVALS or name == "script|load":
            code = arguments[1 if name in EVALS else 2]
            if len(code) > LONG and not self._lua[b"knows_script"](code):
                yield LuaText(SCRIPT, code)
        elif name == "function|load" and len(arguments) > 2:
            code = arguments[-1]
            if len(code) > LONG or not is_alone:
                yield LuaText(LIBRARY, code)
        elif name == "function|restore" and len(arguments) > 2:
            yield from _restored(arguments[2])


def _restored(payload: bytes) -> Iterator[LuaText]:
    """The libraries of a payload, as far as it is one: what is wrong with it, the command says."""
    from asinfo.errors import WireError  # not at the start
    from asinfo.wire.functions import restored
    from asinfo.wire.rdb import VERSIONS_9_1

    with suppress(WireError):
        for code in restored(payload, VERSIONS_9_1):
            yield LuaText(LIBRARY, code)
