"""Jobs of continuous integration, run as their files say, on the nodes of a world."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.guide import World

SECONDS_MAX = 60


class Jobs:
    """A CI system, as far as the files use it: a job is a new clone, a script, and what the next job gets of it."""

    def __init__(self, world: World, example: Path, environment: dict[str, str]) -> None:
        self.world = world
        self.environment = environment
        self.repository = world.directory / "repository"
        subprocess.run(["cp", "-r", example, self.repository], check=True)
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


def github(file: Path, example: Path, world: World) -> tuple[Jobs, dict[str, list[str]], list[str]]:
    """The jobs of the workflow, the commands of each, and the artifacts; the repository is a copy of ``example``."""
    workflow: dict[str, Any] = yaml.safe_load(file.read_text())
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
    return Jobs(world, example, environment), scripts, uploads


def gitlab(file: Path, example: Path, world: World) -> tuple[Jobs, dict[str, list[str]], list[str]]:
    """The same of a pipeline of GitLab: the lines of a script run in one shell."""
    pipeline: dict[str, Any] = yaml.safe_load(file.read_text())
    environment = pipeline["variables"] | {
        "CI_PROJECT_PATH": "shop/modules",
        "CI_COMMIT_SHORT_SHA": "0123456789ab",
        "CI_PIPELINE_ID": "4711",
    }
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    assert {job["stage"] for job in jobs.values()} == set(pipeline["stages"])
    scripts = {name: ["\n".join(job["script"])] for name, job in jobs.items()}
    return Jobs(world, example, environment), scripts, pipeline["plan"]["artifacts"]["paths"]
