"""asadm as a process of its own: on a terminal, interrupted, with a reader that leaves, and how little it imports."""

import base64
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from asadm.flags import KINDS
from tests.fakes.modules import Store
from tests.fakes.node import FakeNode, refusing, silent

ROOT = Path(__file__).parents[3]
SECONDS = 20.0
"""How long a process may take to write what is waited for; generous, because the machine may be busy."""


WHERE = b"\x1b[6n"
"""A program asks the terminal where the cursor is."""


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "asadm.cli", *argv]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "NO_COLOR"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", **more}


class Terminal:
    """A process whose standard streams are a terminal."""

    def __init__(
        self,
        argv: Sequence[str],
        home: Path,
        editor: str = "readline",
        pager: str = "cat",
        *,
        tells_position: bool = False,
        columns: int = 120,
    ) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (24, columns))
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            argv,
            env=environment(
                home,
                ASADM_EDITOR=editor,
                PROMPT_TOOLKIT_NO_CPR="" if tells_position else "1",
                PAGER=pager,
                COLUMNS=str(columns),
            ),
            cwd=home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = b""

    def wait_for(self, text: str, after: int = 0) -> int:
        """Read until ``text`` has been shown behind ``after``; the position behind it."""
        deadline = time.monotonic() + SECONDS
        while text.encode() not in self.seen[after:]:
            left = deadline - time.monotonic()
            assert left > 0, (text, self.seen[after:], self.seen)
            if select.select([self.ours], [], [], left)[0]:
                self.take()
        return self.seen.index(text.encode(), after) + len(text)

    def take(self) -> None:
        """What was written meanwhile; the question where the cursor is gets an answer, as from a terminal."""
        data = os.read(self.ours, 4096)
        self.seen += data
        for _ in range(data.count(WHERE)):
            self.type("\x1b[1;1R")

    def interrupt_until(self, text: str, after: int) -> int:
        """As `wait_for`, behind a Ctrl-C; again when the line editor was busy and went back to sleep after it."""
        for _ in range(20):
            self.process.send_signal(signal.SIGINT)
            if select.select([self.ours], [], [], 1.0)[0]:
                break
        return self.wait_for(text, after)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if not select.select([self.ours], [], [], 0.1)[0]:
                if self.process.poll() is not None:
                    break
                continue
            try:
                data = os.read(self.ours, 4096)
            except OSError:  # the terminal is gone with its last process
                break
            self.seen += data
        return self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)


