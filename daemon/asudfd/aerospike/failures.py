"""Calls of UDFs that failed: each leaves a line in the log that says where in the module, of which record and for whom.

A client gets what the real server would tell it, and that is often less than its author needs. The same failure is told
once in HELD_SECONDS and counted meanwhile; how many were held back is told at the end of that time. So a client that
makes a million failing calls fills neither the log nor the memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asinfo.text import text
from asinfo.wire.result import Result
from asudfd.aerospike.refusals import client_text
from asudfd.lua.aerospike.crossing import NO_MODULE, UDF_CONTEXT

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession
    from asudfd.process.log import Log
    from asudfd.udf.store import ModuleStore

HELD_SECONDS = 12.0
"""How long the same failure is held back; longer than the log itself holds back a warning that it has written before."""

TOLD_MAX = 64
"""Different failures that are told in HELD_SECONDS: a test suite has some, and the log of a storm stays readable."""

KEY_SIZE_MAX = 200
"""Characters of a message by which failures are told apart."""

NAMED_MAX = 20
"""Registered modules that are named when a call names another one."""

_new = tuple.__new__  # builds a named tuple without a call of Python code

_WORDS = {
    Result.NOT_FOUND: "there is no record left to write",
    Result.PARAMETER: "a time to live that is none",
    Result.BIN_TYPE: "a value that no bin can hold",
    Result.BIN_NAME: "too many bins, or a bin name that is too long",
}
"""What the result codes mean that a call may end with, besides UDF."""


class FailedCall(NamedTuple):
    """A call that failed: what was called, on what (in words, for the log), and for whom."""

    module: str
    function: bytes
    subject: str
    session: ClientSession | None


class _Failure(NamedTuple):
    """What makes failures the same: a function, and its error text, or the result code if that is all."""

    module: str
    function: bytes
    message: bytes | int

    def __str__(self) -> str:
        """As a person calls the function."""
        return f"{self.module}.{text(self.function)}"


@dataclass(slots=True)
class _Told:
    """A failure that was told: where it was, the log's context, and how many of the same were held back since."""

    place: str
    context: str
    held: int = 0


class FailureLog:
    """Tells failing calls in ``log``; ``modules`` are those that are registered. Only the event loop uses it."""

    __slots__ = ("_log", "_modules", "_others", "_timer", "_told")

    def __init__(self, log: Log, modules: ModuleStore) -> None:
        self._log = log
        self._modules = modules
        self._told: dict[_Failure, _Told] = {}
        self._others = 0
        self._timer: asyncio.TimerHandle | None = None

    def holds_back(self, module: str, function: bytes, message: bytes | int) -> bool:
        """Whether a failure was told just now, or is one too many: it is counted then. Else it is to be told.

        ``message`` is the error text, or the result code if there is none.
        """
        key = (module, function, message if isinstance(message, int) else message[:KEY_SIZE_MAX])
        told = self._told.get(_new(_Failure, key))
        if told is not None:
            told.held += 1
            return True
        if len(self._told) >= TOLD_MAX:
            self._others += 1
            return True
        return False

    def tell(
        self, call: FailedCall, message: bytes | int, detail: bytes | None, context: str = UDF_CONTEXT
    ) -> None:
        """Log a failure that is not held back; ``detail`` is what Lua knows of the place."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HELD_SECONDS, self.tell_again)
        where = text(detail or b"")
        place, why = where.partition(" ")[0], f"; at {where}" if where else ""
        if message == NO_MODULE:
            place, why = call.module, f" ({where}{self._registered(call.module)})"
        cut = message if isinstance(message, int) else message[:KEY_SIZE_MAX]
        failure = _Failure(call.module, call.function, cut)
        told = self._told[failure] = _Told(place or call.module, context)
        whose = f"{call.subject}, for {client_text(call.session)}"
        self._log.warning(context, f"{failure} failed: {_words(message)}{why}; {whose}", told.place)

    def tell_again(self) -> None:
        """Tell what was held back, and begin anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for failure, told in self._told.items():
            if told.held:
                calls = "1 more call" if told.held == 1 else f"{told.held} more calls"
                what = f"{calls} of {failure} failed so within {HELD_SECONDS:g} s: {_words(failure.message)}"
                self._log.warning(told.context, what, told.place)
        if self._others:
            self._log.warning(
                UDF_CONTEXT,
                f"{self._others} other failures of UDFs are not told; `udf-stats:` counts them",
                "udf",
            )
        self._told.clear()
        self._others = 0

    def _registered(self, module: str) -> str:
        """What is registered, if ``module`` is not."""
        names = sorted(name.removesuffix(".lua") for name in self._modules.names())
        if module in names:
            return ""
        if not names:
            return "; no module is registered"
        more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
        return f"; registered: {', '.join(names[:NAMED_MAX])}{more}"


def _words(message: bytes | int) -> str:
    if isinstance(message, int):
        return f"code {int(message)}, {_WORDS.get(Result(message), 'refused')}"
    return text(message)
