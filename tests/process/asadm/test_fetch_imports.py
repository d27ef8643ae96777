"""What ``asadm udf plan`` imports."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.process.asadm.test_asadm_terminal import environment

HEAVY = ("yaml", "difflib", "sqlite3", "rich", "json", "asadm.fleet.plan.plan_file")


IMPORTED = """
import sys
from asadm import cli
code = cli.run(sys.argv[1:])
print(code, *[name for name in %r if name in sys.modules])
"""


@pytest.mark.parametrize(("flags", "imported"), [([], []), (["--diff"], ["difflib"])])
def test_a_plan_imports_no_more_than_it_needs(tmp_path: Path, flags: list[str], imported: list[str]) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_text("return 1")
    with Fleet(1) as fleet:
        argv = [sys.executable, "-c", IMPORTED % (HEAVY,), "-h", fleet.hosts, "udf", "plan", "udf", *flags]
        done = subprocess.run(argv, cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1].split() == ["3", *imported]
