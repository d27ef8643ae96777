"""The meaning of the answers of an Aerospike node to commands about modules."""

from __future__ import annotations

from asadm.target.results import ABSENT, DONE, REFUSED, UNCONFIRMED, Judgement, LockAnswer, SourceError
from asinfo.text import text
from asinfo.wire.failure import compile_error, explain
from asinfo.wire.info import is_error, parameter

TIMED_OUT = b"error=timeout"
"""The node could not tell within two seconds whether all others have it; they may."""

NOTHING = (b"error=not_found", b"error=empty")
"""Answers to ``udf-get`` of a node that was read and has no content."""

LOCKED = b"error=locked"


def judge(answer: bytes) -> Judgement:
    """What an answer to ``udf-put``, ``udf-get`` or ``udf-remove`` means."""
    if not is_error(answer):
        return Judgement(DONE)
    reason = explain(answer)
    if answer == TIMED_OUT:
        return Judgement(UNCONFIRMED, reason)
    if answer in NOTHING:
        return Judgement(ABSENT, reason)
    found = compile_error(answer)
    error = None if found is None else SourceError(found.file, found.line, found.message)
    return Judgement(REFUSED, reason, error)


def judge_lock(answer: bytes) -> LockAnswer:
    """What an answer to ``udf-lock`` means: ``ok``, ``error=locked;owner=TEXT;left=SECONDS``, or that there is no lock."""
    if answer == b"ok":
        return LockAnswer(taken=True)
    if not answer.startswith(LOCKED):
        return LockAnswer()
    return LockAnswer(
        holder=text(parameter(answer, b"owner") or b"another run"),
        left=text(parameter(answer, b"left") or b"?"),
    )
