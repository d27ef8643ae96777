"""The function or script that runs: how long, whether it may be killed, and serving other clients meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.valkey.reply import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.reactor import Reactor
    from asudfd.valkey.settings import ValkeySettings

LOAD_MILLISECONDS = 500
"""How long the text of a library may run when it is loaded; source: the real server's."""

LOAD_TIMEOUT = b"ERR FUNCTION LOAD timeout"

UNKILLABLE = (
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
    "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)
BUSY = "BUSY Valkey is busy running a script. You can only call {} or SHUTDOWN NOSAVE."
KILL_COMMANDS = {"function": "FUNCTION KILL", "script": "SCRIPT KILL"}


class RunningCall(NamedTuple):
    """What FUNCTION STATS tells of a call. ``kind`` is "function" or "script"; ``command`` a list of Lua, which may be long."""

    kind: str
    name: bytes
    command: Any
    milliseconds: int


class Running:
    """Watches over the call of Lua at hand.

    ``lua_state`` is the table `state` of the Lua side; ``clock`` tells seconds and is never set.
    """

    def __init__(
        self,
        lua_state: Any,
        settings: ValkeySettings,
        reactor: Reactor,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.busy = False
        """Whether the call has run past the threshold, and clients are served from inside it."""
        self._lua_state = lua_state
        self._settings = settings
        self._reactor = reactor
        self._warn = warn
        self._clock = clock
        self._kill: bytes | None = None
        self._began = 0.0  # of the call, as of the first tick; 0 before

    @property
    def call(self) -> RunningCall | None:
        """The call of a function or script that runs, if one does."""
        script = self._lua_state[b"script"]
        if script is None or script[b"command"] is None:
            return None
        return RunningCall(
            script[b"kind"].decode(),
            script[b"name"],
            script[b"command"],
            int(self._milliseconds()),
        )

    def kill(self, kind: str) -> None:
        """End the call, which has to be of that kind. Raises CommandFailed."""
        call = self.call
        if not self.busy or call is None:
            raise CommandFailed("NOTBUSY No scripts in execution right now.")
        if call.kind != kind:
            raise CommandFailed(self.busy_text())
        if self._lua_state[b"script"][b"wrote"]:
            raise CommandFailed(UNKILLABLE)
        self._kill = b"ERR Script killed by user with %s." % KILL_COMMANDS[kind].encode()

    def end(self) -> None:
        """End the call whatever it has done: the node stops."""
        self._kill = b"ERR Script killed: the server is shutting down."

    def exhaust(self) -> None:
        """End the call whatever it has done, as if an allocation had failed."""
        self._kill = self._kill or b"ERR not enough memory"

    def busy_text(self) -> str:
        """What a client is told whose command cannot be run now."""
        call = self.call
        return BUSY.format(KILL_COMMANDS[call.kind if call else "function"])

    def tick(self, kind: bytes) -> tuple[float | None, bytes | None]:
        """Called from inside a call every few milliseconds, with its kind.

        Returns the time that its commands are to see from now on, None to leave it, and the error with which it ends.
        """
        if not self._began:
            self._began = self._clock()
            self._reactor.send_now()  # the replies to those who came before
        elapsed = self._milliseconds()
        if kind == b"load":
            return None, LOAD_TIMEOUT if elapsed > LOAD_MILLISECONDS else None
        threshold = self._settings.busy_milliseconds
        if self._kill:
            return None, self._kill
        if not threshold or elapsed < threshold:
            return None, None
        if not self.busy:
            self.busy = True
            call = self.call
            self._warn(
                f"Slow script detected: still in execution after {int(elapsed)} milliseconds. You can try killing the script "
                f"using the {KILL_COMMANDS[kind.decode()]} command. Script name is: {call.name.decode() if call else ''}."
            )
        self._reactor.step(0)
        return time.time() * 1000, self._kill

    def ended(self) -> None:
        """The call has ended."""
        self.busy, self._kill, self._began = False, None, 0.0

    def _milliseconds(self) -> float:
        """How long the call has run: by a clock that nobody sets."""
        return (self._clock() - self._began) * 1000 if self._began else 0.0
