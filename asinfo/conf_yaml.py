"""The YAML form of a configuration: the same tree of statements as aerospike.conf gives.

    KEY: VALUE              a parameter
    KEY: [VALUE, ...]       a parameter that repeats, or with the plural of its name (addresses, files)
    KEY: {...}              a context
    namespaces, sets        lists of contexts with a `name`, or mappings from name to context
    storage-engine: {type: memory, ...}
    logging                 a list of sinks: {type: file, path: P, contexts: {any: info}} or {type: console, ...}

Scalars keep the text they have in the file (`yes` is not `true`, as in aerospike.conf), and their types; null is
refused, and a name that stands twice in a context. Anchors, aliases and tags are refused: a configuration needs none,
and a small file could unfold to a huge one. Everything wrong is noted with its line and the rest goes on.
"""

from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
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

from asinfo.conf_grammar import DEPTH_MAX, ConfigStatement, Problems

SINGULAR = {
    "access-addresses": "access-address",
    "addresses": "address",
    "devices": "device",
    "endpoints": "endpoint",
    "feature-key-files": "feature-key-file",
    "files": "file",
    "mesh-seed-address-ports": "mesh-seed-address-port",
    "mounts": "mount",
    "multicast-groups": "multicast-group",
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
    "tls": "name",
}
"""Contexts that have a word after their name in aerospike.conf, and the key it has here."""

LISTS = {"namespace", "set", "tls", "logging"}
"""Contexts of which there is a list."""

NULLS = {"", "~", "null", "Null", "NULL"}
"""How YAML 1.1 writes null."""

TYPES = {"tag:yaml.org,2002:bool": bool, "tag:yaml.org,2002:int": int, "tag:yaml.org,2002:float": float}
"""Types that a scalar without quotes may have by how it is written. Everything else is text here, times too."""

_RESOLVER = yaml.resolver.Resolver()


