"""The rules of Aerospike servers for modules: names, size, hash. The module is an `asadm.target.interface.Rules`."""

from __future__ import annotations

from asadm.target.types import UDF
from asinfo.errors import Problem, UsageError
from asinfo.text import text
from asinfo.wire.udf import NAME_SIZE_MAX, SOURCE_SIZE_MAX, base64, digest
from asinfo.wire.udf import is_filename as can_register

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.target.interface import NamedSource
    from asinfo.exchange import Endpoint
    from asinfo.lint.findings import LintFinding
    from asinfo.lint.known_modules import OtherModules

__all__ = [
    "ALLOWED",
    "FAMILY",
    "NOUN",
    "NO_FILE",
    "RULE",
    "SETTINGS_FILE",
    "SOURCE_SIZE_MAX",
    "can_register",
    "hash",
    "lint",
    "name_of",
    "problems",
    "registrable",
    "required",
    "sendable",
]

NOUN = "module"
FAMILY = UDF
SETTINGS_FILE = "udf.yaml"
NO_FILE = "no file called *.lua"

RULE = (
    "a name has at most 127 bytes of UTF-8, no ';', line end or NUL, and its first dot neither at its start nor at its "
    "end: counter.lua"
)
"""What every server wants; it says ``error=invalid_filename`` to all else. Some of that would even end a real server
when it is asked for or removed: an empty name, ``.`` and ``..``, bytes that are no UTF-8."""

ALLOWED = f"letters, digits and . _ $ - (neither a dot first nor two together), ending in .lua, at most {NAME_SIZE_MAX} bytes"
"""The rule of `asinfo.wire.udf.is_filename`, for messages."""


def sendable(name: bytes) -> bytes:
    """``name`` when a server can have a module of that name; UsageError with the rule otherwise."""
    dot = name.find(b".")
    bad = len(name) > NAME_SIZE_MAX or dot in {-1, 0, len(name) - 1} or any(byte in b";\n\0" for byte in name)
    try:
        name.decode()
    except UnicodeDecodeError:
        bad = True
    if bad:
        raise UsageError(f"{text(name)!r} cannot be the name of a module: {RULE}")
    return name


def registrable(name: bytes) -> bytes:
    """``name`` when every server takes a module of that name; UsageError with the rule otherwise.

    A module that an older server has under another name can be looked at and removed; a new one gets a name that lasts.
    """
    if can_register(sendable(name)):
        return name
    raise UsageError(
        f"{text(name)!r} cannot be the name of a module on asudfd and on servers from 8.1.2.2 on: {ALLOWED}. "
        "Only an older server takes it, by asinfo and udf-put"
    )


def name_of(file: bytes, content: bytes) -> bytes | None:
    """That of the file."""
    return file


def problems(
    sources: Sequence[NamedSource],
    present: Mapping[bytes, bytes | None],
    nodes: Sequence[Endpoint],
) -> list[Problem]:
    """None: `lint` tells all."""
    return []


def lint(sources: Sequence[NamedSource], others: OtherModules) -> Sequence[LintFinding]:
    """All that `asinfo.lint` finds."""
    from asinfo.lint.linter import (
        lint as examine,  # Lua and a parser: only where there is something to look at
    )

    return examine(sources, others)


def hash(name: bytes, content: bytes) -> str:  # noqa: A001 - the word of ``udf-list``
    """The ``hash`` that ``udf-list`` shows of a node that has just this content."""
    return digest(name, base64(content))


def required(content: bytes) -> tuple[bytes, ...]:
    """File names of the modules that ``content`` requires, without those that every node has."""
    from asadm.target.aerospike.requires import (
        BUILT_IN,
    )  # the only part of the rules that costs a regular expression
    from asadm.target.aerospike.requires import required as literals

    # Lua takes a dot in what is required for a directory.
    return tuple(each.replace(b".", b"/") + b".lua" for each in literals(content) if each not in BUILT_IN)
