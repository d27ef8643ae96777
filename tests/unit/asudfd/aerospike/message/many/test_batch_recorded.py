"""Batches that a real server 8.1.2.0 was sent, byte by byte: both forms of rows, flags, wrong frames."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from asinfo.wire import frame, message
from asinfo.wire.result import Result
from tests.fakes.world import gather

if TYPE_CHECKING:
    from asinfo.wire.message import Op
    from tests.fakes.world import World

ROWS = Path("tests/vectors/batch_rows.jsonl.gz")
CASES = [json.loads(line) for line in gzip.decompress(ROWS.read_bytes()).splitlines()]


class Answer(NamedTuple):
    """One message of a reply: the number of the row, what became of it, the generation, and what it shows."""

    row: int
    result: int
    generation: int
    ops: list[Op]
    last: bool = False


def ask(world: World, text: str) -> list[Answer]:
    """The reply to a frame in hex."""
    body = bytes.fromhex(text)[frame.HEADER_SIZE :]
    bodies = asyncio.run(gather(world.records.respond(body)))
    return [
        Answer(
            row,
            result,
            generation,
            message.read_ops(reply, offset, count)[0],
            bool(info3 & message.INFO3_LAST),
        )
        for reply in bodies
        for _, _, info3, _, result, generation, _, row, _, _, count, offset in message.replies(reply)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_rows(case: dict[str, Any], world: World) -> None:
    for text, _ in case["setup"]:
        ask(world, text)
    answers = ask(world, case["request"])
    assert [answer.result for answer in answers if answer.last] == [case["last_rc"]]
    assert sorted(answer for answer in answers if not answer.last) == sorted(
        Answer(row, result, generation, ops_of(text)) for row, result, generation, text in case["messages"]
    )
    for text, after in zip(case["get"], case["after"], strict=True):
        [answer] = ask(world, text)
        shown = {name.decode(): [kind, value.hex()] for _, kind, name, value in answer.ops}
        assert (answer.result, shown) == ((0, after) if after else (Result.NOT_FOUND, {}))


def ops_of(text: str) -> list[Op]:
    data = bytes.fromhex(text)
    return message.read_ops(data, 0, message.count_ops(data))[0]
