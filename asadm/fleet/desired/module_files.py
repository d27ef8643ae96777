"""Modules that are looked at without a node: files, and directories of them. Those of one directory may require each other."""

# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH120 - paths as they were given; pathlib would double the start-up time

from __future__ import annotations

import os

from asadm.fleet.desired.directory import ModuleSource, read_all, refusal
from asadm.target.types import default_rules
from asinfo.errors import Problem, UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asadm.target.interface import Rules


class ModuleGroup:
    """Modules of one directory: ``sources`` that are looked at, ``others`` beside them, and ``problems`` of files that are none."""

    __slots__ = ("others", "problems", "sources")

    def __init__(
        self, sources: Iterable[ModuleSource], problems: Iterable[Problem], others: SiblingFiles
    ) -> None:
        self.sources = list(sources)
        self.problems = list(problems)
        self.others = others


class SiblingFiles:
    """The other modules that lie in a directory, read when they are asked for; none where ``directory`` is empty."""

    def __init__(self, directory: str = "", size_max: int = 0) -> None:
        self._directory = directory
        self._size_max = size_max

    def __iter__(self) -> Iterator[bytes]:
        """Their names."""
        if not self._directory:
            return iter(())
        try:
            names = os.listdir(self._directory)  # noqa: PTH208 - as above
        except OSError:
            return iter(())
        return (os.fsencode(name) for name in sorted(names) if name.endswith(".lua"))

    def get(self, name: bytes, /) -> bytes | None:
        """The content of one of them; None where it cannot be read."""
        try:
            return read_file(os.path.join(self._directory, os.fsdecode(name)), self._size_max)
        except FileError:
            return None


def read(paths: Iterable[str], rules: Rules | None = None) -> list[ModuleGroup]:
    """The modules of these files and directories, each once: first those of directories. Raises UsageError and ConfigError."""
    rules = rules or default_rules()
    groups: list[ModuleGroup] = []
    files: dict[str, ModuleGroup] = {}
    seen: set[str] = set()
    for path in sorted(paths, key=os.path.isdir, reverse=True):
        place = os.path.abspath(path)
        if place in seen:
            continue
        seen.add(place)
        if os.path.isdir(path):
            found, problems = read_all(path, rules)
            by_path = sorted(found.sources.values(), key=lambda source: source.path)
            groups.append(ModuleGroup(by_path, problems, SiblingFiles()))
            inside = [*(source.path for source in by_path), *(problem.path for problem in problems)]
            seen.update(map(os.path.abspath, inside))
            continue
        directory = os.path.dirname(path) or "."
        if directory not in files:
            files[directory] = ModuleGroup((), (), SiblingFiles(directory, rules.SOURCE_SIZE_MAX))
            groups.append(files[directory])
        _add_file(files[directory], path, rules)
    return groups


def _add_file(group: ModuleGroup, path: str, rules: Rules) -> None:
    try:
        content = read_file(path, rules.SOURCE_SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        raise UsageError(str(error)) from None
    name = os.fsencode(os.path.basename(path))
    if refused := refusal(name, content, rules):
        group.problems.append(Problem(path, 0, refused))
    else:
        group.sources.append(ModuleSource(name, path, content, rules))
