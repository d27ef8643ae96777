"""Builds a Config from statements: checks names, types and ranges, then what must fit together (`fit`).

Everything wrong is noted with its line and the rest goes on, so that one run tells all.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from asinfo.conf_grammar import ConfigStatement, Problems
from asinfo.wire.message import NAMESPACE_NAME_SIZE_MAX, SET_NAME_SIZE_MAX
from asudfd.config import fit
from asudfd.config.parameter import Parameter, contexts, parameters
from asudfd.config.schema import (
    CONTEXTS,
    Config,
    Level,
    NamespaceConfig,
    NamespaceSet,
    NetworkConfig,
    Sink,
    StorageEngine,
    ValkeyConfig,
)
from asudfd.config.schema.network import RespConfig
from asudfd.config.schema.retired import ENTERPRISE, ENTERPRISE_KINDS, RETIRED
from asudfd.config.schema.sinks import LogForm, every

NAMESPACES_MAX = 32
SINKS_MAX = 16
"""Most namespaces of a node, as Aerospike documents it, and most log sinks."""
REPEATS_MAX = 128
"""Most values of a parameter that repeats."""

WITHOUT_EFFECT_MAX = 20
"""Most names in the remark about parameters that do nothing here."""

CHANGEABLE = ("service", "network", "namespace", "mod-lua", "smd", "resp")
"""Contexts whose parameters an assignment may name."""

TOP = ("service", "logging", "network", "namespace", "mod-lua", "smd", "resp")


_ELSEWHERE: dict[type, dict[str, str]] = {
    ValkeyConfig: dict.fromkeys(parameters(RespConfig), "network { resp {"),
    RespConfig: dict.fromkeys(parameters(ValkeyConfig), "resp {"),
}
"""Where a parameter belongs that is looked for in the other of two contexts of the same name."""


def bind(statements: Sequence[ConfigStatement], problems: Problems, warnings: Problems) -> Config:
    """The configuration that ``statements`` describe; meaningless when ``problems`` is not empty afterwards."""
    return _ConfigBinding(problems, warnings).whole(statements)


def change(
    config: Config, statements: Sequence[ConfigStatement], problems: Problems, warnings: Problems
) -> None:
    """Change ``config`` as ``statements`` say, which declare no namespace. What must fit together is not looked at."""
    _ConfigBinding(problems, warnings).change(config, statements)


class _ConfigBinding:
    """One run over a file. ``lines`` knows where each given parameter stands, by its dotted path."""

    def __init__(self, problems: Problems, warnings: Problems) -> None:
        self.problems = problems
        self.warnings = warnings
        self.lines: dict[str, int] = {}
        self.without_effect: list[str] = []
        self.tls_contexts: list[ConfigStatement] = []

    def whole(self, statements: Sequence[ConfigStatement]) -> Config:
        config = Config()
        sinks: list[Sink] = []
        for statement in statements:
            if self.problems.full:
                break
            if statement.name in ENTERPRISE[""]:
                self.enterprise(statement)
            elif statement.name not in TOP:
                self.unknown(statement, TOP, "a context of the file")
            elif self.opens(statement, words=statement.name == "namespace"):
                self.top(config, sinks, statement)
        if len(sinks) > SINKS_MAX:
            self.problems.add(0, f"there are more than {SINKS_MAX} log sinks")
        config.logging = sinks or config.logging
        self.tls(config)
        fit.check(config, self.lines, self.problems, self.warnings)
        self.tell_without_effect()
        return config

    def change(self, config: Config, statements: Sequence[ConfigStatement]) -> None:
        known = {namespace.name: namespace for namespace in config.namespaces}
        for statement in statements:
            block = statement.block or []
            if statement.name in ENTERPRISE[""]:
                self.enterprise(statement)
            elif statement.name not in CHANGEABLE:
                self.unknown(statement, CHANGEABLE, "a context whose parameters can be set so")
            elif statement.name != "namespace":
                self.fill(getattr(config, statement.name.replace("-", "_")), block, statement.name)
            elif (name := statement.values[0]) in known:
                self.fill(known[name], block, f"namespace {name}")
            else:
                self.problems.add(0, f"there is no namespace '{name}'{_nearest(name, list(known))}")
        self.tell_without_effect()

    def tell_without_effect(self) -> None:
        """One warning for all parameters that do nothing here."""
        if names := self.without_effect[:WITHOUT_EFFECT_MAX]:
            more = ", ..." if len(self.without_effect) > WITHOUT_EFFECT_MAX else ""
            self.warnings.add(0, f"accepted, but without effect here: {', '.join(names)}{more}")

    def top(self, config: Config, sinks: list[Sink], statement: ConfigStatement) -> None:
        block = statement.block or []
        match statement.name:
            case "service":
                self.fill(config.service, block, "service")
            case "network":
                self.fill(config.network, block, "network")
            case "mod-lua":
                self.fill(config.mod_lua, block, "mod-lua")
            case "smd":
                self.fill(config.smd, block, "smd")
            case "resp":
                self.fill(config.resp, block, "resp")
            case "logging":
                sinks.extend(self.sinks(block))
            case _:
                self.namespace(config.namespaces, statement)

    def fill(self, values: Any, block: Sequence[ConfigStatement], path: str) -> None:
        """Set the fields of ``values``, a context, from its statements."""
        kind = type(values)
        for statement in block:
            if self.problems.full:
                # a megabyte of nonsense would cost a hint a line
                return
            name = statement.name
            declared = parameters(kind).get(name)
            if declared and declared.engine not in {"", getattr(values, "kind", "")}:
                self.problems.add(
                    statement.line, f"'{name}' is a parameter of storage-engine {declared.engine} only"
                )
            elif kind is NetworkConfig and name == "tls":
                self.tls_contexts.append(statement)
            elif _is_enterprise(statement, path) or (
                declared and declared.enterprise and not declared.effect
            ):
                self.enterprise(statement)
            elif declared:
                self.assign(values, declared, statement, path)
            elif name in contexts(kind):
                self.inner(getattr(values, name.replace("-", "_")), statement, path)
            elif isinstance(values, NamespaceConfig) and name == "set":
                self.set(values, statement, path)
            elif advice := RETIRED.get(kind, {}).get(name):
                self.warnings.add(statement.line, f"'{name}' {advice}")
            else:
                self.stray(statement, kind, path)

    def stray(self, statement: ConfigStatement, kind: type, path: str) -> None:
        """Note a name that is no parameter of its context."""
        if place := _ELSEWHERE.get(kind, {}).get(statement.name):
            self.problems.add(statement.line, f"'{statement.name}' belongs in '{place}'")
        else:
            self.unknown(statement, (*parameters(kind), *contexts(kind)), f"a parameter of '{path}'")

    def tls(self, config: Config) -> None:
        """Read the context `tls` that Valkey's port names; others are the Enterprise Edition's."""
        wanted = config.network.resp.tls_name
        for statement in self.tls_contexts:
            if not wanted or statement.values[:1] != (wanted,):
                self.enterprise(statement)
            elif self.opens(statement, words=True):
                self.surplus(statement, statement.values[1:])
                self.lines.setdefault("network.tls", statement.line)
                self.fill(config.network.tls, statement.block or [], "network.tls")

    def inner(self, values: Any, statement: ConfigStatement, path: str) -> None:
        if isinstance(values, StorageEngine):
            if not self.storage(values, statement, path):
                return
        elif not self.opens(statement):
            return
        self.fill(values, statement.block or [], f"{path}.{statement.name}")

    def assign(self, values: Any, declared: Parameter, statement: ConfigStatement, path: str) -> None:
        """Set one parameter."""
        name, line = statement.name, statement.line
        if statement.block is not None:
            self.problems.add(line, f"'{name}' is a parameter, not a context")
            return
        if declared.enterprise:
            self.warnings.add(line, f"'{name}' is enterprise only on a real server; here it works")
        for text, given in self.words(declared, statement):
            try:
                value = declared.parse(text)
            except ValueError as error:
                self.problems.add(line, f"'{name}' {error}")
                return
            if given and (wrong := _mistyped(declared, text, given)):
                self.problems.add(line, f"'{name}' {wrong}")
                return
            self.keep(values, declared, value, line, f"{path}.{name}")

    def keep(self, values: Any, declared: Parameter, value: Any, line: int, path: str) -> None:
        """Set a value that is right, in place of an earlier one or, where they repeat, after it."""
        name = declared.name
        if declared.repeats:
            if len(getattr(values, declared.attribute)) == REPEATS_MAX:
                self.problems.add(line, f"'{name}' is given more than {REPEATS_MAX} times")
                return
            value = (*getattr(values, declared.attribute), value)
        elif earlier := self.lines.get(path):
            self.warnings.add(line, f"'{name}' is given again: line {earlier} no longer counts")
        self.lines[path] = line
        if not declared.effect and value != declared.default:
            self.without_effect.append(path)
        setattr(values, declared.attribute, value)

    def words(self, declared: Parameter, statement: ConfigStatement) -> list[tuple[str, type | None]]:
        """The values of a parameter, usually one, with their types; without types the words of a line are one value."""
        words, types = statement.values, statement.types
        if declared.repeats and words:
            return list(zip(words, types, strict=True)) if types else [(" ".join(words), None)]
        if declared.bare and not words and types is None:
            return [("true", None)]
        if not words:
            self.problems.add(statement.line, f"'{statement.name}' has no value")
            return []
        if types is not None and len(words) > 1:
            self.problems.add(statement.line, f"'{statement.name}' takes one value, not {len(words)}")
            return []
        self.surplus(statement, words[1:])
        return [(words[0], types[0] if types else None)]

    def surplus(self, statement: ConfigStatement, words: Sequence[str]) -> None:
        """Warn of words that nobody reads; the real server says nothing about them."""
        if words:
            self.warnings.add(
                statement.line, f"'{words[0]}' is more than '{statement.name}' takes: it is ignored"
            )

    def opens(self, statement: ConfigStatement, *, words: bool = False) -> bool:
        """Whether ``statement`` opens a context; words after its name are ignored unless ``words``."""
        if statement.block is None:
            opening = "'{'" if statement.types is None else "the mapping"
            self.problems.add(statement.line, f"'{statement.name}' is a context: {opening} is missing")
            return False
        if not words:
            self.surplus(statement, statement.values)
        return True

    def enterprise(self, statement: ConfigStatement) -> None:
        self.problems.add(statement.line, f"'{statement.name}' is enterprise only")

    def unknown(self, statement: ConfigStatement, known: Sequence[str], what: str) -> None:
        self.problems.add(
            statement.line, f"'{statement.name}' is not {what}{_nearest(statement.name, known)}"
        )

    def namespace(self, namespaces: list[NamespaceConfig], statement: ConfigStatement) -> None:
        name = self.name(statement, NAMESPACE_NAME_SIZE_MAX)
        if name is None:
            return
        if any(other.name == name for other in namespaces):
            self.problems.add(statement.line, f"the namespace '{name}' is declared twice")
        elif len(namespaces) == NAMESPACES_MAX:
            self.problems.add(statement.line, f"there are more than {NAMESPACES_MAX} namespaces")
        else:
            namespaces.append(NamespaceConfig(name))
            self.fill(namespaces[-1], statement.block or [], f"namespace {name}")

    def set(self, namespace: NamespaceConfig, statement: ConfigStatement, path: str) -> None:
        if not self.opens(statement, words=True):
            return
        name = self.name(statement, SET_NAME_SIZE_MAX)
        if name is None:
            return
        one = namespace.sets.setdefault(name.encode(), NamespaceSet(name))  # a second block adds to the first
        self.fill(one, statement.block or [], f"{path}.set {name}")

    def name(self, statement: ConfigStatement, size_max: int) -> str | None:
        """The word after `namespace` or `set`."""
        words = statement.values
        if not words:
            self.problems.add(statement.line, f"'{statement.name}' needs a name")
        elif not words[0] or len(words[0].encode()) > size_max:
            self.problems.add(statement.line, f"a name has 1 to {size_max} bytes, '{words[0]}' has not")
        elif set(words[0]) & set(":;=,/ ") or not words[0].isprintable():
            self.problems.add(
                statement.line, f"'{words[0]}' cannot be a name: info commands could not carry it"
            )
        else:
            self.surplus(statement, words[1:])
            return words[0]
        return None

    def storage(self, values: StorageEngine, statement: ConfigStatement, path: str) -> bool:
        """Note the kind of a storage engine; whether its block is to be read."""
        kind = statement.values[0] if statement.values else ""
        if kind not in {"memory", "device"}:
            self.problems.add(statement.line, "'storage-engine' must be memory or device")
        elif earlier := self.lines.get(f"{path}.storage-engine"):
            self.problems.add(statement.line, f"there is a 'storage-engine' already, in line {earlier}")
            return False
        else:
            values.kind = kind
            self.surplus(statement, statement.values[1:])
        self.lines[f"{path}.storage-engine"] = statement.line
        return True

    def sinks(self, block: Sequence[ConfigStatement]) -> Iterator[Sink]:
        for statement in block:
            if statement.name == "syslog":
                self.warnings.add(statement.line, "'syslog' is not served: log to a file or to the console")
            elif statement.name not in {"file", "console"}:
                self.unknown(statement, ("file", "console", "syslog"), "a log sink")
            elif statement.name == "file" and not statement.values:
                self.problems.add(statement.line, "a sink is 'file PATH {' or 'console {'")
            elif self.opens(statement, words=True):
                named = statement.name == "file"
                self.surplus(statement, statement.values[named:])
                if named:
                    self.lines[f"logging.file {statement.values[0]}"] = statement.line
                block = statement.block or []
                levels = self.levels(
                    [each for each in block if each.name != "format" or each.block is not None]
                )
                yield Sink(statement.values[0] if named else None, levels, self.form(block))

    def form(self, block: Sequence[ConfigStatement]) -> LogForm:
        """The form of the lines of a sink."""
        form = LogForm.AEROSPIKE
        for statement in block:
            if statement.name == "format" and statement.block is None:
                words = statement.values or ("",)
                self.surplus(statement, words[1:])
                if words[0] in [*LogForm]:  # of an enumeration 3.11 asks members only
                    form = LogForm(words[0])
                else:
                    self.problems.add(
                        statement.line, f"'format' must be {' or '.join(LogForm)}, not '{words[0]}'"
                    )
        return form

    def levels(self, block: Sequence[ConfigStatement]) -> dict[str, Level]:
        """Levels by context. Without any statement all are INFO; else those not named log critical lines only."""
        levels = every(Level.CRITICAL if block else Level.INFO)
        for statement in block:
            if statement.name != "context" or len(statement.values) < 2 or statement.block is not None:
                self.problems.add(
                    statement.line, "a sink takes lines of the form 'context NAME LEVEL', and 'format valkey'"
                )
                continue
            context, level, *surplus = statement.values
            self.surplus(statement, surplus)
            if level.upper() not in Level.__members__:
                self.problems.add(
                    statement.line, f"'{level}' is not a level: {', '.join(Level.__members__).lower()}"
                )
            elif context not in {"any", *CONTEXTS}:
                self.problems.add(
                    statement.line, f"'{context}' is not a log context{_nearest(context, CONTEXTS)}"
                )
            else:
                levels.update(
                    dict.fromkeys(CONTEXTS if context == "any" else (context,), Level[level.upper()])
                )
        return levels


def _is_enterprise(statement: ConfigStatement, path: str) -> bool:
    word = statement.values[0] if statement.values else ""
    if statement.name in ENTERPRISE.get(path.partition(" ")[0], ()):
        return word != "false"
    return word in ENTERPRISE_KINDS.get(statement.name, ())


def _mistyped(declared: Parameter, text: str, given: type) -> str:
    """What is wrong with a value of the type ``given``, which the form of the file has told apart; empty if nothing is.

    A number with a suffix, such as 30d, is a text in every form.
    """
    wanted = type("" if declared.repeats else declared.default)
    if given is wanted or (wanted is int and not text.isdigit()):
        return ""
    if wanted is str:
        return f"must be text: write '{text}' in quotes"
    return f"must be {text} without quotes"


def _nearest(name: str, known: Sequence[str]) -> str:
    """A hint at the name that was probably meant."""
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), known, 1)
    return f"; did you mean '{found[0]}'?" if found else ""
