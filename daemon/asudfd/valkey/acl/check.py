"""Whether a user may run a command, and the log of what was denied."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.key_specs import flags_of_place

if TYPE_CHECKING:
    from asudfd.valkey.acl.user import AclSelector, AclUser
    from asudfd.valkey.engine import KeyspaceEngine
    from asudfd.valkey.table import CommandSpec

_CHANNEL_COMMANDS = {
    "publish": slice(1, 2),
    "spublish": slice(1, 2),
    "subscribe": slice(1, None),
    "ssubscribe": slice(1, None),
    "psubscribe": slice(1, None),
}


class Denial(NamedTuple):
    """Why a command is denied: ``kind`` is command, key, channel or database, ``name`` that one's name."""

    kind: str
    name: bytes
    user: bytes

    def text(self) -> str:
        """For the client that ran the command; names of keys are not told."""
        if self.kind == "command":
            name = self.name.decode("latin-1")
            return f"User {self.user.decode('latin-1')} has no permissions to run the '{name}' command"
        return f"No permissions to access a {self.kind}"

    def long_text(self) -> str:
        """For ACL DRYRUN."""
        if self.kind == "command":
            return self.text()
        user, name = self.user.decode("latin-1"), self.name.decode("latin-1")
        what = f"database {name}" if self.kind == "database" else f"the '{name}' {self.kind}"
        return f"User {user} has no permissions to access {what}"


_ORDER = ("command", "key", "channel", "database")


def denial(
    engine: KeyspaceEngine, user: AclUser, row: CommandSpec, arguments: list[bytes], database: int
) -> Denial | None:
    """Why the user may not run the command, in the words of the selector that comes nearest; None if it may."""
    if user.is_unrestricted:
        return None
    nearest = None
    for selector in user.selectors:
        found = _denial_of(engine, selector, row, arguments, database)
        if found is None:
            return None
        kind, name = found
        if nearest is None or _ORDER.index(kind) > _ORDER.index(nearest.kind):
            nearest = Denial(kind, name, user.name)
    return nearest


def _denial_of(
    engine: KeyspaceEngine, selector: AclSelector, row: CommandSpec, arguments: list[bytes], database: int
) -> tuple[str, bytes] | None:
    if not selector.allows_command(row, arguments) and "no_auth" not in row.flags:
        return "command", row.name.encode()
    if not selector.all_keys and row.specs:
        for place in engine.key_places(row, arguments) or ():
            flags = flags_of_place(row, place, arguments)
            key = arguments[place.position]
            reads, writes = "access" in flags, bool({"insert", "delete", "update"}.intersection(flags))
            if not selector.allows_key(key, reads=reads, writes=writes):
                return "key", key
    if not selector.all_channels and row.name in _CHANNEL_COMMANDS:
        for channel in arguments[_CHANNEL_COMMANDS[row.name]]:
            if not selector.allows_channel(channel, is_pattern=row.name == "psubscribe"):
                return "channel", channel
    if selector.databases is not None:
        wanted = arguments[1] if row.name == "select" else b"%d" % database
        if (row.name == "select" or row.specs) and int_of(wanted) not in selector.databases:
            return "database", wanted
    return None


def int_of(text: bytes) -> int:
    """The number, -1 if it is none."""
    return int(text) if text.isdigit() and len(text) < 10 else -1


@dataclass(slots=True)
class AclLogEntry:
    """A denial, or several of the same kind in a row. ``context`` is toplevel, multi or lua; ``client`` a line of CLIENT LIST."""

    reason: str
    context: str
    object: bytes
    user: bytes
    client: bytes
    number: int = 0
    count: int = 1
    created: float = 0.0
    updated: float = 0.0

    def is_like(self, other: AclLogEntry) -> bool:
        """Whether another denial is of the same kind."""
        own = (self.reason, self.context, self.object, self.user)
        return own == (other.reason, other.context, other.object, other.user)


class AclLog:
    """The denials of ACL LOG, the last first. ``counts`` are those of INFO."""

    def __init__(self) -> None:
        self.entries: deque[AclLogEntry] = deque()
        self.counts = {"auth": 0, "command": 0, "key": 0, "channel": 0, "database": 0}
        self._numbers = 0

    def add(self, added: AclLogEntry, most: int) -> None:
        """Note a denial; the same again within a minute is counted. No more than ``most`` entries are kept."""
        now = time.time()
        self.counts[added.reason] += 1
        for entry in self.entries:
            if entry.is_like(added) and now - entry.updated < _SAME_SECONDS:
                entry.count, entry.updated, entry.client = entry.count + 1, now, added.client
                self.entries.remove(entry)
                self.entries.appendleft(entry)
                return
        added.number, added.created, added.updated = self._numbers, now, now
        self.entries.appendleft(added)
        self._numbers += 1
        while len(self.entries) > most:
            self.entries.pop()


_SAME_SECONDS = 60
"""Denials of the same kind within that time are one entry; source: the real server's."""
