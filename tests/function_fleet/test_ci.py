"""The jobs of the example repository for functions: every command in them is run, on a real cluster."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests import ci_jobs
from tests.function_guide import EXAMPLE, FunctionWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GITHUB = EXAMPLE / ".github/workflows/functions.yml"
GITLAB = EXAMPLE / ".gitlab-ci.yml"
SYSTEMS = {
    "github": partial(ci_jobs.github, GITHUB, EXAMPLE),
    "gitlab": partial(ci_jobs.gitlab, GITLAB, EXAMPLE),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FunctionWorld]:
    with FunctionWorld(tmp_path) as made:
        yield made


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_change_on_its_way_through_continuous_integration(world: FunctionWorld, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    assert set(scripts) == {"plan", "apply", "check"}
    code, output = jobs.run(scripts["check"])
    assert code == 3, "not applied yet"

    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    assert "2 libraries: nothing is wrong" in output
    assert "2 to create, 0 to update, 0 to remove on 6 of 6 nodes" in output
    assert "+redis.register_function('stock_reserve', reserve)" in output
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    assert "6 of 6 nodes as they should be, bytes compared" in output
    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    assert "no change: 2 libraries" in output
    code, output = jobs.run(scripts["apply"])
    assert code == 0, "nothing to do"
    code, output = jobs.run(scripts["check"])
    assert (code, output) == (0, "6 nodes, 2 libraries, all the same\n")
    assert set(jobs.ran) == {script for each in scripts.values() for script in each}, "all were run"
    history = subprocess.run(
        ["asadm", "fn", "history", "--history", world.directory / "srv/asudf/history.sqlite"],
        env=world.environment(), stdout=subprocess.PIPE, text=True, check=True, cwd=jobs.repository,
    )  # fmt: skip
    assert re.search(r"6 of 6 +shop/modules 0123456789ab, (run|pipeline) 4711$", history.stdout, re.MULTILINE)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_continuous_integration_fails_when_it_should(world: FunctionWorld, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    jobs.edit("functions/stock.lua", "return left", "retur left")
    code, output = jobs.run(scripts["plan"])
    assert code == 2, "it does not compile"
    assert "functions/stock.lua:" in output
    jobs.edit("functions/stock.lua", "retur left", "return left")
    jobs.edit("functions/stock.lua", "left < 0", "left < 4")
    code, output = jobs.run(scripts["plan"])
    assert code == 1, "it does something else"
    assert "(integer) -1, and not (integer) 2" in output

    jobs.edit("functions/stock.lua", "left < 4", "left < 0")
    jobs.run(scripts["plan"], take=artifacts)
    plan = jobs.artifacts
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    jobs.edit("functions/visits.lua", "86400", "3600")
    jobs.run(scripts["plan"], take=artifacts)
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    jobs.artifacts = plan
    code, output = jobs.run(scripts["apply"])
    assert code == 1, "a plan for what the servers no longer have"
    assert "nothing was sent" in output

    world.stop_one()
    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 1, "a server cannot be read"
    code, output = jobs.run(scripts["check"])
    assert code == 1
