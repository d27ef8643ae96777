"""Ctrl-C and SIGTERM at any moment of any command: no traceback, and a report of whatever was sent."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet, Server
from tests.processes import ROOT

SIGNALS = (signal.SIGINT, signal.SIGTERM)

SECONDS = 120
"""How long a process may take that would hang otherwise; generous, because the machine may be busy."""

MOMENTS = 8
"""In how many moments of a command the signal comes, evenly spread over what it does, and at its very end."""

CHANGES = (b"udf-put", b"udf-remove", b"udf-clear-cache")

OLD, NEW = b"return 1\n", b"return 2\n"

COMMANDS = {
    "asinfo": ["asinfo", "-h", "FIRST", "-v", "udf-clear-cache:"],
    "asinfo json": ["asinfo", "-h", "FIRST", "-j", "-v", "udf-clear-cache:", "-v", "build"],
    "asinfo help": ["asinfo", "--help"],
    "asadm help": ["asadm", "help"],
    "several": ["asadm", "-h", "ALL", "-e", "asinfo -v 'udf-clear-cache:'; show udfs; info network"],
    "several json": ["asadm", "-h", "ALL", "--json", "-e", "asinfo -v 'udf-clear-cache:'; show udfs"],
    "inventory": ["asadm", "--inventory", "asadm.yaml", "--json", "-e", "asinfo -v 'udf-clear-cache:'"],
    "cache clear": ["asadm", "-h", "ALL", "--json", "cache", "clear", "--lock", "lock"],
    "manage add": ["asadm", "-h", "ALL", "--enable", "manage", "udfs", "add", "a.lua", "path", "udf/a.lua"],
    "apply": ["asadm", "-h", "ALL", "--json", "udf", "apply", "udf", "--yes", "--verify"],
    "rewarm": ["asadm", "-h", "ALL", "udf", "rewarm", "--yes"],
    "rollback": ["asadm", "-h", "ALL", "--json", "udf", "rollback", "--yes"],
    "status": ["asadm", "-h", "ALL", "udf", "status", "--dir", "udf"],
    "watch": ["asadm", "-h", "ALL", "watch", "0.1", "2", "asinfo", "-v", "udf-clear-cache:"],
}

CODES = {"status": 3}
"""How a command ends that no signal has met, where that is not 0: the nodes have the old version."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(2) as made:
        (tmp_path / "udf").mkdir()
        (tmp_path / "udf" / "a.lua").write_bytes(NEW)
        nodes = ", ".join(node.address for node in made.nodes)
        (tmp_path / "asadm.yaml").write_text(f"clusters: {{c: {{nodes: [{nodes}]}}}}\n")
        yield made


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ASADM_"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}


def words(command: str, fleet: Fleet) -> list[str]:
    places = {"FIRST": fleet[0].address, "ALL": fleet.hosts}
    return [places.get(word, word) for word in COMMANDS[command]]


