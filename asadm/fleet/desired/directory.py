"""The operator's modules: a directory of Lua files, usually a working copy of git, and its ``udf.yaml``.

Every ``*.lua`` file that lies directly in the directory is a module of that name; files that begin with a dot and
subdirectories are not looked at. A ``udf.yaml`` beside them may say more, see `asadm.fleet.desired.udf_yaml`.

Everything that cannot be is told at once, before anything is sent, as a ConfigError of file, line and key.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter

from asadm.fleet.desired import limits
from asadm.fleet.desired.confined import ConfinedDirectory
from asadm.fleet.desired.udf_yaml import UdfYaml
from asadm.fleet.desired.udf_yaml import read as read_pins
from asadm.target.types import default_rules
from asinfo.errors import ConfigError, Problem, UsageError, WireError
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asadm.target.interface import Rules


class ModuleSource:
    """One module of the directory.

    ``name``      its file name on the nodes
    ``path``      where it was read
    ``content``   its bytes
    ``hash``      what ``udf-list`` shows of a node that has just this content
    ``required``  file names of all modules it requires, wherever they are
    ``requires``  those of them that the directory has
    """

    __slots__ = ("content", "hash", "name", "path", "required", "requires")

    def __init__(self, name: bytes, path: str, content: bytes, rules: Rules | None = None) -> None:
        rules = rules or default_rules()
        self.name = name
        self.path = path
        self.content = content
        self.hash = rules.hash(name, content)
        self.required = rules.required(content)
        self.requires: tuple[bytes, ...] = ()


class ModuleDirectory:
    """The modules that every node should have.

    ``sources``   by name, in dependency order: what a module requires comes before it
    ``exclude``   globs of names that are none of our business, in the directory and on the nodes
    ``keep``      globs of names on the nodes that are never pruned
    ``clusters``  names of the only clusters these modules are for; empty for any
    ``others``    paths of files that are no modules, although they are called so; see `DirectoryFiles`
    ``circles``   modules that require each other, each named again at the end; what is required cannot come first there
    """

    __slots__ = ("circles", "clusters", "exclude", "keep", "others", "path", "sources")

    def __init__(
        self,
        path: str,
        sources: Iterable[ModuleSource],
        *,
        exclude: Sequence[str] = (),
        keep: Sequence[str] = (),
        clusters: Sequence[str] = (),
        others: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.others = tuple(others)
        self.exclude = tuple(exclude)
        self.keep = tuple(keep)
        self.clusters = tuple(clusters)
        self.sources, self.circles = _ordered({source.name: source for source in sources})

    def kept(self, name: bytes) -> bool:
        """Whether a node may have ``name`` although the directory has not, even when it is pruned."""
        return matches(name, self.keep) or matches(name, self.exclude)


def matches(name: bytes, globs: Iterable[str]) -> bool:
    """Whether one of ``globs`` describes ``name``; upper and lower case differ."""
    readable = os.fsdecode(name)
    return any(fnmatchcase(readable, glob) for glob in globs)


class DirectoryFiles:
    """What was read of a directory, whether or not it can be used.

    ``sources``   the modules, by the names of their files
    ``problems``  what is wrong with other files and with ``udf.yaml``; that a name is there twice is not among them
    ``others``    paths of files that could be modules by their name, and are none by their first line
    ``settings``  what ``udf.yaml`` says
    """

    __slots__ = ("others", "problems", "settings", "sources")

    def __init__(self, settings: UdfYaml, problems: list[Problem]) -> None:
        self.settings = settings
        self.problems = problems
        self.sources: list[ModuleSource] = []
        self.others: list[str] = []


def read(path: str, rules: Rules | None = None) -> ModuleDirectory:
    """The directory at ``path``, whose modules keep ``rules``: those of a type of cluster, of the default type if not given.

    Raises UsageError when it is none or is empty, and ConfigError with everything that is wrong with its files and with
    its ``udf.yaml``; a link that leads out of the directory is wrong.
    """
    found, problems = read_all(path, rules)
    if problems:
        raise ConfigError(problems)
    return found


def read_all(path: str, rules: Rules | None = None) -> tuple[ModuleDirectory, list[Problem]]:
    """The same with the files that can be modules, and what is wrong with the others.

    Raises UsageError as `read`, and ConfigError for its ``udf.yaml``.
    """
    rules = rules or default_rules()
    found = files(path, rules)
    said = found.settings
    whole = ModuleDirectory(
        path,
        found.sources,
        exclude=said.exclude,
        keep=said.keep,
        clusters=said.clusters,
        others=found.others,
    )
    return whole, found.problems + _doubles(found.sources, rules)


def files(path: str, rules: Rules) -> DirectoryFiles:
    """The files of the directory at ``path``, good ones and others.

    Raises UsageError when it is none or is empty, and ConfigError when its ``udf.yaml`` does not say what counts.
    """
    try:
        with ConfinedDirectory(path) as top:
            found = _files(top, path, rules)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not found.sources and not found.problems:
        raise UsageError(f"{path}: there is no {rules.NOUN} in it: {rules.NO_FILE}")
    return found


def _files(top: ConfinedDirectory, path: str, rules: Rules) -> DirectoryFiles:
    file = rules.SETTINGS_FILE
    other = file.replace(".yaml", ".yml")  # what some would call it
    names = _names(top, path, (file, other), rules)
    settings = os.path.join(path, file)  # noqa: PTH118 - keeps the path as given
    if other in names:  # what it says would not be heeded: its clusters would protect nothing
        where = os.path.join(path, other)  # noqa: PTH118 - the same
        raise ConfigError([Problem(where, 0, f"the file has to be called {file}")])
    pins = _pins(top, settings) if file in names else UdfYaml()
    problems = [
        Problem(settings, pins.lines[name], f"modules: {text(name)}: exclude says that it is none of ours")
        for name in pins.modules
        if matches(name, pins.exclude)
    ]
    found = DirectoryFiles(pins, problems)
    size = 0
    for name, file in sorted(_chosen((name for name in names if name != file), pins).items()):
        where = os.path.join(path, file)  # noqa: PTH118 - the same
        pinned = pins.lines.get(name)
        place = (
            Problem(settings, pinned, f"modules: {text(name)}: {file}: ") if pinned else Problem(where, 0, "")
        )
        made = _source(top, name, file, where, place, rules=rules)
        if made is None:
            found.others.append(where)
        elif isinstance(made, Problem):
            found.problems.append(made)
        elif not matches(made.name, pins.exclude):
            found.sources.append(made)
            size += len(made.content)
        limits.check_size(where, size, rules.NOUN)
    return found


def _doubles(sources: Sequence[ModuleSource], rules: Rules) -> list[Problem]:
    """Files in which a name is told that another file told before."""
    paths: dict[bytes, str] = {}
    return [
        Problem(source.path, 0, f"the {rules.NOUN} {text(source.name)} is in {first} too")
        for source in sources
        if (first := paths.setdefault(source.name, source.path)) != source.path
    ]


def _names(top: ConfinedDirectory, path: str, settings: tuple[str, str], rules: Rules) -> list[str]:
    """The names in the directory that count. Raises OSError and UsageError."""
    found = [
        name
        for name in top.names()
        if name in settings or (name.endswith(".lua") and not name.startswith("."))
    ]
    limits.check_count(path, len(found), rules.NOUN)
    return found


def _chosen(found: Iterable[str], pins: UdfYaml) -> dict[bytes, str]:
    """File by module name. A pin goes before a file of the same name, and its file is not a module by itself."""
    pinned = {os.path.normpath(file) for file in pins.modules.values()}
    chosen = {
        os.fsencode(name): name
        for name in found
        if name not in pinned and not matches(os.fsencode(name), pins.exclude)
    }
    return chosen | pins.modules


def _pins(top: ConfinedDirectory, settings: str) -> UdfYaml:
    """What udf.yaml says. Raises ConfigError."""
    from asadm.yaml_file import SIZE_MAX  # most directories have no such file

    try:
        content = top.content(os.path.basename(settings), SIZE_MAX)  # noqa: PTH119 - start-up time
    except (OSError, ValueError) as error:
        raise ConfigError([Problem(settings, 0, _reason(error))]) from None
    if len(content) > SIZE_MAX:
        raise ConfigError([Problem(settings, 0, f"is larger than {SIZE_MAX} bytes")])
    return read_pins(settings, content)


def _source(
    top: ConfinedDirectory, name: bytes, file: str, path: str, place: Problem, *, rules: Rules
) -> ModuleSource | Problem | None:
    """The module in ``file``, whose whole path is ``path``; ``place`` with a message when it cannot be one; None for none."""
    try:
        content = top.content(file, rules.SOURCE_SIZE_MAX)
        called = rules.name_of(name, content)
    except (OSError, ValueError) as error:
        place.message += _reason(error)
        return place
    except WireError as error:  # the first line does not say its name
        place.message += str(error)
        place.line = place.line or 1
        return place
    if called is None:
        return None
    named = repr(text(name)) if place.line else "this"  # without a line the path has just told it
    if refused := refusal(called, content, rules, named):
        place.message += refused
        return place
    return ModuleSource(called, path, content, rules)


def refusal(name: bytes, content: bytes, rules: Rules, named: str = "this") -> str:
    """Why a node would refuse a module for its name or its size; empty where it would not. ``named`` is what to call it."""
    if not rules.can_register(name):
        return f"{named} cannot be the name of a {rules.NOUN} on a node: {rules.ALLOWED}"
    if not content:
        return f"is empty; nodes refuse a {rules.NOUN} without content"
    if len(content) > rules.SOURCE_SIZE_MAX:
        return f"is larger than {rules.SOURCE_SIZE_MAX} bytes, the most that a {rules.NOUN} may have"
    return ""


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _ordered(sources: dict[bytes, ModuleSource]) -> tuple[dict[bytes, ModuleSource], list[list[bytes]]]:
    """``sources`` with what is required first, else by name; and the circles in which that cannot be.

    A circle is no fault: a ``require`` inside of a function runs when all modules are there. One that runs when a module
    is loaded is refused by the node.
    """
    for source in sources.values():
        source.requires = tuple(name for name in source.required if name in sources)
    graph = {name: list(sources[name].requires) for name in sorted(sources)}
    circles = _opened(graph)
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    ordered: dict[bytes, ModuleSource] = {}
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.update((name, sources[name]) for name in ready)
        sorter.done(*ready)
    return ordered, circles


def _opened(graph: dict[bytes, list[bytes]]) -> list[list[bytes]]:
    """Take out of ``graph`` what closes a circle; the circles."""
    circles = []
    done: set[bytes] = set()
    for start in graph:
        path: dict[bytes, Iterator[bytes]] = {}  # from the start down; in order, and quick to be searched
        node: bytes | None = start if start not in done else None
        while node is not None:
            if node not in path:
                path[node] = iter(list(graph[node]))
            required = next(path[node], None)
            if required is None:
                done.add(node)
                del path[node]
                node = next(reversed(path), None)
            elif required in path:
                graph[node].remove(required)
                members = list(path)
                circles.append([*members[members.index(required) :], required])
            elif required not in done:
                node = required
    return circles
