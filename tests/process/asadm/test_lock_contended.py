"""The locks of a change, with two runs at the same time."""

import subprocess
import sys
from pathlib import Path

from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm

ROOT = Path(__file__).parents[3]


def test_two_runs_at_the_same_time(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    with Fleet(2) as fleet:
        second: list[subprocess.Popen[bytes]] = []
        refused: list[int] = []
        words = [
            sys.executable,
            "-m",
            "asadm.cli",
            "-h",
            fleet.hosts,
            "udf",
            "apply",
            str(tmp_path / "udf"),
            "--yes",
        ]

        def compete(_: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put") and not second:
                environment = {"HOME": str(tmp_path), "PATH": ""}
                refused.append(
                    subprocess.run(
                        words, check=False, cwd=ROOT, env=environment, capture_output=True
                    ).returncode
                )
                second.append(
                    subprocess.Popen([*words, "--lock-wait", "20"], cwd=ROOT, env=environment, stdout=-1)
                )
            return None

        fleet[1].before = compete
        assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes").code == 0
        out, _ = second[0].communicate(timeout=60)
        assert refused == [1]
        assert second[0].returncode == 0
        assert b"no change" in out
        assert fleet.count(b"udf-put") == 2
