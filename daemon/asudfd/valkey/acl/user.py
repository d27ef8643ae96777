"""Users of the Valkey face, and what each may run: commands, keys and channels."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.glob import glob
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from asudfd.valkey.table import CommandSpec

ALL = b"*"


class KeyPattern(NamedTuple):
    """Keys that may be read, or written, or both."""

    pattern: bytes
    reads: bool
    writes: bool

    def text(self) -> bytes:
        """As a rule."""
        if self.reads and self.writes:
            return b"~" + self.pattern
        return (b"%R~" if self.reads else b"%W~") + self.pattern


@dataclass(slots=True)
class AclSelector:
    """A set of permissions; a command is allowed if one selector of the user allows all of it.

    ``rules`` are the rules for commands as they are shown, behind -@all or +@all. ``commands`` are the names of allowed rows,
    ``first_arguments`` allowed first arguments of commands that are not allowed otherwise.
    """

    commands: set[str] = field(default_factory=set)
    first_arguments: dict[str, set[bytes]] = field(default_factory=dict)
    all_commands: bool = False
    rules: list[bytes] = field(default_factory=list)
    keys: list[KeyPattern] = field(default_factory=list)
    all_keys: bool = False
    channels: list[bytes] = field(default_factory=list)
    all_channels: bool = False
    databases: tuple[int, ...] | None = None

    def copy(self) -> AclSelector:
        """One that can be changed without changing this."""
        return replace(
            self,
            commands=set(self.commands),
            first_arguments={name: set(words) for name, words in self.first_arguments.items()},
            rules=list(self.rules),
            keys=list(self.keys),
            channels=list(self.channels),
        )

    @property
    def is_unrestricted(self) -> bool:
        """Whether it allows everything."""
        return (
            self.all_keys
            and self.all_channels
            and self.databases is None
            and len(self.commands) == len(command_rows())
        )

    def allows_command(self, row: CommandSpec, arguments: list[bytes]) -> bool:
        """Whether the command may be run, whatever its keys."""
        if row.name in self.commands:
            return True
        words = self.first_arguments.get(row.name)
        return words is not None and len(arguments) > 1 and arguments[1].lower() in words

    def allows_key(self, key: bytes, *, reads: bool, writes: bool) -> bool:
        """Whether the key may be read, written or both; without either it needs a pattern that allows something."""
        if self.all_keys:
            return True
        return any(
            (each.reads or not reads) and (each.writes or not writes) and glob(each.pattern).fullmatch(key)
            for each in self.keys
        )

    def allows_channel(self, channel: bytes, *, is_pattern: bool) -> bool:
        """Whether the channel, or the pattern of channels, may be used."""
        if self.all_channels:
            return True
        if is_pattern:
            return channel in self.channels
        return any(glob(each).fullmatch(channel) for each in self.channels)

    def commands_text(self) -> bytes:
        """The rules for commands."""
        return b" ".join([b"+@all" if self.all_commands else b"-@all", *self.rules])

    def keys_text(self) -> bytes:
        """The rules for keys."""
        return b"~*" if self.all_keys else b" ".join(each.text() for each in self.keys)

    def channels_text(self) -> bytes:
        """The rules for channels."""
        return b"&*" if self.all_channels else b" ".join(b"&" + each for each in self.channels)

    def databases_text(self) -> bytes:
        """The rule for databases."""
        if self.databases is None:
            return b"alldbs"
        return b"db=%s" % b",".join(b"%d" % each for each in self.databases)

    def text(self) -> bytes:
        """All rules, as ACL LIST has them."""
        channels = b"&*" if self.all_channels else b"resetchannels " + self.channels_text()
        databases = b"" if self.databases is None else self.databases_text()
        parts = (self.keys_text(), channels.rstrip(), databases, self.commands_text())
        return b" ".join(part for part in parts if part)


class AclUser:
    """A user. ``selectors`` has the root selector first. ``passwords`` are SHA-256 in hexadecimal."""

    __slots__ = ("enabled", "is_unrestricted", "name", "nopass", "passwords", "selectors")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.enabled = False
        self.nopass = False
        self.passwords: list[bytes] = []
        self.selectors = [AclSelector()]
        self.is_unrestricted = False

    @property
    def root(self) -> AclSelector:
        """The selector that rules without parentheses change."""
        return self.selectors[0]

    def copy(self) -> AclUser:
        """One that can be changed without changing this."""
        other = AclUser(self.name)
        other.take(self)
        return other

    def take(self, other: AclUser) -> None:
        """Become like another user, but for the name."""
        self.enabled, self.nopass = other.enabled, other.nopass
        self.passwords = list(other.passwords)
        self.selectors = [each.copy() for each in other.selectors]
        self.is_unrestricted = any(each.is_unrestricted for each in self.selectors)

    def accepts(self, password: bytes) -> bool:
        """Whether the password is right."""
        digest = hashlib.sha256(password).hexdigest().encode()
        return self.nopass or any(hmac.compare_digest(digest, each) for each in self.passwords)

    def text(self) -> bytes:
        """The user as a line of ACL LIST."""
        parts = [b"user", self.name, b"on" if self.enabled else b"off"]
        parts += [b"nopass"] if self.nopass else []
        parts += [b"#" + each for each in self.passwords]
        parts.append(self.root.text())
        parts += [b"(%s)" % each.text() for each in self.selectors[1:]]
        return b" ".join(parts)