Start = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(
        *argv: str,
        editor: str = "readline",
        pager: str = "cat",
        tells_position: bool = False,
        columns: int = 120,
    ) -> Terminal:
        made = Terminal(
            command(*argv), tmp_path, editor, pager, tells_position=tells_position, columns=columns
        )
        opened.append(made)
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def run(home: Path, *argv: str, **more: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command(*argv),
        env=environment(home, **more),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def test_a_table_on_a_terminal_is_coloured_and_short(terminal: Start) -> None:
    left, right = Store(), Store()
    left.modules, right.modules = {b"a.lua": b"LQ=="}, {b"a.lua": b"LS0="}
    with left.node() as one, right.node() as two:
        shown = terminal("-h", f"{one.address},{two.address}", "show", "udfs")
        assert shown.end() == 0
        assert b"differs" in shown.seen
        assert b"\x1b[" in shown.seen
        assert not [word for word in shown.seen.split() if len(word) == 40]
        plain = terminal("--no-color", "-h", f"{one.address},{two.address}", "show", "udfs")
        assert plain.end() == 0
        assert b"\x1b[" not in plain.seen


def test_an_answer_cannot_steer_the_terminal(terminal: Start) -> None:
    with FakeNode({"x": b"\x1b[2Jevil\x07"}) as node:
        shown = terminal("-h", node.address, "-e", "asinfo -v x")
        shown.end()
        assert b"\x1b[2J" not in shown.seen
        assert b"\\x1b[2Jevil\\x07" in shown.seen


def test_a_source_cannot_steer_the_terminal(terminal: Start) -> None:
    store = Store()
    store.modules[b"a.lua"] = base64.b64encode(b"-- \x1b[2J\n\treturn 1\n")
    with store.node() as node:
        shown = terminal("--no-color", "-h", node.address, "show", "udfs", "a.lua")
        assert shown.end() == 0
        assert b"-- \\x1b[2J" in shown.seen
        assert b"\x1b" not in shown.seen
        assert b"\\t" not in shown.seen


def test_a_terminal_is_told_of_a_failed_node_once(terminal: Start) -> None:
    dead = "{}:{}".format(*refusing())
    for words in (["asinfo", "-v", "build"], ["info", "network"], ["cache", "clear"]):
        shown = terminal("--no-color", "-h", dead, *words)
        assert shown.end() == 1
        assert shown.seen.count(b"nobody listens") == 1, shown.seen


def test_a_waiting_terminal_sees_how_far_it_is(terminal: Start) -> None:
    with FakeNode({"build": "8"}) as good, FakeNode(behaviour=silent) as hung:
        shown = terminal("--timeout", "1.5", "-h", f"{good.address},{hung.address}", "-e", "asinfo -v build")
        shown.wait_for("1 of 2 nodes answered, waiting for 1 ...")
        assert shown.end() == 1
        after = shown.seen.rpartition(b"waiting for 1 ...")[2]
        assert after.startswith(b"\r\x1b[K")


@pytest.mark.parametrize(
    ("pager", "shown"),
    [("sed s/^/paged:/", True), ("cat", False), ("no-such-program", False), ("'", False), ("", False)],
)
def test_what_is_longer_than_the_screen_goes_through_the_pager(
    terminal: Start, pager: str, shown: bool
) -> None:
    long = terminal("help", "udf", "apply", pager=pager)
    assert long.end() == 0
    assert (b"paged:Usage: udf apply" in long.seen) == shown
    assert b"Usage: udf apply" in long.seen
    short = terminal("help", "exit", pager=pager)
    assert short.end() == 0
    assert b"paged:" not in short.seen


@pytest.mark.parametrize("words", [["--help"], ["help", "udf", "apply"]])
def test_with_standard_input_closed_there_is_no_pager(tmp_path: Path, words: list[str]) -> None:
    argv = ["sh", "-c", 'exec "$@" <&-', "sh", *command(*words)]
    shown = Terminal(argv, tmp_path, pager="sed s/^/paged:/")
    try:
        assert shown.end() == 0
    finally:
        shown.close()
    assert b"Usage: " in shown.seen
    assert b"paged:" not in shown.seen
    assert b"Traceback" not in shown.seen


def test_help_is_wrapped_at_words_and_goes_through_the_pager(terminal: Start) -> None:
    shown = terminal("--help", pager="sed s/^/paged:/")
    assert shown.end() == 0
    assert b"paged:Usage: asadm [OPTIONS]" in shown.seen
    shown = terminal("--help", columns=80)
    assert shown.end() == 0
    lines = shown.seen.decode().splitlines()
    assert max(map(len, lines)) <= 80
    at = next(number for number, line in enumerate(lines) if line.startswith("    show udfs "))
    assert " ".join(" ".join(lines[at : at + 3]).split()).startswith(
        "show udfs List the modules of every node and where they differ, or print the source of one."
    )
    assert lines[at + 1].startswith(" " * lines[at].index("List"))
    after = lines.index("    asadm --cluster production show udfs")
    assert lines[after + 1] == "        modules by nodes, differences marked"


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (["watch", "0.05", "asinfo", "-v", "build"], "; q ends ]"),
        (["udf", "status", "--watch", "0.05"], "q or Ctrl-C ends ]"),
    ],
)
def test_what_is_repeated_redraws_in_place_and_ends_with_q(
    terminal: Start, words: list[str], heading: str
) -> None:
    with Store().node() as node:
        shown = terminal("-h", node.address, *words)
        at = shown.wait_for(heading)
        assert shown.seen[:at].count(b"\x1b[H") == 1
        shown.wait_for("\x1b[J\x1b[H", at)
        shown.type("x")
        shown.type("q")
        assert shown.end() == 0
        assert shown.seen.endswith(b"\x1b[999;1H\r\n")
        plain = terminal("--no-color", "-h", node.address, "watch", "0.05", "2", "asinfo", "-v", "build")
        assert plain.end() == 0
        assert b"\x1b" not in plain.seen


