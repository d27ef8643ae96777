"""Notes about real servers whose Lua cache was cleared from here and is off since: no info command tells it.

A real server leaves its cache off after ``udf-clear-cache:``, for each module until a put that changes it, and for all
until it restarts; no info command tells so. One small file a node: when it was cleared, and below that the modules
that were put with a change since. A note is about what this user of this machine has done, no more.
"""

from __future__ import annotations

import time

from asadm import state
from asinfo.text import text
from asinfo.wire.info import parameter

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.target.interface import Target
    from asadm.target.results import Listing
    from asinfo.exchange import Endpoint

KIND = "cache-off"
ASKED = (b"statistics", b"udf-cache-stats:")
"""The second is a command of asudfd alone: where it is known now, another server was cleared."""

UPTIME_SLACK = 2.0
"""Seconds by which an uptime and our clock may disagree."""


class CacheNote:
    """The cache of one node: cleared at ``since`` (Unix time), still off for ``cold`` of the modules it lists."""

    __slots__ = ("cold", "node", "since")

    def __init__(self, node: Endpoint, since: float, cold: Sequence[bytes]) -> None:
        self.node = node
        self.since = since
        self.cold = list(cold)

    def __str__(self) -> str:
        moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(self.since))
        count = f"{len(self.cold)} module{'' if len(self.cold) == 1 else 's'}"
        return f"cache left off since {moment} ({count}): asadm udf rewarm brings it back"


def cleared(nodes: Iterable[Endpoint], at: float) -> bool:
    """Note that the caches of ``nodes`` were cleared; whether that could be written."""
    written = [state.write(KIND, state.quoted(node.address), b"%.3f\n" % at) for node in nodes]
    return all(written)


def warmed(nodes: Mapping[bytes, Sequence[Endpoint]]) -> None:
    """Note, by the name of a module, the nodes that took a put which changed it."""
    noted = set(state.names(KIND))
    for name, changed in nodes.items() if noted else ():
        for node in changed:
            file = state.quoted(node.address)
            if file in noted:
                state.append(KIND, file, name.hex().encode())


def off(cluster: Target, listings: Iterable[Listing]) -> list[CacheNote]:
    """The nodes whose cache is still off, as far as is known here; notes that are no longer true are dropped.

    Asks just the nodes that were read and that there is a note about.
    """
    noted = set(state.names(KIND))
    listed = {}
    for listing in listings:
        if listing.modules and state.quoted(listing.node.address) in noted:
            listed[listing.node] = listing.modules
    answers = cluster.each(ASKED, nodes=list(listed)) if listed else []
    found = []
    for answer in answers:
        file = state.quoted(answer.node.address)
        since, warm = _read(file)
        cold = [name for name in listed[answer.node] if name not in warm]
        if _over(answer.answers, since) or not cold:
            state.remove(KIND, [file])
        else:
            found.append(CacheNote(answer.node, since, cold))
    return found


def _over(answers: Sequence[bytes], since: float) -> bool:
    """Whether the server restarted since, or is another one. What a node does not tell decides nothing."""
    if len(answers) < len(ASKED):
        return False
    uptime = parameter(answers[0], b"uptime") or b""
    restarted = uptime.isdigit() and time.time() - float(uptime) > since + UPTIME_SLACK
    return restarted or answers[1].startswith(b"module=")


def _read(file: str) -> tuple[float, set[bytes]]:
    """When the cache was cleared, and the modules that are warm again. A file that is none of ours: long ago."""
    lines = (state.read(KIND, file) or b"").split(b"\n")
    try:
        since = float(lines[0])
        return since, {bytes.fromhex(text(line)) for line in lines[1:]}
    except ValueError:
        return 0.0, set()


def forget(nodes: Iterable[Endpoint]) -> None:
    """Nothing is left to be remembered of ``nodes``."""
    noted = set(state.names(KIND))
    state.remove(KIND, [file for file in (state.quoted(node.address) for node in nodes) if file in noted])
