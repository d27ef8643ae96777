"""The queries family: background queries that run or have run.

A line tells of one, `name=value:name=value...`; several are joined by `;`, the newest first.
Source: info-protocol, section 5; the wire specification, section 2.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

ID_MAX = (1 << 64) - 1

_NUMBER = re.compile(rb"([+-]?)(?:0([0-7]{0,22})|0[xX]([0-9a-fA-F]{1,20})|([1-9][0-9]{0,20}))")
"""An id as C reads numbers: octal, hexadecimal or decimal; a negative one is unsigned."""


def query_show(node: AerospikeNode, request: Request) -> bytes:
    """query-show[:id=ID]

    Background queries that run or have run, or one of them.
    """
    jobs = node.jobs
    identity = _id(request)
    if identity is None:
        return ";".join(job.line() for job in reversed(jobs.values())).encode()
    if identity not in jobs:
        raise CommandError(Code.NOT_FOUND, "job not found")
    return jobs[identity].line().encode()


def query_abort(node: AerospikeNode, request: Request) -> bytes:
    """query-abort:id=ID

    Stop a background query; the records that it has changed stay changed.
    """
    identity = _id(request)
    if identity is None:
        raise CommandError(Code.PARAMETER, "missing 'id'")
    job = node.jobs.get(identity)
    if job is None or job.ended:
        raise CommandError(Code.NOT_FOUND, "id not active")
    job.aborted = True
    return b"ok"


def query_abort_all(node: AerospikeNode, _request: Request) -> bytes:
    """query-abort-all

    Stop every background query.
    """
    active = [job for job in node.jobs.values() if not job.ended]
    for job in active:
        job.aborted = True
    return b"number-of-queries-killed:%d" % len(active)


def _id(request: Request) -> int | None:
    digits = request.optional(b"id", b"trid")
    if digits is None:
        return None
    found = _NUMBER.fullmatch(digits)
    sign, octal, hexadecimal, decimal = found.groups() if found else (b"", b"", b"", b"")
    identity = int(hexadecimal or octal or decimal or b"0", 16 if hexadecimal else 8 if octal else 10)
    if not 0 < identity <= ID_MAX:
        raise CommandError(Code.PARAMETER, "bad id")
    return -identity & ID_MAX if sign == b"-" else identity


ROWS = (
    InfoCommand(b"query-show", query_show),
    InfoCommand(b"query-abort", query_abort),
    InfoCommand(b"query-abort-all", query_abort_all),
)
"""Clients of older servers spell them otherwise (`scan-show`, `jobs:`); a server of this release no longer does."""
