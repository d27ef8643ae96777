"""The rules of Valkey servers for libraries: names, size, hash. The module is an `asadm.target.interface.Rules`."""

from __future__ import annotations

from asadm.target.types import FUNCTION
from asadm.target.valkey.function_library import FIRST_LINE, library_name
from asadm.target.valkey.function_library import SIZE_MAX as SOURCE_SIZE_MAX
from asinfo.errors import UsageError, WireError
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.target.interface import NamedSource
    from asinfo.errors import Problem
    from asinfo.exchange import Endpoint
    from asinfo.lint.findings import LintFinding
    from asinfo.lint.known_modules import OtherModules

__all__ = [
    "ALLOWED", "FAMILY", "NOUN", "NO_FILE", "SETTINGS_FILE", "SOURCE_SIZE_MAX", "can_register", "hash", "lint", "name_of", "problems",
    "registrable", "required", "sendable",
]  # fmt: skip

NOUN = "library"
FAMILY = FUNCTION
SETTINGS_FILE = "functions.yaml"
NO_FILE = "no file called *.lua whose first line is '#!lua name=NAME'"

NAME_SIZE_MAX = 512
"""Characters of a name; servers have no limit of their own, and one of that length fits no table."""

ALLOWED = f"letters, digits and _, at most {NAME_SIZE_MAX}"

_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def can_register(name: bytes) -> bool:
    """Whether every server takes a library of that name."""
    return 0 < len(name) <= NAME_SIZE_MAX and _LETTERS.issuperset(name)


def registrable(name: bytes) -> bytes:
    """``name`` when every server takes a library of that name; UsageError with the rule otherwise."""
    if can_register(name):
        return name
    raise UsageError(f"{text(name)!r} cannot be the name of a library: {ALLOWED}")


sendable = registrable


def name_of(file: bytes, content: bytes) -> bytes | None:
    """The name that ``content`` gives itself by its first line; None where it is no library. Raises WireError for a wrong first line."""
    if not content.startswith(b"#!"):
        return None
    try:
        return library_name(content)
    except WireError as error:
        raise WireError(f"{error}: {FIRST_LINE}") from None


def problems(
    sources: Sequence[NamedSource],
    present: Mapping[bytes, bytes | None],
    nodes: Sequence[Endpoint],
) -> list[Problem]:
    """What `asadm.target.valkey.preflight` finds, for the products and versions of ``nodes``."""
    from asadm.target.valkey.function_library import LibrarySource
    from asadm.target.valkey.preflight import examine
    from asadm.target.valkey.server_version import PRODUCTS, parse

    libraries = [LibrarySource(source.name, source.path, source.content) for source in sources]
    others = {name: content for name, content in present.items() if content is not None}
    roles = [node.role for node in nodes if node.role is not None and node.role.product in PRODUCTS]
    told = sorted({f"{role.product}-{role.version}" for role in roles if role.version})
    return examine(libraries, present=others, servers=list(map(parse, told)))


def lint(sources: Sequence[NamedSource], others: OtherModules) -> Sequence[LintFinding]:
    """Nothing: `problems` tells all."""
    return ()


def hash(name: bytes, content: bytes) -> str:  # noqa: A001 - the word of the interface
    """SHA-256 of the text, whatever the name."""
    from asadm.target.valkey.dump_payload import hash_of

    return hash_of(content)


def required(content: bytes) -> tuple[bytes, ...]:
    """None: libraries cannot load each other."""
    return ()
