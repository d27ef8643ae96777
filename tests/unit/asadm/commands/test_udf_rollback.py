"""udf rollback and what an apply leaves in the history for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm, Result

Apply = Callable[..., None]

ONE, TWO, OTHER = b"return 1\n", b"return 2\n", b"return 3\n"


@pytest.fixture
def apply(asadm: Asadm, tmp_path: Path) -> Apply:
    """``apply(fleet, a=b"...")``: brings just these modules to the fleet."""

    def run(fleet: Fleet, *flags: str, **sources: bytes) -> None:
        directory = tmp_path / "udf"
        directory.mkdir(exist_ok=True)
        for file in directory.iterdir():
            file.unlink()
        for name, source in sources.items():
            (directory / f"{name}.lua").write_bytes(source)
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--history", "h", *flags)
        assert done.code == 0, done.err

    return run


def roll(asadm: Asadm, fleet: Fleet, *words: str) -> Result:
    return asadm("-h", fleet.hosts, "udf", "rollback", *words, "--yes", "--history", "h")


def test_the_first_apply_over_a_foreign_module_can_be_undone(asadm: Asadm, apply: Apply) -> None:
    with Fleet(4, clusters=2) as fleet:
        fleet.load(b"a.lua", OTHER)
        apply(fleet, a=ONE, b=TWO)
        done = roll(asadm, fleet)
        assert done.code == 0, done.err
        assert fleet.sources(b"a.lua") == [OTHER] * 4
        assert fleet.hashes(b"b.lua") == [None] * 4


def test_back_step_by_step(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE)
        apply(fleet, a=TWO)
        apply(fleet, a=OTHER)
        assert roll(asadm, fleet).code == 0
        assert fleet.sources(b"a.lua") == [TWO, TWO]
        assert roll(asadm, fleet, "a.lua").code == 0
        assert fleet.sources(b"a.lua") == [ONE, ONE]
        assert roll(asadm, fleet).code == 0
        assert fleet.hashes(b"a.lua") == [None, None]
        last = roll(asadm, fleet)
        assert last.code == 1
        assert "no change" in last.err


def test_one_module_of_a_run(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE, b=ONE)
        apply(fleet, a=TWO, b=TWO)
        assert roll(asadm, fleet, "b.lua").code == 0
        assert (fleet.sources(b"a.lua"), fleet.sources(b"b.lua")) == ([TWO] * 2, [ONE] * 2)
        assert roll(asadm, fleet).code == 0  # the rest of the same run
        assert (fleet.sources(b"a.lua"), fleet.sources(b"b.lua")) == ([ONE] * 2, [ONE] * 2)


def test_an_earlier_change_is_undone_as_a_whole(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE, b=ONE)
        apply(fleet, a=TWO, b=TWO)
        apply(fleet, a=OTHER, b=TWO)
        entries = asadm("--json", "udf", "history", "--history", "h").document["entries"]
        second, number = next(
            (each["id"], each["change"])
            for each in entries
            if each["module"] == "b.lua" and each["action"] == "apply"
        )
        assert number < second
        done = roll(asadm, fleet, "--change", str(number))
        assert done.code == 0, done.err
        assert (fleet.sources(b"a.lua"), fleet.sources(b"b.lua")) == ([ONE] * 2, [ONE] * 2)
        assert "a.lua was changed again at " in done.err
        assert "b.lua was changed again" not in done.err
        again = roll(asadm, fleet, "--change", str(second))
        assert (again.code, "no change" in again.err) == (1, True)


def test_a_later_change_of_another_cluster_is_not_undone_and_not_told(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet, Fleet(2) as other:
        apply(fleet, a=ONE)
        apply(fleet, a=TWO)
        apply(other, a=OTHER)
        entries = asadm("--json", "udf", "history", "--history", "h").document["entries"]
        number = sorted({each["change"] for each in entries})[1]
        done = roll(asadm, fleet, "--change", str(number))
        assert (done.code, fleet.sources(b"a.lua"), other.sources(b"a.lua")) == (0, [ONE] * 2, [OTHER] * 2)
        assert "changed again" not in done.err


def test_a_change_that_is_none(asadm: Asadm, apply: Apply) -> None:
    with Fleet(1) as fleet:
        apply(fleet, a=ONE)
        missing = roll(asadm, fleet, "--change", "99")
        assert (missing.code, "there is no entry 99" in missing.err) == (2, True)
        both = roll(asadm, fleet, "--change", "1", "--to", "1")
        assert (both.code, "give one of them" in both.err) == (2, True)


def test_to_an_entry(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE)
        apply(fleet, a=TWO)
        entries = asadm("--json", "udf", "history", "--history", "h").document["entries"]
        first = min(entry["id"] for entry in entries if entry["action"] == "apply")
        assert roll(asadm, fleet, "--to", str(first)).code == 0
        assert fleet.sources(b"a.lua") == [ONE, ONE]
        assert roll(asadm, fleet, "b.lua", "--to", str(first)).code == 2
        assert roll(asadm, fleet, "--to", "999").code == 2
        latest = asadm("--json", "udf", "history", "--history", "h").document["entries"][0]
        assert (latest["action"], latest["module"], latest["ok"]) == ("rollback", "a.lua", 2)
        assert f"entry {first}" in latest["note"]


def test_a_rollback_that_failed_somewhere_is_tried_again(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE)
        apply(fleet, a=TWO)
        fleet[1].fault = "refuses"
        assert roll(asadm, fleet).code == 1
        assert fleet.sources(b"a.lua") == [ONE, TWO]
        fleet[1].fault = ""
        assert roll(asadm, fleet).code == 0
        assert fleet.sources(b"a.lua") == [ONE, ONE]


def test_dry_run(asadm: Asadm, apply: Apply) -> None:
    with Fleet(2) as fleet:
        apply(fleet, a=ONE)
        apply(fleet, a=TWO)
        shown = asadm("-h", fleet.hosts, "udf", "rollback", "--dry-run", "--history", "h")
        assert shown.code == 3
        assert "update" in shown.out
        assert fleet.sources(b"a.lua") == [TWO, TWO]


def test_most_nodes_decide(asadm: Asadm, apply: Apply) -> None:
    with Fleet(3) as fleet:
        fleet.load(b"a.lua", ONE)
        fleet[1].hold(b"a.lua", OTHER)
        apply(fleet, a=TWO)
        done = roll(asadm, fleet)
        assert done.code == 0
        assert "2 versions" in done.err
        assert fleet.sources(b"a.lua") == [ONE] * 3


def test_a_removal_can_be_undone(asadm: Asadm, apply: Apply) -> None:
    with Fleet(3, clusters=1) as fleet:
        apply(fleet, a=ONE)
        assert asadm("-h", fleet.hosts, "udf", "remove", "a.lua", "--yes", "--history", "h").code == 0
        assert fleet.hashes(b"a.lua") == [None] * 3
        latest = asadm("--json", "udf", "history", "--history", "h").document["entries"][0]
        assert (latest["action"], latest["hash"]) == ("remove", None)
        assert asadm("udf", "history", "show", str(latest["id"]), "--history", "h").raw == ONE
        assert roll(asadm, fleet).code == 0
        assert fleet.sources(b"a.lua") == [ONE] * 3


def test_content_is_fetched_once_a_hash(asadm: Asadm, apply: Apply) -> None:
    with Fleet(5) as fleet:
        fleet.load(b"a.lua", ONE)
        fleet[4].hold(b"a.lua", OTHER)
        apply(fleet, a=TWO)
        assert fleet.count(b"udf-get") == 2
        fleet.clear()
        apply(fleet, a=ONE)
        assert fleet.count(b"udf-get") == 0  # the history knows it


def test_content_that_cannot_be_read_is_told(asadm: Asadm, apply: Apply, tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        fleet.load(b"a.lua", ONE)
        del fleet[0].files[b"a.lua"]
        (tmp_path / "udf").mkdir()
        (tmp_path / "udf" / "a.lua").write_bytes(TWO)
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--history", "h")
        assert done.code == 0
        assert "cannot be rolled back to" in done.err
        refused = roll(asadm, fleet)
        assert refused.code == 1
        assert "is not known" in refused.err


@pytest.mark.parametrize("words", [["apply", "udf"], ["remove", "a.lua"]])
def test_a_history_that_cannot_be_written_stops_it_before_anything_is_sent(
    asadm: Asadm, tmp_path: Path, words: list[str]
) -> None:
    with Fleet(1) as fleet:
        fleet.load(b"a.lua", ONE)
        (tmp_path / "udf").mkdir()
        (tmp_path / "udf" / "a.lua").write_bytes(TWO)
        (tmp_path / "broken").write_bytes(b"no database at all" * 100)
        refused = asadm("-h", fleet.hosts, "udf", *words, "--yes", "--history", "broken")
        assert refused.code == 2
        assert "broken: the history cannot be used" in refused.err
        assert fleet[0].commands == []
        done = asadm("-h", fleet.hosts, "udf", *words, "--yes", "--history", "broken", "--no-history")
        assert done.code == 0, done.err
        assert fleet.sources(b"a.lua") == [TWO if words[0] == "apply" else None]


def test_rollback_needs_a_history(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        assert asadm("-h", fleet.hosts, "udf", "rollback", "--yes").code == 2
        assert asadm("-h", fleet.hosts, "udf", "rollback", "--yes", "--no-history").code == 2
        assert fleet[0].commands == []
