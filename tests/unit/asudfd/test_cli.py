"""The argument recogniser, the plan of ports."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import UsageError
from asinfo.terminal.options import recognise
from asudfd import cli
from asudfd.config.schema.network import RespConfig
from tests.each import for_each_row


def test_plain_forms() -> None:
    argv = ["--config-file", "a", "--port=1,2", "--nodes", "2", "--node-id=b1", "--work-directory", "d"]
    values = recognise([*argv, "-V"], cli.OPTIONS)
    assert values is not None
    assert values.given == {
        "config-file": "a",
        "port": "1,2",
        "nodes": "2",
        "node-id": "b1",
        "work-directory": "d",
        "version": True,
    }
    short = recognise(["-h", "any", "-p1,2"], cli.OPTIONS)
    assert short is not None
    assert short.given == {"host": "any", "port": "1,2"}


@for_each_row("argv", [["--help"], ["-E"], ["--port"], ["--port", "--nodes"], ["--version=1"], ["-x"]])
def test_anything_else_is_not_recognised(argv: list[str]) -> None:
    assert recognise(argv, cli.OPTIONS) is None


@pytest.mark.parametrize("option", [f"--{option.name}" for option in cli.OPTIONS if option.kind == "text"])
@pytest.mark.parametrize("form", [lambda option: [option, ""], lambda option: [f"{option}="]])
def test_an_empty_value_is_a_usage_error(
    option: str, form: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(form(option)) == cli.EXIT_USAGE
    assert capsys.readouterr().err == f"asudfd: {option}: the value is empty; see 'asudfd --help'\n"


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_recognised_or_not(argv: list[str]) -> None:
    recognise(argv, cli.OPTIONS)


def test_a_stray_word_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["stray"]) == cli.EXIT_USAGE
    assert capsys.readouterr().err == "asudfd: unexpected 'stray'; see 'asudfd --help'\n"
    assert cli.run(["my.conf"]) == cli.EXIT_USAGE
    assert "did you mean --config-file my.conf?" in capsys.readouterr().err


def test_a_good_configuration_is_said_to_be_good(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("namespace test {\n}\n")
    assert cli.run(["--check-config", str(tmp_path / "a.conf")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.conf'}: ok\n"


@for_each_row(
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


@for_each_row(
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


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ("--port 3000 --resp-port 3000", "port 3000 is given twice: to node 1 and to Valkey's protocol of node 1"),
        ("--port 3000,3000", "port 3000 is given twice: to node 1 and to node 2"),
        ("--nodes 2 --port 5000 --resp-port 5001", "port 5001 is given twice: to node 2 and to Valkey's protocol of node 1"),
        ("--port 0 --resp-port 7,7 --nodes 2", "port 7 is given twice: to Valkey's protocol of node 1 and to Valkey's protocol of node 2"),
    ],
)  # fmt: skip
def test_a_port_given_twice(argv: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*argv.split(), "--work-directory", str(tmp_path / "w")]) == cli.EXIT_USAGE
    assert capsys.readouterr().err == f"asudfd: {told}; see 'asudfd --help'\n"


def test_state_goes_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert cli.default_work_directory() == "/state/asudf"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/a")
    assert cli.default_work_directory() == "/home/a/.local/state/asudf"
    monkeypatch.setattr("os.path.expanduser", lambda _: "~")  # as where there is no home directory
    with pytest.raises(UsageError, match="XDG_STATE_HOME"):
        cli.default_work_directory()


def test_errors_become_exit_statuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["--port", "x"]) == cli.EXIT_USAGE
    assert cli.run(["--check-config", str(tmp_path / "none")]) == cli.EXIT_USAGE
    (tmp_path / "file").write_text("")
    assert (
        cli.run(["--port", "0", "--work-directory", str(tmp_path / "file" / "work")]) == cli.EXIT_CANNOT_START
    )
    assert cli.run(["--node-id", "xyz", "--port", "0"]) == cli.EXIT_USAGE
    assert cli.run(["--host", "a b", "--port", "0"]) == cli.EXIT_USAGE
    messages = capsys.readouterr().err
    assert all(line.startswith("asudfd: ") for line in messages.splitlines())
    assert "asudfd: --host: must be" in messages
    assert messages.startswith("asudfd: --port: 'x' is not a whole number")
    assert "asudfd: --node-id: must be 1 to 16 hexadecimal digits and not zero, not 'xyz'; see " in messages


def test_the_process_ends_with_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["asudfd", "--version"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("asudfd ")


@for_each_row(
    ("configured", "given", "plan"),
    [
        (RespConfig(), "", None),
        (RespConfig(), "0", [(0, -1), (0, -1)]),
        (RespConfig(), "7000", [(7000, -1), (7001, -1)]),
        (RespConfig(), "9,7", [(9, -1), (7, -1)]),
        (RespConfig(port=0), "", [(0, -1), (0, -1)]),
        (RespConfig(port=6379), "", [(6379, -1), (6380, -1)]),
        (RespConfig(port=6379, tls_port=7379), "0", [(0, 7379), (0, 7380)]),
        (RespConfig(tls_port=0), "", [(-1, 0), (-1, 0)]),
    ],
)
def test_ports_for_valkey(configured: RespConfig, given: str, plan: list[tuple[int, int]] | None) -> None:
    assert cli.plan_resp_ports(configured, given, 2) == plan


@for_each_row(
    ("configured", "given"),
    [
        (RespConfig(), "1,2,3"),
        (RespConfig(), "x"),
        (RespConfig(), "-1"),
        (RespConfig(), "65535"),
        (RespConfig(port=65535), ""),
        (RespConfig(tls_port=65535), ""),
    ],
)
def test_wrong_ports_for_valkey(configured: RespConfig, given: str) -> None:
    with pytest.raises(UsageError):
        cli.plan_resp_ports(configured, given, 2)
