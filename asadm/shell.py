"""The interactive shell: history, completion, and a prompt that shows the cluster and the privilege."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from signal import SIGINT

from asadm import statement
from asadm.fleet.observed.grouping import count
from asadm.line_editor import PlainEditor, Prompt, ReadlineEditor
from asadm.outcome import INTERRUPTED, WRONG
from asadm.suggestions import Suggestions
from asinfo.errors import ConfigError, UsageError
from asinfo.terminal import interrupt
from asinfo.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.line_editor import Complete, LineEditor
    from asadm.session import CommandSession
    from asadm.statement import ParsedCommand

CHOICE = "ASADM_EDITOR"
"""The environment variable that chooses one: ``readline`` where prompt_toolkit does not go with a terminal."""

FAILED_NAMED_MAX = 3
"""Nodes that the line at the bottom names: more do not fit a terminal."""


class Shell:
    """Reads statements from a terminal until ``exit`` or the end of input."""

    def __init__(
        self, session: CommandSession, execute: Callable[[CommandSession, Sequence[ParsedCommand]], int]
    ) -> None:
        self.session = session
        self.execute = execute
        self.code = 0
        self.name = ""
        self.suggestions = Suggestions(session)

    def run(self) -> int:
        """The exit code of the last command, as a POSIX shell has it.

        Raises UsageError and ConfigError at once when the targets cannot be told.
        """
        cluster = self.session.cluster()
        self.name = cluster.name
        self.session.warn(f'{count(len(cluster.nodes), "node")}, "help" lists the commands')
        editor = _line_editor(self.session, self.suggestions.complete, self.status)
        while not self.session.finished and interrupt.heard() in {0, SIGINT}:
            interrupt.forget()
            try:
                line = interrupt.wait(editor.read, self.prompt())
            except KeyboardInterrupt:  # Ctrl-C drops the line, as shells do; another signal ends the shell
                sys.stderr.write("\n")
                continue
            except EOFError:
                sys.stderr.write("\n")
                break
            self.obey(line)
        editor.close()
        return self.code if interrupt.heard() in {0, SIGINT} else INTERRUPTED

    def prompt(self) -> Prompt:
        """``Admin> ``, or ``Admin+> `` when commands may change the cluster; before it the cluster, where it has a name."""
        mark, colour = ("Admin+> ", "31") if self.session.privileged else ("Admin> ", "32")
        text = f"{visible(self.name)} {mark}" if self.name else mark
        return Prompt(text, colour, coloured=self.session.colour)

    def status(self) -> str:
        """The nodes as the last command found them, in a line."""
        states = self.session.states
        if not states:
            return "no node was asked yet"
        failed = [f"{name} {state}" for name, state in states.items() if state not in {"ok", "error"}]
        named = ", ".join(failed[:FAILED_NAMED_MAX]) + (", ..." if len(failed) > FAILED_NAMED_MAX else "")
        answered = f"{len(states) - len(failed)} of {count(len(states), 'node')} answered"
        return f"{answered}; {named}" if failed else answered

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


def _line_editor(session: CommandSession, complete: Complete, status: Callable[[], str]) -> LineEditor:
    """The editor for this terminal; ``status`` gives the line at its bottom, where there is one."""
    if not session.terminal or not sys.stdin.isatty():
        return PlainEditor()
    if os.environ.get(CHOICE) != "readline" and os.environ.get("TERM") != "dumb":
        with suppress(ImportError):
            from asadm.toolkit_editor import ToolkitEditor

            return ToolkitEditor(complete, status)
    return ReadlineEditor(complete)
