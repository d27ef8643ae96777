"""Files of the modules that are damaged or lost: the daemon does not start, deletes nothing, and `--recover` helps."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.processes import READY_SECONDS, ROOT, Daemon, frame, log_path, receive, spawn

SOURCES = {f"m{number}.lua": f"function f() return {number} end\n".encode() for number in range(3)}


def put(name: str, source: bytes) -> bytes:
    content = base64.b64encode(source).decode()
    return f"udf-put:filename={name};content={content};content-len={len(content)};udf-type=LUA;\n".encode()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work directory of a daemon that had modules and was stopped."""
    directory = tmp_path_factory.mktemp("stopped") / "node"
    daemon = Daemon(spawn(directory, ("--nodes", "2")), directory, log_path(directory))
    try:
        with daemon.connect() as connection:
            for name, source in SOURCES.items():
                connection.sendall(frame(put(name, source)))
                assert receive(connection).endswith(b"\tok\n")
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    return directory


@pytest.fixture
def work(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(stopped, tmp_path / "node"))


def files(work: Path) -> dict[Path, bytes]:
    """Everything that modules are kept in."""
    paths = [*work.glob("smd/*"), *work.glob("usr/udf/lua/**/*")]
    return {path: path.read_bytes() for path in paths if path.is_file()}


def refusal(work: Path) -> str:
    """What a start says that is refused, which changes nothing."""
    before = files(work)
    process = spawn(work, ("--nodes", "2"))
    assert process.communicate(timeout=READY_SECONDS)[0] == b""
    assert process.returncode == 1
    assert files(work) == before
    return log_path(work).read_text().splitlines()[-1]


def recover(work: Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "asudfd.cli", "--recover", "--work-directory", str(work)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def flip(work: Path) -> None:
    path = work / "smd" / "UDF.smd"
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)


def lose_all(work: Path) -> None:
    shutil.rmtree(work / "smd")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one bit": (flip, r"UDF.smd is damaged: the entry at byte "),
    "truncated": (lambda work: (work / "smd" / "UDF.smd").write_bytes(b""), "UDF.smd is damaged: "),
    "lost": (lambda work: (work / "smd" / "UDF.smd").unlink(), "UDF.smd is missing"),
    "all lost": (lose_all, "A1 has copies of modules (3: m0.lua, m1.lua, m2.lua)"),
}


def served(daemon: Daemon, node: int) -> dict[str, bytes]:
    found = {}
    for name in SOURCES:
        answer = daemon.ask(f"udf-get:filename={name}\n".encode(), node).partition(b"\t")[2]
        found[name] = base64.b64decode(answer.removeprefix(b"type=LUA;content=").removesuffix(b";\n"))
    return found


@pytest.mark.parametrize("name", DAMAGES)
def test_it_does_not_start_and_recovers(start_daemon: StartDaemon, work: Path, name: str) -> None:
    damage, told = DAMAGES[name]
    damage(work)
    text = refusal(work)
    assert told in text
    assert "asudfd --recover" in text
    assert recover(work).returncode == 1
    daemon = start_daemon("--nodes", "2", work_directory=work)
    for node in range(2):
        assert served(daemon, node) == SOURCES
    assert daemon.stop() == 0
    done = recover(work)
    assert done.returncode == 0, done
    assert "UDF.smd is whole: 3 items" in done.stdout


def test_what_was_moved_away_on_purpose_is_not_missed(start_daemon: StartDaemon, work: Path) -> None:
    (work / "smd").rename(work / "old")
    (work / "usr").rename(work / "old usr")
    daemon = start_daemon("--nodes", "2", work_directory=work)
    assert daemon.ask(b"udf-list\n") == b"udf-list\t\n"
    assert daemon.stop() == 0
