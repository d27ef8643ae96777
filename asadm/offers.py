"""What completion offers without asking any node: clusters and nodes of the inventory, modules that the last survey saw.

The scripts of the shells get it by ``asadm --offer KIND -- WORDS``, the interactive shell from `clusters` and `nodes`.
"""

from __future__ import annotations

import os

from asadm import inventory, seen_names
from asadm.flags import OPTIONS
from asadm.target.types import DEFAULT, DEFAULTS, FUNCTION, SENTINEL, TYPES, UDF
from asinfo.errors import Error, UsageError
from asinfo.host import parse_list, written
from asinfo.terminal.options import Values

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asinfo.host import Host

NOUNS = {
    "modules": "module",
    "functions": "module",
    "libraries": "library",
    "namespaces": "namespace",
    "parameters": "parameter",
    "statistics": "statistic",
}
"""What servers call what is listed, by kind."""

CONTEXTS = {
    "config-contexts": ("security", "service", "network", "namespace", "sets", "xdr", "logging", "mod-lua"),
    "statistics-contexts": ("service", "namespace", "sets", "sindex", "bins", "xdr"),
}
"""The contexts of configuration and of statistics. They are listed here too because completion imports no command."""

FAMILIES = {"library": FUNCTION}
"""The commands that a noun is of, where these are not those of Aerospike."""


def lines(kind: str, words: Sequence[str]) -> bytes:
    """What is known of ``kind`` for a command line that goes on behind ``words``, one a line; nothing where anything is wrong."""
    try:
        found = offered(kind, _values(words))
    except Error:
        return b""
    return "".join(f"{each}\n" for each in found if each.isprintable()).encode("utf-8", "surrogateescape")


def offered(kind: str, values: Values) -> list[str]:
    """What is known of ``kind`` for the nodes that ``values`` mean. Raises UsageError and ConfigError."""
    if kind == "clusters":
        return clusters(values)
    if kind == "hosts":
        found = (each for chosen in _clusters(values).values() for each in chosen["nodes"])
        return list(dict.fromkeys(written(node["host"], node["port"]) for node in found))
    if kind == "nodes":
        return nodes(values)
    if kind in CONTEXTS:
        return list(CONTEXTS[kind])
    names = seen_names.names(NOUNS[kind], _places(values, FAMILIES.get(NOUNS[kind], UDF)))
    return [function_beginning(name) for name in names] if kind == "functions" else names


def clusters(values: Values) -> list[str]:
    """The clusters of the inventory. Raises ConfigError."""
    return list(_clusters(values))


def nodes(values: Values) -> list[str]:
    """The nodes that the command line names, or those of the cluster that is meant. Raises UsageError and ConfigError."""
    if values.texts("host"):
        return _addresses(values, TYPES[DEFAULT].port)
    _, chosen = _cluster(values)
    if str(chosen.get("mode") or "").startswith(SENTINEL):  # they tell of the nodes, and are none
        return []
    return [str(node["name"]) for node in chosen["nodes"]]


def function_beginning(module: str) -> str:
    """What the name of a function of ``module`` begins with."""
    return f"{module.removesuffix('.lua')}."


def _places(values: Values, family: str) -> list[str]:
    """Where the modules of the nodes that are meant were noted."""
    if values.texts("host"):
        return _addresses(values, TYPES[DEFAULTS[family]].port)
    name, chosen = _cluster(values)
    return [name] if TYPES[chosen.get("type") or DEFAULT].family == family else []


def _addresses(values: Values, port: int) -> list[str]:
    hosts: list[Host] = [host for text in values.texts("host") for host in parse_list(text)]
    return [written(host.host, host.port or port) for host in hosts]


def _clusters(values: Values) -> dict[str, Any]:
    path = _inventory(values)
    return inventory.load(path, os.environ)["clusters"] if path else {}


def _cluster(values: Values) -> tuple[str, dict[str, Any]]:
    """Name and contents of the cluster that is meant. Raises UsageError where there is none."""
    path = _inventory(values)
    if not path:
        raise UsageError("there is no inventory")
    return inventory.cluster(inventory.load(path, os.environ), path, values.text("cluster"))


def _inventory(values: Values) -> str | None:
    """The inventory that is meant. A pipe is left for the command itself: what it says, it says once."""
    path = values.text("inventory") or inventory.find(os.environ)
    return path if path and os.path.isfile(path) else None  # noqa: PTH113 - pathlib is not on this path


def _values(words: Sequence[str]) -> Values:
    """What ``words``, as somebody is still typing them, say of the nodes; the rest of them may be anything."""
    values = Values(OPTIONS)
    for option in OPTIONS:
        if option.name not in {"inventory", "cluster", "host"}:
            continue
        for position, word in enumerate(words):
            name, equals, text = word.partition("=")
            if name in option.spellings and (equals or position + 1 < len(words)):
                value = _as_shells_do(text if equals else words[position + 1])
                values.given[option.name] = [value] if option.kind == "list" else value
    return values


def _as_shells_do(word: str) -> str:
    """``word`` as a shell would hand it over, but for what it would have to run for that."""
    plain = word.replace("'", "").replace('"', "").replace("\\", "")
    return os.path.expanduser(os.path.expandvars(plain))  # noqa: PTH111 - pathlib is not on this path
