"""What an operator is told and may say beside the change itself: hints, notes, and what the environment names."""

from pathlib import Path

import pytest

from asadm.cron.lock import LockFile
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

ONE, TWO = b"return 1\n", b"return 2\n"


@pytest.mark.usefixtures("_stuck_soon")
def test_a_node_that_takes_the_right_content_for_no_change_gets_a_marker_first(
    asadm: Asadm, tmp_path: Path
) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf/a.lua").write_bytes(TWO)
    with Fleet(2, clusters=1) as fleet:
        fleet.load(b"a.lua", TWO)
        fleet[1].hold(b"a.lua", ONE)
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--history", "h")
        assert done.code == 0
        assert "went out with a marker line" in done.err
        assert fleet.sources(b"a.lua") == [TWO, TWO]
        fleet[1].hold(b"a.lua", ONE)
        done = asadm(
            "-h", fleet.hosts, "udf", "repair", "--dir", "udf", "--yes", "--history", "h", "--note", "INC-1"
        )
        assert done.code == 0, done.err
        assert fleet.sources(b"a.lua") == [TWO, TWO]
    latest = asadm("--json", "udf", "history", "--history", "h").document["entries"][0]
    assert (latest["action"], latest["note"]) == ("repair", "INC-1")


def test_the_environment_may_name_the_lock(
    asadm: Asadm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf/a.lua").write_bytes(ONE)
    monkeypatch.setenv("ASADM_LOCK", str(tmp_path / "lock"))
    with Fleet(1) as fleet, LockFile(str(tmp_path / "lock"), holder="anna"):
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--history", "h")
        assert done.code == 1
        assert "anna) holds the lock" in done.err
        assert fleet.hashes(b"a.lua") == [None]
