"""Which lines of modules the tests of pytest have run: gathered from nodes and from calls without one, and reported.

Each process writes what it knows into one directory, which pytest's first process makes and reads at the end: nodes their
lines, processes with tests those of `asudfd.call`, and where the modules are that they have registered.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.active_lines import active_lines
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.line_coverage import write_lines
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch
from asudfd.offline import module as offline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NODE, CALLS, MODULES = "node", "calls", "modules"
"""How the names of the files begin."""


class FileCoverage(NamedTuple):
    """A module's file: the lines that can run, and those that did. ``followed``: why a hook had to see them; empty if none had to."""

    path: Path
    active: frozenset[int]
    ran: frozenset[int]
    followed: str = ""

    @property
    def missed(self) -> list[int]:
        """The lines that can run and did not."""
        return sorted(self.active - self.ran)

    @property
    def percent(self) -> float:
        """How much of it ran."""
        return 100 * (1 - len(self.missed) / len(self.active)) if self.active else 100.0


class LuaCoverage:
    """What one process with tests knows. ``directory`` is that of all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._modules: dict[str, str] = {}
        self._marks = LineMarks()
        self._watches: list[LineWatch] = []
        self._place = Path.cwd()
        offline.new_watch = self._watch

    @property
    def node_options(self) -> list[str]:
        """The options with which a node notes lines."""
        return ["--set", f"mod-lua.coverage-directory={self._directory}"]

    def registered(self, path: Path) -> None:
        """The module of a file was registered."""
        self._modules[path.stem] = str(path.resolve())

    def write(self) -> None:
        """Write what this process knows; no test runs any more."""
        offline.new_watch = LineWatch
        lines: dict[str, set[int]] = {}
        for watch in self._watches:
            watch.settle()
            for line in watch.lines():
                lines.setdefault(self._path(line.chunk), set()).add(line.line)
        followed = {self._path(chunk): reason for chunk, reason in self._marks.followed.items()}
        write_lines(self._directory / f"{CALLS}-{os.getpid()}.json", lines, followed)
        modules = json.dumps(self._modules)
        (self._directory / f"{MODULES}-{os.getpid()}.json").write_text(modules, encoding="utf-8")

    def _path(self, chunk: str) -> str:
        return str((self._place / chunk).resolve())

    def _watch(self) -> LineWatch:
        self._watches.append(LineWatch(marks=self._marks))
        return self._watches[-1]


def covered(directory: Path) -> list[FileCoverage]:
    """The files of all modules that were registered or called, in the order of their paths."""
    modules: dict[str, str] = {}
    for _, known in _files(directory, MODULES):
        modules |= known
    ran: dict[str, set[int]] = {path: set() for path in modules.values()}
    reasons: dict[str, str] = {}
    for kind, found in (*_files(directory, NODE), *_files(directory, CALLS)):
        for chunk, lines in found["lines"].items():
            if path := _path_of(chunk, kind, modules):
                ran.setdefault(path, set()).update(lines)
        for chunk, reason in found["followed"].items():
            if path := _path_of(chunk, kind, modules):
                reasons[path] = reason
    return [
        FileCoverage(
            Path(path),
            frozenset(active_lines(Path(path).read_bytes(), CROSSING.no_tail_calls)),
            frozenset(lines),
            reasons.get(path, ""),
        )
        for path, lines in sorted(ran.items())
        if Path(path).is_file()
    ]


def _path_of(chunk: str, kind: str, modules: Mapping[str, str]) -> str:
    """The file of a chunk: a node knows its module alone; empty for a module that no test has registered."""
    return modules.get(Path(chunk).stem, "") if kind == NODE else chunk


def _files(directory: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(directory.glob(f"{kind}-*.json")):
        yield kind, json.loads(path.read_bytes())


def table(files: Sequence[FileCoverage], root: Path) -> list[str]:
    """The lines of a report, as coverage.py has it for Python."""
    rows = [
        (_shown(each.path, root), len(each.active), len(each.missed), each.percent, _ranges(each.missed))
        for each in files
    ]
    width = max([len(row[0]) for row in rows] + [len("Module")])
    lines = [f"{'Module':<{width}}  Lines  Missed  Cover  Missing"]
    lines += [
        f"{name:<{width}}  {active:>5}  {missed:>6}  {percent:>4.0f}%  {ranges}".rstrip()
        for name, active, missed, percent, ranges in rows
    ]
    lines += [
        f"{_shown(each.path, root)}: each line was followed, which is slow: {each.followed}"
        for each in files
        if each.followed
    ]
    return lines


def lcov(files: Iterable[FileCoverage]) -> str:
    """The report in the form of LCOV, which `genhtml` makes pages of."""
    parts = []
    for each in files:
        lines = "".join(f"DA:{line},{int(line in each.ran)}\n" for line in sorted(each.active))
        hit = len(each.active) - len(each.missed)
        parts.append(f"TN:\nSF:{each.path}\n{lines}LH:{hit}\nLF:{len(each.active)}\nend_of_record\n")
    return "".join(parts)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _ranges(lines: list[int]) -> str:
    """``3, 7-9``."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)
