"""The interactive shell: history, completion, and a prompt that shows privilege."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGINT

from asadm import statement
from asadm.outcome import INTERRUPTED, WRONG
from asadm.suggestions import Suggestions
from asinfo.directories import state_directory
from asinfo.errors import ConfigError, UsageError
from asinfo.terminal import interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.session import CommandSession
    from asadm.statement import ParsedCommand

HISTORY_LINES_MAX = 1000
"""Lines that the history of the shell keeps from one session to the next."""


class Shell:
    """Reads statements from a terminal until ``exit`` or the end of input."""

    def __init__(
        self, session: CommandSession, execute: Callable[[CommandSession, Sequence[ParsedCommand]], int]
    ) -> None:
        self.session = session
        self.execute = execute
        self.code = 0
        self.suggestions = Suggestions(session)

    def run(self) -> int:
        """The exit code of the last command, as a POSIX shell has it.

        Raises UsageError and ConfigError at once when the targets cannot be told.
        """
        nodes = self.session.cluster().nodes
        self.session.warn(f'{len(nodes)} node{"" if len(nodes) == 1 else "s"}, "help" lists the commands')
        history = _prepare(self.suggestions.complete)
        while not self.session.finished and interrupt.heard() in {0, SIGINT}:
            interrupt.forget()
            try:
                line = interrupt.wait(input, self.prompt())
            except KeyboardInterrupt:  # Ctrl-C drops the line, as shells do; another signal ends the shell
                sys.stderr.write("\n")
                continue
            except EOFError:
                sys.stderr.write("\n")
                break
            self.obey(line)
        _keep(history)
        return self.code if interrupt.heard() in {0, SIGINT} else INTERRUPTED

    def prompt(self) -> str:
        """``Admin> ``, or ``Admin+> `` when commands may change the cluster.

        The colour stands between marks that tell the line editor not to count it; it is there for terminals only.
        """
        text, colour = ("Admin+> ", "31") if self.session.privileged else ("Admin> ", "32")
        if not self.session.terminal:
            sys.stderr.write(text)
            sys.stderr.flush()
            return ""
        return f"\001\x1b[{colour}m\002{text}\001\x1b[0m\002" if self.session.colour else text

    def obey(self, line: str) -> None:
        """Run the statements of one line; mistakes are told, and nothing of the line is run."""
        self.suggestions.forget()
        try:
            calls = statement.parse(line, rules_of=self.session.rules_of)
            if calls:
                self.code = self.execute(self.session, calls)
        except (UsageError, ConfigError) as error:
            for each in str(error).split("\n"):
                self.session.warn(each)
            self.code = WRONG
        except KeyboardInterrupt:
            self.session.warn("interrupted")
            self.code = INTERRUPTED


def _prepare(complete: object) -> Path | None:
    """Line editing with history and completion; the history file, or None without line editing."""
    try:
        import readline
    except ImportError:  # Python may be built without it; the shell still works
        return None
    history = Path(state_directory() or "/.local/state/asudf", "asadm_history")
    with suppress(OSError):  # none yet, or not readable: start without
        readline.read_history_file(history)
    readline.set_history_length(HISTORY_LINES_MAX)
    readline.set_completer_delims(" \t\n;")
    readline.parse_and_bind("tab: complete")
    found: list[str] = []

    def completer(word: str, number: int) -> str | None:
        if number == 0:
            line = readline.get_line_buffer()[: readline.get_begidx()]
            assert callable(complete)
            found[:] = complete(line, word)
        return found[number] if number < len(found) else None

    readline.set_completer(completer)
    return history


def _keep(history: Path | None) -> None:
    """Write the history; a home that cannot be written to is no reason to complain."""
    if history is None:
        return
    import readline

    with suppress(OSError):
        history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        readline.write_history_file(history)
        history.chmod(0o600)
