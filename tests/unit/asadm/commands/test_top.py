"""``asadm top``: what was called since the look before, of all nodes together."""

from __future__ import annotations

import signal
from itertools import count
from typing import TYPE_CHECKING

import pytest

from asadm.commands.top import CallsRate
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.function_figures import CallsReading, parse
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet, Server
from tests.process.asadm.test_asadm_terminal import Terminal, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.asadm.conftest import Asadm

NODES = [Endpoint("127.0.0.1", 3000), Endpoint("127.0.0.1", 3001)]


def row(function: str, calls: int, microseconds: int, errors: int = 0) -> bytes:
    return (
        f"module=m:function={function}:calls={calls}:errors={errors}:timeouts=0:microseconds={microseconds}"
        f":memory=4096:le=16/{calls};"
    ).encode()


def reading(*answers: bytes) -> CallsReading:
    found = [NodeAnswer(node, "ok", [answer]) for node, answer in zip(NODES, answers, strict=True)]
    return CallsReading(found, [{each.name: each for each in parse(answer)} for answer in answers])


def rate(before: CallsReading, now: CallsReading, sort: str = "time") -> list[list[str]]:
    return [
        [cell.text for cell in cells] for cells in CallsRate(before, now, 2.0).sheet(sort, cut=False).rows
    ]


def test_what_was_called_since() -> None:
    before = reading(row("f", 10, 1000) + row("old", 5, 10), row("f", 7, 70))
    now = reading(row("f", 30, 2000, 2) + row("old", 5, 10), row("f", 8, 80) + row("new", 100, 500))
    f = ["m.f", "10.5", "1.0", "48us", "16us", "0.1%", "4K"]
    new = ["m.new", "50.0", "0.0", "5us", "16us", "0.0%", "4K"]
    assert rate(before, now) == [f, new]
    assert rate(before, now, "calls") == [new, f]
    assert rate(before, now, "errors") == [f, new]


def test_a_node_that_began_anew_counts_from_nothing() -> None:
    assert rate(reading(row("f", 100, 1000), b""), reading(row("f", 4, 40), b""))[0][1] == "2.0"


def test_a_node_that_was_away_is_not_counted_twice() -> None:
    before, now = reading(b"", b""), reading(row("f", 1000, 100), row("f", 4, 40))
    before.answers[0].status = "refused"
    assert [each[1] for each in rate(before, now)] == ["2.0"]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A node whose function g is called more and more, and f now and then for long."""
    with Fleet(1, real=False) as fleet:
        number = count(1)

        def before(_server: Server, command: bytes) -> bytes | None:
            if command != b"udf-stats:":
                return None
            looks = next(number)
            return row("f", looks, 90_000 * looks, looks) + row("g", 1000 * looks, 5000 * looks)

        fleet[0].before = before
        yield fleet


def test_tables_in_a_pipe(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "top", "--interval", "0.01", "--count", "2", "--sort", "calls")
    assert (result.code, result.err) == (0, "")
    assert [line.split()[0] for line in result.out.splitlines()] == ["[", "Function", "m.g", "m.f"] * 2
    assert "q ends" not in result.out


def test_documents(asadm: Asadm, fleet: Fleet) -> None:
    document = asadm("-j", "-h", fleet.hosts, "top", "--interval", "0.01", "--count", "1").document
    assert {each["function"]: each["calls"] for each in document["functions"]} == {"m.f": 1, "m.g": 1000}


def test_a_node_that_does_not_count(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].before = lambda _server, _command: b"ERROR:4:unrecognized command"
    result = asadm("-h", fleet.hosts, "top", "--interval", "0.01", "--count", "1")
    assert result.code == 1
    assert "it does not count calls of functions" in result.err


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--interval", "0"], "no number of seconds"),
        (["--interval", "x"], "no number of seconds"),
        (["--count", "0"], "number of tables"),
        (["--sort", "name"], "time, calls"),
    ],
    ids=["no time", "no number", "no table", "no order"],
)
def test_flags_that_cannot_be(asadm: Asadm, flags: list[str], text: str) -> None:
    result = asadm("-h", "127.0.0.1", "top", *flags)
    assert result.code == 2
    assert text.rsplit(maxsplit=1)[-1] in result.err


def test_on_a_terminal_it_redraws_and_ends_with_q(fleet: Fleet, tmp_path: Path) -> None:
    terminal = Terminal(command("-h", fleet.hosts, "top", "--interval", "0.05"), tmp_path)
    first = terminal.wait_for("the first figures come in 0.05 s")
    assert terminal.seen[:first].count(b"\x1b[H") == 1
    second = terminal.wait_for("\x1b[H", first)
    terminal.type("c")
    by_calls = terminal.wait_for("top by calls", second)
    terminal.wait_for("m.g", by_calls)
    terminal.type("q")
    assert terminal.end() == 0


def test_on_a_terminal_the_picture_says_why_a_node_was_not_read(fleet: Fleet, tmp_path: Path) -> None:
    fleet[0].before = lambda _server, _command: b"ERROR:4:unrecognized command"
    terminal = Terminal(command("-h", fleet.hosts, "top", "--interval", "0.05"), tmp_path)
    terminal.wait_for("it does not count calls of functions", terminal.wait_for("nothing is known"))
    terminal.type("q")
    assert terminal.end() == 1


def test_ctrl_c_ends_it(fleet: Fleet, tmp_path: Path) -> None:
    terminal = Terminal(command("-h", fleet.hosts, "top", "--interval", "0.05"), tmp_path)
    terminal.wait_for("top by time")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0
