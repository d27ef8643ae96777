"""Records: changes that are never kept, and bins that are read after the record was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.lint.api_index import FIELDS, METHODS
from asinfo.lint.module import meant, meant_name, variable_of
from asinfo.lint.syntax import CallExpression, IndexExpression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule
    from asinfo.lint.syntax import Name, Variable

_NAMES = frozenset({"rec", "record"})
"""What the first parameter of a global function is called where it is a record."""

_CHANGES = frozenset({"record.set_ttl", "record.drop_key"})
_KEEPS = frozenset({"aerospike:create", "aerospike:update", "aerospike:remove"})


class _BinEvent(NamedTuple):
    """What happens to the bins of a record: they are gone up to the place ``gone_until``, back (0), or read (None)."""

    at: int
    variable: Variable
    gone_until: int | None


def _uses(module: LintedModule) -> Iterator[tuple[str, Variable, CallExpression]]:
    """Calls of the node's functions for records: the function, the variable of the record, the call."""
    for call in module.syntax.calls:
        if not call.arguments:
            continue
        called = _function(call)
        variable = variable_of(call.arguments[0])
        if called and variable is not None:
            yield called, variable, call


def _function(call: CallExpression) -> str:
    """The function of the node that takes a record; empty for any other."""
    if call.method is not None:
        is_node = meant_name(call.callee) == "aerospike" and call.method in METHODS
        return f"aerospike:{call.method}" if is_node else ""
    library, _, name = meant(call.callee).partition(".")
    return f"record.{name}" if library == "record" and name in FIELDS["record"] else ""


def records(module: LintedModule) -> set[Variable | None]:
    """The parameters that are records: the node's functions get them, or they are called so."""
    used = {variable for _, variable, _ in _uses(module)}
    found: set[Variable | None] = set()
    for variable in module.syntax.variables:
        first = variable.function.parameters[:1]
        if variable in first and not variable.writes:
            named = variable.function.is_global and variable.name in _NAMES
            if named or variable in used:
                found.add(variable)
    return found


def lost_changes(module: LintedModule) -> Iterator[LintFinding]:
    """Records that are changed, and neither kept nor handed on, by functions that only clients call.

    Where the module itself calls a function, the caller may keep what it changed.
    """
    changed: dict[Variable, tuple[int, str]] = {}
    noted: set[Name] = set()
    for index in (*module.syntax.indexes, *_assigned(module)):
        if (variable := variable_of(index.target)) is not None:
            noted.add(index.target)  # type: ignore[arg-type]  # a name, as it is a variable
    for each in _assigned(module):
        if (variable := variable_of(each.target)) is not None:
            changed.setdefault(
                variable, (each.at, f"{variable.name}.{each.key} is set" if each.key else "a bin is set")
            )
    kept: set[Variable] = set()
    for called, variable, call in _uses(module):
        noted.add(call.arguments[0])  # type: ignore[arg-type]  # the same
        if called in _KEEPS:
            kept.add(variable)
        elif called in _CHANGES:
            changed.setdefault(variable, (call.at, f"{called} is called"))
    known = records(module)
    named = {name.text for name in module.syntax.names}
    for variable, (at, what) in changed.items():
        function = variable.function
        is_called = not function.is_global or function.name in named
        if variable in known and not is_called and variable not in kept and noted.issuperset(variable.reads):
            yield module.finding(
                "not-updated", at, f"{what}, and no aerospike:update({variable.name}) follows"
            )


def uses_after_remove(module: LintedModule) -> Iterator[LintFinding]:
    """Bins that are read behind a removal, in the block of the removal, and before the record is anything again."""
    known = records(module)
    events = [
        _BinEvent(call.at, variable, call.block.end if called == "aerospike:remove" else 0)
        for called, variable, call in _uses(module)
        if called in _KEEPS
    ]
    for indexes, gone_until in ((_assigned(module), 0), (module.syntax.indexes, None)):
        events += [
            _BinEvent(each.at, variable, gone_until)
            for each in indexes
            if (variable := variable_of(each.target))
        ]
    ends: dict[Variable, int] = {}  # how far a record is known to be removed
    for at, variable, end in sorted(events, key=lambda event: event.at):
        if end is not None:
            ends[variable] = max(end, ends.get(variable, 0)) if end else 0
        elif at < ends.get(variable, 0) and variable in known:
            name = variable.name
            yield module.finding(
                "use-after-remove", at, f"{name} has no bins after aerospike:remove({name}): read them before"
            )


def _assigned(module: LintedModule) -> list[IndexExpression]:
    return [each.target for each in module.syntax.assignments if type(each.target) is IndexExpression]
