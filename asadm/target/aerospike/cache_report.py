"""The report of a ``cache clear`` run: for a person and for a ping."""

from __future__ import annotations

from collections.abc import Sequence

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.cache_clear import ClearResult
from asinfo.terminal.render import Cell, Sheet


def finished(result: ClearResult, stopped: str) -> NodeAnswer:
    """The answer that stands for ``result``; ``stopped`` is why the run ended early, if it did."""
    answer = result.answer
    if answer is None:
        return NodeAnswer(result.node, "interrupted", (), f"not asked: {stopped}")
    if answer.status == "interrupted":
        error = f"no answer yet: {stopped}" if stopped else answer.error
        return NodeAnswer(result.node, "interrupted", (), error, answer.milliseconds).like(answer)
    if answer.good or result.asked < 2:
        return answer
    error = f"{answer.error} (asked {result.asked} times)"
    return NodeAnswer(answer.node, answer.status, answer.answers, error, answer.milliseconds).like(answer)


def sheet(title: str, answers: Sequence[NodeAnswer], results: Sequence[ClearResult]) -> Sheet:
    """One row a node."""
    rows = [_row(answer, result) for answer, result in zip(answers, results, strict=True)]
    return Sheet(title, ["Node", "Result", "Build", "ms", "Reason"], rows)


def _row(answer: NodeAnswer, result: ClearResult) -> list[Cell | str | float | None]:
    mark = "good" if answer.good else "bad"
    asked = round(answer.milliseconds, 1) if answer.milliseconds else None
    return [answer.node.name, Cell(answer.status, mark), result.build or None, asked, answer.error or None]


def lines(answers: Sequence[NodeAnswer], messages: Sequence[str]) -> str:
    """The body of a ping: a head line, a line for each node, failed nodes first because a long body is cut."""
    failed = sum(not answer.good for answer in answers)
    head = f"cache clear: {len(answers) - failed} of {len(answers)} nodes ok"
    nodes = sorted(answers, key=lambda answer: answer.good)
    return "\n".join([head, *map(_line, nodes), *messages]) + "\n"


def _line(answer: NodeAnswer) -> str:
    state = "ok" if answer.good else f"failed: {answer.status}: {answer.error}"
    return f"{answer.node.name}: {state} ({answer.milliseconds:.0f} ms)"


def real_server_note(results: Sequence[ClearResult], *, cleared: bool, rewarm: bool = False) -> str:
    """What to know about the real Aerospike servers among the nodes; empty without any whose cache is left off.

    ``rewarm``: the caches are, or would be, brought back in the same run.
    """
    real = [result for result in results if result.left_off]
    if not real:
        return ""
    names = ", ".join(result.node.name for result in real)
    builds = ", ".join(sorted({result.build for result in real if result.build})) or "unknown"
    server = f"real Aerospike server (build {builds}): {names}: the Lua cache"
    if rewarm and not cleared:
        return f"{server} would be off after that, and every module put twice to bring it back"
    now = "is off now" if cleared else "would be off afterwards"
    again = "asadm udf rewarm brings it back" + (
        "" if rewarm else ", cache clear --rewarm does both in one run"
    )
    return (
        f"{server} {now}, and every UDF call is slow, until each"
        f" module is put again with a change or the server restarts: {again}"
    )
