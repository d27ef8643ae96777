"""Info lines that a real server 8.1.2.0 was sent: a node of the same configuration answers each as it did."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import request
from asinfo.wire.request import Key
from tests.processes import Daemon, frame, log_path, receive, receive_exactly, spawn

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

VECTORS = Path("tests/vectors")
ROWS = [json.loads(line) for line in (VECTORS / "info_2.jsonl").read_text(encoding="utf-8").splitlines()]

DIFFERENT: dict[str, str] = {}
"""Rows that asudfd answers otherwise, with the reason."""

TOUCH_METADATA = ("sindex", "udf-", "sets", "smd")
"""Rows with one of these words expect a node without indexes and modules."""


class Node:
    """A node, over one connection or, where a row wants that, a new one."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.connection: socket.socket | None = None

    def ask(self, line: str) -> str:
        if self.connection is None:
            self.connection = self.daemon.connect()
        self.connection.sendall(frame(line.encode("utf-8", "surrogateescape") + b"\n"))
        return receive(self.connection).decode("utf-8", "surrogateescape")

    def write(self, body: bytes) -> None:
        with self.daemon.connect() as connection:
            connection.sendall(frame(body, 3))
            receive_exactly(connection, 30)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def forget(self) -> None:
        """Remove indexes and modules."""
        for namespace, name in re.findall(r"ns=([^:;]+):indexname=(.*?):set=", self.ask("sindex-list:")):
            self.ask(f"sindex-delete:namespace={namespace};indexname={name}")
        for name in re.findall(r"filename=([^;]*?),hash=", self.ask("udf-list")):
            self.ask(f"udf-remove:filename={name}")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    directory = tmp_path_factory.mktemp("rows") / "work"
    process = spawn(directory, ["--config-file", str(VECTORS / "info_node.conf")])
    daemon = Daemon(process, directory, log_path(directory))
    try:
        node = Node(daemon)
        yield node
        node.close()
        assert daemon.stop() == 0
    finally:
        daemon.kill()


def figures(value: str) -> list[tuple[str, str]]:
    """Name and value of `k=v;k=v` or `k=v:k=v`."""
    value = value.rstrip(";")
    separator = ";" if ";" in value or ":" not in value else ":"
    return [(part.partition("=")[0], part.partition("=")[2]) for part in value.split(separator)]


def is_as_recorded(expected: Any, send: str, body: str) -> bool:
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
        found = dict(figures(value))
        return all(found.get(name) == wanted for name, wanted in expected["values"].items())
    names = iter(name for name, _ in figures(value))
    return all(name in names for name in expected["names"])


def play(node: Node, row: dict[str, Any]) -> str:
    """The reply to the lines of a row, sent as the row wants it."""
    if any(word in line for word in TOUCH_METADATA for line in [row["send"], *row.get("setup", ())]):
        node.forget()
    if row.get("fresh"):
        node.close()
    time.sleep(row.get("pause", 0))
    for namespace, set_name, count in row.get("records", ()):
        for number in range(count):
            node.write(request.put(Key(namespace, set_name, number), {"a": number, "b": f"text{number}"}))
    for line in row.get("setup", ()):
        node.ask(line)
    time.sleep(row.get("settle", 0))
    reply = node.ask(row["send"])
    for line in row.get("cleanup", ()):
        node.ask(line)
    return reply


def test_every_row(node: Node) -> None:
    wrong = {}
    for row in ROWS:
        reply = play(node, row)
        expected = [row[name] for name in ("reply", "or") if name in row]
        if not any(is_as_recorded(each, row["send"], reply) for each in expected):
            wrong[row["id"]] = reply
    assert wrong.keys() == DIFFERENT.keys(), wrong
