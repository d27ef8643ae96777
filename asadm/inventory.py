"""The inventory: which clusters there are and which nodes they have, in one YAML file.

    default: production            # the cluster meant without --cluster
    defaults:                      # for every cluster; a cluster and a node may say otherwise
      port: 3000
      timeout: 5                   # seconds each node has; not for single nodes
      user: ops
      password: env:ASUDF_PASSWORD # or file:PATH; never the password itself
      auth: INTERNAL
      tls: {name: db.example, cafile: ca.pem}
      labels: {rack: a}
    clusters:
      production:
        type: aerospike            # or asudf: what 'schedule print' goes by, for it asks no node; or valkey
        nodes:
          - 10.0.0.1               # HOST[:TLSNAME][:PORT]
          - {name: db2, host: 10.0.0.2, port: 3010, labels: {rack: b}}
      sessions:
        type: valkey
        mode: cluster              # or replicas, sentinel NAME, static; without it the nodes are asked
        nodes: [10.0.1.1, 10.0.1.2]  # but in the mode static any of them: the others are read from them
      carts:
        type: valkey
        mode: sentinel mymaster    # the nodes are Sentinels, at port 26379; user and password of defaults are those of the servers
        sentinel: {user: watcher, password: env:SENTINEL_PASSWORD} # theirs; without it they have none. Also port and tls
        nodes: [10.0.2.1, 10.0.2.2]

A faulty file stops the run with all its faults; nothing is sent. This module reads what was understood before from a
cache, so that most runs import no YAML parser; `asadm.inventory_file` is the parser.
"""

# ruff: noqa: PTH100, PTH103, PTH113, PTH116, PTH118, PTH120 - pathlib would double the start-up time

from __future__ import annotations

import os

from asinfo import __version__
from asinfo.errors import ConfigError, Problem, UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

CACHE_SIZE_MAX = 64 << 20
"""Bytes of the cache; one of 10,000 nodes has 3 MB."""

CACHE_VERSION = 6
"""Grows when the cached form changes within a release, so that an older one is not misread."""


def find(environment: dict[str, str] | os._Environ[str]) -> str | None:
    """Path of the inventory in the usual places: here, the user's configuration, the system's; None without one."""
    configuration = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME", ""), ".config")
    for path in ("asadm.yaml", os.path.join(configuration, "asudf", "asadm.yaml"), "/etc/asudf/asadm.yaml"):
        if os.path.isfile(path):
            return path
    return None


def load(path: str, environment: dict[str, str] | os._Environ[str]) -> dict[str, Any]:
    """The inventory in ``path``, as `asadm.inventory_file.parse` gives it.

    Raises ConfigError with every fault of the file. The cache is a convenience: when it cannot be read or written the
    file is parsed, silently.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        from asinfo.files import file_error

        raise ConfigError([Problem(path, 0, file_error(path, error).reason)]) from None
    key = [
        CACHE_VERSION,
        __version__,
        os.path.abspath(path),
        status.st_mtime_ns,
        status.st_ctime_ns,  # nobody can set this one back
        status.st_size,
        status.st_ino,
    ]
    from_file = (
        status.st_mode & 0o170000 == 0o100000
    )  # S_ISREG without stat; what a pipe said is not said again
    cache = _cache_path(os.path.abspath(path), environment)
    found = _read_cache(cache, key) if from_file else None
    if found is not None:
        return found
    from asadm import inventory_file

    parsed = inventory_file.read(path)
    if from_file:
        _write_cache(cache, key, parsed)
    return parsed


def cluster(inventory: dict[str, Any], path: str, name: str | None) -> tuple[str, dict[str, Any]]:
    """Name and contents of the cluster called ``name``, of the default one, or of the only one.

    Raises UsageError when there is no such cluster, or when it is not clear which one is meant.
    """
    clusters = inventory["clusters"]
    chosen = name or inventory["default"] or (next(iter(clusters)) if len(clusters) == 1 else None)
    known = ", ".join(clusters)
    if chosen is None:
        raise UsageError(f"{path} has several clusters and no default: choose with --cluster one of {known}")
    if chosen not in clusters:
        raise UsageError(f"{path} has no cluster {chosen!r}; it has {known}")
    return chosen, clusters[chosen]


def secret(reference: str, path: str, environment: dict[str, str] | os._Environ[str]) -> str:
    """The password that ``reference`` (``env:VAR`` or ``file:PATH``, relative to the inventory) points at.

    Raises ConfigError when it points at nothing.
    """
    kind, _, where = reference.partition(":")
    if kind == "env":
        if where not in environment:
            raise ConfigError(
                [Problem(path, 0, f"the environment variable {where} of the password is not set")]
            )
        return environment[where]
    file = os.path.join(os.path.dirname(path), where)
    from asinfo.files import FileError, read_first_line

    try:
        return read_first_line(file).decode()
    except (FileError, UnicodeDecodeError) as error:
        reason = error.reason if isinstance(error, FileError) else "it is not UTF-8 text"
        if isinstance(error, FileError) and not error.errno:
            reason = f"it {reason}"
        raise ConfigError([Problem(path, 0, f"the password file {file} cannot be read: {reason}")]) from None


def _cache_path(path: str, environment: dict[str, str] | os._Environ[str]) -> str:
    directory = environment.get("XDG_CACHE_HOME") or os.path.join(environment.get("HOME", ""), ".cache")
    name = path.replace("%", "%25").replace(
        "/", "%"
    )  # one file an inventory, and readable; a long path has no cache
    return os.path.join(directory, "asudf", f"{name}.json")


def _read_cache(cache: str, key: list[Any]) -> dict[str, Any] | None:
    from asinfo.decode import decode_json  # both only for runs with an inventory
    from asinfo.files import FileError, read_file

    try:
        # json takes 7 ms to import, and only runs with an inventory pay it
        document = decode_json(read_file(cache, CACHE_SIZE_MAX), size_max=CACHE_SIZE_MAX)
        return document["inventory"] if document["key"] == key else None
    except (FileError, ValueError, TypeError, KeyError):
        return None


def _write_cache(cache: str, key: list[Any], inventory: dict[str, Any]) -> None:
    """Keep the parse; readable by the user alone, replaced whole. It holds references to secrets, never secrets."""
    import json

    from asinfo.files import FileError, replace_file

    content = json.dumps({"key": key, "inventory": inventory}).encode()
    try:
        os.makedirs(os.path.dirname(cache), mode=0o700, exist_ok=True)
        replace_file(cache, content, mode=0o600, sync=False)
    except (FileError, OSError, ValueError):
        return
