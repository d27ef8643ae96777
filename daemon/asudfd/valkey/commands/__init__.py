"""Commands about the connection and the server: a file for each family, with a handler for each of its commands.

A handler gets the request and returns a reply (asudfd.valkey.reply) or raises CommandFailed. Arity and permission have been
checked. To add a family is one file and one line here.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from asudfd.valkey.request import CommandRequest

    Handler = Callable[[CommandRequest], object]


class CommandFamily(Protocol):
    """A module of handlers."""

    @property
    def HANDLERS(self) -> Mapping[str, Handler]:  # noqa: N802 - a constant of the module
        """The handler of each command, by the name of its row."""


# fmt: off
FAMILIES: Mapping[str, str] = {
    "acl": "acl|whoami acl|users acl|list acl|cat acl|setuser acl|getuser acl|deluser acl|genpass acl|dryrun acl|log acl|load acl|save",
    "client": "client|id client|getname client|setname client|setinfo client|info client|list client|kill client|no-evict "
              "client|no-touch client|reply client|pause client|unpause client|unblock client|capa client|import-source",
    "cluster": "cluster|nodes cluster|slots cluster|shards cluster|info cluster|myid cluster|myshardid cluster|keyslot "
               "cluster|countkeysinslot cluster|getkeysinslot cluster|slot-stats cluster|links cluster|replicas cluster|slaves "
               "cluster|count-failure-reports cluster|failover cluster|meet cluster|addslots cluster|delslots "
               "cluster|addslotsrange cluster|delslotsrange cluster|setslot cluster|forget cluster|replicate cluster|reset "
               "cluster|flushslots cluster|flushslot cluster|bumpepoch cluster|set-config-epoch cluster|migrateslots "
               "cluster|cancelslotmigrations cluster|syncslots cluster|getslotmigrations cluster|saveconfig asking readonly readwrite",
    "command": "command command|count command|info command|docs command|list command|getkeys command|getkeysandflags command|help",
    "config": "config|get config|set config|resetstat config|rewrite",
    "connection": "hello auth reset quit select ping",
    "debug": "debug",
    "function": "function|load function|delete function|flush function|list function|stats function|kill function|dump "
                "function|restore function|help script|kill script|debug",
    "help": "acl|help client|help cluster|help commandlog|help config|help latency|help memory|help module|help pubsub|help "
            "script|help slowlog|help xgroup|help xinfo|help",
    "info": "info",
    "monitoring": "slowlog|get slowlog|len slowlog|reset commandlog|get commandlog|len commandlog|reset latency|latest "
                  "latency|history latency|reset latency|doctor latency|graph latency|histogram memory|doctor memory|purge "
                  "memory|malloc-stats memory|stats module|list module|load module|loadex module|unload monitor",
    "pubsub": "subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe publish spublish pubsub|channels "
              "pubsub|shardchannels pubsub|numpat pubsub|numsub pubsub|shardnumsub",
    "replication": "migrate role replicaof slaveof failover replconf sync",
    "server": "lastsave save bgsave bgrewriteaof shutdown",
    "tracking": "client|tracking client|caching client|trackinginfo client|getredir",
    "transaction": "multi exec discard watch unwatch",
}
# fmt: on
"""The commands of each family. A node that starts waits for none of them: a family is imported when it is first needed, or
soon after the start."""


@cache
def handlers() -> dict[str, Handler]:
    """The handler of each command, by the name of its row."""
    found: dict[str, Handler] = {}
    for family, names in FAMILIES.items():
        for name in names.split():
            if name in found:
                raise ValueError(f"two handlers for {name}")
            found[name] = partial(_first, family, name)
    return found


def import_families() -> Iterator[None]:
    """Import one family after the other: what could be missing then, such as a file descriptor, is there at the start."""
    for family in FAMILIES:
        _import(family)
        yield


def _import(family: str) -> None:
    module = cast("CommandFamily", import_module(f"{__name__}.{family}"))
    handlers().update(module.HANDLERS)


def _first(family: str, name: str, request: CommandRequest) -> object:
    """Answer the first command of a family."""
    _import(family)
    return handlers()[name](request)
