"""Comments that ignore findings: ``-- lint: ignore CODE`` in a line or above it, ``-- lint: ignore-file CODE`` for all of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asinfo.lint.api_index import suggestion
from asinfo.lint.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule

_COMMENT = re.compile(r"\s*lint:\s*ignore(-file)?\b[\s:]*([\w, -]*)")


def heeded(module: LintedModule, findings: Iterable[LintFinding]) -> Iterator[LintFinding]:
    """``findings`` without those that a comment of the module ignores, and with those about the comments."""
    following: list[int] = []
    everywhere: set[str] = set()
    lines: dict[int, set[str]] = {}
    for comment in module.syntax.comments:
        found = _COMMENT.match(comment.text)
        if not found:
            continue
        named, _, _ = found[2].partition("--")  # a reason may follow
        codes = set(re.split(r"[\s,]+", named)) - {""}
        for code in sorted(codes - set(CODES)):
            message = f"there is no code {code}{suggestion(code, frozenset(CODES))}"
            yield module.finding("unknown-code", comment.at, message)
        line = module.lines.number(comment.at)
        if found[1]:
            everywhere |= codes
            continue
        if comment.alone:
            following = following or _lines_of_code(module)
            line = following[line]
        lines.setdefault(line, set()).update(codes)
    for each in findings:
        if each.code not in everywhere and each.code not in lines.get(each.line, ()):
            yield each


def _lines_of_code(module: LintedModule) -> list[int]:
    """For each line, by its number, the next one that has more than a comment."""
    following = [0] * (len(module.lines) + 2)
    for line in range(len(module.lines), 0, -1):
        text = module.lines.text(line).strip()
        following[line - 1] = following[line] if not text or text.startswith("--") else line
    return following
