"""What can be configured of the Valkey face, by the configuration file and by CONFIG SET."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asudfd.config.schema import ValkeyConfig

OUTPUT_MAX = 256 << 20
"""Replies that may wait for a client that has no limit by CONFIG (normal 0): the real server would let them grow for ever."""

_LISTENING = "asudfd listens as `network` in its configuration file says"
_LOGGING = "asudfd logs as `logging` in its configuration file says"

PINNED = {
    "save": "asudfd writes no RDB files: `storage file` in its configuration file keeps the data",
    "maxmemory-policy": "asudfd evicts nothing: above maxmemory, commands that need more are refused",
    "latency-monitor-threshold": "asudfd does not monitor latency; it has SLOWLOG",
    "io-threads": "asudfd serves all clients in one thread",
    "activedefrag": "asudfd has nothing to defragment: memory is Lua's",
    "protected-mode": "who reaches asudfd is said by `address` of `network / resp` in its configuration file",
    **dict.fromkeys(("port", "rdma-bind", "rdma-port"), _LISTENING),
    **dict.fromkeys((name for name in parameters() if name.startswith("tls-")), _LISTENING),
    **dict.fromkeys(("log-format", "log-timestamp-format"), _LOGGING),
}
"""Parameters that only take the value which they have, since any other would promise what is not so; and why."""

LOG_LEVELS = ("debug", "verbose", "notice", "warning", "nothing")
"""Values of loglevel, from 0 on as server.log counts them."""


OUTPUTS_FACTOR = 2
"""Times what may wait for one client is what may wait for all together, where maxmemory-clients says nothing: half of the
memory that the keyspace may take by default."""


class ParameterError(Exception):
    """A parameter cannot be set."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"CONFIG SET failed (possibly related to argument '{name}') - {reason}")


class _BufferLimits(NamedTuple):
    """Hard limits of client-output-buffer-limit, in bytes."""

    normal: int
    replica: int
    pubsub: int


class ValkeySettings:
    """Parameters by the names of CONFIG, as texts, and as fields those that the server goes by.

    ``memory`` is what the Lua state may take: the data and the libraries. ``version`` is that of Valkey whose wording is used.
    """

    __slots__ = (
        *(
            "_texts",
            "bulk_max",
            "busy_milliseconds",
            "connections_max",
            "idle_seconds",
            "log_level",
            "maxmemory",
            "memory",
        ),
        *(
            "messages_max",
            "output_max",
            "outputs_max",
            "query_max",
            "reply_large",
            "request_large",
            "slow_seconds",
            "version",
        ),
    )

    def __init__(
        self, memory: int = 1 << 30, values: Mapping[str, str] | None = None, version: str = "9.1"
    ) -> None:
        self.memory = memory
        self.version = version
        self._texts = {name: row.default for name, row in parameters().items() if not row.alias}
        for name, text in (values or {}).items():
            self._texts[name] = parameters()[name].parsed(text, self._texts[name])
        self._read()

    @property
    def is_old(self) -> bool:
        """Whether the wording is that of 8.1."""
        return self.version == "8.1"

    def text(self, name: str) -> str:
        """The value of a parameter."""
        return self._texts[parameters()[name].alias or name]

    def pin(self, name: str, text: str) -> None:
        """Set a parameter that the server knows better than CONFIG: its port, for instance."""
        self._texts[name] = text

    def change(self, values: Mapping[str, str]) -> None:
        """Set parameters, all or none. Raises ParameterError."""
        self._texts = self.checked(values)
        self._read()

    def checked(self, values: Mapping[str, str]) -> dict[str, str]:
        """All values as they would be with these set. Raises ParameterError."""
        texts = dict(self._texts)
        for name, text in values.items():
            row = parameters()[name]
            own = row.alias or name
            try:
                texts[own] = row.parsed(text, texts[own])
            except ValueError as error:
                raise ParameterError(name, str(error)) from None
            if own in PINNED and texts[own] != self._texts[own]:
                raise ParameterError(name, PINNED[own])
        return texts

    def _read(self) -> None:
        number = {name: int(self._texts[name]) for name in _NUMBERS}
        self.connections_max = number["maxclients"]
        self.idle_seconds = float(number["timeout"])
        self.busy_milliseconds = number["busy-reply-threshold"]
        self.maxmemory = number["maxmemory"]
        self.bulk_max = number["proto-max-bulk-len"]
        self.query_max = number["client-query-buffer-limit"]
        slow = number["commandlog-execution-slower-than"]
        self.slow_seconds = slow / 1e6 if slow >= 0 else math.inf
        self.log_level = LOG_LEVELS.index(self._texts["loglevel"])
        self.request_large = _threshold(number["commandlog-request-larger-than"])
        self.reply_large = _threshold(number["commandlog-reply-larger-than"])
        words = self._texts["client-output-buffer-limit"].split()
        limits = _BufferLimits(*(int(word) for word in words[1::4]))
        self.output_max = limits.normal or OUTPUT_MAX
        self.outputs_max = self._clients_memory() or OUTPUTS_FACTOR * self.output_max
        self.messages_max = limits.pubsub or OUTPUT_MAX

    def _clients_memory(self) -> int:
        """What maxmemory-clients says: bytes, or a part of maxmemory; 0 for no word of its own."""
        text = self._texts["maxmemory-clients"]
        return self.maxmemory * int(text[:-1]) // 100 if text.endswith("%") else int(text)


_NUMBERS = (
    *("maxclients", "timeout", "busy-reply-threshold", "maxmemory", "proto-max-bulk-len"),
    *("client-query-buffer-limit", "commandlog-execution-slower-than"),
    *("commandlog-request-larger-than", "commandlog-reply-larger-than"),
)


def _threshold(number: int) -> int:
    """Bytes from which on something is large; -1 is never."""
    return number if number >= 0 else sys.maxsize


def settings_of(config: ValkeyConfig) -> ValkeySettings:
    """What the configuration file says."""
    values = {
        "maxclients": str(config.maxclients),
        "timeout": str(config.timeout),
        "busy-reply-threshold": str(config.busy_reply_threshold),
        "maxmemory": str(config.maxmemory),
        "proto-max-bulk-len": str(config.proto_max_bulk_len),
        "enable-debug-command": config.enable_debug_command,
    }
    return ValkeySettings(config.lua_memory_max, values, config.resp_compatibility)