def test_a_repeated_command_has_its_messages_in_the_picture(terminal: Start) -> None:
    dead = "{}:{}".format(*refusing())
    shown = terminal("-h", dead, "watch", "0.05", "2", "show", "udfs")
    assert shown.end() == 1
    assert shown.seen.count(b"nobody listens there") == 2
    assert b"asadm: " not in shown.seen


def test_no_progress_in_a_pipe(tmp_path: Path) -> None:
    with FakeNode(behaviour=silent) as hung:
        result = run(tmp_path, "--timeout", "0.8", "-h", hung.address, "-e", "asinfo -v build")
        assert result.returncode == 1
        assert b"waiting" not in result.stdout + result.stderr


def test_an_interrupted_run_tells_what_was_done(terminal: Start) -> None:
    with FakeNode({"build": "8"}) as good, FakeNode(behaviour=silent) as hung:
        hosts = f"{good.address},{hung.address}"
        shown = terminal("--no-color", "--timeout", "60", "-h", hosts, "-e", "asinfo -v build; asinfo")
        shown.wait_for("1 of 2 nodes answered")
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 130
        assert f"{good.address} (127.0.0.1) returned:\r\n8\r\n".encode() in shown.seen
        assert f"{hung.address} (127.0.0.1) gave no answer:\r\ninterrupted".encode() in shown.seen
        assert b"Traceback" not in shown.seen
        assert good.requests == [b"build\n"]


