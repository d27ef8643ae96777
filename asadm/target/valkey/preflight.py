"""Checks libraries before anything is sent: in the sandbox, and against each other. All that is wrong is told at once.

Some of it a server would refuse (a syntax error, a name that another library has); some of it ends a server (names that differ only
in case, server.log at load); some fails only when a function is called (``server.`` on Redis).
"""

from __future__ import annotations

from asadm.target.valkey.function_library import FIRST_LINE, SIZE_MAX, library_name
from asadm.target.valkey.server_version import ServerVersion
from asadm.target.valkey.verdict import ENVIRONMENTS, SERVER
from asinfo.errors import Problem, WireError
from asinfo.text import text as shown

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from asadm.target.valkey.function_library import LibrarySource
    from asadm.target.valkey.verdict import Verdict

UNKNOWN_SERVERS = (ServerVersion("valkey", (9, 1)),)
"""What is checked for where the servers are not known: the strictest of those that are common."""

_EMPTY: Mapping[bytes, bytes] = {}


def examine(
    libraries: Sequence[LibrarySource],
    *,
    present: Mapping[bytes, bytes] = _EMPTY,
    servers: Collection[ServerVersion] = (),
) -> list[Problem]:
    """All that is wrong with ``libraries``, in the order of files and lines.

    ``present`` are texts, by name, of other libraries that stay on the nodes; those that ``libraries`` replace are not looked at.
    ``servers`` are the kinds of servers that the libraries are for.
    """
    return _Preflight(libraries, present, servers or UNKNOWN_SERVERS).problems()


class _Preflight:
    """One check of some libraries."""

    def __init__(
        self,
        libraries: Sequence[LibrarySource],
        present: Mapping[bytes, bytes],
        servers: Collection[ServerVersion],
    ) -> None:
        self.libraries = libraries
        names = {library.name for library in libraries}
        self.present = {name: text for name, text in present.items() if name not in names}
        self.servers = servers
        self.owners: dict[bytes, str] = {}  # of functions, by their names in lower case
        self.found: list[Problem] = []

    def problems(self) -> list[Problem]:
        from asadm.target.valkey.verdicts import Verdicts

        whole = [library for library in self.libraries if self._header_is_good(library)]
        self._check_names(whole)
        with Verdicts() as verdicts:
            for name, text in self.present.items():
                for function in verdicts.of(name, text).functions:
                    self.owners.setdefault(function.lower(), f"library {shown(name)} on the nodes")
            for library in whole:
                self._check_verdict(library, verdicts.of(library.name, library.text))
        order = {library.path: number for number, library in enumerate(self.libraries)}
        return sorted(self.found, key=lambda problem: (order[problem.path], problem.line))

    def _add(self, library: LibrarySource, line: int, message: str) -> None:
        self.found.append(Problem(library.path, line, message))

    def _header_is_good(self, library: LibrarySource) -> bool:
        if problem := header_problem(library.path, library.text):
            self.found.append(problem)
        return problem is None

    def _check_names(self, libraries: Sequence[LibrarySource]) -> None:
        seen: dict[bytes, tuple[bytes, str]] = {
            name.lower(): (name, "the nodes have") for name in self.present
        }
        for library in libraries:
            key = library.name.lower()
            if key not in seen:
                seen[key] = library.name, f"{library.path} has"
                continue
            name, where = seen[key]
            if name == library.name:
                self._add(
                    library, 1, f"{where} the library {shown(name)}, too: give one of them another name"
                )
                continue
            self._add(
                library,
                1,
                f"{where} the library {shown(name)}, which differs from {shown(library.name)} only in case: "
                "give one of them another name",
            )

    def _check_verdict(self, library: LibrarySource, verdict: Verdict) -> None:
        if verdict.failure:
            self._add(library, verdict.line, explained(verdict))
        for function in verdict.functions:
            key = function.lower()
            owner = self.owners.setdefault(key, library.path)
            if owner != library.path:
                self._add(
                    library,
                    0,
                    f"the function {shown(function)} is also in {owner}: servers take a function from one library only, "
                    "whatever the case of its letters",
                )
        for line, message in self._found_in_text(verdict):
            self._add(library, line, message)

    def _found_in_text(self, verdict: Verdict) -> Iterator[tuple[int, str]]:
        """What only some servers mind."""
        fragile = _first(self.servers, "ends_at_load_log")
        if verdict.logged is not None and fragile:
            yield (
                verdict.logged,
                f"server.log runs while the library is loaded, which ends {fragile}: log within functions only",
            )
        redis = _first(self.servers, "is_redis")
        if redis and SERVER in verdict.globals:
            yield verdict.globals[SERVER], f"{redis} has no 'server': write redis, which Valkey has, too"
        without = next((server for server in self.servers if not server.has_environments), None)
        for name in ENVIRONMENTS:
            if without and name in verdict.globals:
                yield verdict.globals[name], f"{without} has no {shown(name)}: do without it"


def header_problem(path: str, text: bytes) -> Problem | None:
    """What is wrong with the first line, the size or the bytes of a library; None if nothing is."""
    if len(text) > SIZE_MAX:
        return Problem(
            path,
            0,
            f"is larger than {SIZE_MAX} bytes, the most that asadm sends: servers break off a load after 500 ms",
        )
    if not text:
        return Problem(path, 0, "is empty; a library begins with #!lua name=NAME")
    try:
        library_name(text)
    except WireError as error:
        return Problem(path, 1, f"{error}: {FIRST_LINE}")
    if (at := text.find(b"\0")) >= 0:
        line = text.count(b"\n", 0, at) + 1
        return Problem(
            path, line, "has a NUL byte, and Valkey reads a library only up to there: write \\0 in a string"
        )
    return None


def explained(verdict: Verdict) -> str:
    """The failure of a library in words that say what to do."""
    if verdict.earlier is not None and verdict.name is not None:
        if verdict.earlier == verdict.name:
            return f"the function {shown(verdict.name)} is registered twice: give one of them another name"
        return (
            f"the functions {shown(verdict.earlier)} and {shown(verdict.name)} differ only in case, which ends real servers "
            "when the library is replaced or removed: give one of them another name"
        )
    if verdict.name is not None:
        return (
            f"{shown(verdict.name)!r} cannot be the name of a function: take letters, digits and underscores"
        )
    return _WORDS.get(verdict.failure, verdict.failure)


_WORDS = {
    "FUNCTION LOAD timeout": "the text runs for more than 500 ms when it is loaded: it may only register functions",
    "not enough memory": "the text takes more than 64 MiB of memory when it is loaded: it may only register functions",
    "No functions registered": "the library registers no function: call server.register_function(NAME, FUNCTION)",
}


def _first(servers: Collection[ServerVersion], trait: str) -> ServerVersion | None:
    return next((server for server in servers if getattr(server, trait)), None)