class _YamlSyntaxError(Exception):
    """A syntax error, after which parsing cannot go on."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def parse(text: str, problems: Problems) -> list[ConfigStatement]:
    """The statements of ``text``. Every fault is noted in ``problems``; after one in the YAML itself nothing is read."""
    form = _StatementReader(text, problems)
    try:
        form.document()
    except _YamlSyntaxError as wrong:
        problems.add(wrong.line, wrong.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(mark.line + 1 if mark else 0, f"is not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        problems.add(0, f"is not YAML: {' '.join(str(error).split())}")
    return form.statements


class _StatementReader:
    """One run over the events of a text. ``statements`` are those of the outermost mapping, so far."""

    def __init__(self, text: str, problems: Problems) -> None:
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._problems = problems
        self._depth = 0
        self.statements: list[ConfigStatement] = []

    def document(self) -> None:
        documents = 0
        while not isinstance(event := self._take(), StreamEndEvent):
            if isinstance(event, StreamStartEvent | DocumentEndEvent):
                continue
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _YamlSyntaxError(_line(event), "a second document: a configuration is one")
            elif isinstance(event, MappingStartEvent):
                self._mapping(self.statements)
            elif not (isinstance(event, ScalarEvent) and event.value in NULLS):
                raise _YamlSyntaxError(_line(event), "must be a mapping of contexts")

    def _take(self) -> Event:
        """The next event. Raises _Wrong when contexts are nested too deep; the text could go on like that."""
        event = next(self._events)
        if isinstance(event, CollectionStartEvent):
            self._depth += 1
            if self._depth > DEPTH_MAX * 2:  # a context may stand in a list
                raise _YamlSyntaxError(_line(event), f"contexts are nested more than {DEPTH_MAX} deep")
        elif isinstance(event, CollectionEndEvent):
            self._depth -= 1
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            self._note(event, "anchors and aliases are not supported")
        elif isinstance(event, CollectionStartEvent | ScalarEvent) and event.tag not in {None, "!"}:
            self._note(event, f"the tag {event.tag} is not supported")
        return event

    def _note(self, event: Event, message: str) -> None:
        self._problems.add(_line(event), message)

    def _skip(self, event: Event) -> None:
        """Pass over the rest of a value whose first event was taken."""
        if isinstance(event, CollectionStartEvent):
            outside = self._depth - 1
            while self._depth > outside:
                self._take()

    def _mapping(self, statements: list[ConfigStatement]) -> None:
        """Add the statements of a mapping whose start was taken to ``statements``."""
        lines: dict[str, int] = {}
        while not isinstance(key := self._take(), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                if not isinstance(key, AliasEvent):
                    self._note(key, "a name must be plain text")
                self._skip(key)
                self._skip(self._take())
                continue
            name = SINGULAR.get(key.value, key.value)
            found = self._entry(name, _line(key))
            if name in lines:
                self._note(key, f"'{key.value}' is given again: it stands on line {lines[name]}")
            else:
                statements += found
            lines.setdefault(name, _line(key))

    def _entry(self, name: str, line: int) -> list[ConfigStatement]:
        """One key of a mapping: as many statements as its value has parts."""
        event = self._take()
        if isinstance(event, SequenceStartEvent):
            return self._sequence(name, line)
        if name == "logging" and isinstance(event, MappingStartEvent):
            return [ConfigStatement(name, (), line, [self._sink(inner) for inner in self._block()], ())]
        if name in LISTS and isinstance(event, MappingStartEvent):
            # a mapping from name to context
            return [
                ConfigStatement(name, (inner.name, *inner.values), inner.line, inner.block, ())
                for inner in self._block()
            ]
        return self._value(name, line, event)

    def _block(self) -> list[ConfigStatement]:
        statements: list[ConfigStatement] = []
        self._mapping(statements)
        return statements

    def _sequence(self, name: str, line: int) -> list[ConfigStatement]:
        """The contexts of a list of contexts; of any other list one statement with all values."""
        statements: list[ConfigStatement] = []
        skipped = False
        while not isinstance(event := self._take(), SequenceEndEvent):
            if isinstance(event, ScalarEvent) or (isinstance(event, MappingStartEvent) and name in LISTS):
                statements += self._value(name, _line(event), event)
                continue
            skipped = True
            if isinstance(event, SequenceStartEvent):
                self._note(event, "a list inside a list")
            elif isinstance(event, MappingStartEvent):
                self._note(event, f"'{name}' cannot be a list of contexts")
            self._skip(event)
        if name == "logging":
            return [ConfigStatement(name, (), line, [self._sink(inner) for inner in statements], ())]
        if name in LISTS or (skipped and not statements):
            return statements
        values = tuple(value for one in statements for value in one.values)
        types = tuple(kind for one in statements for kind in one.types or ())
        return [ConfigStatement(name, values, line, None, types)]

    def _value(self, name: str, line: int, event: Event) -> list[ConfigStatement]:
        if isinstance(event, MappingStartEvent):
            return [self._argument(ConfigStatement(name, (), line, self._block(), ()))]
        if not isinstance(event, ScalarEvent):
            return []  # an alias, which is noted
        if event.style is None and event.value in NULLS:
            self._problems.add(line, f"'{name}' has no value")
            return []
        return [ConfigStatement(name, (event.value,), line, None, (_type(event),))]

    def _argument(self, context: ConfigStatement) -> ConfigStatement:
        """``context`` with the key that stands for the word after its name taken out of its block."""
        block = context.block or []
        key = ARGUMENT.get(context.name)
        words = tuple(value for inner in block if inner.name == key for value in self._text(inner))
        others = [inner for inner in block if inner.name != key]
        return ConfigStatement(context.name, words, context.line, others, ())

    def _sink(self, sink: ConfigStatement) -> ConfigStatement:
        """A sink with `type`, `path` and `contexts`, or with its type as its name, as aerospike.conf would write it."""
        block = sink.block or []
        words = {inner.name: self._text(inner)[0] for inner in block if inner.values}
        name = words.get("type", "logging") if sink.name == "logging" else sink.name
        levels = [
            ConfigStatement("context", (level.name, *level.values), level.line)
            for inner in block
            if inner.name == "contexts"
            for level in inner.block or ()
        ]
        others = [inner for inner in block if inner.name not in {"type", "path", "contexts"}]
        return ConfigStatement(
            name, (words["path"],) if "path" in words else (), sink.line, levels + others, ()
        )

    def _text(self, statement: ConfigStatement) -> tuple[str, ...]:
        """The values of a key that stands for words of aerospike.conf, all text."""
        if any(kind is not str for kind in statement.types or ()):
            self._problems.add(statement.line, f"'{statement.name}' must be text: write it in quotes")
        return statement.values


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _type(event: ScalarEvent) -> type:
    """The type of a scalar; what stands in quotes, and times of a day, are text."""
    if not event.implicit[0]:
        return str
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # PyYAML's stubs
    return TYPES.get(tag, str)
