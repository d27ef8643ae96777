"""Globals: those that nobody defines, that are gone or refused, that leak from call to call, and the node's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint.api_index import GLOBALS, LOGGING, OWN_GLOBALS, suggestion
from asinfo.lint.module import meant
from asinfo.lint.standard_rows import REFUSED, REMOVED
from asinfo.lint.syntax import Name, path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule


def unknown_globals(module: LintedModule) -> Iterator[LintFinding]:
    """Globals that are read and not there."""
    for name in module.syntax.names:
        text = name.text
        if text in GLOBALS or module.known(text):
            continue
        if gone := gone_or_refused(text):
            code, message = gone
            yield module.finding(code, name.at, message)
        elif not module.is_open and text != "_ENV":
            yield module.finding(
                "unknown-global", name.at, f"{text} is defined nowhere{suggestion(text, module.globals)}"
            )


def gone_or_refused(name: str) -> tuple[str, str] | None:
    """Code and message for a global or field that Lua 5.4 or a hardened node does not have."""
    if name in REMOVED:
        return "removed", f"Lua 5.4 has no {name}: write {REMOVED[name]}"
    if name in REFUSED:
        return "refused", f"hardened nodes have no {name}: write {REFUSED[name]}"
    return None


def assigned_globals(module: LintedModule) -> Iterator[LintFinding]:
    """Globals that functions assign, and those that hide what the node gives."""
    for each in module.syntax.assignments:
        if type(each.target) is not Name:
            continue
        name, at = each.target.text, each.target.at
        if name in OWN_GLOBALS:
            yield module.finding("hides-api", at, f"{name} is what the node gives: choose another name")
        elif each.block.function is not module.syntax.main:
            yield module.finding(
                "global-in-function",
                at,
                f"the global {name} stays for later calls: write local, or another name",
            )


def used_at_load(module: LintedModule) -> Iterator[LintFinding]:
    """What needs the node, and runs while it is not there yet."""
    syntax = module.syntax
    known = module.defined | syntax.tested
    for call in syntax.calls:
        if call.block.function is not syntax.main:
            continue
        called = meant(call.callee)
        if call.method is not None and called == "aerospike":
            called = f"aerospike:{call.method}"
        elif called not in LOGGING and not called.startswith("aerospike."):
            continue
        if called not in known and path(call.callee) not in known:
            yield module.finding(
                "not-at-load", call.at, f"{called} is called while the module is loaded: a node refuses that"
            )
