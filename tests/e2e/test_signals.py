"""Ctrl-C and SIGTERM at any moment of any command: no traceback, and a report of whatever was sent."""

import contextlib
import json
import os
import re
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

pytestmark = pytest.mark.e2e

SIGNALS = (signal.SIGINT, signal.SIGTERM)

SECONDS = 120
"""How long a process may take that would hang otherwise; generous, because the machine may be busy."""

MOMENTS = 14
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
        applied = run(home, 0, 0, ["asadm", "-h", fleet.hosts, "udf", "apply", "udf", "--yes"])
        assert applied.returncode == 0, applied.stderr
    fleet.clear()


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
        assert ended.returncode in {-number, 128 + number, 0}, told
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


OURS = re.compile(rb'File "[^"]*/(asinfo|asadm|daemon)/')

DELAYS = [each / 100 for each in range(0, 24, 2)]
"""Seconds after the start of the process; where it is then depends on the machine."""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("program", ["asinfo", "asadm", "asudfd"])
def test_the_real_scripts(tmp_path: Path, fleet: Fleet, program: str, number: signal.Signals) -> None:
    """Python itself shows a traceback until it has read the first line of ours; nothing of ours is ever in one."""
    script = Path(sys.executable).parent / program
    argv = {
        "asinfo": ["-h", fleet[0].address, "-v", "build"],
        "asadm": ["-h", fleet.hosts, "-e", "asinfo -v build"],
        "asudfd": ["--port", "0", "--work-directory", "work"],
    }[program]
    for delay in DELAYS:
        process = subprocess.Popen(
            [script, *argv],
            env=environment(tmp_path),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
        assert not OURS.search(err), err.decode()
        if b"Traceback" not in err:
            assert process.returncode in {-number, 128 + number, 0}, (process.returncode, err)
