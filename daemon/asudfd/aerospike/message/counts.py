"""Counters of the requests on single records: one for every kind, origin and outcome.

    client_read_success    origin `client`, kind `read`, result code 0

Names: the real server's, as `asudfd.record.counters` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asudfd.record.namespace import Namespace

ORIGINS = ("client", "batch_sub", "from_proxy", "from_proxy_batch_sub", "udf_sub", "ops_sub")
"""Ways on which a request on one record comes: by itself, in a batch, both from another node, or for a background query."""


class _CounterNames(dict[int, str]):
    """Names of counters by result code; all other codes are errors."""

    def __init__(self, prefix: str, words: Mapping[int, str]) -> None:
        super().__init__({code: prefix + word for code, word in words.items()})
        self._error = f"{prefix}error"

    def __missing__(self, code: int) -> str:
        return self._error


class ResultCounters:
    """The counters of one kind of request; ``words`` are the endings of their names, by result code.

    ``names`` are the counters' names by origin and result code.
    """

    __slots__ = ("names",)

    def __init__(self, kind: str, words: Mapping[int, str]) -> None:
        self.names = {origin: _CounterNames(f"{origin}_{kind}_", words) for origin in ORIGINS}

    def count(self, namespace: Namespace, origin: str, code: int) -> None:
        """A request has ended with the result ``code``."""
        namespace.counters[self.names[origin][code]] += 1


_ENDS: dict[int, str] = {Result.TIMEOUT: "timeout", Result.FILTERED_OUT: "filtered_out"}

READS = ResultCounters("read", {0: "success", Result.NOT_FOUND: "not_found", **_ENDS})
WRITES = ResultCounters("write", {0: "success", **_ENDS})
DELETES = ResultCounters("delete", {0: "success", Result.NOT_FOUND: "not_found", **_ENDS})
UDFS = ResultCounters("udf", {0: "complete", **_ENDS})
