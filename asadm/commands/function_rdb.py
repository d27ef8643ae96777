"""``function rdb``: an RDB file of function libraries, with which a server starts; no server is needed to make it."""

from __future__ import annotations

import os

from asadm.fleet.desired.checked_libraries import FOR, checked, servers_of
from asadm.outcome import GOOD, CommandOutcome
from asadm.save_file import STANDARD_OUTPUT, file_or_output, save
from asadm.target.valkey.payload_file import rdb_file
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OUT = Option(
    "out",
    "o",
    metavar="FILE",
    help="Write the RDB file to FILE, which is replaced in one step; '-' is standard output, which must not be a terminal. Required.",
)
OPTIONS = (OUT, FOR)

NOTES = """\
The file has the libraries and no key. Its format is REDIS0010, which Redis 7.0 and every Valkey read when they start:
put it where 'dbfilename' of the server's configuration says. The libraries are checked first, as 'function lint' does; with
--for, for just these servers.

Exit codes: 0 done, 2 usage, or something is wrong with a library: no file is written; 130 stopped by Ctrl-C.

Examples:
  asadm function rdb config/functions --out functions.rdb
  valkey-server --dir . --dbfilename functions.rdb
  asadm function rdb config/functions --out - | ssh cache1 'cat > /var/lib/valkey/dump.rdb'"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError without a file that can be made, and for a server that there is not."""
    path = arguments.options.text("out")
    if not path:
        raise UsageError("--out is missing: it names the file to write, or '-' for standard output")
    file_or_output(path)
    arguments.prepared = servers_of(arguments.options)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Check the libraries, make the file, and write it."""
    path = arguments.options.text("out") or ""
    if path == STANDARD_OUTPUT and session.terminal:
        raise UsageError("function rdb: an RDB file is not for a terminal: give --out FILE, or a pipe")
    if path == STANDARD_OUTPUT and session.json:
        raise UsageError(
            "function rdb: --json and the file cannot both go to standard output: give --out FILE"
        )
    sources = checked(arguments.names, arguments.prepared)
    content = rdb_file(source.text for source in sources)
    if path == STANDARD_OUTPUT:
        return CommandOutcome(show=content, code=GOOD)
    save(path, content)
    names = [text(source.name) for source in sources]
    extra: dict[str, object] = {"libraries": names, "file": path, "size": len(content)}
    said = f"{path}: {len(content)} bytes, libraries {', '.join(names)}\n"
    return CommandOutcome(show=b"" if session.json else os.fsencode(said), code=GOOD, extra=extra)
