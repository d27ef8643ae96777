"""Plan files: written by ``udf plan --out``, reviewed, and applied only while the nodes are what the plan saw.

A plan file is one JSON document that needs nothing beside it: the modules with their content, and what every node
listed. It holds no decision of its own: who applies it surveys the nodes again and makes the plan again from the
modules in it; `stale` tells whether the nodes still are what the first plan saw.

    {"format": "asudf plan", "version": 1, "made": UTC time, "cluster": NAME, "directory": PATH, "prune": false,
     "exclude": [GLOB], "keep": [GLOB], "clusters": [NAME],
     "modules": [{"name", "path", "hash", "content": base64}],
     "lists": [{NAME: HASH}],
     "nodes": [{"node", "address", "list": INDEX or null, "error": REASON or null}]}
"""

from __future__ import annotations

import errno
import json
import os
import time
from typing import TYPE_CHECKING, Any

from asadm.fleet.desired.directory import ModuleDirectory, ModuleSource
from asadm.save_file import save
from asadm.target.types import default_rules
from asinfo.decode import decode_base64, decode_json, encode_base64
from asinfo.errors import ConfigError, Problem, UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.text import plural, text

if TYPE_CHECKING:
    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.target.interface import Rules

FORMAT = "asudf plan"
VERSION = 1

SIZE_MAX = 256 * 1024 * 1024
"""Largest plan file in bytes: what is larger is no plan of ours."""


class SavedPlan:
    """A plan as it was written down.

    ``directory``  the modules, with their content
    ``prune``      whether modules that the directory does not have are to be removed
    ``cluster``    the name of the inventory's cluster; empty for none
    ``made``       when, UTC, ``2026-11-20T18:27:06Z``
    ``addresses``  host:port of the nodes, by name, in the order of the plan
    ``seen``       hash by module, by name of the node; None for a node that was not read
    """

    __slots__ = ("addresses", "cluster", "directory", "made", "prune", "seen")

    def __init__(self, directory: ModuleDirectory, *, prune: bool, cluster: str, made: str) -> None:
        self.directory = directory
        self.prune = prune
        self.cluster = cluster
        self.made = made
        self.addresses: dict[str, str] = {}
        self.seen: dict[str, dict[bytes, str] | None] = {}


def write(plan: FleetPlan, path: str, *, cluster: str = "") -> None:
    """Put ``plan`` into the file ``path``, readable for its owner only. Raises UsageError."""
    directory = plan.directory
    lists: list[dict[str, str]] = []
    numbers: dict[int, int] = {}
    nodes = []
    for listing in plan.survey.listings:
        if listing.modules is not None and id(listing.modules) not in numbers:
            numbers[id(listing.modules)] = len(lists)
            lists.append({_text(name): digest for name, digest in listing.modules.items()})
        nodes.append(
            {
                "node": listing.node.name,
                "address": listing.node.address,
                "list": numbers.get(id(listing.modules)),
                "error": listing.answer.error or None,
            }
        )
    document = {
        "format": FORMAT,
        "version": VERSION,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cluster": cluster,
        "directory": directory.path,
        "prune": plan.prune,
        "exclude": directory.exclude,
        "keep": directory.keep,
        "clusters": directory.clusters,
        "modules": [
            {
                "name": _text(source.name),
                "path": source.path,
                "hash": source.hash,
                "content": encode_base64(source.content),
            }
            for source in directory.sources.values()
        ],
        "lists": lists,
        "nodes": nodes,
    }
    content = json.dumps(document, indent=1).encode() + b"\n"
    if len(content) > SIZE_MAX:
        raise UsageError(f"{path}: the plan would be larger than {SIZE_MAX} bytes")
    save(path, content, private=True)