def test_an_interrupted_change_tells_what_was_done(tmp_path: Path) -> None:
    store = Store()
    (tmp_path / "a.lua").write_text("-- x\n")
    with store.node() as one, store.node(follows=False) as liar:
        argv = command(
            "-h",
            f"{one.address},{liar.address}",
            "--enable",
            "manage",
            "udfs",
            "add",
            "a.lua",
            "path",
            "a.lua",
            "--wait",
            "60",
        )
        process = subprocess.Popen(
            argv,
            env=environment(tmp_path),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + SECONDS
        while len(liar.requests) < 3 and time.monotonic() < deadline:
            liar.closing.wait(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130, err
        rows = [line.split()[:2] for line in out.decode().splitlines()]
        assert [one.address, "ok"] in rows
        assert [liar.address, "interrupted"] in rows


def test_a_reader_that_leaves_is_no_fault(tmp_path: Path) -> None:
    with FakeNode({"x": "y" * 1_000_000}) as node:
        shell = f"{sys.executable} -m asadm.cli -h {node.address} -e 'asinfo -v x; asinfo -v x' | head -c 10"
        result = subprocess.run(
            shell, shell=True, env=environment(tmp_path), cwd=tmp_path, capture_output=True, check=False
        )
        assert result.stderr == b""


def test_the_shell(terminal: Start, tmp_path: Path) -> None:
    with Store().node() as node:
        shell = terminal("-h", node.address)
        at = shell.wait_for("\x1b[32m", 0)
        at = shell.wait_for("Admin> ", at)
        shell.type("asinfo -v build --no_node_name\n")
        at = shell.wait_for("8.1.2.0", at)
        shell.type("nosuch\n")
        at = shell.wait_for("asadm: unknown command 'nosuch'", at)
        shell.type("manage udfs remove a.lua\n")
        at = shell.wait_for("changes the cluster", at)
        shell.type("enable\n")
        at = shell.wait_for("Admin+> ", at)
        shell.type("sho\t")
        at = shell.wait_for("show ", at)
        shell.type("udf\t")
        at = shell.wait_for("udfs ", at)
        shell.type("\n")
        at = shell.wait_for("0 modules", at)
        at = shell.wait_for("Admin+> ", at)
        shell.type("this line is dropped")
        at = shell.wait_for("dropped", at)
        at = shell.interrupt_until("Admin+> ", at)
        shell.type("disable\n")
        at = shell.wait_for("Admin> ", at)
        shell.type("exit\n")
        assert shell.end() == 0
        assert b"Traceback" not in shell.seen
        history = tmp_path / ".local" / "state" / "asudf" / "asadm_history"
        assert "show udfs" in history.read_text()
        assert history.stat().st_mode & 0o777 == 0o600


def test_the_shell_with_prompt_toolkit(terminal: Start, tmp_path: Path) -> None:
    with Store().node() as node:
        shell = terminal("-h", node.address, editor="")
        at = shell.wait_for("Admin> ")
        shell.type("asinfo -v build /* a comment\r")  # it is open: the line goes on
        shell.type("of two lines */ --no_node_name\r")
        at = shell.wait_for("8.1.2.0", at)
        shell.type("enable\r")
        at = shell.wait_for("Admin+> ", at)
        shell.type("sho\t")
        at = shell.wait_for("show", at)
        shell.type("udfs\r")
        at = shell.wait_for("0 modules", at)
        at = shell.wait_for("Admin+> ", at)
        shell.type("this line is dropped")
        at = shell.wait_for("dropped", at)
        shell.type("\x03")
        at = shell.wait_for("Admin+> ", at)
        shell.type("exit\r")
        assert shell.end() == 0
        assert b"Traceback" not in shell.seen
        history = tmp_path / ".local" / "state" / "asudf" / "asadm_lines"
        assert "show udfs" in history.read_text()
        assert history.stat().st_mode & 0o777 == 0o600


def test_the_line_at_the_bottom_tells_of_the_nodes(terminal: Start) -> None:
    dead = "{}:{}".format(*refusing())
    with Store().node() as node:
        shell = terminal("-h", f"{node.address},{dead}", editor="", tells_position=True)
        at = shell.wait_for("no node was asked yet")
        shell.type("asinfo -v build\r")
        at = shell.wait_for("8.1.2.0", at)
        at = shell.wait_for("1 of 2 nodes answered; ", at)
        shell.wait_for(f"{dead} refused", at)
        shell.type("exit\r")
        assert shell.end() == 0


@pytest.mark.parametrize(("editor", "enter"), [("readline", "\r"), ("", "\r\r")])
def test_control_r_finds_a_line_of_the_history(terminal: Start, editor: str, enter: str) -> None:
    with FakeNode({"build": "8.1.2.0", "edition": "asudf"}) as node:
        shell = terminal("-h", node.address, editor=editor)
        at = shell.wait_for("Admin> ")
        for name, answer in (("build", "8.1.2.0"), ("edition", "asudf")):
            shell.type(f"asinfo -v {name}{enter[-1]}")
            at = shell.wait_for(answer, at)
            at = shell.wait_for("Admin> ", at)
        shell.type("\x12")
        at = shell.wait_for("i-search)", at)
        shell.type("buil")
        shell.type(enter)
        shell.wait_for("8.1.2.0", at)
        shell.type(f"exit{enter[-1]}")
        assert shell.end() == 0


@pytest.mark.parametrize(("editor", "enter"), [("readline", "\n"), ("", "\r")])
def test_tab_offers_clusters_nodes_modules_and_info_commands(
    terminal: Start, tmp_path: Path, editor: str, enter: str
) -> None:
    store = Store()
    store.modules[b"counter.lua"] = base64.b64encode(b"x = 1")
    with store.node() as node:
        (tmp_path / "asadm.yaml").write_text(
            f"default: laptop\nclusters: {{laptop: {{nodes: [{{name: db1, host: {node.host}, port: {node.port}}}]}}, other: {{nodes: [n9]}}}}"
        )
        shell = terminal(editor=editor)
        at = shell.wait_for("laptop Admin> ")
        for line, shown in (
            ("asinfo -v udf-cl\t", "udf-clear-cache"),
            ("show udfs with d\t", "db1"),
            ("asinfo edi\t", "edition"),
            ("udf get c\t", "counter.lua"),
            ("udf history --of o\t", "other"),
        ):
            shell.type(line)
            at = shell.wait_for(shown, at)
            shell.type("\x15")  # Ctrl-U: the line is empty again
        shell.type(f"exit{enter}")
        assert shell.end() == 0
        assert b"Traceback" not in shell.seen


@pytest.mark.parametrize("editor", ["readline", ""])
def test_sigterm_ends_the_shell(terminal: Start, editor: str) -> None:
    with FakeNode({}) as node:
        shell = terminal("-h", node.address, editor=editor)
        shell.wait_for("Admin> ")
        shell.process.send_signal(signal.SIGTERM)
        shell.type("\n")  # wakes a line editor that was busy and went back to sleep after the signal
        assert shell.end() == 143
        assert b"Traceback" not in shell.seen


@pytest.mark.parametrize("editor", ["readline", ""])
def test_the_end_of_input_ends_the_shell(terminal: Start, editor: str) -> None:
    with FakeNode({}) as node:
        shell = terminal("-h", node.address, editor=editor)
        shell.wait_for("Admin> ")
        shell.type("\x04")
        assert shell.end() == 0


def test_a_shell_without_targets_does_not_start(terminal: Start) -> None:
    shell = terminal("--cluster", "nosuch")
    assert shell.end() == 2
    assert b"there is no inventory" in shell.seen


def test_piped_commands_show_no_prompt_and_no_control_bytes(tmp_path: Path) -> None:
    with FakeNode({"build": "8"}) as node:
        result = subprocess.run(
            command("-h", node.address),
            env=environment(tmp_path),
            cwd=tmp_path,
            input=b"asinfo -v build\nexit\n",
            capture_output=True,
            check=False,
        )
        assert (result.returncode, result.stderr) == (0, b"")
        assert b"Admin" not in result.stdout
        assert b"\x1b" not in result.stdout


IMPORTS = """
import sys
from asadm.cli import run
code = run(sys.argv[1:])
heavy = {"socket", "selectors", "enum", "dataclasses", "typing", "re", "json", "logging", "argparse", "asyncio", "rich", "yaml",
         "httpx", "typer", "pathlib", "signal", "subprocess", "importlib.metadata", "ssl", "inspect", "getpass", "shlex"}
sys.stderr.write(" ".join(sorted(heavy & set(sys.modules))))
sys.exit(code)
"""


def imported(home: Path, *argv: str) -> set[str]:
    """The costly modules of a run in a fresh interpreter (isolated from .pth files, which import what they like)."""
    result = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTS, *argv],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stderr.decode().split())


