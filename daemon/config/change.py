"""Changing a parameter of a running node: the only way, and by the same declarations as a file is loaded."""

from dataclasses import dataclass
from typing import Any

from daemon.config.parameter import contexts, parameters
from daemon.config.schema import Namespace


@dataclass(frozen=True, slots=True)
class Change:
    """A value that was found good, and where it goes."""

    values: Any
    attribute: str
    value: Any

    def apply(self) -> None:
        """Make the change; it has effect at once, since nobody keeps copies of a Config's values."""
        setattr(self.values, self.attribute, self.value)


def plan(values: Any, name: str, text: str) -> Change:
    """The change of parameter ``name`` of a context, or ``inner.name`` of a context inside it, to ``text``.

    Raises ValueError when there is no such parameter, when it is static, and when the value does not fit.
    """
    outer, dot, rest = name.partition(".")
    if dot and outer in contexts(type(values)):
        return plan(getattr(values, outer.replace("-", "_")), rest, text)
    declared = parameters(type(values)).get(name)
    if declared is None and isinstance(values, Namespace):
        # the real server takes the parameters of storage without a prefix
        return plan(values.storage_engine, name, text)
    if declared is None:
        raise ValueError(f"'{name}' is not a parameter here")
    if not declared.dynamic:
        raise ValueError(f"'{name}' is static")
    return Change(values, declared.attribute, declared.parse(text))


def set_parameter(values: Any, name: str, text: str) -> None:
    """Change one parameter; raises ValueError as `plan` does."""
    plan(values, name, text).apply()
