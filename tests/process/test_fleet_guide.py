"""The operator's guide and the files for CI that go with it: every command in them is run, on four real nodes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asadm.inventory_file import parse
from tests import ci_jobs
from tests.guide import EXAMPLE, ROOT, World, differences, replay

GUIDE = ROOT / "docs/fleet.md"
GITHUB = ROOT / "config/ci/github-actions.yml"
GITLAB = ROOT / "config/ci/gitlab-ci.yml"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="the sessions use git")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@needs_git
def test_every_session_of_the_guide_goes_as_it_says(world: World) -> None:
    page = GUIDE.read_text()
    differing = differences(page, replay(page, world))
    assert not differing, f"{differing}\n\nto write it anew: python -m tests.guide docs/fleet.md"


@needs_git
def test_a_page_that_is_wrong_is_found(world: World) -> None:
    page = GUIDE.read_text()
    page = page[: page.index("`--diff` adds")]
    now = replay(page, world)
    assert not differences(page, now)
    for before, after in (
        ("3 to create", "4 to create"),
        ("[exit code 3]\n", ""),
        ("fe056a3880", "fe056a3881"),
    ):
        assert before in page
        assert differences(page.replace(before, after), now)

    shutil.rmtree(world.directory / "srv/fleet")
    wrong = page.replace("asadm udf plan udf\n", "asadm udf plan udf --no-such-flag\n")
    assert wrong != page
    assert "unknown option --no-such-flag" in differences(wrong, replay(wrong, world))


def test_commands_outside_of_sessions_are_in_one_too() -> None:
    """A fenced block of another kind could hold commands that nobody runs."""
    kinds = set(re.findall(r"^```(\S+)", GUIDE.read_text(), re.MULTILINE))
    assert kinds <= {"console", "sh", "crontab", "yaml", "mermaid"}


def test_the_inventory_with_a_password_is_one() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    for text in found:
        assert parse(text.encode(), "asadm.yaml")


# ---- continuous integration

SYSTEMS = {
    "github": partial(ci_jobs.github, GITHUB, EXAMPLE),
    "gitlab": partial(ci_jobs.gitlab, GITLAB, EXAMPLE),
}


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_change_on_its_way_through_continuous_integration(world: World, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    assert set(scripts) == {"plan", "apply", "check"}

    code, output = jobs.run(scripts["check"])
    assert code == 3, "not applied yet"

    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    assert "3 to create, 0 to update, 0 to remove on 4 of 4 nodes" in output
    assert "+function increment" in output
    assert "plan.json" in jobs.artifacts
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    assert "4 of 4 nodes as they should be, bytes compared" in output

    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    assert "no change: 3 modules" in output
    code, output = jobs.run(scripts["apply"])
    assert code == 0, "nothing to do"
    code, output = jobs.run(scripts["check"])
    assert (code, output) == (0, "4 nodes, 3 modules, all the same\n")
    assert set(jobs.ran) == {script for each in scripts.values() for script in each}, "all were run"
    history = subprocess.run(
        ["asadm", "udf", "history", "--history", world.directory / "srv/asudf/history.sqlite"],
        env=world.environment(), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    assert re.search(r"4 of 4 +shop/modules 0123456789ab, (run|pipeline) 4711$", history.stdout, re.MULTILINE)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_continuous_integration_fails_when_it_should(world: World, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    jobs.edit("udf/counter.lua", "return rec[bin]", "retur rec[bin]")
    code, output = jobs.run(scripts["plan"])
    assert code == 2, f"it does not compile: {output}"
    assert "udf/counter.lua:" in output

    jobs.edit("udf/counter.lua", "retur rec[bin]", "return rec[bin]")
    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    plan = jobs.artifacts
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    jobs.edit("udf/counter.lua", "+ amount", "+ 2 * amount")
    jobs.run(scripts["plan"], take=artifacts)
    code, output = jobs.run(scripts["apply"])
    assert code == 0, output
    jobs.artifacts = plan
    code, output = jobs.run(scripts["apply"])
    assert code == 1, "a plan for what the nodes no longer have"
    assert "nothing was sent" in output

    world.stop_linz()
    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 1, "a node cannot be read"
    assert "nobody listens there" in output
    code, output = jobs.run(scripts["check"])
    assert code == 1
