"""Libraries of files that are checked: what is wrong with any of them is told at once."""

from __future__ import annotations

from asadm.fleet.desired.function_files import LibraryFiles, read
from asadm.target.valkey.preflight import examine
from asadm.target.valkey.server_version import parse
from asinfo.errors import ConfigError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.target.valkey.function_library import LibrarySource
    from asadm.target.valkey.server_version import ServerVersion
    from asinfo.terminal.options import Values

FOR = Option(
    "for",
    kind="list",
    metavar="SERVER,...",
    help="Check for these servers: valkey-9.1, valkey-8.1, redis-7.0, asudf-1.0 and so on. Can be repeated.  [valkey-9.1]",
)


def servers_of(options: Values) -> list[ServerVersion]:
    """The servers that ``--for`` names, each once. Raises UsageError."""
    words = [word.strip() for given in options.texts("for") for word in given.split(",")]
    return list(dict.fromkeys(parse(word) for word in words))


def examined(paths: Iterable[str], servers: Sequence[ServerVersion]) -> LibraryFiles:
    """The libraries of files and directories, and all that is wrong with them. Raises UsageError and ConfigError."""
    files = read(paths)
    files.problems += examine(files.sources, servers=servers)
    return files


def checked(paths: Iterable[str], servers: Sequence[ServerVersion] = ()) -> list[LibrarySource]:
    """The libraries of files and directories, with which nothing is wrong. Raises UsageError and ConfigError."""
    files = examined(paths, servers)
    if files.problems:
        raise ConfigError(files.problems)
    return files.sources
