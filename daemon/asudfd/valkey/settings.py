"""What can be configured of the Valkey face, by the configuration file and by CONFIG SET."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.config.schema import ValkeyConfig


@dataclass(slots=True)
class ValkeySettings:
    """Parameters; sizes in bytes. Each of CONFIG's names is told beside its field."""

    memory: int = 1 << 30
    """Bytes that the Lua state may take: the data and the libraries."""
    connections_max: int = 10000
    """maxclients"""
    output_max: int = 256 << 20
    """Replies that may wait for one client."""
    idle_seconds: float = 0
    """timeout"""
    busy_milliseconds: int = 5000
    """busy-reply-threshold"""
    maxmemory: int = 0
    """maxmemory; 0: no limit."""


def settings_of(config: ValkeyConfig) -> ValkeySettings:
    """What the configuration file says."""
    return ValkeySettings(
        memory=config.lua_memory_max,
        connections_max=config.maxclients,
        idle_seconds=config.timeout,
        busy_milliseconds=config.busy_reply_threshold,
        maxmemory=config.maxmemory,
    )
