"""A file with the configuration that nodes should have: an aerospike.conf, or YAML in the form of the same contexts.

Not compared, because nodes do not tell them: certificates (``tls NAME``) and the destinations of XDR (``dc NAME``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.configuration.parameters import CONTEXTS, LOGGING, NAMESPACE, SET, SINK, Settings
from asinfo import conf_file
from asinfo.conf_grammar import FILE_SIZE_MAX, Problems
from asinfo.errors import ConfigError

if TYPE_CHECKING:
    from asinfo.conf_grammar import ConfigStatement

NUMBERED = ("device", "file", "mount")
"""Parameters of which nodes number the values: ``storage-engine.device[0]``. A second word is the shadow of the device."""

NOT_TOLD = {("network", "tls"), ("xdr", "dc")}
"""Blocks of which a node tells nothing by these names."""

ANY = "any"
"""In the context of a sink: the level of every context that is not named."""

CONSOLE = "stderr"
"""How a node tells the sink ``console``."""


def read(path: str) -> Settings:
    """The parameters that the file ``path`` has. Raises ConfigError with all its faults."""
    problems = Problems(path)
    found = _Contexts(problems)
    for statement in conf_file.statements(path, problems):
        found.outermost(statement)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or FILE_SIZE_MAX))
    return found.settings


class _Contexts:
    """Collects the parameters of statements by context."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.settings: Settings = {}
        self._sinks = 0
        self._numbers: dict[tuple[str, str], int] = {}  # the last one of each that nodes number

    def outermost(self, statement: ConfigStatement) -> None:
        name = statement.name
        if statement.block is None:
            self.problems.add(statement.line, f"'{name}' stands in no context: is this an aerospike.conf?")
        elif name not in CONTEXTS:
            self.problems.add(
                statement.line, f"there is no context '{name}'; there are {', '.join(CONTEXTS)}"
            )
        elif name == "logging":
            for sink in statement.block:
                self._sink(sink)
        elif name == "namespace":
            if not statement.values:
                self.problems.add(statement.line, "the namespace has no name")
            else:
                self._block(NAMESPACE + statement.values[0], statement.block)
        else:
            self._block(name, statement.block)

    def _block(self, context: str, block: list[ConfigStatement], prefix: str = "") -> None:
        self.settings.setdefault(context, {})
        for statement in block:
            name = prefix + statement.name
            if (context, statement.name) in NOT_TOLD:
                continue
            if statement.block is None:
                for value in _values(statement):
                    self._add(context, name, value)
            elif statement.name == "set" and statement.values:
                self._block(context + SET + statement.values[0], statement.block)
            else:
                if statement.values:
                    self._add(context, name, statement.values[0])
                self._block(context, statement.block, f"{name}.")

    def _add(self, context: str, name: str, value: str) -> None:
        values = self.settings[context]
        if name.rpartition(".")[2] in NUMBERED:
            first, *shadow = value.split() or [""]
            number = self._numbers[context, name] = self._numbers.get((context, name), -1) + 1
            name = f"{name}[{number}]"
            values[name] = first
            if shadow:
                values[f"{name}.shadow"] = shadow[0]
        elif name.endswith("-address-port"):
            _join(values, name, value.replace(" ", ":"))
        else:
            _join(values, name, value)

    def _sink(self, sink: ConfigStatement) -> None:
        context = f"{LOGGING}{self._sinks}"
        self._sinks += 1
        levels = {SINK: sink.values[0] if sink.values else CONSOLE}
        for level in sink.block or []:
            words = [*level.values, "", ""]
            if level.name == "context" and words[0]:
                levels[words[0]] = words[1]
        self.settings[context] = levels


def _values(statement: ConfigStatement) -> list[str]:
    """The values of a parameter: a line of aerospike.conf is one, and true where there is none; a list of YAML has several."""
    if statement.types is None:
        return [" ".join(statement.values) or "true"]
    return list(statement.values)


def _join(values: dict[str, str], name: str, value: str) -> None:
    values[name] = f"{values[name]},{value}" if name in values else value