def run(home: Path, number: int, at: int | str, argv: list[str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "tests.interrupted", str(int(number)), str(at), *argv],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def moments(home: Path, argv: list[str]) -> list[int]:
    """Numbers of events, of which a run that nobody disturbs has this many."""
    total = int(run(home, 0, 0, argv).stderr.split(b"\n")[-2])
    step = max(1, total // MOMENTS)
    return [*range(1, total, step), total]


def prepare(home: Path, fleet: Fleet, command: str) -> None:
    """The nodes have the old version, and nothing is known of them; but what there is to roll back."""
    fleet.load(b"a.lua", OLD)
    if command == "rollback":
        restore_applied(home, fleet)
    fleet.clear()


def restore_applied(home: Path, fleet: Fleet) -> None:
    """The nodes and the home as they are after an apply, which is run the first time only."""
    kept = home.with_name(f"{home.name}-applied")
    if kept.exists():
        shutil.rmtree(home)
        shutil.copytree(kept, home)
        fleet.load(b"a.lua", NEW)
        return
    applied = run(home, 0, 0, ["asadm", "-h", fleet.hosts, "udf", "apply", "udf", "--yes"])
    assert applied.returncode == 0, applied.stderr
    shutil.copytree(home, kept)


def documents(out: bytes) -> list[object]:
    decoder, text, found = json.JSONDecoder(), out.decode().strip(), []
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].strip()
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_no_moment_shows_a_traceback_or_hides_what_was_sent(
    tmp_path: Path, fleet: Fleet, command: str
) -> None:
    argv = words(command, fleet)
    prepare(tmp_path, fleet, command)
    for at, number in zip(moments(tmp_path, argv), cycle(SIGNALS), strict=False):
        prepare(tmp_path, fleet, command)
        ended = run(tmp_path, number, at, argv)
        told = f"event {at}: {ended}"
        assert b"Traceback" not in ended.stderr, told
        assert b"ignored" not in ended.stderr, told
        assert ended.returncode in {-number, 128 + number, CODES.get(command, 0)}, told
        changed = [node for node in fleet.nodes if any(each.startswith(CHANGES) for each in node.commands)]
        if changed:
            assert ended.returncode >= 0, told
        for node in changed:
            assert node.address.encode() in ended.stdout + ended.stderr or command in {"asinfo", "rewarm"}, (
                told
            )
        if changed and command == "asinfo":
            assert ended.stdout == b"ok\n" or b"interrupted" in ended.stderr, told
        if {"--json", "-j"} & set(argv):
            documents(ended.stdout)
        if command == "rewarm":
            assert fleet.sources(b"a.lua") == [OLD, OLD], told


def disturbed(
    home: Path, fleet: Fleet, argv: list[str], number: int, beginning: bytes
) -> "subprocess.CompletedProcess[bytes]":
    """The result of ``argv``, which gets the signal when the second node, which hangs, is asked what begins so."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{argv[0]}.cli", *argv[1:]],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    answered = threading.Event()

    def after(_: Server, command: bytes) -> bytes | None:
        if command.startswith(beginning):
            answered.set()
        return None

    def hang(_: Server, command: bytes) -> bytes | None:
        if command.startswith(beginning):
            fleet[1].fault = "hangs"
            threading.Thread(target=send).start()
        return None

    def send() -> None:
        answered.wait(SECONDS)
        process.send_signal(number)

    fleet[0].after = after
    fleet[1].before = hang
    out, err = process.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


WAITING: dict[str, tuple[list[str], bytes]] = {
    "asinfo": (["asadm", "-e", "asinfo -v 'udf-clear-cache:'"], b"udf-clear-cache"),
    "show": (["asadm", "show", "udfs"], b"udf-list"),
    "clear": (["asadm", "cache", "clear"], b"udf-clear-cache"),
    "watch": (["asadm", "watch", "asinfo", "-v", "build"], b"build"),
    "apply": (["asadm", "udf", "apply", "udf", "--yes"], b"udf-put"),
}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("name", WAITING)
def test_who_waits_for_a_node_tells_of_both(
    tmp_path: Path, fleet: Fleet, name: str, number: signal.Signals
) -> None:
    (program, *rest), beginning = WAITING[name]
    argv = [program, "-h", fleet.hosts, "--timeout", "100", "--json", *rest]
    ended = disturbed(tmp_path, fleet, argv, number, beginning)
    assert ended.returncode == 128 + number, ended
    assert b"Traceback" not in ended.stderr
    [document] = documents(ended.stdout)
    assert isinstance(document, dict)
    assert document["code"] == 128 + number
    rows = {row["node"]: row["status"] for row in document["nodes"]}
    assert set(rows) == {node.address for node in fleet.nodes}
    assert rows[fleet[1].address] == "interrupted"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_lock_is_waited_for(tmp_path: Path, fleet: Fleet, number: signal.Signals) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        argv = [
            "asadm",
            "-h",
            fleet.hosts,
            "--json",
            "cache",
            "clear",
            "--lock",
            "lock",
            "--lock-wait",
            "1000",
        ]
        ended = run(tmp_path, number, "fcntl.flock", argv)
    assert ended.returncode == 128 + number
    assert b"Traceback" not in ended.stderr
    [document] = documents(ended.stdout)
    assert isinstance(document, dict)
    assert [row["status"] for row in document["nodes"]] == ["interrupted", "interrupted"]
    assert not any(node.commands for node in fleet.nodes)


FRAME = re.compile(rb'File "([^"]*)", line (-?[0-9]+)')

DELAYS = [each / 100 for each in range(0, 24, 2)]
"""Seconds after the start of the process; where it is then depends on the machine."""


def start_of(program: str) -> tuple[Path, int]:
    """The first file of a program, and the line in it from which on Ctrl-C is ours."""
    path = ROOT / ("daemon/asudfd" if program == "asudfd" else program) / "start.py"
    lines = path.read_text().splitlines()
    return path, next(number for number, line in enumerate(lines, 1) if "_signal.signal(" in line)


def ours(error: bytes, program: str) -> list[bytes]:
    """The frames of our own code that a traceback shows, but for the few lines before Ctrl-C is ours."""
    path, last = start_of(program)
    return [
        frame[0]
        for frame in FRAME.finditer(error)
        if frame[1].startswith(
            tuple(f"{ROOT}/{package}/".encode() for package in ("asinfo", "asadm", "daemon/asudfd"))
        )
        and not (frame[1] == bytes(path) and int(frame[2]) <= last)
    ]


INTERRUPTED = re.compile(rb"^KeyboardInterrupt(: )?$", re.MULTILINE)


def taken_by_python(error: bytes) -> bool:
    """Whether Ctrl-C came while Python itself started, which shows it in ways of its own, and may then go on."""
    return error.startswith(b"Fatal Python error: init_") or INTERRUPTED.search(error) is not None


ENDINGS = (b"Fatal Python error: init_", b"python: failed to set __main__.__loader__\n")
"""Begin what Python says when it could not make itself ready, or not the module of the script; it ends with 1 then."""


def ends_with_one(error: bytes) -> bool:
    """Whether Python ended before it had read the script: while it made itself ready, or as it opened the script."""
    return error.startswith(ENDINGS) or error == b"KeyboardInterrupt\n"


def interrupt(process: "subprocess.Popen[bytes]", number: signal.Signals, errors: Path) -> None:
    """Send the signal, and once more if Python has dropped it: `Exception ignored in`, or a check that only failed."""
    process.send_signal(number)
    for _ in range(SECONDS):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
            return
        if taken_by_python(errors.read_bytes()):
            process.send_signal(number)
    process.kill()
    pytest.fail(f"the process went on: {errors.read_bytes()!r}")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("program", ["asinfo", "asadm", "asudfd"])
def test_the_real_scripts(tmp_path: Path, fleet: Fleet, program: str, number: signal.Signals) -> None:
    """Python shows Ctrl-C in its own way until it has read the first lines of ours; nothing of ours is ever in that."""
    script = Path(sys.executable).parent / program
    argv = {
        "asinfo": ["-h", fleet[0].address, "-v", "build"],
        "asadm": ["-h", fleet.hosts, "-e", "asinfo -v build"],
        "asudfd": ["--port", "0", "--work-directory", "work"],
    }[program]
    for delay in DELAYS:
        errors = tmp_path / "errors"
        with errors.open("wb") as file:
            process = subprocess.Popen(
                [script, *argv],
                env=environment(tmp_path),
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        interrupt(process, number, errors)
        err = errors.read_bytes()
        told = f"after {delay} s: {process.returncode}: {err.decode()}"
        assert not ours(err, program), told
        if b"Traceback" in err or b"KeyboardInterrupt" in err:
            assert number == signal.SIGINT, told
            assert taken_by_python(err), told
        if process.returncode == 1:
            assert ends_with_one(err), told
        else:
            assert process.returncode in {-number, 128 + number, 0}, told


@pytest.mark.parametrize(
    ("error", "python", "one"),
    [
        (b"KeyboardInterrupt\n", True, True),
        (b"Fatal Python error: init_import_site: Failed to import the site module\n", True, True),
        (b"Failed checking if argv[0] is an import path entry\nTraceback\nKeyboardInterrupt\n", True, False),
        (b"python: failed to set __main__.__loader__\nTraceback\nKeyboardInterrupt: \n", True, True),
        (b"asinfo: no answer\nKeyboardInterrupt\n", True, False),
        (b"asinfo: no answer\n", False, False),
        (b"", False, False),
    ],
)
def test_what_python_itself_says_of_ctrl_c(error: bytes, python: bool, one: bool) -> None:
    assert (taken_by_python(error), ends_with_one(error)) == (python, one)


def test_frames_of_ours_are_recognised() -> None:
    path, last = start_of("asudfd")
    frames = [f'  File "{path}", line {line}, in <module>\n' for line in (last, last + 1)]
    frames.append(f'  File "{ROOT}/.venv/bin/asudfd", line 3, in <module>\n')
    assert ours("".join(frames).encode(), "asudfd") == [f'File "{path}", line {last + 1}'.encode()]
