"""Requests about one record: a map of partitions that has moved."""

from typing import Any, cast

import pytest

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.records import client
from asadm.target.aerospike.records.client import RecordAnswer, ask
from asadm.target.interface import Target
from asinfo.exchange import Endpoint
from asinfo.wire.message import Message
from asinfo.wire.request import Key, RecordReply
from asinfo.wire.result import Result

KEY = Key("test", "demo", "k")
MOVED, DONE = Result.PARTITION_UNAVAILABLE, Result.OK


@pytest.mark.parametrize(
    ("first", "second", "asked", "results"),
    [
        ([DONE, DONE], [], ["a"], [DONE, DONE]),
        ([MOVED, MOVED], [DONE, DONE], ["a", "b"], [DONE, DONE]),
        ([Result.CLUSTER_KEY_MISMATCH], [DONE], ["a", "b"], [DONE]),
        ([MOVED, MOVED], [MOVED, MOVED], ["a", "b"], [MOVED, MOVED]),  # once more, and not for ever
        ([DONE, MOVED], [], ["a"], [DONE, MOVED]),  # what was done is not done twice
        ([], [], ["a"], []),
    ],
)
def test_a_map_that_has_moved_is_asked_for_once_more(
    monkeypatch: pytest.MonkeyPatch,
    first: list[Result],
    second: list[Result],
    asked: list[str],
    results: list[Result],
) -> None:
    owners = iter([Endpoint("127.0.0.1", name=name) for name in ("a", "b")])
    said = iter([first, second])
    nodes = []

    def answer(node: Endpoint, *_: Any) -> RecordAnswer:
        nodes.append(node.name)
        return RecordAnswer(NodeAnswer(node, "ok", (), "", 0.0), [reply(result) for result in next(said)])

    monkeypatch.setattr(client, "owner", lambda *_: next(owners))
    monkeypatch.setattr(client, "_ask", answer)
    found = ask(cast("Target", None), KEY, [b""], timeout=1)
    assert nodes == asked
    assert [each.result for each in found.replies] == results


def reply(result: Result) -> RecordReply:
    return RecordReply(Message(0, 0, 0, 0, result, 0, 0, 0, None, {}, 0, 0), [])
