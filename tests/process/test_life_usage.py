"""The command line of a daemon process: what is printed, and the exit status."""

from pathlib import Path

import pytest

from asinfo import __version__
from tests.process.test_life import run


def test_version() -> None:
    shown = run("--version")
    assert (shown.returncode, shown.stdout) == (0, f"asudfd {__version__}\n")


def test_help_names_every_option() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for option in ("--config-file", "--port", "--nodes", "--work-directory", "--check-config", "--version"):
        assert option in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["stray"],
        ["--port"],
        ["--port", "x"],
        ["--port", "70000"],
        ["--port", "-1"],
        ["--port", "3000,"],
        ["--port", "1,2", "--nodes", "3"],
        ["--nodes", "0"],
        ["--nodes", "1000"],
        ["--port", "65535", "--nodes", "2"],
        ["--version=1"],
        ["--config-file", "/nonexistent/asudfd.conf"],
        ["--check-config", "/nonexistent/asudfd.conf"],
    ],
)
def test_nonsense_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    refused = run(*arguments, XDG_STATE_HOME=str(tmp_path))
    assert refused.returncode == 2, refused
    assert refused.stdout == ""
    assert refused.stderr
    assert not list(tmp_path.iterdir())


def test_check_config_lists_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "bad.conf"
    path.write_text("service {\n nonsense 1\n proto-fd-max many\n}\n")
    checked = run("--check-config", str(path))
    assert checked.returncode == 2
    assert f"{path}:2: " in checked.stderr
    assert f"{path}:3: " in checked.stderr


def test_check_config_says_that_a_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "good.conf"
    path.write_text(
        "service {\n node-id A1\n}\nnetwork {\n service {\n port 3000\n }\n}\nnamespace test {\n}\n"
    )
    checked = run("--check-config", str(path))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{path}: ok\n", "")
