"""The asinfo command: what it sends, prints and returns."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asinfo import __version__, cli, document, settings
from asinfo.dialogue import Endpoint
from tests.fakes.node import SUMMARY, FakeNode, closing, refusing, silent, without_security

ANSWERS: dict[str, str | bytes] = {
    "build": "8.1.2.0",
    "node": "A1",
    "udf-list": "filename=a.lua,hash=1,type=LUA;filename=b.lua,hash=2,type=LUA;",
    "colons": "a:b:c",
    "commas": "a,b",
    "spaces": "  x ; y  ;",
    "statistics": "uptime=1;error_count=0",
    "binary": b"\xff\x1b[31m\\",
    "bad-name": "error=invalid_filename",
    "bad-module": "error=compile_error;file=m.lua;line=3;message=b29wcw==",
    "failed": "FAIL:4:bad",
    SUMMARY: "features\ta;b\nnode\tA1\n",
}

Run = Callable[..., tuple[int, bytes, str]]


@pytest.fixture(autouse=True)
def _no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(settings, "SYSTEM_FILE", str(tmp_path / "none"))


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode(ANSWERS) as fake:
        yield fake


@pytest.fixture
def run(node: FakeNode, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def start(*argv: str, to_node: bool = True) -> tuple[int, bytes, str]:
        where = ["-h", node.address] if to_node else []
        monkeypatch.setattr(sys, "argv", ["asinfo", *where, *argv])
        code = cli.main()
        written = capfdbinary.readouterr()
        return code, written.out, written.err.decode()

    return start


@pytest.mark.parametrize(
    ("argv", "out"),
    [
        (["-v", "build"], b"8.1.2.0\n"),
        (["-v", "build", "-v", "node"], b"8.1.2.0\nA1\n"),
        (["-v", "spaces"], b"  x ; y  ;\n"),
        (["-v", "udf-list", "-l"], b"filename=a.lua,hash=1,type=LUA\nfilename=b.lua,hash=2,type=LUA\n"),
        (["-v", "colons", "-l"], b"a\nb\nc\n"),
        (["-v", "commas", "-l"], b"a\nb\n"),
        (["-v", "build", "-l"], b"8.1.2.0\n"),
        (["-v", "stats"], b"uptime=1;error_count=0\n"),
        (["-v", "'build'", "-v", '"build"'], b"8.1.2.0\n8.1.2.0\n"),
        (["-v", "binary"], b"\xff\x1b[31m\\\n"),
        (["-v", "binary", "--raw"], b"\xff\x1b[31m\\"),
        (["-v", "build", "-v", "node", "--raw"], b"8.1.2.0\nA1"),
        ([], b"features\ta;b\nnode\tA1\n"),
        (["-v", ""], b"features\ta;b\nnode\tA1\n"),
        (["--raw"], b"features\ta;b\nnode\tA1\n"),
        (["--val", "build", "--time", "3"], b"8.1.2.0\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_answers(run: Run, argv: list[str], out: bytes) -> None:
    assert run(*argv) == (0, out, "")


@pytest.mark.parametrize(
    ("command", "out", "err"),
    [
        ("nonsense", b"ERROR:4:unrecognized command\n", "nonsense: unrecognized command (code 4)"),
        ("build;node", b"ERROR:4:unrecognized command\n", "build;node: unrecognized command (code 4)"),
        ("bad-name", b"error=invalid_filename\n", "the module's file name is not allowed (invalid_filename)"),
        ("bad-module", ANSWERS["bad-module"], "m.lua:3: oops"),
        ("failed", b"FAIL:4:bad\n", "bad (code 4)"),
    ],
)
def test_error_answers(run: Run, node: FakeNode, command: str, out: bytes | str, err: str) -> None:
    code, written, message = run("-v", command)
    assert code == 1
    assert written == (out.encode() + b"\n" if isinstance(out, str) else out)
    assert message.startswith(f"asinfo: {node.address}: {command}: ")
    assert err in message


def test_one_error_among_several(run: Run) -> None:
    code, out, err = run("-v", "build", "-v", "nope", "-v", "node")
    assert (code, out) == (1, b"8.1.2.0\nERROR:4:unrecognized command\nA1\n")
    assert err.count("\n") == 1


def test_a_word_beside_the_dash_is_named(run: Run, node: FakeNode) -> None:
    code, _, err = run("-", "build")
    assert (code, err) == (2, "asinfo: unexpected 'build', info commands follow -v; see 'asinfo --help'\n")
    assert node.requests == []


def test_commands_that_no_node_takes_are_refused(
    run: Run, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asinfo.wire.frame.BODY_SIZE_MAX", 5)
    code, _, err = run("-v", "build")
    assert (code, err) == (2, "asinfo: the commands are 6 bytes, and a node takes 5\n")
    assert node.connections == 0


@pytest.mark.parametrize("argument", [["-v", "-"], ["-"]])
def test_commands_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch, argument: list[str]) -> None:
    commands = io.TextIOWrapper(io.BytesIO(b"build\r\n\n# a comment\nnode"))
    monkeypatch.setattr(sys, "stdin", commands)
    assert run(*argument) == (0, b"8.1.2.0\nA1\n", "")
    code, _, err = run(*argument)
    assert (code, err) == (2, "asinfo: standard input has no commands\n")


def test_bytes_of_the_command_line(run: Run, node: FakeNode) -> None:
    run("-v", "udf-get:filename=ünï.lua", "-v", "x\udcff")
    assert node.requests == ["udf-get:filename=ünï.lua\nx".encode() + b"\xff\n"]


def test_json(run: Run, node: FakeNode) -> None:
    code, out, err = run("-v", "build", "-v", "bad-name", "-v", "binary", "--json")
    data = json.loads(out)
    assert code == 1
    assert list(data) == ["version", "node", "address", "status", "answer", "error", "ms", "answers"]
    assert (data["node"], data["address"], data["status"]) == (node.address, node.address, "error")
    assert (data["answer"], data["ms"] > 0) == ("8.1.2.0", True)
    assert data["answers"][0] == {"command": "build", "answer": "8.1.2.0", "error": None}
    assert (
        data["answers"][1]["error"]
        == data["error"]
        == "the module's file name is not allowed (invalid_filename)"
    )
    assert data["answers"][2]["answer_base64"] == "/xtbMzFtXA=="
    assert "bad-name" in err


def test_json_of_one_command_has_no_list(run: Run) -> None:
    _, out, _ = run("-v", "binary", "--json")
    data = json.loads(out)
    assert list(data) == ["version", "node", "address", "status", "answer", "error", "ms", "answer_base64"]
    assert (data["status"], data["error"], data["answer_base64"]) == ("ok", None, "/xtbMzFtXA==")


def test_json_of_a_node_with_a_note() -> None:
    node = Endpoint("::1", 3000)
    said = document.entry(node, [b"a"], [b"1"], status="ok", error="", milliseconds=1.23456, note="no login")
    assert said == {
        "node": "[::1]:3000", "address": "[::1]:3000", "status": "ok", "answer": "1", "error": None, "ms": 1.235,
        "note": "no login",
    }  # fmt: skip


def test_a_refused_summary_is_a_failure() -> None:
    with FakeNode({SUMMARY: "ERROR:80:not authenticated\n"}) as node:
        assert cli.run(["-h", node.address]) == 1


def test_json_of_the_summary_and_of_a_failure(run: Run) -> None:
    _, out, _ = run("--json")
    assert json.loads(out)["answer"] == "features\ta;b\nnode\tA1"
    assert json.loads(out)["answers"][1] == {"command": "node", "answer": "A1", "error": None}
    host, port = refusing()
    code, out, err = run("-h", f"{host}:{port}", "-v", "x", "--json", to_node=False)
    assert code == 1
    assert json.loads(out)["status"] == "refused"
    assert err == f"asinfo: {host}:{port}: refused: nobody listens there\n"


def test_next_seed(run: Run, node: FakeNode) -> None:
    host, port = refusing()
    code, out, err = run("-h", f"{host}:{port},{node.address}", "-v", "build", to_node=False)
    assert (code, out) == (0, b"8.1.2.0\n")
    assert err == f"asinfo: {host}:{port}: refused: nobody listens there\n"


def test_failures(run: Run) -> None:
    for behaviour, kind in ((closing, "closed"), (silent, "timeout-reply")):
        with FakeNode(behaviour=behaviour) as bad:
            code, out, err = run("-h", bad.address, "-v", "build", "--timeout", "0.1", to_node=False)
        assert (code, out) == (1, b"")
        assert err.startswith(f"asinfo: {bad.address}: {kind}: ")


def test_login_that_is_not_wanted(run: Run) -> None:
    with FakeNode(behaviour=without_security(ANSWERS)) as fake:
        code, out, err = run("-h", fake.address, "-v", "build", "-U", "u", "-Psecret", to_node=False)
    assert (code, out) == (0, b"8.1.2.0\n")
    assert "going on without a login" in err


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["--nonsense"], "asinfo: unknown option --nonsense; see"),
        (["-v"], "--value needs a value"),
        (["build"], "info commands follow -v"),
        (["--timeout", "0"], "not more than 0"),
        (["-h", ""], "is not an address"),
        (["-v", "a\nb"], "newline"),
        (["--json", "--raw"], "--json excludes"),
        (["--instance", "x"], "no [cluster_x]"),
        (["--only-config-file", "/nonexistent"], "/nonexistent: no such file"),
        (["-P", "x"], "--password needs --user"),
        (["--completion", "csh"], "csh"),
    ],
)
def test_usage_errors_send_nothing(run: Run, node: FakeNode, argv: list[str], word: str) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, b"")
    assert word in err
    assert node.connections == 0


def test_version_and_help(run: Run) -> None:
    assert run("-V") == (0, f"asinfo {__version__}\n".encode(), "")
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert b"-v, --value COMMAND" in out
    assert b"asinfo -v build" in out
    assert run("-E")[1] == out


def test_terminal_is_not_steered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli._shown(b"a\x1b[31m\xff") == b"a\\x1b[31m\\xff"


# ---- whole processes