def test_the_usual_runs_import_nothing_costly(tmp_path: Path) -> None:
    with Store().node() as one, Store().node() as two:
        hosts = f"{one.address},{two.address}"
        for argv in (
            ["-e", "asinfo -v build"],
            ["-e", "enable; asinfo -v 'udf-clear-cache:' -l"],
            ["show", "udfs"],
            ["info", "network"],
        ):
            assert imported(tmp_path, "-h", hosts, *argv) == set(), argv


def test_a_known_inventory_needs_no_yaml_parser(tmp_path: Path) -> None:
    with Store().node() as one:
        (tmp_path / "asadm.yaml").write_text(f"clusters: {{a: {{nodes: ['{one.address}']}}}}")
        run(tmp_path, "-e", "asinfo -v build")
        found = imported(tmp_path, "-e", "asinfo -v build")
        assert found <= {"json", "re", "enum"}


def test_completion_needs_no_network_and_little_more(tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text("clusters: {a: {nodes: [10.0.0.1]}}")
    run(tmp_path, "--offer", "clusters")
    for kind in KINDS:
        found = imported(tmp_path, "--offer", kind, "--", "--cluster", "a", "udf", "get")
        assert found <= {"json", "re", "enum"}, kind


def test_a_refused_node_and_a_closed_standard_output(tmp_path: Path) -> None:
    dead = "{}:{}".format(*refusing())
    assert run(tmp_path, "-h", dead, "-e", "asinfo -v build").returncode == 1
