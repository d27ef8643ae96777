"""``udf run --all``: a UDF on every record of a set, as a background job that is followed until it has ended."""

from __future__ import annotations

import os

from asadm.outcome import FAILED, GOOD, INTERRUPTED, CommandOutcome
from asadm.progress import ERASE
from asadm.target.aerospike.records.background import BackgroundJob, totals
from asinfo.terminal import interrupt
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.records.address import SetAddress
    from asadm.target.aerospike.records.background import NodeJob
    from asadm.target.aerospike.records.udf_call import UdfInvocation
    from asadm.target.interface import Target

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks: a small set is done in milliseconds, and a large one takes minutes."""

LOOKS_AFTER_END = 5
"""A call that is in flight ends within its time limit, 1 s mostly."""

BAR_WIDTH = 30


def run_all(cluster: Target, where: SetAddress, what: UdfInvocation) -> CommandOutcome:
    """Start it, follow it, and tell what became of it; Ctrl-C ends it everywhere. Raises Error where a node has no such module."""
    job = BackgroundJob(cluster, where, what)
    stopped = False
    try:
        job.require()
        job.start()
        _follow(job)
    except KeyboardInterrupt:
        stopped = True
        interrupt.forget()  # what follows is to be done, too
        job.abort()
        _end(job)
    return _told(job, where, what, stopped=stopped)


def _end(job: BackgroundJob) -> None:
    """Wait for the calls that are in flight, but not for long."""
    for _ in range(LOOKS_AFTER_END):
        job.look()
        if not job.active:
            return
        interrupt.sleep(LONGEST_PAUSE)


def _follow(job: BackgroundJob) -> None:
    """Until it has ended on all nodes. Raises KeyboardInterrupt."""
    pause = FIRST_PAUSE
    descriptor = job.cluster.progress.descriptor if job.cluster.progress is not None else None
    try:
        while job.active:
            interrupt.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
            job.look()
            if descriptor is not None:
                os.write(descriptor, ERASE + _line(job).encode())
    finally:
        if descriptor is not None:
            os.write(descriptor, ERASE)


def _line(job: BackgroundJob) -> str:
    percent, done, failed = totals(job.nodes)
    bar = "#" * int(percent / 100 * BAR_WIDTH)
    return f"[{bar:<{BAR_WIDTH}}] {percent:3.0f} %  {done} records done, {failed} failed"


def _told(job: BackgroundJob, where: SetAddress, what: UdfInvocation, *, stopped: bool) -> CommandOutcome:
    _, done, failed = totals(job.nodes)
    rows = [[Cell(each.node.name), *_cells(each)] for each in job.nodes]
    columns = ["Node", "Status", "Done", "Failed", "ms", "Reason"]
    good = all(each.good for each in job.nodes)
    messages = []
    if failed:
        messages.append(
            f"{failed} records failed: the nodes' logs say why, and 'asadm udf run {what.module}.{what.function} "
            f"{where}/KEY' of one of them"
        )
    if stopped:
        messages.append("the job was ended; what it has changed stays changed")
    extra: dict[str, object] = {
        "job": job.number,
        "set": str(where),
        "records": {"done": done, "failed": failed},
        "jobs": [
            {
                "node": each.node.name, "status": each.status, "percent": each.percent,
                "done": each.succeeded, "failed": each.failed, "ms": each.milliseconds,
            }
            for each in job.nodes
        ],
    }  # fmt: skip
    return CommandOutcome(
        [each.answer for each in job.nodes],
        [Sheet("", columns, rows)],
        messages=messages,
        code=INTERRUPTED if stopped else GOOD if good else FAILED,
        extra=extra,
        told=True,
    )


def _cells(job: NodeJob) -> list[Cell]:
    mark = "good" if job.good else "bad"
    return [
        Cell(job.status, mark),
        Cell(job.succeeded),
        Cell(job.failed, "bad" if job.failed else ""),
        Cell(job.milliseconds),
        Cell(job.answer.error or None),
    ]
