"""The result of a command: an answer for each node, output, messages and an exit code."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asinfo.exchange import Endpoint
    from asinfo.terminal.render import Sheet

GOOD = 0
FAILED = 1
WRONG = 2  # usage or configuration
PENDING = 3  # changes are pending, or something was found
SIGINT = 2  # signal would cost much to import
INTERRUPTED = 128 + SIGINT


class NodeAnswer:  # plain class: dataclasses cost more to import than the whole run
    """The answers of one node to the commands it was asked, or the reason why there are none.

    ``status``        ``ok``, ``error`` when the node answered no, or the kind of failure (asinfo.errors.Unreachable)
    ``answers``       one a command, byte for byte; empty when there was no answer
    ``error``         the reason for a person; empty when all is well
    ``milliseconds``  from the start of the connect to the end of the reply
    ``commands``      what it was asked; empty for its summary
    ``note``          a warning about the node, for instance that it wanted no login; mostly empty
    ``asked``         False where nothing was sent, because the node was given up or the time was over
    """

    __slots__ = ("answers", "asked", "commands", "error", "milliseconds", "node", "note", "status")

    def __init__(
        self,
        node: Endpoint,
        status: str,
        answers: Sequence[bytes] = (),
        error: str = "",
        milliseconds: float = 0.0,
    ) -> None:
        self.node = node
        self.status = status
        self.answers = list(answers)
        self.commands: Sequence[bytes] = (b"",)
        self.note = ""
        self.asked = True
        self.error = error
        self.milliseconds = milliseconds

    def like(self, other: NodeAnswer, commands: Sequence[bytes] | None = None) -> NodeAnswer:
        """This answer with the note of ``other``, and with what that was asked (or ``commands``)."""
        self.commands = other.commands if commands is None else commands
        self.note = other.note
        return self

    @property
    def good(self) -> bool:
        """Whether the node answered, and did not say no."""
        return self.status == "ok"

    @property
    def answer(self) -> bytes:
        """The answer to the only (or first) command; empty when there was none."""
        return self.answers[0] if self.answers else b""


class CommandOutcome:
    """The result of a command.

    ``answers``   one a node, in the configured order; ``--json`` shows just these
    ``show``      what goes to standard output without ``--json``: ready bytes, sheets, or nothing
    ``messages``  lines for standard error, without the name of the program
    ``code``      exit code; left out, it follows from the answers: 1 when one is not good, 130 when interrupted
    ``extra``     more members of the JSON document
    ``silent``    failed nodes are in ``messages`` already; do not add a line for each
    ``told``      what is shown gives the reason of each failed node; a terminal needs no line for it too
    ``hushed``    notes of nodes do not go to standard error: the user wants to hear of failures only
    ``read``      how many nodes told what the command is about; left out, those with a good answer
    ``shown``     the command has written everything itself; nothing is to be added, not even JSON
    """

    __slots__ = ("answers", "code", "extra", "hushed", "messages", "read", "show", "shown", "silent", "told")

    def __init__(
        self,
        answers: Sequence[NodeAnswer] = (),
        show: bytes | Sequence[Sheet] = b"",
        *,
        messages: Sequence[str] = (),
        code: int | None = None,
        extra: dict[str, object] | None = None,
        silent: bool = False,
        told: bool = False,
        hushed: bool = False,
        read: int | None = None,
        shown: bool = False,
    ) -> None:
        self.answers = list(answers)
        self.show = show
        self.messages = list(messages)
        self.code = exit_code(self.answers) if code is None else code
        self.extra = extra or {}
        self.silent = silent
        self.told = told
        self.hushed = hushed
        self.read = sum(answer.good for answer in self.answers) if read is None else read
        self.shown = shown


def worst(codes: Iterable[int]) -> int:
    """Of exit codes the one that counts: Ctrl-C before a node that failed, and that before what was found."""
    found = set(codes)
    return next((code for code in (INTERRUPTED, FAILED, PENDING) if code in found), GOOD)


def is_stopped(code: int) -> bool:
    """Whether ``code`` is the exit code of a run that a signal has ended: 128 and its number."""
    return code > INTERRUPTED - SIGINT


def exit_code(answers: Sequence[NodeAnswer]) -> int:
    """0 when every node answered well, 130 when the user stopped it, 1 otherwise."""
    if any(answer.status == "interrupted" for answer in answers):
        return INTERRUPTED
    return GOOD if all(answer.good for answer in answers) else FAILED
