"""The argument recogniser, the plan of ports, and that typer agrees about every option."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import UsageError
from asudfd import cli, usage


def test_plain_forms() -> None:
    argv = [
        "--config-file",
        "a",
        "--port=1,2",
        "--nodes",
        "2",
        "--node-id=b1",
        "--work-directory",
        "d",
        "--check-config",
        "c",
    ]
    assert cli.recognise([*argv, "--version"]) == cli.Arguments("a", "1,2", "2", "b1", "d", "c", version=True)
    assert cli.recognise([]) == cli.Arguments()


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["-h"],
        ["x"],
        ["--port"],
        ["--port="],
        ["--port", "--nodes"],
        ["--config_file", "x"],
        ["--version=1"],
        ["--"],
    ],
)
def test_anything_else_is_left_to_typer(argv: list[str]) -> None:
    assert cli.recognise(argv) is None


@pytest.mark.parametrize(
    "option", [f"--{name.replace('_', '-')}" for name, (value, _) in cli.OPTIONS.items() if value]
)
@pytest.mark.parametrize("form", [lambda option: [option, ""], lambda option: [f"{option}="]])
def test_an_empty_value_is_a_usage_error(
    option: str, form: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(form(option)) == cli.EXIT_USAGE
    told = capsys.readouterr().err
    assert option in told
    assert "empty" in told


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_recognised_or_not(argv: list[str]) -> None:
    cli.recognise(argv)


def test_typer_understands_what_the_recogniser_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[cli.Arguments] = []

    def attempt(arguments: cli.Arguments) -> int:
        seen.append(arguments)
        return 7

    monkeypatch.setattr(cli, "attempt", attempt)
    for attribute, (metavar, _) in cli.OPTIONS.items():
        argv = [f"--{attribute.replace('_', '-')}", *(["value"] if metavar else [])]
        assert usage.run(argv) == 7
        assert seen[-1] == cli.recognise(argv)


@pytest.mark.parametrize(
    ("configured", "ports", "nodes", "plan"),
    [
        (3000, "", "", [3000]),
        (3000, "", "3", [3000, 3001, 3002]),
        (3000, "0", "3", [0, 0, 0]),
        (3000, "4000", "2", [4000, 4001]),
        (3000, "5,9", "", [5, 9]),
        (3000, "5,9", "2", [5, 9]),
        (0, "", "2", [0, 0]),
    ],
)
def test_ports(configured: int, ports: str, nodes: str, plan: list[int]) -> None:
    assert cli.plan_ports(configured, ports, nodes) == plan


@pytest.mark.parametrize(
    ("ports", "nodes"),
    [
        ("5,9", "3"),
        (",".join(["0"] * 65), ""),
        ("x", ""),
        ("", "0"),
        ("", "65"),
        ("65535", "2"),
        (",", ""),
        ("¹", ""),
    ],
)
def test_wrong_ports(ports: str, nodes: str) -> None:
    with pytest.raises(UsageError):
        cli.plan_ports(3000, ports, nodes)


def test_state_goes_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert cli.default_work_directory() == "/state/asudf"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/a")
    assert cli.default_work_directory() == "/home/a/.local/state/asudf"


def test_errors_become_exit_statuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["--port", "x"]) == cli.EXIT_USAGE
    assert cli.run(["--check-config", str(tmp_path / "none")]) == cli.EXIT_USAGE
    (tmp_path / "file").write_text("")
    assert (
        cli.run(["--port", "0", "--work-directory", str(tmp_path / "file" / "work")]) == cli.EXIT_CANNOT_START
    )
    assert cli.run(["--node-id", "xyz", "--port", "0"]) == cli.EXIT_USAGE
    messages = capsys.readouterr().err
    assert messages.startswith("asudfd: --port: 'x' is not a number")
    assert "asudfd: --node-id must be 1 to 16 hexadecimal digits and not zero, not 'xyz'\n" in messages


def test_the_process_ends_with_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["asudfd", "--version"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("asudfd ")
