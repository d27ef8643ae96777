"""Writes the configuration of nodes as YAML, in the form that `asadm.configuration.baseline` reads; always in the same order."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from asadm.configuration.baseline import CONSOLE
from asadm.configuration.parameters import LOGGING, NAMESPACE, SET, SINK
from asadm.tables.value import typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from asadm.configuration.parameters import Settings

    Tree = dict[str, Any]
    """A mapping of YAML as it is written: texts, mappings, and lists of either."""

PLURAL = {"device": "devices", "file": "files", "mount": "mounts"}
"""Lists are named in the plural."""

NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
"""Keys that need no quotes."""

NUMBERED = re.compile(r"(.*)\[(\d+)\](\.shadow)?")
HEADING = """\
# The configuration that the nodes of a cluster should have. Written by asadm check config --write-baseline.
# Checked by: asadm check config --baseline FILE. Addresses, ids and what else differs by design are left out.
"""


def written(settings: Settings) -> str:
    """``settings`` as a file."""
    return HEADING + "".join(f"{line}\n" for line in _mapping(_document(settings), ""))


def _document(settings: Settings) -> Tree:
    """The contexts as YAML names them."""
    tree: Tree = {}
    namespaces: list[Tree] = []
    sinks: list[Tree] = []
    for context, values in sorted(settings.items()):
        if context.startswith(LOGGING):
            sinks.append(_sink(values))
        elif not context.startswith(NAMESPACE):
            tree[context] = _tree(values)
        elif SET not in context:
            name = context.removeprefix(NAMESPACE)
            sets = [
                {"name": each.partition(SET)[2], **_tree(of)}
                for each, of in sorted(settings.items())
                if each.startswith(context + SET)
            ]
            namespaces.append({"name": name, **_tree(values), **({"sets": sets} if sets else {})})
    if namespaces:
        tree["namespaces"] = namespaces
    if sinks:
        tree["logging"] = sinks
    return tree


def _sink(values: dict[str, str]) -> Tree:
    sink = values.get(SINK, CONSOLE)
    where: Tree = {"type": "console"} if sink == CONSOLE else {"type": "file", "path": sink}
    return {**where, "contexts": {name: values[name].lower() for name in sorted(values) if name != SINK}}


def _tree(values: dict[str, str]) -> Tree:
    """Names with dots as contexts in each other; what stands for a context itself is its type."""
    tree: Tree = {}
    lists: dict[str, list[str]] = {}
    for name in sorted(values, key=_order):
        numbered = NUMBERED.fullmatch(name)
        if numbered is None or numbered[1].rpartition(".")[2] not in PLURAL:
            _put(tree, name.split("."), values[name])
        elif numbered[3]:
            lists.setdefault(numbered[1], [""])[-1] += f" {values[name]}"
        else:
            lists.setdefault(numbered[1], []).append(values[name])
    for name, of in lists.items():
        outer, dot, last = name.rpartition(".")
        _put(tree, f"{outer}{dot}{PLURAL[last]}".split("."), of)
    return tree


def _order(name: str) -> tuple[str, int, str]:
    """By name; numbered ones by their number, each before its shadow."""
    numbered = NUMBERED.fullmatch(name)
    return (name, 0, "") if numbered is None else (numbered[1], int(numbered[2][:9]), numbered[3] or "")


def _put(tree: Tree, path: list[str], value: str | list[str]) -> None:
    """Add ``value`` at ``path``."""
    for name in path[:-1]:
        inner = tree.get(name)
        if not isinstance(inner, dict):
            inner = tree[name] = {} if inner is None else {"type": inner}
        tree = inner
    tree[path[-1]] = value


def _mapping(tree: Tree, indent: str) -> Iterator[str]:
    for name, value in tree.items():
        key = f"{indent}{name if NAMED.fullmatch(name) else _quoted(name)}:"
        if isinstance(value, dict):
            yield key if value else f"{key} {{}}"
            yield from _mapping(value, indent + "  ")
        elif isinstance(value, list):
            yield key
            for entry in value:
                yield from _entry(entry, indent)
        else:
            yield f"{key} {_scalar(name, value)}"


def _entry(entry: str | Tree, indent: str) -> Iterator[str]:
    """One of a list: the first line has the dash."""
    if isinstance(entry, str):
        yield f"{indent}  - {_quoted(entry)}"
        return
    first, *rest = _mapping(entry, indent + "    ")
    yield f"{indent}  - {first.lstrip()}"
    yield from rest


def _scalar(name: str, value: str) -> str:
    """Numbers, true and false stand as they are, and all else in quotes: ``no`` and ``1e3`` are texts here."""
    if name in {"name", "type"} or isinstance(typed(name, value), str | None):
        return _quoted(value)
    return value


def _quoted(text: str) -> str:
    """A text of JSON is one of YAML, but for what is not printable."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in quoted)
