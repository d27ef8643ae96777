"""``udf apply DIR --watch``: apply a directory again whenever something in it is saved; for a development cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from asadm import display, statement
from asadm.outcome import CommandOutcome, is_stopped
from asinfo.errors import Error
from asinfo.file_stamp import FileStamp
from asinfo.terminal import interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

LOOK_SECONDS = 0.3
"""Between two looks at the directory. What has changed is applied when it stays the same from one look to the next."""


def follow(
    session: CommandSession,
    arguments: CommandArguments,
    check: Callable[[CommandArguments], None],
    apply: Callable[[CommandSession, CommandArguments], CommandOutcome],
) -> CommandOutcome:
    """Apply, show how it went, and wait for the next change, until Ctrl-C. A module whose file is removed is removed.

    What cannot be read or does not compile is told, and tried again when it has changed.
    """
    path, code = arguments.names[0], 0
    applied = _files(path)
    check(arguments)  # once more, so that no change before this moment is missed
    names = _names(arguments)
    try:
        code = _show(session, arguments, apply(session, arguments))
        while not is_stopped(code):
            applied = _changed(path, applied)
            try:
                check(arguments)
                gone = sorted(names - _names(arguments))
                names = _names(arguments)
                code = _show(session, arguments, apply(session, arguments))
                if gone and not is_stopped(code):
                    code = max(code, _show(session, arguments, _remove(session, arguments, gone)))
            except Error as error:
                session.warn(str(error))
    except KeyboardInterrupt:
        pass
    return CommandOutcome(code=0 if is_stopped(code) else code, shown=True)


def _changed(path: str, applied: dict[str, FileStamp]) -> dict[str, FileStamp]:
    """Wait until the files are others than those that were applied, and stay so. Raises KeyboardInterrupt."""
    before = applied
    while True:
        interrupt.sleep(LOOK_SECONDS)
        now = _files(path)
        if now == before and now != applied:
            return now
        before = now


def _files(path: str) -> dict[str, FileStamp]:
    """The files of a directory that can matter; none while it is away."""
    found: dict[str, FileStamp] = {}
    for directory, _, names in os.walk(path):
        for name in names:
            if name.endswith((".lua", ".yaml")) and not name.startswith("."):
                place = Path(directory, name)
                try:
                    about = place.stat()
                except OSError:  # gone again
                    continue
                found[str(place)] = FileStamp.of(about)
    return found


def _names(arguments: CommandArguments) -> set[bytes]:
    return set(arguments.prepared.directory.sources)


def _remove(session: CommandSession, arguments: CommandArguments, names: Iterable[bytes]) -> CommandOutcome:
    words = ["udf", "remove", *map(os.fsdecode, names), "--yes"]
    if not arguments.prepared.change.recorded:
        words.append("--no-history")
    nodes = arguments.clauses.get("with")
    call = statement.call([*words, *(["with", *nodes] if nodes else [])], rules_of=arguments.rules_of)
    return session.run(call)


def _show(session: CommandSession, arguments: CommandArguments, outcome: CommandOutcome) -> int:
    """Show how a run went; its exit code."""
    if session.json:
        session.write(display.as_json(f"udf apply {arguments.names[0]} --watch", outcome))
    elif not outcome.shown:
        shown = outcome.show
        session.write(shown if isinstance(shown, bytes) else display.rendered(session, shown))
    for message in display.messages(session, outcome):
        session.warn(message)
    return interrupt.code(outcome.code)
