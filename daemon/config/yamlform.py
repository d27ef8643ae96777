"""The YAML form of a configuration: the same tree of statements as aerospike.conf gives.

    KEY: VALUE              a parameter
    KEY: [VALUE, ...]       a parameter that repeats, or with the plural of its name (addresses, files)
    KEY: {...}              a context
    namespaces, sets        lists of contexts with a `name`, or mappings from name to context
    storage-engine: {type: memory, ...}
    logging                 a list of sinks: {type: file, path: P, contexts: {any: info}} or {type: console, ...}

Scalars keep the text they have in the file (`yes` is not `true`, as in aerospike.conf); null is refused.
Anchors, aliases and tags are refused: a configuration needs none, and a small file could unfold to a huge one.
"""

from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from daemon.config.grammar import DEPTH_MAX, Problems, Statement

SINGULAR = {
    "addresses": "address",
    "devices": "device",
    "files": "file",
    "mesh-seed-address-ports": "mesh-seed-address-port",
    "namespaces": "namespace",
    "sets": "set",
}
"""Lists are named in the plural; the schema knows the singular."""

ARGUMENT = {
    "storage-engine": "type",
    "index-type": "type",
    "sindex-type": "type",
    "namespace": "name",
    "set": "name",
}
"""Contexts that have a word after their name in aerospike.conf, and the key it has here."""

NULLS = {"", "~", "null", "Null", "NULL"}
"""How YAML 1.1 writes null."""


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def parse(text: str, problems: Problems) -> list[Statement]:
    """The statements of ``text``. YAML that cannot be read is one problem: nothing after it would be certain."""
    try:
        return _document(_Events(text))
    except _Wrong as wrong:
        problems.add(wrong.line, wrong.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(mark.line + 1 if mark else 0, f"is not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        problems.add(0, f"is not YAML: {' '.join(str(error).split())}")
    return []


class _Events:
    """The events of a YAML text, one ahead."""

    def __init__(self, text: str) -> None:
        self._source: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.depth = 0

    def take(self) -> Event:
        event = next(self._source)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            raise _Wrong(_line(event), "anchors and aliases are not supported")
        if isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent) and event.tag not in {
            None,
            "!",
        }:
            raise _Wrong(_line(event), f"the tag {event.tag} is not supported")
        return event


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _document(events: _Events) -> list[Statement]:
    statements: list[Statement] = []
    documents = 0
    while not isinstance(event := events.take(), StreamEndEvent):
        if isinstance(event, StreamStartEvent | DocumentEndEvent):
            continue
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Wrong(_line(event), "a second document: a configuration is one")
        elif isinstance(event, MappingStartEvent):
            statements = _mapping(events)
        elif not (isinstance(event, ScalarEvent) and event.value in NULLS):
            raise _Wrong(_line(event), "must be a mapping of contexts")
    return statements


def _mapping(events: _Events) -> list[Statement]:
    """The statements of a mapping whose start was taken."""
    events.depth += 1
    statements = []
    while not isinstance(key := events.take(), MappingEndEvent):
        if not isinstance(key, ScalarEvent):
            raise _Wrong(_line(key), "a name must be plain text")
        if events.depth > DEPTH_MAX:
            raise _Wrong(_line(key), f"contexts are nested more than {DEPTH_MAX} deep")
        statements += _entry(_name(key), _line(key), events)
    events.depth -= 1
    return statements


def _name(key: ScalarEvent) -> str:
    name = str(key.value)
    return SINGULAR.get(name, name)


def _entry(name: str, line: int, events: _Events) -> list[Statement]:
    """One key of a mapping: as many statements as its value has parts."""
    event = events.take()
    if isinstance(event, SequenceStartEvent):
        return _sequence(name, events)
    if name in {"namespace", "set"} and isinstance(event, MappingStartEvent):
        # a mapping from name to context
        return [
            Statement(name, (inner.name, *inner.values), inner.line, inner.block)
            for inner in _mapping(events)
        ]
    if isinstance(event, MappingStartEvent) and name == "logging":
        return [Statement(name, (), line, [_sink(inner) for inner in _mapping(events)])]
    return [_value(name, line, event, events)]


def _sequence(name: str, events: _Events) -> list[Statement]:
    statements = []
    first = None
    while not isinstance(event := events.take(), SequenceEndEvent):
        first = first or event
        if isinstance(event, SequenceStartEvent):
            raise _Wrong(_line(event), "a list inside a list")
        statements.append(_value(name, _line(event), event, events))
    if name == "logging" and first is not None:
        return [Statement(name, (), _line(first), [_sink(inner) for inner in statements])]
    return statements


def _value(name: str, line: int, event: Event, events: _Events) -> Statement:
    if isinstance(event, MappingStartEvent):
        return _argument(Statement(name, (), line, _mapping(events)))
    assert isinstance(event, ScalarEvent)
    if event.style is None and event.value in NULLS:
        raise _Wrong(line, f"'{name}' has no value")
    return Statement(name, (str(event.value),), line)


def _argument(context: Statement) -> Statement:
    """``context`` with the key that stands for the word after its name taken out of its block."""
    block = context.block or []
    key = ARGUMENT.get(context.name)
    words = tuple(value for inner in block if inner.name == key for value in inner.values)
    return Statement(context.name, words, context.line, [inner for inner in block if inner.name != key])


def _sink(sink: Statement) -> Statement:
    """A sink with `type`, `path` and `contexts`, or with the type as its name, as aerospike.conf would write it."""
    block = sink.block or []
    words = {inner.name: inner.values[0] for inner in block if inner.values}
    name = words.get("type", "logging") if sink.name == "logging" else sink.name
    levels = [
        Statement("context", (level.name, *level.values), level.line)
        for inner in block
        if inner.name == "contexts"
        for level in inner.block or ()
    ]
    others = [inner for inner in block if inner.name not in {"type", "path", "contexts"}]
    return Statement(name, (words["path"],) if "path" in words else (), sink.line, levels + others)
