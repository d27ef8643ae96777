"""Fields of libraries and calls of their functions: names, numbers of arguments, dots and colons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint.api_index import (
    FIELDS,
    FUNCTIONS,
    MAKERS,
    METHODS,
    OWN_LIBRARIES,
    STREAM_METHODS,
    suggestion,
)
from asinfo.lint.checks.names import gone_or_refused
from asinfo.lint.checks.records import records
from asinfo.lint.checks.streams import stream_of, streams
from asinfo.lint.module import meant, meant_name, variable_of
from asinfo.lint.syntax import CallExpression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.lint.api import ApiFunction
    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule
    from asinfo.lint.syntax import Expression, IndexExpression


def unknown_fields(module: LintedModule) -> Iterator[LintFinding]:
    """Fields that a library does not have, and fields of lists and bytes, which have none."""
    for index in module.syntax.indexes:
        if index.key is None:
            continue
        library = meant_name(index.target)
        if library in FIELDS or library == "aerospike":
            yield from _of_library(module, index, library, index.key)
        elif (kind := kind_of(index.target)) in {"list", "bytes"} and not _is_number(index.key):
            yield module.finding(
                "unknown-field",
                index.key_at,
                f"{_many(kind)} have no fields, only places: {index.key} is none",
            )


def _of_library(
    module: LintedModule, index: IndexExpression, library: str, key: str
) -> Iterator[LintFinding]:
    fields = FIELDS.get(library) or frozenset(METHODS)
    name = f"{library}.{key}"
    if key in fields or library in module.defined or module.known(name):
        return
    if gone := gone_or_refused(name):
        yield module.finding(gone[0], index.key_at, gone[1])
        return
    yield module.finding("unknown-field", index.key_at, f"{library} has no {key}{suggestion(key, fields)}")


def _many(kind: str) -> str:
    return kind if kind.endswith("s") else f"{kind}s"


def _is_number(key: str) -> bool:
    return key.strip().lstrip("-").isdigit()


def kind_of(expression: Expression) -> str:
    """``list``, ``map`` or ``bytes`` for a local variable that is surely one; else empty."""
    variable = variable_of(expression)
    if variable is None or variable.writes or type(variable.value) is not CallExpression:
        return ""
    call = variable.value
    return "" if call.method is not None else MAKERS.get(meant(call.callee), "")


def wrong_calls(module: LintedModule) -> Iterator[LintFinding]:
    """Calls of what the node and Lua give, with a wrong number of arguments, or a wrong dot or colon."""
    of_streams = streams(module)
    of_records = records(module) - of_streams
    for call in module.syntax.calls:
        if call.method is None:
            yield from _function_call(module, call)
        elif stream_of(call.callee) in of_streams:
            yield from _stream_call(module, call, call.method)
        else:
            is_record = variable_of(call.callee) in of_records
            yield from _method_call(module, call, call.method, is_record=is_record)


def _function_call(module: LintedModule, call: CallExpression) -> Iterator[LintFinding]:
    called = meant(call.callee)
    library, _, name = called.partition(".")
    if library in module.defined or called in module.defined or called in module.imported:
        return
    if library == "aerospike" and name in METHODS:
        yield module.finding("colon", call.at, f"it is called with a colon: aerospike:{name}(...)")
    elif called in FUNCTIONS:
        yield from _count(module, call, FUNCTIONS[called], called)


def _method_call(
    module: LintedModule, call: CallExpression, method: str, *, is_record: bool
) -> Iterator[LintFinding]:
    library = meant_name(call.callee)
    if library == "aerospike" and library not in module.defined:
        if method in METHODS:
            yield from _count(module, call, METHODS[method], f"aerospike:{method}")
        elif not module.known(f"aerospike.{method}"):
            near = suggestion(method, frozenset(METHODS))
            yield module.finding("unknown-field", call.at, f"aerospike has no {method}{near}")
    elif library in OWN_LIBRARIES and library not in module.defined:
        yield module.finding("colon", call.at, f"it is called with a dot: {library}.{method}(...)")
    elif is_record:
        where = "aerospike:{}(rec)" if method in METHODS else "record.{}(rec)"
        known = method in METHODS or method in FIELDS["record"]
        hint = f": write {where.format(method)}" if known else ""
        yield module.finding("colon", call.at, f"a record has no methods{hint}")
    elif kind := kind_of(call.callee):
        hint = f": write {kind}.{method}(...)" if method in FIELDS[kind] else ""
        # a map may have a function of the module only by mistake, but keys of any name
        if kind != "map" or hint:
            yield module.finding("colon", call.at, f"{_many(kind)} have no methods{hint}")


def _stream_call(module: LintedModule, call: CallExpression, method: str) -> Iterator[LintFinding]:
    if method in STREAM_METHODS:
        yield from _count(module, call, STREAM_METHODS[method], method)
    else:
        near = suggestion(method, frozenset(STREAM_METHODS)) or f": it has {', '.join(STREAM_METHODS)}"
        yield module.finding("unknown-field", call.at, f"a stream has no {method}{near}")


def _count(
    module: LintedModule, call: CallExpression, function: ApiFunction, name: str
) -> Iterator[LintFinding]:
    count, least, most = len(call.arguments), function.least, function.most
    if name == "table.insert":
        least, most = 2, 3
    fixed = count - 1 if call.is_open else count
    if most is not None and fixed > most:
        wrong = f"at most {most}" if most != least else str(most)
    elif count < least and not call.is_open:
        wrong = f"at least {least}" if most != least else str(least)
    else:
        return
    takes = f"{name} takes {wrong} argument{'' if wrong.endswith(' 1') or wrong == '1' else 's'}, not {fixed}"
    yield module.finding("argument-count", call.at, f"{takes}: {name}({function.arguments})")
