"""The operator's guide and the files for CI that go with it: every command in them is run, on four real nodes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from asadm.inventory_file import parse
from tests.guide import EXAMPLE, ROOT, World, differences, replay

GUIDE = ROOT / "docs/fleet.md"
GITHUB = ROOT / "config/ci/github-actions.yml"
GITLAB = ROOT / "config/ci/gitlab-ci.yml"
SECONDS_MAX = 60

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
    assert kinds <= {"console", "sh", "crontab", "yaml"}


def test_the_inventory_with_a_password_is_one() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    for text in found:
        assert parse(text.encode(), "asadm.yaml")


# ---- continuous integration


class Jobs:
    """A CI system, as far as the two files use it: a job is a new clone, a script, and what the next job gets of it."""

    def __init__(self, world: World, environment: dict[str, str]) -> None:
        self.world = world
        self.environment = environment
        self.repository = world.directory / "repository"
        subprocess.run(["cp", "-r", EXAMPLE, self.repository], check=True)
        world.take_nodes(self.repository)
        self.artifacts: dict[str, bytes] = {}
        self.ran: list[str] = []

    def edit(self, name: str, before: str, after: str) -> None:
        path = self.repository / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def run(self, scripts: list[str], *, take: tuple[str, ...] = ()) -> tuple[int, str]:
        """Exit code and output of a job of ``scripts``, each in a bash of its own; ``take``: its artifacts."""
        clone = self.world.directory / f"job-{len(self.ran)}"
        subprocess.run(["cp", "-r", self.repository, clone], check=True)
        for name, content in self.artifacts.items():
            (clone / name).write_bytes(content)
        code, output = 0, ""
        for script in scripts:
            self.ran.append(script)
            if code == 0:
                done = subprocess.run(
                    ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.world.ours(script)],
                    cwd=clone, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    env=self.world.environment() | {
                        name: self.world.ours(value) for name, value in self.environment.items()
                    },
                    timeout=SECONDS_MAX, check=False, text=True,
                )  # fmt: skip
                code = done.returncode
                output += done.stdout
        self.artifacts = {name: (clone / name).read_bytes() for name in take if (clone / name).exists()}
        return code, output


def github(world: World) -> tuple[Jobs, dict[str, list[str]], list[str]]:
    """The jobs of the workflow, and the commands of each."""
    workflow: dict[str, Any] = yaml.safe_load(GITHUB.read_text())
    environment = {name: value for name, value in workflow["env"].items() if "${{" not in value} | {
        "GITHUB_STEP_SUMMARY": "/srv/asudf/summary.md",
        "GITHUB_REPOSITORY": "shop/modules",
        "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
        "GITHUB_RUN_ID": "4711",
    }
    assert workflow["defaults"]["run"]["shell"] == "bash", "so that a failing command fails the step"
    scripts = {
        name: [step["run"] for step in job["steps"] if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    uploads = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]
    return Jobs(world, environment), scripts, uploads


def gitlab(world: World) -> tuple[Jobs, dict[str, list[str]], list[str]]:
    """The same of the pipeline: the lines of a script run in one shell."""
    pipeline: dict[str, Any] = yaml.safe_load(GITLAB.read_text())
    environment = pipeline["variables"] | {
        "CI_PROJECT_PATH": "shop/modules",
        "CI_COMMIT_SHORT_SHA": "0123456789ab",
        "CI_PIPELINE_ID": "4711",
    }
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    assert {job["stage"] for job in jobs.values()} == set(pipeline["stages"])
    scripts = {name: ["\n".join(job["script"])] for name, job in jobs.items()}
    return Jobs(world, environment), scripts, pipeline["plan"]["artifacts"]["paths"]


@pytest.mark.parametrize("system", [github, gitlab])
def test_a_change_on_its_way_through_continuous_integration(world: World, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    assert set(scripts) == {"plan", "apply", "check"}

    code, output = jobs.run(scripts["plan"], take=artifacts)
    assert code == 0, output
    assert "3 to create, 0 to update, 0 to remove on 4 of 4 nodes" in output
    assert "+function increment" in output
    assert "plan.json" in jobs.artifacts

    code, output = jobs.run(scripts["check"])
    assert code == 3, "not applied yet"

    jobs.run(scripts["plan"], take=artifacts)
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


@pytest.mark.parametrize("system", [github, gitlab])
def test_continuous_integration_fails_when_it_should(world: World, system: Any) -> None:
    jobs, scripts, artifacts = system(world)
    jobs.edit("udf/counter.lua", "return rec[bin]", "retur rec[bin]")
    code, output = jobs.run(scripts["plan"])
    assert code == 1, "it does not compile"
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
