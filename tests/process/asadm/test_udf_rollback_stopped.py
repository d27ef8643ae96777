"""``asadm udf rollback`` of an apply that was killed."""

import subprocess
import sys
from pathlib import Path

from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.commands.test_udf_rollback import ONE, TWO, Apply, roll
from tests.unit.asadm.conftest import Asadm

ROOT = Path(__file__).parents[3]


def test_an_apply_that_was_killed_can_be_undone(asadm: Asadm, apply: Apply, tmp_path: Path) -> None:
    with Fleet(3) as fleet:
        apply(fleet, a=ONE)
        (tmp_path / "udf" / "a.lua").write_bytes(TWO)
        words = [
            "-h",
            fleet.hosts,
            "udf",
            "apply",
            str(tmp_path / "udf"),
            "--yes",
            "--history",
            str(tmp_path / "h"),
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "asadm.cli", *words],
            cwd=ROOT,
            env={"HOME": str(tmp_path)},
            stdout=subprocess.DEVNULL,
        )

        def kill(_: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                process.kill()
                process.wait()
            return None

        fleet[1].before = kill
        assert process.wait(30) == -9
        fleet[1].before = None
        assert fleet.sources(b"a.lua")[0] == TWO
        assert roll(asadm, fleet).code == 0
        assert fleet.sources(b"a.lua") == [ONE] * 3
