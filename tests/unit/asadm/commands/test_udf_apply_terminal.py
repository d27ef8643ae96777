"""udf apply on a terminal: the plan is shown and asked about; what changes meanwhile stops it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet, Server
from tests.process.asadm.test_asadm_terminal import Start, Terminal, command

ONE, TWO = b"return 1\n", b"return 2\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Start]:
    opened: list[Terminal] = []
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(ONE)

    def start(*argv: str) -> Terminal:
        opened.append(Terminal(command(*argv), tmp_path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_yes(terminal: Start) -> None:
    with Fleet(2) as fleet:
        shown = terminal("-h", fleet.hosts, "udf", "apply", "udf")
        shown.wait_for("Apply udf to these nodes? [y/N]")
        assert b"create" in shown.seen
        assert fleet.count(b"udf-put") == 0
        shown.type("y\n")
        assert shown.end() == 0
        assert fleet.sources(b"a.lua") == [ONE, ONE]


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_anything_else_is_no(terminal: Start, answer: str) -> None:
    with Fleet(1) as fleet:
        shown = terminal("-h", fleet.hosts, "udf", "apply", "udf")
        shown.wait_for("[y/N]")
        shown.type(answer)
        assert shown.end() == 1
        assert b"nothing was sent" in shown.seen
        assert fleet.count(b"udf-put") == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_at_the_question(terminal: Start, number: int, code: int) -> None:
    with Fleet(1) as fleet:
        shown = terminal("-h", fleet.hosts, "udf", "apply", "udf")
        shown.wait_for("[y/N]")
        shown.process.send_signal(number)
        assert shown.end() == code
        assert b"Traceback" not in shown.seen
        assert fleet.count(b"udf-put") == 0


def test_what_changed_while_somebody_thought(terminal: Start) -> None:
    with Fleet(2) as fleet:
        shown = terminal("-h", fleet.hosts, "udf", "apply", "udf")
        shown.wait_for("[y/N]")
        fleet[1].hold(b"a.lua", TWO)
        shown.type("y\n")
        assert shown.end() == 1
        assert b"changed since the plan was shown" in shown.seen
        assert f"{fleet[1].address}: a.lua".encode() in shown.seen
        assert fleet.count(b"udf-put") == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(terminal: Start, number: int, code: int) -> None:
    with Fleet(3) as fleet:
        shown = terminal("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--wait", "60")

        def stop(node: Server, line: bytes) -> bytes | None:
            if line.startswith(b"udf-put"):
                node._fault = "hangs"
                os.kill(shown.process.pid, number)
            return None

        fleet[1].before = stop
        assert shown.end() == code
        assert b"stopped:" in shown.seen
        assert b"interrupted" in shown.seen
        assert "2 of 3 nodes" in shown.seen.decode()