def read(path: str, rules: Rules | None = None) -> SavedPlan:
    """The plan in the file ``path``. Raises UsageError when there is no such file, ConfigError when it is no plan."""
    try:
        content = read_file(path, SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError([Problem(path, 0, f"{error.reason}: not a plan of asadm")]) from None
        raise UsageError(str(error)) from None
    try:
        return _saved(_document(content), path, rules or default_rules())
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        reason = str(error) if isinstance(error, InvalidPlanError) else "is damaged, or not a plan of asadm"
        raise ConfigError([Problem(path, 0, reason)]) from None


class InvalidPlanError(ValueError):
    """A plan file that is not valid, with a text for the user; any other ValueError means that the form is not ours at all."""


def _document(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = decode_json(content, size_max=SIZE_MAX, escaped_bytes=True)
    if document["format"] != FORMAT:
        raise InvalidPlanError("is not a plan of asadm")
    if document["version"] != VERSION:
        raise InvalidPlanError(
            f"is a plan of version {document['version']}; this asadm reads version {VERSION}"
        )
    return document


def _saved(document: dict[str, Any], path: str, rules: Rules) -> SavedPlan:
    directory = ModuleDirectory(
        str(document["directory"]),
        [_source(module, rules) for module in document["modules"]],
        exclude=_texts(document["exclude"]),
        keep=_texts(document["keep"]),
        clusters=_texts(document["clusters"]),
    )
    if not directory.sources:
        raise InvalidPlanError(f"has no {plural(rules.NOUN)}")
    if not isinstance(document["prune"], bool):
        raise TypeError(path)
    saved = SavedPlan(
        directory,
        prune=document["prune"],
        cluster=str(document["cluster"]),
        made=str(document["made"]),
    )
    lists = [{_name(name): str(digest) for name, digest in each.items()} for each in document["lists"]]
    for node in document["nodes"]:
        number = node["list"]
        if number is not None and not 0 <= number < len(lists):
            raise IndexError(number)
        saved.seen[node["node"]] = None if number is None else lists[number]
        saved.addresses[node["node"]] = str(node["address"])
    return saved


def _source(module: dict[str, Any], rules: Rules) -> ModuleSource:
    name = _name(module["name"])
    if not rules.can_register(name):
        raise InvalidPlanError(
            f"{text(name)!r} cannot be the name of a {rules.NOUN} on a node: {rules.ALLOWED}"
        )
    content = decode_base64(module["content"])
    if not 0 < len(content) <= rules.SOURCE_SIZE_MAX:
        raise InvalidPlanError(
            f"{text(name)} has {len(content)} bytes; a {rules.NOUN} has 1 to {rules.SOURCE_SIZE_MAX}"
        )
    source = ModuleSource(name, str(module["path"]), content, rules)
    if source.hash != module["hash"]:
        raise InvalidPlanError(f"the content of {text(name)} is not what its hash says: the file was changed")
    return source


def stale(saved: SavedPlan, survey: Survey) -> list[str]:
    """Why the nodes are not what ``saved`` saw; one sentence a reason, none when they are.

    A module that is already as the plan wants it is no reason: so a plan that was applied in part can be applied
    again. Only modules that the plan decides on count. A node that cannot be read now is no reason either: it is a
    failure, which the survey tells.
    """
    present = {node.name for node in survey.nodes()}
    reasons = [f"{name} is no longer among the nodes" for name in saved.addresses if name not in present]
    for listing in survey.listings:
        name = listing.node.name
        if name not in saved.addresses:
            reasons.append(f"{name} was not among the nodes when the plan was made")
        elif saved.addresses[name] != listing.node.address:
            reasons.append(f"{name} was at {saved.addresses[name]}, and is at {listing.node.address} now")
        elif listing.modules is not None:
            reasons += _changed(saved, name, listing.modules)
    return reasons


def _changed(saved: SavedPlan, node: str, now: dict[bytes, str]) -> list[str]:
    """What became of the modules of ``node`` that the plan decides on, as far as it is not what the plan wants."""
    before = saved.seen[node]
    reasons = []
    for name in _decided(saved, before or {}, now):
        source = saved.directory.sources.get(name)
        wanted = source.hash if source else None
        if now.get(name) in {wanted, (before or {}).get(name)} and before is not None:
            continue
        if now.get(name) != wanted:
            was = "could not be read then" if before is None else f"was {_hash(before.get(name))}"
            reasons.append(f"{text(name)} on {node} {was}, and is {_hash(now.get(name))} now")
    return reasons


def _decided(saved: SavedPlan, before: dict[bytes, str], now: dict[bytes, str]) -> list[bytes]:
    """The names that the plan changes or removes: those of the directory, and with ``prune`` all others that go."""
    names = list(saved.directory.sources)
    if saved.prune:
        others = [name for name in dict.fromkeys([*before, *now]) if name not in saved.directory.sources]
        names += [name for name in others if not saved.directory.kept(name)]
    return names


def _hash(digest: str | None) -> str:
    return digest[:10] if digest else "missing"


def _text(name: bytes) -> str:
    """A name for JSON that gives any bytes back."""
    return name.decode("utf-8", "surrogateescape")


def _name(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _texts(values: list[str]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError
    return values


def is_plan(path: str) -> bool:
    """Whether ``path`` is to be taken for a plan file: it is a file. A directory of modules is none."""
    return os.path.exists(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112 - a path as text throughout
