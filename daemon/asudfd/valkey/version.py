"""The version that clients are told, and the modules: since 9.1 Valkey's scripting is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.valkey.settings import ValkeySettings

REDIS_VERSION = b"7.2.4"
"""What clients of Redis go by."""

VERSIONS = {"9.1": b"9.1.2", "8.1": b"8.1.8"}


def full_version(settings: ValkeySettings) -> bytes:
    """The version of Valkey whose wording is used."""
    return VERSIONS[settings.version]


def modules(settings: ValkeySettings) -> list[object]:
    """The items of MODULE LIST."""
    if settings.is_old:
        return []
    return [{b"name": b"lua", b"ver": 1, b"path": b"lua", b"args": []}]
