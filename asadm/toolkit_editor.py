"""The line editor of the interactive shell by prompt_toolkit: lines in quotes that go on, a menu of completions, a line at the bottom."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle

from asadm.line_editor import DELIMITERS, history_file
from asadm.statement_text import split
from asinfo.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History

    from asadm.line_editor import Complete, Prompt


class ToolkitEditor:
    """See `asadm.line_editor.LineEditor`. Ctrl-R searches the history; a line goes on in the next where a quote is open or it ends with a backslash."""

    def __init__(self, complete: Complete, status: Callable[[], str]) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=_history(),
            completer=WordCompleter(complete),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_history_search=True,
            bottom_toolbar=status,
            multiline=Condition(lambda: is_open(self._session.default_buffer.text)),
        )

    def read(self, prompt: Prompt) -> str:
        """See LineEditor."""
        text = f"\x1b[{prompt.colour}m{prompt.text}\x1b[0m" if prompt.coloured else prompt.text
        return self._session.prompt(ANSI(text))

    def close(self) -> None:
        """Each line was kept when it was typed."""


def is_open(text: str) -> bool:
    """Whether ``text`` has a quote or a comment that is not closed, or ends with a backslash."""
    try:
        split(text)
    except UsageError:
        return True
    return False


def _history() -> History:
    """One that nobody else can read; in memory where the home cannot be written to."""
    path = history_file("asadm_lines")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return FileHistory(path)
    return InMemoryHistory()


class WordCompleter(Completer):
    """Completes the word at the cursor."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002 - the interface's
        """What may stand at the cursor."""
        line = document.text_before_cursor
        start = max(line.rfind(mark) for mark in DELIMITERS) + 1
        for found in self._complete(line[:start], line[start:]):
            yield Completion(found, start_position=start - len(line), display=found.rstrip())
