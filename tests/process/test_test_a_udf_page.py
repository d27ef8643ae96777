"""The page about tests of functions: its examples are run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.client_table import NODE_MODULES
from tests.processes import ROOT

PAGE = (ROOT / "docs" / "test-a-udf.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
REPORT = re.compile(r"^```text\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SECONDS_MAX = 120
PATIENT = "policies: { info: new Aerospike.InfoPolicy({ timeout: 30000 }), apply: new Aerospike.ApplyPolicy({ totalTimeout: 30000, socketTimeout: 30000 }) }"
"""The client's own limits are a second, which a busy machine may need for one call."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with all files of the page."""
    for name, content in FILE.findall(PAGE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def run(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
    )


def run_pytest(project: Path, *arguments: str) -> str:
    (
        project / "pytest.ini"
    ).touch()  # or the settings of this repository would count, where the project lies in it
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "asudfd.pytest_plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    return run(project, *command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").stdout


def test_the_session(project: Path) -> None:
    (session,) = SESSION.findall(PAGE)
    printed = ""
    for command in re.findall(r"^\$ (.*)\n", session, re.MULTILINE):
        done = run(project, "sh", "-c", command)
        code = f"[exit code {done.returncode}]\n" if done.returncode else ""
        printed += f"$ {command}\n{done.stdout}{code}"
    assert printed == session


def test_pytest_without_a_node(project: Path) -> None:
    assert "3 passed" in run_pytest(project, "test_increment.py")


def test_pytest_with_a_node(project: Path) -> None:
    pytest.importorskip("aerospike", reason="the aerospike client is not installed")
    out = run_pytest(project, "test_counter.py", "--lua-coverage")
    assert "2 passed" in out
    (report,) = REPORT.findall(PAGE)
    assert report in out


def test_unittest(project: Path) -> None:
    pytest.importorskip("aerospike", reason="the aerospike client is not installed")
    done = run(project, sys.executable, "test_unittest.py")
    assert (done.returncode, "OK" in done.stdout) == (0, True), done.stdout


def test_node(project: Path) -> None:
    if shutil.which("node") is None or not (NODE_MODULES / "aerospike").is_dir():
        pytest.skip(
            "node or the npm package aerospike is not there: make test installs the latter where npm is"
        )
    test = project / "counter.test.js"
    test.write_text(test.read_text().replace("connect({", f"connect({{ {PATIENT},"))
    done = run(project, "sh", "-c", SHELL.findall(PAGE)[0], NODE_PATH=str(NODE_MODULES))
    assert done.returncode == 0, done.stdout


def test_go(project: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("go is not there")
    caches = {"GOPATH": str(project / "go"), "GOCACHE": str(project / "cache"), "GOFLAGS": "-modcacherw"}
    assert run(project, "gofmt", "-e", "-l", "counter_test.go").stdout == ""
    fetch, test = SHELL.findall(PAGE)[1].splitlines()
    if run(project, "sh", "-c", fetch, **caches).returncode:
        pytest.skip("the client of Go cannot be fetched")
    done = run(project, "sh", "-c", test, **caches)
    assert done.returncode == 0, done.stdout
