"""Changes of libraries as one command a primary: FUNCTION RESTORE of all that it gets, or DELETE of what it loses, and WAIT.

RESTORE REPLACE is all or nothing: a text that does not compile, a clash of names or a lack of memory leaves everything as it was.
A function may move from one library to another, which LOAD one by one cannot. The payload is of version 10, which every
server and every replica takes: one of version 80 is refused by replicas of 8.1 without a word to anybody. Libraries are removed
in a request of their own, when the rest was taken: a server without memory deletes, and does not restore.
"""

from __future__ import annotations

from asadm.target.results import DONE, REFUSED, Judgement, SourceError
from asadm.target.valkey.replies import error, integer
from asinfo.text import number
from asinfo.wire.functions import dump
from asinfo.wire.resp_frame import command as frame

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

WAIT_MILLISECONDS = 200
"""How long WAIT waits: on a near network a replica has a change within 2 ms; what takes longer is looked at again anyway."""

_OK = b"+OK\r\n"
_GONE = "Library not found"
_CLASH = "already exists"


def command(contents: Sequence[bytes], removed: Sequence[bytes], copies: int = 0) -> bytes:
    """Give a primary ``contents`` and take ``removed`` from it; then wait until ``copies`` replicas have that, but not for long."""
    frames = b""
    if contents:
        frames += frame("FUNCTION", "RESTORE", dump(contents), "REPLACE")
    for name in removed:
        frames += frame("FUNCTION", "DELETE", name)
    return frames + frame("WAIT", copies, WAIT_MILLISECONDS) if copies else frames


class RestoreAnswer:
    """What a primary answered to `command`.

    ``put``      one judgement for all contents, which are taken together or not at all
    ``removed``  one a library that it was to lose
    ``copies``   how many replicas have the change; None where that was not asked
    """

    __slots__ = ("copies", "put", "removed")

    def __init__(self, answers: Sequence[bytes], contents: int, removed: int, copies: int) -> None:
        replies = iter(answers)
        self.put = _judged(next(replies)) if contents else Judgement(DONE)
        self.removed = [_judged(next(replies)) for _ in range(removed)]
        self.copies = integer(next(replies)) if copies else None

    @property
    def clashes(self) -> bool:
        """Whether a function is in another library of the node, too."""
        return self.put.kind == REFUSED and _CLASH in self.put.reason


def result(answers: Sequence[bytes], contents: int, removed: int, copies: int) -> RestoreAnswer:
    """What ``answers`` say, of so many contents, removals and copies."""
    return RestoreAnswer(answers, contents, removed, copies)


def _judged(reply: bytes) -> Judgement:
    said = error(reply)
    if reply == _OK or said.endswith(_GONE):
        return Judgement(DONE)
    if not said:
        return Judgement(REFUSED, "the answer is no OK")
    return Judgement(REFUSED, said, _source_error(said))


def _source_error(said: str) -> SourceError | None:
    """Where a library does not compile: ``ERR Error compiling function: user_function:3: unexpected symbol``."""
    _, found, where = said.partition("user_function:")
    line, _, message = where.partition(":")
    at = number(line) if found else None
    return None if at is None else SourceError("user_function", at, message.strip())


def payload(contents: Sequence[bytes]) -> bytes:
    """``contents`` as a payload of version 10."""
    return dump(contents)


def placeholder(name: bytes) -> bytes:
    """A library that takes the place of one whose functions another one gets, until it is removed.

    So nothing is deleted before its successor is there. Its only function has a name that nobody calls.
    """
    return b"#!lua name=%b\nredis.register_function('%b', function() end)\n" % (
        name,
        b"asudf_removed_" + name,
    )
