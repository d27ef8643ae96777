"""Rounds over the nodes that have not done it yet."""

from collections.abc import Sequence

import pytest

from asadm.cron.settings import ClearSettings
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.cache_clear import CLEAR, ClearResult, clear, look
from asadm.target.aerospike.info_answer import judged
from asadm.target.aerospike.real_server import WHO
from asinfo.exchange import Endpoint

OURS = (b"8.1.2.0", b"module=a:contexts=3")
REAL = (b"8.1.2.0", b"ERROR:4:unrecognized command")


class Script:
    """A cluster whose nodes say, in order, what the test wrote; the last line is said for ever."""

    def __init__(self, **lines: list[tuple[bytes, ...] | str]) -> None:
        self.nodes = [Endpoint("127.0.0.1", 3000, name=name) for name in lines]
        self.results = [ClearResult(node) for node in self.nodes]
        self.asked: list[list[str]] = []
        self.commands: set[tuple[bytes, ...]] = set()
        self.waits: list[float] = []
        self._lines = lines

    def each(self, commands: Sequence[bytes], *, nodes: Sequence[Endpoint] | None = None) -> list[NodeAnswer]:
        assert nodes
        self.asked.append([node.name for node in nodes])
        self.commands.add(tuple(commands))
        return [self._answer(node) for node in nodes]

    def _answer(self, node: Endpoint) -> NodeAnswer:
        lines = self._lines[node.name]
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(line, str):
            return NodeAnswer(node, line, (), f"it is {line}", 5.0)
        return judged(node, line, 5.0)

    def run(self, **settings: object) -> list[str]:
        clear(self, ClearSettings(**settings), self.results, self.waits.append)  # type: ignore[arg-type] # a test's shorthand
        return self.statuses

    @property
    def statuses(self) -> list[str]:
        return [result.answer.status if result.answer else "" for result in self.results]


def test_all_at_once_and_one_request_a_node() -> None:
    script = Script(a=[(b"ok", *OURS)], b=[(b"ok", *OURS)])
    assert script.run(retries=3) == ["ok", "ok"]
    assert script.asked == [["a", "b"]]
    assert script.commands == {(CLEAR, *WHO)}


def test_a_failure_is_final_without_retries() -> None:
    script = Script(a=["refused", (b"ok", *OURS)], b=[(b"ok", *OURS)])
    assert script.run() == ["refused", "ok"]
    assert script.asked == [["a", "b"]]


def test_only_failed_nodes_are_asked_again_and_later_each_time() -> None:
    script = Script(a=["refused"], b=[(b"ok", *OURS)], c=["timeout-reply", "closed", (b"ok", *OURS)])
    assert script.run(retries=3) == ["refused", "ok", "ok"]
    assert script.asked == [["a", "b", "c"], ["a", "c"], ["a", "c"], ["a"]]
    assert script.waits == [1, 2, 4]
    assert [result.asked for result in script.results] == [4, 1, 3]


def test_the_waits_have_an_upper_limit() -> None:
    script = Script(a=["refused"])
    script.run(retries=8)
    assert script.waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_one_by_one_with_pauses() -> None:
    script = Script(a=[(b"ok", *OURS)], b=["refused", (b"ok", *OURS)], c=[(b"ok", *OURS)])
    assert script.run(serial=True, pause=0.5, retries=1) == ["ok", "ok", "ok"]
    assert script.asked == [["a"], ["b"], ["c"], ["b"]]
    assert script.waits == [0.5, 0.5, 1]


def test_one_by_one_without_pauses() -> None:
    script = Script(a=[(b"ok", *OURS)], b=[(b"ok", *OURS)])
    script.run(serial=True)
    assert script.asked == [["a"], ["b"]]
    assert script.waits == []


@pytest.mark.parametrize("serial", [False, True])
def test_nothing_is_asked_after_an_interrupt(serial: bool) -> None:
    script = Script(a=["interrupted"], b=["interrupted"])
    script.run(retries=3, serial=serial)
    assert script.asked == ([["a"]] if serial else [["a", "b"]])
    assert script.waits == []


def test_a_real_server_is_told_apart_and_is_no_failure() -> None:
    script = Script(
        a=[(b"ok", *REAL)], b=[(b"ok", *OURS)], c=[(b"ok", b"7.0.0.0", b"ERROR:81:role violation")]
    )
    assert script.run() == ["ok", "ok", "ok"]
    assert [result.left_off for result in script.results] == [True, False, False]
    assert [result.build for result in script.results] == ["8.1.2.0", "8.1.2.0", "7.0.0.0"]


@pytest.mark.parametrize(
    "answer", [b"ERROR:81:role violation", b"FAIL:4:no", b"error=timeout", b"", b"o", b"yes", b"\xff" * 999]
)
def test_anything_but_ok_is_an_error(answer: bytes) -> None:
    script = Script(a=[(answer, *REAL)])
    assert script.run() == ["error"]
    assert not script.results[0].left_off
    assert script.results[0].answer
    assert script.results[0].answer.error


def test_ok_in_capitals_is_ok() -> None:
    assert Script(a=[(b"OK", *OURS)]).run() == ["ok"]


def test_a_dry_run_only_looks() -> None:
    script = Script(a=[REAL], b=[OURS], c=["refused"])
    look(script, script.results)
    assert script.commands == {WHO}
    assert script.statuses == ["ok", "ok", "refused"]
    assert [result.real for result in script.results] == [True, False, False]


def test_a_keyboard_interrupt_while_waiting_keeps_what_was_done() -> None:
    script = Script(a=[(b"ok", *OURS)], b=["refused"])

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clear(script, ClearSettings(retries=1), script.results, interrupted)
    assert script.statuses == ["ok", "refused"]
