"""``udf init``: a repository of modules to start from."""

from __future__ import annotations

from pathlib import Path

from asadm.outcome import CommandOutcome
from asinfo.errors import Error, UsageError
from asinfo.text import visible

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Writes a repository of Lua modules into DIR, which is made where it is not there: a module with a test for pytest,
udf.yaml, an inventory with the cluster laptop, a hook for pre-commit, a workflow for GitHub, settings and
definitions for editors. No file that is there already is changed: if there is one of the same name, nothing is written.

Exit codes: 0 written, 1 a file could not be written, 2 DIR is no directory or has such files.

Examples:
  asadm udf init modules
  cd modules && asadm udf lint udf && pytest"""


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Write the files, and say which."""
    from asadm.fleet.desired.new_repository import files

    top = Path(arguments.names[0])
    texts = files()
    _check_free(top, texts)
    for path, text in texts.items():
        _write(top / path, text)
    shown = "" if session.json else "".join(f"{visible(str(top / path))}\n" for path in texts)
    return CommandOutcome(
        show=shown.encode("utf-8", "replace"), extra={"directory": visible(str(top)), "files": list(texts)}
    )


def _check_free(top: Path, paths: Iterable[str]) -> None:
    """Raises UsageError where files of these names are in the way."""
    try:
        there = [path for path in paths if (top / path).exists() or (top / path).is_symlink()]
        is_file = top.exists() and not top.is_dir()
    except OSError as error:
        raise UsageError(f"{visible(str(top))}: {error.strerror}") from None
    if is_file:
        raise UsageError(f"{visible(str(top))} is no directory")
    if there:
        raise UsageError(f"{visible(str(top))} has {', '.join(there)} already: nothing was written")


def _write(path: Path, text: str) -> None:
    """A new file; raises Error where it cannot be, and where it has come to be there meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise Error(f"{visible(str(path))}: {getattr(error, 'strerror', None) or error}") from None
