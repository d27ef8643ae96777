"""The rows of info_2.jsonl and info_cluster.jsonl: info lines, each sent to a fresh enough node, or to three."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from asinfo.wire import request
from asinfo.wire.request import Key
from tests.processes import Daemon, frame, receive, receive_exactly
from tests.recorded.verdict import Row, Verdict, judged, read

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

FILE = "info_2.jsonl"

CLUSTER_FILE = "info_cluster.jsonl"

CLUSTER_GROUP = "rf1"
"""Rows of a cluster with one copy of each record. Those of two copies, rf2, are not for this node."""

TOUCH_METADATA = ("sindex", "udf-", "sets", "smd")
"""Rows with one of these words expect a node without indexes and modules."""


SPREAD_SECONDS = 60
"""A set-up that takes longer hangs; it takes milliseconds on an idle machine."""

TOO_SOON = "ERROR::unknown"
"""The reply to a command that is refused for a while after it was done."""

PAUSE = 0.05
"""Seconds until it is sent again."""

DISK_TOO_SLOW = "error=timeout"
"""The reply to a change that was not stored within the two seconds that the node has for that."""


class Node:
    """A node of a daemon, over one connection or, where a row wants that, a new one."""

    def __init__(self, daemon: Daemon, number: int = 0) -> None:
        self._daemon = daemon
        self._number = number
        self._connection: socket.socket | None = None

    def ask(self, line: str) -> str:
        if self._connection is None:
            self._connection = self._daemon.connect(self._number)
        self._connection.sendall(frame(line.encode("utf-8", "surrogateescape") + b"\n"))
        return receive(self._connection).decode("utf-8", "surrogateescape")

    def write(self, body: bytes) -> None:
        with self._daemon.connect(self._number) as connection:
            connection.sendall(frame(body, 3))
            receive_exactly(connection, 30)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def forget(self) -> None:
        """Remove indexes and modules."""
        for namespace, name in re.findall(r"ns=([^:;]+):indexname=(.*?):set=", self.ask("sindex-list:")):
            self.ask(f"sindex-delete:namespace={namespace};indexname={name}")
        for name in re.findall(r"filename=([^;]*?),hash=", self.ask("udf-list")):
            self.ask(f"udf-remove:filename={name}")


def verdicts(daemon: Daemon) -> Iterator[Verdict]:
    """The rows of FILE, which `daemon` is asked.

    Those about latencies come first: they were recorded where no record had been written in the ten seconds before.
    """
    rows = sorted(read(FILE), key=lambda row: not str(row["id"]).startswith("latencies"))
    yield from _verdicts([Node(daemon)], rows)


def cluster_verdicts(daemon: Daemon) -> Iterator[Verdict]:
    """The rows of CLUSTER_FILE, which the three nodes of `daemon` are asked."""
    rows = [row for row in read(CLUSTER_FILE) if row["group"] == CLUSTER_GROUP]
    yield from _verdicts([Node(daemon, number) for number in range(3)], rows)


def _verdicts(nodes: Sequence[Node], rows: list[Row]) -> Iterator[Verdict]:
    for row in rows:
        expected = [row[name] for name in ("reply", "or") if name in row]
        replies = _play(nodes, row)
        wrong = [
            reply
            for reply in replies
            if not any(_is_as_recorded(each, row["send"], reply) for each in expected)
        ]
        yield judged(row["id"], wrong, same=not wrong)
    for node in nodes:
        node.close()


def _play(nodes: Sequence[Node], row: Row) -> list[str]:
    """The replies of those nodes that a row is for, sent as it wants that."""
    first = nodes[0]
    if any(word in line for word in TOUCH_METADATA for line in [row["send"], *row.get("setup", ())]):
        first.forget()
    if row.get("fresh"):
        first.close()
    for namespace, set_name, count in row.get("records", ()):
        for number in range(count):
            first.write(request.put(Key(namespace, set_name, number), {"a": number, "b": f"text{number}"}))
    for line in row.get("setup", ()):
        _set_up(first, line)
    if "settle" in row:
        _await_same_modules(nodes)
    asked = [nodes[row["node"] - 1]] if row.get("node") else nodes
    replies = [_answer(node, row) for node in asked]
    for line in row.get("cleanup", ()):
        first.ask(line)
    return replies


def _answer(node: Node, row: Row) -> str:
    """The reply to a row; one that was recorded after a pause is sent until that has been long enough for the node."""
    end = time.monotonic() + SPREAD_SECONDS
    while TOO_SOON in (reply := node.ask(row["send"])) and "pause" in row:
        assert time.monotonic() < end, f"refused for {SPREAD_SECONDS} s: {row['send']}"
        time.sleep(PAUSE)
    return reply


def _set_up(node: Node, line: str) -> None:
    """Send ``line`` until the node does not say that its disk is too slow: flushes of a busy machine take seconds."""
    end = time.monotonic() + SPREAD_SECONDS
    while DISK_TOO_SLOW in node.ask(line):
        assert time.monotonic() < end, f"not stored within {SPREAD_SECONDS} s: {line}"


def _await_same_modules(nodes: Sequence[Node]) -> None:
    """Wait until all nodes list what the first does: the real cluster was given a pause for that, of `settle` seconds."""
    end = time.monotonic() + SPREAD_SECONDS
    while any(node.ask("udf-list") != nodes[0].ask("udf-list") for node in nodes[1:]):
        assert time.monotonic() < end, "the nodes do not list the same modules"


def _figures(value: str) -> list[tuple[str, str]]:
    """Name and value of `k=v;k=v` or `k=v:k=v`."""
    value = value.rstrip(";")
    separator = ";" if ";" in value or ":" not in value else ":"
    return [(part.partition("=")[0], part.partition("=")[2]) for part in value.split(separator)]


def _is_as_recorded(expected: Any, send: str, body: str) -> bool:
    if isinstance(expected, dict) and "whole" in expected:
        return bool(body == expected["whole"])
    value = body[len(send) + 1 : -1] if "\n" not in send and body.startswith(send + "\t") else body
    if isinstance(expected, str):
        return value == expected
    if "pattern" in expected:
        return re.fullmatch(expected["pattern"], value, re.DOTALL) is not None
    if "lines" in expected:
        header, *lines = value.rstrip(";").split(";")
        fits = all(re.fullmatch(expected["lines"], line) for line in lines)
        return fits and header == expected["header"] and len(lines) == expected["count"]
    if "values" in expected:
        found = dict(_figures(value))
        return all(found.get(name) == wanted for name, wanted in expected["values"].items())
    names = iter(name for name, _ in _figures(value))
    return all(name in names for name in expected["names"])
