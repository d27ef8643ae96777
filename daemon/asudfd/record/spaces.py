"""Makes the namespaces of a node from its configuration: chooses engine and file, refuses what cannot be served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.files import exposed
from asinfo.wire.message import TTL_NEVER
from asudfd.errors import StartError
from asudfd.record.device import Device
from asudfd.record.memory import Memory
from asudfd.record.namespace import Namespace

if TYPE_CHECKING:
    from asudfd.config import schema
    from asudfd.manifest import Manifest
    from asudfd.record.store import Storage

FILE_SIZE_MIN = 1 << 20
"""Smallest `filesize`: below, the pages of an empty database and its journals leave no room for records."""

Warn = Callable[[str], None]
"""Takes a sentence for the log."""


def open_namespaces(
    config: schema.Config, warn: Warn, suffix: str = "", manifest: Manifest | None = None
) -> dict[bytes, Namespace]:
    """All namespaces of ``config`` by name, in its order, with what their files hold; start each afterwards.

    A file that is named without a directory lies in the work directory; ``suffix`` follows its name where nodes of
    one process must not share it. ``manifest`` knows the files that there were. Raises StartError when a namespace cannot be had as it is configured.
    """
    directory = Path(config.service.work_directory)
    made: dict[bytes, Namespace] = {}
    try:
        for one in config.namespaces:
            made[one.name.encode()] = Namespace(
                _checked(one), _storage(one, directory, suffix, warn, manifest)
            )
    except BaseException:
        for namespace in made.values():
            namespace.storage.close()
        raise
    return made


def _checked(config: schema.NamespaceConfig) -> schema.NamespaceConfig:
    ttl = config.default_ttl or any(one.default_ttl not in {0, TTL_NEVER} for one in config.sets.values())
    if ttl and not config.nsup_period and not config.allow_ttl_without_nsup:
        raise StartError(
            f"namespace {config.name}: default-ttl needs an nsup-period, which removes expired records, "
            "or allow-ttl-without-nsup true"
        )
    return config


def _storage(
    config: schema.NamespaceConfig, directory: Path, suffix: str, warn: Warn, manifest: Manifest | None
) -> Storage:
    engine = config.storage_engine
    if engine.in_memory and not engine.file:
        return Memory(engine.data_size)
    if engine.device or not engine.file:
        raise StartError(
            f"namespace {config.name}: storage-engine device takes a 'file' and no 'device' here"
        )
    if engine.filesize < FILE_SIZE_MIN:
        raise StartError(
            f"namespace {config.name}: a file of the storage-engine needs a 'filesize' of at least 1M"
        )
    path = directory / engine.file[0]  # an absolute path stays what it is
    return Device(guarded(path.with_name(path.name + suffix)), config.name.encode(), engine, warn, manifest)


def guarded(path: Path) -> Path:
    """The path of a file of records, unless it is a link or somebody else could put another file in its place. Raises StartError."""
    if path.is_symlink():
        raise StartError(f"{path} is a symbolic link, which is not followed: name the file itself")
    if path.parent.is_dir() and (reason := exposed(path.parent)):
        raise StartError(f"{path} cannot be used: {reason}")
    return path
