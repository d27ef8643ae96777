"""Some commands for a node as one request, and what came back: an answer to each frame."""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.target.valkey.replies import ERROR, error, status
from asinfo.resp_dialogue import ReplyCutter, RespRequest

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.exchange import Reply


class CommandBatch:
    """Some commands as one request: the frames, and how many replies there will be."""

    __slots__ = ("_commands", "request")

    def __init__(self, commands: tuple[bytes, ...]) -> None:
        self._commands = commands
        frames = b"".join(commands)
        self.request = RespRequest(frames, _count(frames))

    def answer(self, reply: Reply) -> NodeAnswer:
        """What ``reply`` says: an answer to each command; the status of the first that is an error."""
        answer = self._read(reply)
        answer.commands = self._commands
        answer.note = reply.note
        return answer

    def _read(self, reply: Reply) -> NodeAnswer:
        if reply.failure is not None:
            return NodeAnswer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
        body, start, answers = reply.body or b"", 0, []
        said = ""
        for end in reply.ends:
            answer = body[start:end]
            answers.append(answer)
            if not said and answer.startswith(ERROR):
                said = error(answer)
            start = end
        return NodeAnswer(reply.node, status(said) if said else "ok", answers, said, reply.milliseconds)


def _count(frames: bytes) -> int:
    """How many commands the frames are: a command is an array, as a reply is."""
    cutter = ReplyCutter()
    cutter.feed(frames, len(frames))
    return len(cutter.ends)
