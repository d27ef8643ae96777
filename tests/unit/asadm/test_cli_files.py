"""What is no file, where asadm is given the name of one: it says so at once, and never hangs, fills up or replaces it."""

import os
import socket
import stat
from pathlib import Path

import pytest

from asadm.save_file import save
from asadm.yaml_file import VALUES_MAX
from asinfo.errors import UsageError
from tests.unit.asadm.conftest import Asadm

NODE = ("-h", "127.0.0.1:1")
SPECIAL = ["FIFO", "socket", "directory", *(["device"] if os.geteuid() == 0 else [])]
REFUSED = {
    "FIFO": "is a FIFO, not a file",
    "socket": "is a socket, not a file",
    "device": "is a device, not a file",
    "directory": "s a directory",
}


@pytest.fixture(params=SPECIAL)
def special(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A path, and what is there; the device has the numbers of /dev/zero."""
    path = tmp_path / "special"
    if request.param == "FIFO":
        os.mkfifo(path)
    elif request.param == "directory":
        path.mkdir()
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    else:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    return str(path), request.param


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command line may name a pipe, it is not waited for as long as usual."""
    for module in (
        "asinfo.files",
        "asadm.yaml_file",
        "asadm.commands.manage_udfs_add",
        "asadm.fleet.plan.plan_file",
    ):
        monkeypatch.setattr(f"{module}.PIPE_SECONDS", 0.05)
    monkeypatch.setattr("asinfo.secret.PIPE_SECONDS", 0.05)
    monkeypatch.setattr("asinfo.astools.PIPE_SECONDS", 0.05)


@pytest.mark.parametrize(
    "words",
    [
        ("--inventory", "PATH", "show", "udfs"),
        (*NODE, "--config-file", "PATH", "show", "udfs"),
        (*NODE, "-U", "ops", "--password", "file:PATH", "show", "udfs"),
        (*NODE, "--tls-enable", "--tls-cafile", "PATH", "show", "udfs"),
        (*NODE, "--tls-enable", "--tls-certfile", "PATH", "show", "udfs"),
        (*NODE, "-f", "PATH"),
        (*NODE, "--enable", "manage", "udfs", "add", "a.lua", "path", "PATH"),
        (*NODE, "udf", "apply", "PATH", "--yes"),
        (*NODE, "udf", "history", "--history", "PATH"),
        (*NODE, "cache", "clear", "--lock", "PATH"),
        (*NODE, "cache", "clear", "--metrics-file", "PATH"),
        (*NODE, "udf", "check", "--metrics-file", "PATH"),
    ],
    ids=" ".join,
)
def test_what_is_no_file_is_refused(asadm: Asadm, special: tuple[str, str], words: tuple[str, ...]) -> None:
    path, what = special
    before = os.lstat(path)
    result = asadm(*(word.replace("PATH", path) for word in words))
    after = os.lstat(path)
    assert (after.st_mode, after.st_ino, after.st_rdev) == (before.st_mode, before.st_ino, before.st_rdev)
    assert result.code == 2, result.err
    assert path in result.err
    assert "Traceback" not in result.err
    waited = what == "FIFO" and "nothing came through this pipe within 0.05 s" in result.err
    assert waited or REFUSED[what].lower() in result.err.lower() or what == "directory", result.err


def test_the_password_of_an_inventory_is_a_file(
    asadm: Asadm, special: tuple[str, str], tmp_path: Path
) -> None:
    path, what = special
    (tmp_path / "asadm.yaml").write_text(
        f"clusters: {{a: {{nodes: [127.0.0.1:1], defaults: {{user: u, password: 'file:{path}'}}}}}}"
    )
    result = asadm("show", "udfs")
    assert result.code == 2
    assert f"the password file {path} cannot be read: " in result.err
    assert REFUSED[what] in result.err


@pytest.mark.parametrize("size", [20_000_000, 300_000_000])
def test_what_is_too_large_is_refused(asadm: Asadm, tmp_path: Path, size: int) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(size)
    for words in (
        ("--inventory", "PATH", "show", "udfs"),
        (*NODE, "--config-file", "PATH", "show", "udfs"),
        (*NODE, "-U", "ops", "--password", "file:PATH", "show", "udfs"),
        (*NODE, "--tls-enable", "--tls-cafile", "PATH", "show", "udfs"),
        (*NODE, "-f", "PATH"),
        (*NODE, "--enable", "manage", "udfs", "add", "a.lua", "path", "PATH"),
    ):
        result = asadm(*(word.replace("PATH", str(path)) for word in words))
        assert result.code == 2
        assert "is larger than" in result.err, words


def test_a_small_inventory_does_not_become_a_large_one(asadm: Asadm, tmp_path: Path) -> None:
    laughs = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    nodes = "x: &x [" + "127.0.0.1," * 1_000 + "]\n"
    clusters = "clusters: {" + ", ".join(f"c{n}: {{nodes: *x}}" for n in range(1_000)) + "}\n"
    for text in ("\n".join(laughs), nodes + clusters, "clusters: [" + "1," * (VALUES_MAX + 1) + "]"):
        (tmp_path / "asadm.yaml").write_text(text)
        result = asadm("show", "udfs")
        assert result.code == 2
        assert f"more than {VALUES_MAX} values" in result.err


@pytest.mark.parametrize("text", ["[" * 1_500, "{" * 100_000, "a: " * 5_000, "&a [*a]", "- " * 50_000])
def test_an_inventory_that_is_nested_without_end(asadm: Asadm, tmp_path: Path, text: str) -> None:
    (tmp_path / "asadm.yaml").write_text(text)
    result = asadm("show", "udfs")
    assert result.code == 2
    assert result.err.startswith("asadm: asadm.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[cluster]\nhost" + ".a" * 3_000 + " = 1\n",
        "[cluster]\nhost = " + "[" * 3_000,
        "[cluster" + ".a" * 3_000 + "]\n",
        "[cluster]\nport = " + "9" * 5_000,
        "[cluster]\ntimeout = inf",
        "[cluster]\ntimeout = 1e999",
    ],
    ids=range(6),
)
def test_an_astools_conf_that_goes_too_far(asadm: Asadm, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.conf").write_text(text)
    result = asadm("--config-file", "a.conf", "show", "udfs")
    assert result.code == 2
    assert "a.conf" in result.err
    assert len(result.err) < 1_000


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_500,
        b'{"format": ' * 50_000,
        b"\xff",
        b"9" * 5_000,
        rb'{"format": "\ud800"}',
        b"NaN",
        b"",
        b"[]",
    ],
)
def test_a_plan_file_that_is_none(asadm: Asadm, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan").write_bytes(content)
    result = asadm(*NODE, "udf", "apply", "plan", "--yes")
    assert (result.code, result.err) == (2, "asadm: plan: is damaged, or not a plan of asadm\n")


def test_a_pipe_on_the_command_line_is_read(asadm: Asadm) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"clusters: {a: {nodes: [127.0.0.1:1]}}")
    os.close(writer)
    result = asadm("--inventory", f"/dev/fd/{reader}", "show", "udfs")
    os.close(reader)
    assert result.code == 1  # asked, and nobody is there


def test_output_into_a_pipe_that_nobody_reads(asadm: Asadm, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert asadm(*NODE, "-o", "pipe", "-e", "help").code == 2
    with pytest.raises(UsageError, match="pipe: nobody reads from this pipe"):
        save(str(tmp_path / "pipe"), b"x")


def test_output_goes_into_a_pipe_and_a_terminal_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save(str(tmp_path / "pipe"), b"x")
    assert os.read(reader, 10) == b"x"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
