"""astools.conf: precedence, every fault with its line, and what becomes of it all."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from asinfo import secret, settings
from asinfo.cli import OPTIONS
from asinfo.errors import ConfigError, UsageError
from asinfo.terminal.options import Values, recognise


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(settings, "SYSTEM_FILE", str(tmp_path / "etc" / "astools.conf"))
    (tmp_path / "etc").mkdir()
    (tmp_path / "home" / ".aerospike").mkdir(parents=True)
    return tmp_path


def parse(*argv: str) -> Values:
    values = recognise(argv, OPTIONS)
    assert values is not None
    return values


def names(*argv: str) -> list[str]:
    return [node.name for node in settings.load(parse(*argv), "asinfo").nodes]


def problems(text: str | bytes, tmp_path: Path) -> list[str]:
    path = tmp_path / "f.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        names("--only-config-file", str(path))
    return [str(problem).replace(str(tmp_path) + "/", "") for problem in caught.value.problems]


def test_without_files() -> None:
    loaded = settings.load(parse(), "asinfo")
    assert ([node.name for node in loaded.nodes], loaded.stated, loaded.files) == (
        ["127.0.0.1:3000"],
        False,
        [],
    )


def test_later_wins(home: Path) -> None:
    (home / "etc/astools.conf").write_text('[cluster]\nhost = "a"\nport = 1\ntimeout = 3\n')
    assert names() == ["a:1"]
    (home / "home/.aerospike/astools.conf").write_text('[cluster]\nhost = "b"\n')
    assert names() == ["b:1"]
    given = home / "given.conf"
    given.write_text('[cluster]\nhost = "c,d:7"\n[asinfo]\ntimeout = 0.5\n[aql]\nnonsense = 1\n')
    assert names("--config-file", str(given)) == ["c:1", "d:7"]
    assert names("--only-config-file", str(given)) == ["c:3000", "d:7"]
    assert names("--config-file", str(given), "-h", "x", "-p", "9") == ["x:9"]
    assert names("--no-config-file") == ["127.0.0.1:3000"]
    values = parse("--config-file", str(given))
    loaded = settings.load(values, "asinfo")
    assert values.number("timeout") == 0.5
    assert loaded.stated
    assert len(loaded.files) == 3


def test_instance(home: Path) -> None:
    (home / "etc/astools.conf").write_text('[cluster]\nhost = "a"\n[cluster_x]\nhost = "b"\n')
    assert names("--instance", "x") == ["b:3000"]
    with pytest.raises(UsageError, match=r"no \[cluster_y\] in .*astools.conf"):
        names("--instance", "y")
    with pytest.raises(UsageError, match="exclude"):
        names("--instance", "x", "--no-config-file")


def test_instance_without_files() -> None:
    with pytest.raises(UsageError, match="there is none"):
        names("--instance", "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[cluster]\nhost = \n", "f.conf:2: "),
        ("[cluster]\n\nhots = 'a'\n", "f.conf:3: [cluster] hots: unknown key"),
        ("[cluster]\nport = '3000'\n", "f.conf:2: [cluster] port: must be a whole number, not '3000'"),
        ("[cluster]\nport = true\n", "f.conf:2: [cluster] port: must be a whole number, not True"),
        ("[cluster]\nport = 70000\n", "f.conf:2: [cluster] port: '70000' is not a port (1 to 65535)"),
        ("[cluster]\nhost = 7\n", "f.conf:2: [cluster] host: must be a text, not 7"),
        ("[cluster]\ntls-enable = 1\n", "f.conf:2: [cluster] tls-enable: must be true or false, not 1"),
        ("[cluster]\nauth = 'X'\n", "f.conf:2: [cluster] auth: 'X' is not one of"),
        ("[asinfo]\ntimeout = -1\n", "f.conf:2: [asinfo] timeout: '-1' is not a number of seconds"),
        ("[asinfo]\ntimeout = 'x'\n", "f.conf:2: [asinfo] timeout: must be a number of seconds, not 'x'"),
        (
            "[asinfo]\ntimeout = 99999999999999999\n",
            "f.conf:2: [asinfo] timeout: '99999999999999999' is more than",
        ),
        ("[asinfo]\nfoo = 1\n", "f.conf:2: [asinfo] foo: unknown key"),
        (
            "[cluster]\ntls-cert-blacklist = 'x'\n",
            "[cluster] tls-cert-blacklist: nothing obeys it any more, and it would protect nobody; use tls-crl-check",
        ),
        ("[clustre]\nhost = 'a'\n", "f.conf:1: unknown section [clustre]; is it [cluster]?"),
        ("host = 'a'\n", "f.conf:1: 'host' stands outside of a section"),
        ("[include]\nfile = 7\n", "f.conf:2: [include] file"),
        ("[include]\nfile = 'none.conf'\n", "none.conf: no such file"),
        ("[include]\ndirectory = 'none'\n", "f.conf:2: [include] directory"),
        ("[include]\nfile = 'f.conf'\n", "included twice"),
        (b"# \xff\n[cluster]\n", "f.conf:1: not UTF-8"),
        ("[cluster", "f.conf:1: "),
        ("[cluster]\nport = " + "1" * 5000, "f.conf:"),
        ("a = " + "[" * 5000, "f.conf:"),
        ('[include]\nfile = "a\\u0000b"\n', "NUL"),
        ('[include]\ndirectory = "a\\u0000b"\n', "f.conf:2: [include] directory"),
    ],
)
def test_faults(text: str | bytes, expected: str, tmp_path: Path) -> None:
    assert expected in problems(text, tmp_path)[0]


def test_all_faults_at_once(tmp_path: Path) -> None:
    assert len(problems("[cluster]\na = 1\nport = 'x'\n[cluster_y]\nb = 2\n", tmp_path)) == 3


@pytest.mark.parametrize("flag", ["--config-file", "--only-config-file"])
def test_missing_given_file(flag: str) -> None:
    with pytest.raises(ConfigError, match="/nonexistent: no such file"):
        names(flag, "/nonexistent")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_default_file(home: Path) -> None:
    path = home / "etc/astools.conf"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(ConfigError, match="permission"):
        names()


def test_a_default_file_that_is_a_directory(home: Path) -> None:
    (home / "etc/astools.conf").mkdir()
    with pytest.raises(ConfigError, match="directory"):
        names()


def test_includes(home: Path) -> None:
    folder = home / "etc/more/deep"
    folder.mkdir(parents=True)
    (home / "etc/astools.conf").write_text(
        '[cluster]\nhost = "a"\n[include]\nfile = "one.conf"\ndirectory = "more"\n'
    )
    (home / "etc/one.conf").write_text("[cluster]\nport = 1\n")
    (home / "etc/more/b.conf").write_text('[cluster]\nhost = "b"\n')
    (folder / "c.conf").write_text('[cluster]\nhost = "c"\n')
    (folder / ".hidden").write_text("broken")
    assert names() == ["c:1"]


def test_a_default_file_that_is_given_too_is_read_once(home: Path) -> None:
    (home / ".aerospike").mkdir(exist_ok=True)
    (home / ".aerospike/astools.conf").write_text('[cluster]\nhost = "a"\n')
    assert names("--config-file", str(home / ".aerospike/astools.conf")) == ["a:3000"]


def test_flags_exclude_each_other() -> None:
    for argv in (
        ["--no-config-file", "--config-file", "x"],
        ["--only-config-file", "x", "--config-file", "y"],
    ):
        with pytest.raises(UsageError, match="exclude"):
            names(*argv)


def test_tls_and_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASUDF_TEST_SECRET", "s")
    argv = [
        "-h",
        "a:n1,b",
        "-t",
        "n2",
        "-U",
        "u",
        "-P",
        "env:ASUDF_TEST_SECRET",
        "--auth",
        "external",
        "--tls-enable",
    ]
    first, second = settings.load(parse(*argv, "--tls-keyfile-password", "k"), "asinfo").nodes
    assert (first.tls_name, second.tls_name) == ("n1", "n2")
    assert first.login is not None
    assert (first.login.user, first.login.password, first.login.mode) == ("u", "s", "EXTERNAL")
    assert first.tls is not None
    assert first.tls is second.tls
    assert first.tls.keyfile_password == "k"
    (pki,) = settings.load(parse("--auth", "PKI", "--tls-enable"), "asinfo").nodes
    assert pki.login is not None
    assert pki.login.mode == "PKI"


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["-P", "x"], "--password needs --user"),
        (["--auth", "PKI"], "--auth PKI needs --tls-enable"),
        (["--auth", "EXTERNAL", "-U", "u"], "--auth EXTERNAL needs --tls-enable"),
        (["--tls-cafile", "x"], "--tls-cafile needs --tls-enable"),
        (["-U", "u", "-P", "env:ASUDF_NOT_SET"], "'ASUDF_NOT_SET' is not set"),
        (["-U", "u", "-P", "file:/nonexistent"], "/nonexistent: No such file"),
        (["-h", "a:0"], "port"),
        (["-h", "a,a"], "a:3000 is named twice"),
        (["-h", "[::1]:3000", "-h", "::1"], r"\[::1\]:3000 is named twice"),
    ],
)
def test_wrong_lines(argv: list[str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        names(*argv)


def test_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "password"
    path.write_text("from file\nrest\n")
    assert secret.read(f"file:{path}", "") == "from file"
    assert secret.read("itself", "") == "itself"
    assert secret.read("other:thing", "") == "other:thing"
    monkeypatch.setattr("sys.stdin", io.StringIO("from input\n"))
    assert secret.read("", "Password: ") == "from input"
    with pytest.raises(UsageError, match="a password is needed"):
        secret.read("", "Password: ")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="a password is needed"):
        secret.read("", "Password: ")


@pytest.mark.parametrize("option", ["--password", "--tls-keyfile-password"])
@pytest.mark.parametrize(
    ("limit", "seconds"), [(["--timeout", "0.01"], "0.01"), (["--timeout", "99"], "30"), ([], "5")]
)
def test_a_pipe_with_a_password_has_the_time_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, limit: list[str], seconds: str
) -> None:
    """And no more than any pipe."""
    os.mkfifo(tmp_path / "pipe")
    given: list[float] = []

    def wait(_poll: object, milliseconds: float) -> bool:
        given.append(milliseconds)
        return False

    monkeypatch.setattr("asinfo.terminal.interrupt.wait", wait)
    with pytest.raises(UsageError, match=f"nothing came through this pipe within {seconds} s"):
        names("-U", "u", "-P", "itself", "--tls-enable", option, f"file:{tmp_path / 'pipe'}", *limit)
    assert float(seconds) * 900 < given[0] <= float(seconds) * 1000


def test_the_example_file() -> None:
    path = Path(__file__).parents[3] / "config" / "astools.conf"
    assert len(names("--only-config-file", str(path))) == 3
    assert names("--only-config-file", str(path), "--instance", "staging") == ["127.0.0.2:3000"]


PIECES = st.sampled_from(
    ["[cluster]\n", "[include]\n", "[asinfo]\n", "[[cluster]]\n", "host", "port", "timeout", "file", " = ", "'a'", "7", "0.5",
     "true", "\n", "[", "]", "{", "}", "\x00", "ü", "'", '"', "tls-enable", ".", "1979-05-27"]
)  # fmt: skip


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_file_is_settings_or_a_clear_error(text: str) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        with suppress(ConfigError, UsageError):
            names("--only-config-file", file.name)
