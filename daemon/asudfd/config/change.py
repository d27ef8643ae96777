"""Changes parameters of a running node (`set-config`), by the declarations that also load a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asinfo.wire.message import SET_NAME_SIZE_MAX
from asudfd.config.parameter import contexts, parameters
from asudfd.config.schema import NamespaceConfig, NamespaceSet, NetworkConfig
from asudfd.config.schema.network import FabricConfig, HeartbeatConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from asudfd.config.parameter import Parameter

SETS_MAX = 4095
"""Most sets of a namespace, as on the real server since 7.0."""


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """A checked change of one parameter: the new value, and the attribute that takes it."""

    values: Any
    name: str
    attribute: str
    value: Any

    def apply(self) -> None:
        """Make the change; it has effect at once, since nobody keeps copies of a Config's values."""
        setattr(self.values, self.attribute, self.value)


def plan(values: Any, assignments: Mapping[str, str]) -> ParameterChange:
    """The change of the first parameter of a context that ``assignments`` name, in the order of `get-config`.

    The real server changes one parameter a command and ignores the rest. Raises ValueError when no parameter that can
    be changed is named, and when the value does not fit.
    """
    for name, owner, declared in _changeable(values):
        if name in assignments:
            change = ParameterChange(owner, name, declared.attribute, declared.parse_live(assignments[name]))
            if isinstance(owner, HeartbeatConfig | FabricConfig) and (
                misfit := replace(owner, **{change.attribute: change.value}).misfit()
            ):
                raise ValueError(misfit)
            return change
    raise ValueError("no parameter that can be changed is named")


def _changeable(values: Any) -> Iterator[tuple[str, Any, Parameter]]:
    """The names that `set-config` knows in a context, with the dataclass and the parameter that each stands for.

    Those of contexts inside it have a prefix: in `network` the context and a dot, in a namespace `geo2dsphere-within-`
    and nothing for the storage engine, of which those of another kind are unknown.
    """
    yield from (
        (name, values, declared) for name, declared in parameters(type(values)).items() if _is_live(declared)
    )
    for context in contexts(type(values)):
        owner = getattr(values, context.replace("-", "_"))
        prefix = f"{context}." if isinstance(values, NetworkConfig) else f"{context}-"
        if context == "storage-engine":
            prefix = ""
        for name, declared in parameters(type(owner)).items():
            if _is_live(declared) and declared.engine in {"", getattr(owner, "kind", "")}:
                yield prefix + name, owner, declared


def _is_live(declared: Parameter) -> bool:
    return declared.dynamic and not declared.enterprise


def named_set(namespace: NamespaceConfig, name: str) -> NamespaceSet:
    """The set of a namespace that is called ``name``, made if need be. Raises ValueError for a bad name or too many."""
    key = name.encode()
    if not 0 < len(key) <= SET_NAME_SIZE_MAX:
        raise ValueError(f"a name has 1 to {SET_NAME_SIZE_MAX} bytes")
    if key not in namespace.sets and len(namespace.sets) >= SETS_MAX:
        raise ValueError(f"there are {SETS_MAX} sets already")
    return namespace.sets.setdefault(key, NamespaceSet(name))
