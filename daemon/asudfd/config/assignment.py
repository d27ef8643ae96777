"""Assignments to parameters by their dotted paths: what a command line says on top of a file, or in place of one.

service.cluster-name=demo
namespace.test.default-ttl=30d          namespace.* is every namespace
namespace.test.storage-engine.data-size=2G
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.conf_grammar import ConfigStatement, Problems
from asudfd.config import bind, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asudfd.config.schema import Config

EVERY = "*"
"""Stands for the name of each namespace."""


class ParameterAssignment(NamedTuple):
    """A value for the parameter at ``path``; ``origin`` is what the user has written it with, for errors."""

    path: str
    value: str
    origin: str = "--set"


def assign(config: Config, assignments: Sequence[ParameterAssignment], warnings: Problems) -> list[Problems]:
    """Change ``config``; the problems that there are, by their origins."""
    found = []
    for assignment in assignments:
        problems = Problems(assignment.origin)
        bind.change(config, _statements(config, assignment, problems), problems, warnings)
        if problems:
            found.append(problems)
    if not found:
        found.append(Problems(origins(assignments)))
        fit.check(config, {}, found[0], warnings)
    return found


def origins(assignments: Iterable[ParameterAssignment]) -> str:
    """What the user has written ``assignments`` with, for what is wrong with them together."""
    return ", ".join(dict.fromkeys(each.origin for each in assignments))


def _statements(config: Config, assignment: ParameterAssignment, problems: Problems) -> list[ConfigStatement]:
    context, _, rest = assignment.path.partition(".")
    kinds = {"": ""}
    if context == "namespace":
        name, rest = _namespace(config, rest)
        known = {each.name: each.storage_engine.kind for each in config.namespaces}
        kinds = known if name == EVERY else {name: known.get(name, "")}
    if not rest:
        problems.add(0, f"'{assignment.path}' names no parameter of a context: write CONTEXT.PARAMETER=VALUE")
        return []
    path = rest.split(".")
    return [
        ConfigStatement(context, (name,), 0, [_nested(path, assignment.value, kind)])
        for name, kind in kinds.items()
    ]


def _namespace(config: Config, rest: str) -> tuple[str, str]:
    """The name of a namespace, which may have dots, and what comes behind it."""
    for namespace in config.namespaces:
        if rest.startswith(f"{namespace.name}."):
            return namespace.name, rest[len(namespace.name) + 1 :]
    name, _, behind = rest.partition(".")
    return name, behind


def _nested(path: Sequence[str], value: str, kind: str) -> ConfigStatement:
    """The statement of a parameter inside of its contexts; ``kind`` is that of the storage engine as it is."""
    name, *inner = path
    if not inner:
        return ConfigStatement(name, (value,), 0)
    words: tuple[str, ...] = (kind,) if name == "storage-engine" else ()
    if name == "set" and len(inner) > 1:
        words, inner = (inner[0],), inner[1:]
    return ConfigStatement(name, words, 0, [_nested(inner, value, kind)])
