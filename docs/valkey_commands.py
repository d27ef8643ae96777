"""The page of Valkey's commands, generated from the table of commands and from what implements them."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.commands import handlers
from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.table import command_rows
from docs.program import GENERATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.valkey.table import CommandSpec

HEAD = f"""# Valkey's commands

<!-- {GENERATED} -->

Every command of Valkey 9.1, and whether `asudfd` offers it. [valkey.md](valkey.md) is the guide.

- *yes*: as the real server. What is recorded of it is replayed by tests ([compatibility.md](compatibility.md#valkey)).
- *in part*: what the remark says is otherwise.
- *refused*: the arguments are checked as by the real server, then an error says that it is not offered.
- *no*: known by name only.

"since" is the version of Valkey, or of Redis before it, in which the command came.
"""

YES, PART, REFUSED, NO = "yes", "in part", "refused", "no"


class CommandRemark(NamedTuple):
    """What is to be said of the commands that a pattern names: how far they are offered, and what is otherwise."""

    pattern: str
    offered: str
    text: str


_FIXED = "slots follow the membership"

REMARKS = (
    CommandRemark("replicaof", REFUSED, "there are no replicas; `NO ONE` is answered OK"),
    CommandRemark("slaveof", REFUSED, "as `REPLICAOF`"),
    CommandRemark("failover", REFUSED, "there are no replicas"),
    CommandRemark("psync", NO, "there are no replicas"),
    CommandRemark(
        "sync",
        PART,
        "libraries and up to 20,000 keys as an RDB file, and then each change as a command; no replica is kept",
    ),
    CommandRemark("replconf", PART, "what clients send before `SYNC`"),
    CommandRemark("role", YES, "always a primary"),
    CommandRemark("wait", YES, "there are no replicas to wait for"),
    CommandRemark("waitaof", PART, "there is no append-only file: for local copies it is refused"),
    CommandRemark("migrate", REFUSED, "unless the key does not exist"),
    CommandRemark(
        "save", PART, "with `storage file` only: OK, since the journal has all; it writes no RDB file"
    ),
    CommandRemark("bgsave", PART, "as `SAVE`"),
    CommandRemark("bgrewriteaof", PART, "OK; the journal is written anew when it is due"),
    CommandRemark("module|load*", REFUSED, "there are no modules"),
    CommandRemark("module|unload", REFUSED, "there are no modules"),
    CommandRemark("config|rewrite", REFUSED, "the configuration file is the operator's"),
    CommandRemark(
        "config|set",
        PART,
        "parameters that have no effect here take only the value that is true",
    ),
    CommandRemark("acl|save", REFUSED, "there is no file of users: they last as long as the process"),
    CommandRemark("acl|load", REFUSED, "as `ACL SAVE`"),
    CommandRemark("latency|*", PART, "nothing is recorded"),
    CommandRemark("commandlog|*", YES, "of scripts, the commands only if the log begins below 1 ms"),
    CommandRemark("memory|malloc-stats", PART, "a fixed text"),
    CommandRemark("memory|purge", PART, "OK; there is nothing to give back by hand"),
    CommandRemark("script|debug", PART, "`NO` only: there is no debugger"),
    CommandRemark("debug", PART, "`SLEEP`, `ERROR`, `LOG`, `PROTOCOL` and others that tests of clients use"),
    CommandRemark("function|dump", YES, "in version 10 of the format, which all versions can restore"),
    CommandRemark("function|load", YES, "also on all other nodes of the cluster"),
    CommandRemark("function|delete", YES, "also on all other nodes of the cluster"),
    CommandRemark("function|flush", YES, "also on all other nodes of the cluster"),
    CommandRemark("function|restore", YES, "also on all other nodes of the cluster"),
    *(
        CommandRemark(f"cluster|{name}", REFUSED, _FIXED)
        for name in (
            *(
                "meet",
                "addslots",
                "addslotsrange",
                "delslots",
                "delslotsrange",
                "forget",
                "replicate",
                "reset",
            ),
            *(
                "flushslots",
                "flushslot",
                "migrateslots",
                "cancelslotmigrations",
                "syncslots",
                "set-config-epoch",
            ),
        )
    ),
    CommandRemark("cluster|setslot", REFUSED, f"{_FIXED}; `STABLE` is answered OK"),
    CommandRemark("cluster|failover", REFUSED, "there are no replicas"),
    CommandRemark("cluster|getslotmigrations", YES, "there are none"),
    CommandRemark("cluster|links", YES, "there are none: nodes meet in etcd"),
    CommandRemark("cluster|bumpepoch", PART, "the epoch stays"),
)
"""The first that fits counts."""


def page() -> str:
    """A table for each group of commands, as COMMAND DOCS has them."""
    groups: dict[str, list[CommandSpec]] = {}
    for row in listed():
        groups.setdefault(row.group, []).append(row)
    counts = Counter(offered(row.name) for row in listed())
    total = ", ".join(f"{word}: {counts[word]}" for word in (YES, PART, REFUSED, NO))
    return "\n".join([HEAD, f"Of {counts.total()} commands and subcommands, {total}.\n", *_sections(groups)])


def listed() -> list[CommandSpec]:
    """The rows of all commands but those that only have subcommands."""
    return [row for row in command_rows().values() if row.name not in _containers()]


def _sections(groups: dict[str, list[CommandSpec]]) -> Iterator[str]:
    for group in sorted(groups):
        yield f"## {group}\n\n| command | since | offered | remark |\n|---|---|---|---|"
        for row in sorted(groups[group], key=lambda row: row.name):
            found = remark(row.name)
            name = row.name.upper().replace("|", " ")
            yield f"| `{name}` | {row.since} | {offered(row.name)} | {found.text if found else ''} |"
        yield ""


def offered(name: str) -> str:
    """How far a command is offered."""
    if name not in _implemented():
        return NO
    found = remark(name)
    return found.offered if found else YES


def remark(name: str) -> CommandRemark | None:
    """What is to be said of a command."""
    return next((each for each in REMARKS if fnmatchcase(name, each.pattern)), None)


@cache
def _containers() -> frozenset[str]:
    """Commands that only have subcommands."""
    holders = {name.partition("|")[0] for name in command_rows() if "|" in name}
    return frozenset(holders - _implemented())


@cache
def _implemented() -> frozenset[str]:
    """The names of all commands that have an implementation, in Python or in Lua."""
    lua = ValkeyServer(ValkeySettings(), print).state.engine.lua[b"commands"]
    return frozenset(handlers()) | {name.decode().lower() for name in lua}
