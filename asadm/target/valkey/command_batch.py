"""Some commands for a node as one request, and what came back: an answer to each."""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.target.valkey.replies import error, status
from asinfo.resp_dialogue import ReplyCutter, RespRequest, cut

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.exchange import Reply


class CommandBatch:
    """Some commands as one request: the frames, and how the replies are to be cut."""

    __slots__ = ("_commands", "_counts", "request")

    def __init__(self, commands: tuple[bytes, ...]) -> None:
        self._commands = commands
        self._counts = list(map(_frames, commands))
        self.request = RespRequest(b"".join(commands), sum(self._counts))

    def answer(self, reply: Reply) -> NodeAnswer:
        """What ``reply`` says: an answer to each command; the status of the first that is an error."""
        answer = self._read(reply)
        answer.commands = self._commands
        answer.note = reply.note
        return answer

    def _read(self, reply: Reply) -> NodeAnswer:
        if reply.failure is not None:
            return NodeAnswer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
        body = reply.body or b""
        if len(self._counts) == 1:
            return _judged(reply, [body])
        replies = iter(cut(body, self.request.count))
        return _judged(reply, [b"".join(next(replies) for _ in range(count)) for count in self._counts])


def _judged(reply: Reply, answers: list[bytes]) -> NodeAnswer:
    said = next(filter(None, map(error, answers)), "")
    return NodeAnswer(reply.node, status(said) if said else "ok", answers, said, reply.milliseconds)


def _frames(commands: bytes) -> int:
    """How many commands the frames are: a command is an array, as a reply is."""
    cutter = ReplyCutter()
    cutter.feed(commands, len(commands))
    return len(cutter.ends)
