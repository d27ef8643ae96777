"""``udf repair``: what is right, how it gets there, and what remains when it is cut off."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm import state
from asadm.target.aerospike import marker, marker_journal
from asinfo.wire.udf import base64, digest
from tests.fakes.fleet import Fleet, Server

Asadm = Callable[..., Any]

NAME = b"a.lua"
ONE, TWO, THREE = b"return 1\n", b"return 2\n", b"return 3\n"
MARKED = marker.marked(ONE) or b""


def repair(asadm: Asadm, fleet: Fleet, *words: str, timeout: str = "2") -> Any:
    return asadm("-h", fleet.hosts, "--timeout", timeout, "udf", "repair", *words, "--yes", "--no-history")


def test_the_majority_is_right_where_nodes_stand_alone(asadm: Asadm) -> None:
    with Fleet(4) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        fleet[3].hold(NAME, None)
        fleet[1].agreed[NAME] = base64(TWO)
        fleet[3].agreed.clear()
        result = repair(asadm, fleet)
        assert result.code == 0, result.err
        assert fleet.sources(NAME) == [ONE] * 4
        assert fleet[0].count(b"udf-put") == fleet[2].count(b"udf-put") == 0
        assert not state.names(marker_journal.KIND)


@pytest.mark.usefixtures("_stuck_soon")
def test_a_node_that_its_cluster_has_left_behind_gets_a_marker_put(asadm: Asadm) -> None:
    with Fleet(3, clusters=1) as fleet:
        fleet.load(NAME, ONE)
        fleet[2].hold(NAME, TWO)
        result = repair(asadm, fleet)
        assert result.code == 0, result.out + result.err
        assert "marker put" in result.out
        assert fleet.sources(NAME) == [ONE] * 3
        assert not state.names(marker_journal.KIND)


def test_nothing_to_repair(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        result = repair(asadm, fleet)
        assert (result.code, fleet.count(b"udf-put")) == (0, 0)
        assert "nothing to repair" in result.err


def test_a_dry_run_sends_nothing_and_says_so_with_3(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        result = repair(asadm, fleet, "--dry-run")
        assert (result.code, fleet.count(b"udf-put")) == (3, 0)
        assert fleet[1].address in result.out


@pytest.mark.parametrize("versions", [[ONE, TWO], [ONE, None], [ONE, None, None], [ONE, TWO, THREE]])
def test_a_tie_is_for_the_user_to_decide(asadm: Asadm, versions: list[bytes | None]) -> None:
    with Fleet(len(versions)) as fleet:
        for node, source in zip(fleet.nodes, versions, strict=True):
            node.hold(NAME, source)
            node.agreed.update(node.registry)
        result = repair(asadm, fleet)
        assert (result.code, fleet.count(b"udf-put")) == (1, 0)
        assert "--from" in result.err
        assert repair(asadm, fleet, "--from", fleet[0].address).code == 0
        assert fleet.sources(NAME) == [ONE] * len(versions)


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "nobody"),
        ("--from", "{0}", "--dir", "udf"),
        ("--dir", "nowhere"),
        ("c.lua",),
        ("a.lua", "--from", "{1}"),
        ("--from", "{2}"),
    ],
)
def test_what_cannot_be_meant_is_refused(asadm: Asadm, words: tuple[str, ...]) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, None)
        fleet[2].fault = "refuses"
        addresses = [node.address for node in fleet.nodes]
        result = repair(asadm, fleet, *(word.format(*addresses) for word in words))
        assert (result.code, fleet.count(b"udf-put")) == (2, 0), result.err


def test_the_directory_is_right(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(THREE)
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        assert repair(asadm, fleet, "--dir", "udf").code == 0
        assert fleet.sources(NAME) == [THREE, THREE]


@pytest.mark.parametrize("clusters", [0, 1])
def test_a_damaged_file_is_found_and_mended(asadm: Asadm, clusters: int) -> None:
    with Fleet(3, clusters=clusters) as fleet:
        fleet.load(NAME, ONE)
        del fleet[1].files[NAME]
        fleet[2].files[NAME] = b"return 666\n"
        assert repair(asadm, fleet).code == 0
        assert fleet.sources(NAME) == [ONE, None, b"return 666\n"]
        result = repair(asadm, fleet, "--verify")
        assert result.code == 0, result.out + result.err
        assert fleet.sources(NAME) == [ONE] * 3
        assert fleet.hashes(NAME) == [digest(NAME, base64(ONE))] * 3


def test_needs_a_yes(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        assert asadm("-h", fleet.hosts, "udf", "repair").code == 2
        assert not fleet[0].commands


def test_unread_nodes_do_not_hinder_the_others(asadm: Asadm) -> None:
    with Fleet(4) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, None)
        fleet[1].agreed.clear()
        fleet[3].fault = "refuses"
        result = repair(asadm, fleet)
        assert result.code == 1
        assert fleet.sources(NAME)[:3] == [ONE] * 3
        assert fleet[3].address in result.out


class Cut:
    """Does something to the run when it is about to get, or has just got, the Nth put."""

    def __init__(self, number: int, deed: Callable[[], None]) -> None:
        self.left = number
        self.deed = deed

    def __call__(self, _server: Server, command: bytes) -> None:
        if command.startswith(b"udf-put"):
            self.left -= 1
            if not self.left:
                self.deed()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("deed", [interrupt, terminate])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("clusters", [0, 1])
def test_stopped_at_any_put_the_true_content_remains(
    asadm: Asadm, deed: Callable[[], None], when: str, number: int, clusters: int
) -> None:
    with Fleet(2, clusters=clusters) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].files[NAME] = b"damaged"
        setattr(fleet[0], when, Cut(number, deed))
        result = repair(asadm, fleet, "--verify", "--from", fleet[1].address)
        assert result.code in {0, 130, 143}, result.err
        assert fleet.hashes(NAME) == [digest(NAME, base64(ONE))] * 2
        assert fleet.sources(NAME) == [ONE] * 2
        assert not state.names(marker_journal.KIND)


@pytest.mark.usefixtures("_restored_soon")
@pytest.mark.parametrize("fault", ["refuses", "hangs", "closes", "garbage", "timeout", "denied"])
def test_a_node_that_fails_behind_the_marker_is_told_loudly_and_known_to_the_next_run(
    asadm: Asadm, fault: str
) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].files[NAME] = b"damaged"

        def break_down() -> None:
            fleet[0].fault = fault
            fleet[0].after = None

        def cut(server: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                break_down()
            return None

        fleet[0].after = cut
        result = repair(asadm, fleet, "--verify", "--dir", _directory(ONE), "--wait", "2", timeout="0.5")
        fleet[0].fault = ""
        if fleet[0].source(NAME) == ONE:
            assert fault in {"timeout", "closes"}
            return
        assert result.code == 1
        assert "NOT PUT BACK" in result.err
        assert "asadm udf repair a.lua" in result.err
        again = repair(asadm, fleet)
        assert again.code == 0, again.err
        assert "marker version" in again.out
        assert fleet.sources(NAME) == [ONE]
        assert not state.names(marker_journal.KIND)


def _directory(source: bytes) -> str:
    path = Path("udf")
    path.mkdir(exist_ok=True)
    (path / "a.lua").write_bytes(source)
    return str(path)


def test_a_marker_that_a_killed_run_left_is_mended_without_any_memory(asadm: Asadm) -> None:
    with Fleet(2, clusters=1) as fleet:
        fleet.load(NAME, MARKED)
        assert repair(asadm, fleet, "--verify").code == 0
        assert fleet.sources(NAME) == [ONE] * 2


def test_a_marker_counts_for_nothing_in_the_vote(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, MARKED)
        fleet[2].hold(NAME, ONE)
        fleet[2].agreed[NAME] = base64(ONE)
        assert repair(asadm, fleet, "--dir", _directory(ONE)).code == 0
        assert fleet.sources(NAME) == [ONE] * 3


def test_a_marker_line_is_taken_off_as_it_was_put_on() -> None:
    for content in (b"x", b"x\n", b"\n", b"return 1 -- no end of line"):
        assert marker.unmarked(marker.marked(content) or b"") == content
    assert marker.unmarked(ONE) is None
    assert marker.marked(b"x" * 1_048_575) is None


def test_the_history_has_it(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        fleet[1].agreed[NAME] = base64(TWO)
        assert asadm("-h", fleet.hosts, "udf", "repair", "--yes").code == 0
        from asadm.fleet.history.history import History, default_path

        with History(default_path()) as history:
            newest, *found = history.entries()
            assert (newest.action, newest.module, newest.hash) == ("repair", NAME, digest(NAME, base64(ONE)))
            assert TWO in [history.content(each) for each in found]


def test_a_terminal_is_asked(asadm: Asadm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.fleet.change.confirm._terminal", lambda: True)
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        fleet[1].agreed[NAME] = base64(TWO)
        for said, code in ((b"n\n", 1), (b"yes\n", 0)):
            result = asadm("-h", fleet.hosts, "udf", "repair", "--no-history", stdin=said)
            assert result.code == code
            assert "Repair 1 module on 1 node?" in result.err
        assert fleet.sources(NAME) == [ONE] * 3


def test_a_stray_module_is_told_and_the_rest_is_repaired(asadm: Asadm) -> None:
    with Fleet(4) as fleet:
        fleet.load(NAME, ONE)
        fleet[2].hold(NAME, TWO)
        fleet[2].agreed[NAME] = base64(TWO)
        fleet[1].hold(b"stray.lua", THREE)
        result = repair(asadm, fleet)
        assert result.code == 1
        assert fleet.sources(NAME) == [ONE] * 4
        assert "undecided" in result.out
        assert "asadm udf remove stray.lua" in result.err
        fleet[2].hold(NAME, TWO)
        fleet[2].agreed[NAME] = base64(TWO)
        trusted = repair(asadm, fleet, "--from", fleet[0].address)
        assert trusted.code == 1
        assert fleet.sources(NAME) == [ONE] * 4
        assert f"{fleet[0].address} does not list it" in trusted.err
        assert repair(asadm, fleet, "--from", fleet[1].address).code == 0
        assert fleet.sources(b"stray.lua") == [THREE] * 4


@pytest.mark.usefixtures("_stuck_soon")
def test_many_modules_that_a_node_lost_come_back_soon(asadm: Asadm) -> None:
    with Fleet(3, clusters=1) as fleet:
        for number in range(40):
            fleet.load(b"m%d.lua" % number, b"return %d\n" % number)
            fleet[1].hold(b"m%d.lua" % number, None)
        result = repair(asadm, fleet, "--wait", "20")
        assert result.code == 0, result.out + result.err
        assert len(fleet[1].names) == 40
        assert all(fleet[1].source(b"m%d.lua" % number) == b"return %d\n" % number for number in range(40))


@pytest.mark.usefixtures("_stuck_soon")
def test_what_is_to_be_repaired_is_shown_first(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        result = repair(asadm, fleet)
        assert result.out.index("To repair") < result.out.index("Repair\n")
        assert "nothing to repair: 1 module\n" in repair(asadm, fleet).err
