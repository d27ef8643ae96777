"""Why requests were refused: counted by reason, and told in the log once for each reason and client.

A result code alone does not say what is missing. Whoever tries the node finds it in its log, and in the info command
`unsupported:`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from asinfo.text import text, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.network.session import ClientSession
    from asudfd.process.log import Log

CODES = {4: "parameter", 12: "bin type", 16: "unsupported feature"}
"""Result codes whose reasons are told, with their names."""

COUNTED_MAX = 256
"""Most reasons that are counted one by one; a test suite of a client library has some forty."""

OTHERS = "other reasons"
"""What stands for the rarest, which make room for new ones: some quote what a client sent, and have no end."""

REASON_SIZE_MAX = 200
"""Most characters of a reason: one may quote what a client sent."""

TOLD_MAX = 128
"""Most reasons that are told of one client: three times those of a client library's suite, with its info commands."""

CLIENTS_MAX = 32
"""Most clients that are told of until all are forgotten: with TOLD_MAX, at most 4128 lines in FORGET_SECONDS."""

FORGET_SECONDS = 3600.0
"""After so long all clients may be told of anew, if there were too many."""


class Refusal(NamedTuple):
    """A refused request: its result code and the reason."""

    code: int
    text: str


class _LastRefusal(NamedTuple):
    """The refusal that was noted last, with the request it was of."""

    code: int
    why: str
    session: ClientSession | None
    reason: Refusal


class RefusalLog:
    """The reasons of one node, which tells them in ``log``."""

    __slots__ = ("_began", "_last", "_log", "_told", "counts")

    def __init__(self, log: Log) -> None:
        self._log = log
        self.counts: dict[Refusal, int] = {}
        self._told: dict[tuple[str, bytes | None], set[Refusal]] = {}
        self._began = monotonic()
        self._last: _LastRefusal | None = None

    def note(self, code: int, why: str, session: ClientSession | None) -> None:
        """A request of ``session``, or of nobody known, was refused; only the CODES are of interest."""
        last = self._last
        if last is not None and last.code is code and last.session is session and last.why == why:
            self.counts[last.reason] += 1  # millions of the same may come in one request
            return
        if code not in CODES:
            return
        reason = Refusal(int(code), why[:REASON_SIZE_MAX])
        if reason not in self.counts and len(self.counts) >= COUNTED_MAX:
            self._forget_the_rarer_half()
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self._tell(reason, session)
        self._last = _LastRefusal(code, why, session, reason)

    def _forget_the_rarer_half(self) -> None:
        """Count the rarer half among the others of their codes; many at once, because millions of new ones may come."""
        counted = sorted(
            (reason for reason in self.counts if reason.text != OTHERS), key=self.counts.__getitem__
        )
        for rare in counted[: len(counted) // 2]:
            others = Refusal(rare.code, OTHERS)
            self.counts[others] = self.counts.get(others, 0) + self.counts.pop(rare)

    def listed(self, code: int | None = None) -> Iterator[tuple[Refusal, int]]:
        """Reasons of one code or of all, with how often each was one: the most frequent first."""
        found = {reason: count for reason, count in self.counts.items() if code in {None, reason.code}}
        return iter(sorted(found.items(), key=lambda item: -found[item[0]]))

    def _tell(self, reason: Refusal, session: ClientSession | None) -> None:
        told = self._told_of(session)
        if told is None or reason in told or len(told) > TOLD_MAX:
            return
        told.add(reason)
        if len(told) > TOLD_MAX:
            why = "further reasons are not told; `unsupported:` counts them"
        else:
            why = f"code {reason.code}, {CODES[reason.code]}: {reason.text}"
        self._log.warning("rw", f"refused a request of {client_text(session)}: {why}")

    def _told_of(self, session: ClientSession | None) -> set[Refusal] | None:
        """What was told of a client; None for one client too many. A new connection makes no new client."""
        client = ("", None) if session is None else (session.address.partition("+")[0], session.user_agent)
        told = self._told.get(client)
        if told is None:
            if len(self._told) >= CLIENTS_MAX:
                if monotonic() - self._began < FORGET_SECONDS:
                    return None
                self._told.clear()
                self._began = monotonic()
            told = self._told[client] = set()
        return told


def client_text(session: ClientSession | None) -> str:
    """A client as the log shows it: its address, and what it says that it is."""
    if session is None or not session.address:
        return "a client"
    if session.user_agent is None:
        return session.address.partition("+")[0]
    try:
        agent = text(b64decode(session.user_agent, validate=True))
    except binascii.Error:
        agent = text(session.user_agent)
    return f"{session.address.partition('+')[0]} ({visible(agent)})"
