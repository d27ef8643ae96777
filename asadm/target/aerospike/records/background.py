"""A UDF as a background job: on each node for all records of a set that the node owns, followed until it has ended."""

from __future__ import annotations

from contextlib import suppress
from secrets import randbits

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.records.client import described, limited
from asinfo.errors import Error, WireError
from asinfo.exchange import exchange
from asinfo.record_dialogue import record_dialogue
from asinfo.text import number, text
from asinfo.wire import request
from asinfo.wire.result import Result

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.aerospike.records.address import SetAddress
    from asadm.target.aerospike.records.udf_call import UdfInvocation
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

ACTIVE = "active"
EMPTY = "empty"
DONE = "done"


class NodeJob:
    """The part of a job that one node does.

    ``status``     ``active``, ``done``, ``empty`` (the node has no record of the set), ``aborted``, or that of a failure
    ``answer``     the last one of the node: it has the reason of a failure
    ``percent``, ``succeeded``, ``failed``, ``milliseconds``    how far it is, of records and of time
    """

    __slots__ = ("answer", "failed", "milliseconds", "percent", "status", "succeeded")

    def __init__(self, answer: NodeAnswer, status: str) -> None:
        self.answer = answer
        self.status = status
        self.percent = 0.0
        self.succeeded = self.failed = self.milliseconds = 0

    @property
    def node(self) -> Endpoint:
        """Which node it is."""
        return self.answer.node

    @property
    def good(self) -> bool:
        """Whether it has ended, and the function failed on no record."""
        return self.status in {DONE, EMPTY} and not self.failed

    def learn(self, line: bytes) -> None:
        """Take what ``query-show`` tells; what it does not tell stays."""
        facts = dict(part.partition("=")[::2] for part in text(line).split(":"))
        self.succeeded = _whole(facts.get("recs-succeeded"), self.succeeded)
        self.failed = _whole(facts.get("recs-failed"), self.failed)
        self.milliseconds = _whole(facts.get("run-time"), self.milliseconds)
        with suppress(ValueError):
            self.percent = float(facts.get("job-progress", self.percent))
        state, _, how = facts.get("status", "").partition("(")
        if state == "done":
            self.status = DONE if how == "ok)" else "aborted"
            self.answer.error = "" if how == "ok)" else f"the job has ended: {how.removesuffix(')')}"
            self.percent = 100.0 if how == "ok)" else self.percent


def _whole(said: str | None, before: int) -> int:
    found = number(said or "")
    return before if found is None else found


class BackgroundJob:
    """A job of all nodes, under one number; `start` begins it, `look` says how far it is."""

    def __init__(self, cluster: Target, where: SetAddress, what: UdfInvocation) -> None:
        self.cluster = cluster
        self.number = randbits(63)
        self.nodes: list[NodeJob] = []
        self._what = what
        self._message = request.apply_all(
            where.namespace, where.set_name, what.module, what.function, what.arguments,
            job=self.number, policy=limited(cluster.timeout),
        )  # fmt: skip

    def require(self) -> None:
        """Raises Error where a node has not got the module: the function would fail on each record, and the log alone would tell."""
        name = self._what.file.encode("utf-8", "surrogateescape")
        listings = self.cluster.listings(self.cluster.each([self.cluster.list_command()]))
        lacking = [
            each.node.name for each in listings if each.modules is not None and name not in each.modules
        ]
        if lacking:
            raise Error(f"{', '.join(lacking)}: there is no module {self._what.file}")

    def start(self) -> None:
        """Begin on all nodes."""
        asks = [(node, [self._message]) for node in self.cluster.nodes]
        replies = exchange(asks, timeout=self.cluster.timeout, converse=record_dialogue)
        for reply in replies:
            answer = NodeAnswer(reply.node, "ok", (), "", reply.milliseconds)
            status = ACTIVE
            if reply.failure is not None:
                status = answer.status = reply.failure.kind
                answer.error = reply.failure.reason
            else:
                status = _began(answer, reply.body or b"")
            self.nodes.append(NodeJob(answer, status))

    @property
    def active(self) -> list[NodeJob]:
        """The nodes on which it has not ended."""
        return [job for job in self.nodes if job.status == ACTIVE]

    def look(self) -> None:
        """Ask the nodes on which it runs how far it is. A node that does not know the job has ended it long ago."""
        number = b"%d" % self.number
        commands = [b"query-show:id=" + number, b"query-show:trid=" + number]  # the second word before 8.1
        active = self.active
        for job, answer in zip(
            active, self.cluster.each(commands, nodes=[job.node for job in active]), strict=True
        ):
            line = next((said for said in answer.answers if said.startswith(b"trid=")), None)
            if line is not None:
                job.learn(line)
            elif answer.answers:
                job.status, job.percent = DONE, 100.0
            elif answer.status != "interrupted":
                job.answer, job.status = answer, answer.status

    def abort(self) -> None:
        """End it on all nodes on which it runs; what it has changed stays changed."""
        number = b"%d" % self.number
        nodes = [job.node for job in self.active]
        if nodes:
            self.cluster.each([b"query-abort:id=" + number, b"query-abort:trid=" + number], nodes=nodes)


def _began(answer: NodeAnswer, body: bytes) -> str:
    """The status that the reply to the request means."""
    try:
        code = request.reply(body).result
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return answer.status
    if code == Result.NOT_FOUND:
        return EMPTY
    if code:
        answer.status, answer.error = "error", described(code)
        return answer.status
    return ACTIVE


def totals(jobs: Sequence[NodeJob]) -> tuple[float, int, int]:
    """Percent, records done and records failed of all nodes together."""
    share = sum(100.0 if job.status == EMPTY else job.percent for job in jobs) / max(1, len(jobs))
    return share, sum(job.succeeded for job in jobs), sum(job.failed for job in jobs)
