"""udf rollback after a udf repair: a repair that gave all nodes what most of them had is not what anyone wants to undo."""

from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

ONE, TWO = b"return 1\n", b"return 2\n"


@pytest.fixture
def fleet(asadm: Asadm, tmp_path: Path) -> Fleet:
    """Three nodes on which ``a.lua`` became ONE and then TWO; the last one lost the second change."""
    (tmp_path / "udf").mkdir()
    return Fleet(3)


def change(asadm: Asadm, fleet: Fleet, *words: str) -> None:
    done = asadm("-h", fleet.hosts, "udf", *words, "--yes", "--history", "h")
    assert done.code == 0, done.err


def applied(asadm: Asadm, fleet: Fleet, tmp_path: Path) -> None:
    for source in (ONE, TWO):
        (tmp_path / "udf/a.lua").write_bytes(source)
        change(asadm, fleet, "apply", "udf")
    fleet.load(b"a.lua", ONE, [fleet[2]])


def test_the_apply_before_a_repair_is_undone_at_once(asadm: Asadm, fleet: Fleet, tmp_path: Path) -> None:
    with fleet:
        applied(asadm, fleet, tmp_path)
        change(asadm, fleet, "repair")
        assert fleet.sources(b"a.lua") == [TWO] * 3
        change(asadm, fleet, "rollback")
        assert fleet.sources(b"a.lua") == [ONE] * 3


def test_a_repair_that_overruled_most_nodes_is_a_change_to_undo(
    asadm: Asadm, fleet: Fleet, tmp_path: Path
) -> None:
    with fleet:
        applied(asadm, fleet, tmp_path)
        change(asadm, fleet, "repair", "--from", fleet[2].address)
        assert fleet.sources(b"a.lua") == [ONE] * 3
        change(asadm, fleet, "rollback")
        assert fleet.sources(b"a.lua") == [TWO] * 3
