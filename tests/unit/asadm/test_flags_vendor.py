"""Every option and every key of the vendor's asadm and asinfo: understood, ignored with a note, or refused with words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asadm.flags import FILE_KEYS
from asinfo import cli as asinfo_cli
from asinfo.flags import CONNECTION
from tests.fakes.node import FakeNode, without_security
from tests.unit.asadm.conftest import Asadm

NODE = {
    "build": "8.1.2.0",
    "service-clear-std": "127.0.0.1:1",
    "peers-clear-std": "1,3000,[]",
    "service-clear-alt": "127.0.0.2:1",
    "peers-clear-alt": "1,3000,[[A2,,[127.0.0.3:2]]]",
}

OFFLINE = "this asadm asks nodes, and reads neither archives nor log files"

UNDERSTOOD = """
    -h 127.0.0.1:PORT | --host 127.0.0.1:PORT | --host=127.0.0.1:PORT
    -h 127.0.0.1 -p PORT | -h 127.0.0.1 --port PORT
    --timeout 3 | --no-config-file | --only-config-file FILE | --config-file FILE | --instance x --config-file FILE
    --auth INTERNAL | --auth=internal | -U user -P secret | --user user --password secret --auth EXTERNAL_INSECURE
"""
"""What both programs know, and that does not need TLS; PORT and FILE stand for those of the test."""

TLS = """
    -t name | --tls-name name | --tls_name name | --tls-cafile f | --tls_cafile f | --tls-capath d | --tls-protocols TLSv1.2
    --tls-protocols -all,+TLSv1.2 | --tls-cipher-suite ALL | --tls-keyfile f | --tls-keyfile-password env:X
    --tls-certfile f | --tls-crl-check | --tls-crl-check-all | --tls_crl_check_all
"""

OF_ASADM = """
    --enable | -j | --json | --no-color | --single-node | -o OUT | --out-file OUT
    -a --discover | --services-alternate --discover
"""

IGNORED = {
    "-a": "--services-alternate goes with --discover",
    "--services-alternate": "--services-alternate goes with --discover",
    "-s": "--services-alumni is ignored: ",
    "--services-alumni": "--services-alumni is ignored: ",
    "--pmap": "--pmap is ignored: ",
    "--debug": "--debug is ignored: ",
    "--profile": "--profile is ignored: ",
    "--line-separator": "--line-separator is ignored: ",
}

REFUSED = {
    "-c": f"--collectinfo: {OFFLINE}",
    "--collectinfo": f"--collectinfo: {OFFLINE}",
    "-c -f archive.tgz": f"--collectinfo: {OFFLINE}",
    "-l": f"--log-analyzer: {OFFLINE}",
    "--log-analyzer": f"--log-analyzer: {OFFLINE}",
    "--log-analyser": f"--log-analyzer: {OFFLINE}",
    "--log-path there": f"--log-path: {OFFLINE}",
    "--asinfo-mode": "--asinfo-mode: the program asinfo does that",
    "--tls-cert-blacklist f": "--tls-cert-blacklist: nothing obeys it any more",
    "-a -s": "--services-alternate and --services-alumni exclude each other",
}


def rows(text: str) -> list[str]:
    return [row.strip() for line in text.strip().splitlines() for row in line.split("|")]


Asinfo = Callable[[list[str]], int]


@pytest.fixture
def asinfo(monkeypatch: pytest.MonkeyPatch) -> Asinfo:
    def run(argv: list[str]) -> int:
        monkeypatch.setattr("sys.argv", ["asinfo", *argv])
        return asinfo_cli.main()

    return run


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "astools.conf").write_text("[cluster]\n[cluster_x]\n")
    return tmp_path


def node_for(row: str) -> FakeNode:
    """One that has no security, and says so to whoever logs in."""
    return FakeNode(behaviour=without_security(NODE)) if "-U" in row or "--user" in row else FakeNode(NODE)


def words(row: str, node: FakeNode) -> list[str]:
    said = row.replace("PORT", str(node.port)).replace("FILE", "astools.conf").split()
    return said if {"-h", "--host"} & set(said) or "--host=" in row else ["-h", node.address, *said]


@pytest.mark.parametrize("row", rows(UNDERSTOOD) + rows(OF_ASADM))
def test_asadm_understands(asadm: Asadm, files: Path, row: str) -> None:
    with node_for(row) as node:
        result = asadm(*words(row.replace("OUT", "out.txt"), node), "-e", "asinfo -v build")
        assert node.connections
    out = (files / "out.txt").read_text() if "out.txt" in row or "OUT" in row else result.out
    assert "8.1.2.0" in out
    assert "ignored" not in result.err


@pytest.mark.parametrize("row", rows(TLS))
def test_words_about_tls_are_known(
    asadm: Asadm, asinfo: Asinfo, row: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Without TLS they would protect nobody: both programs say so, and not that they do not know the word."""
    result = asadm("-h", "127.0.0.1:1", *row.split(), "-e", "asinfo -v build")
    assert (result.code, result.out) == (2, "")
    assert "needs --tls-enable" in result.err
    assert asinfo(["-h", "127.0.0.1:1", *row.split(), "-v", "build"]) == 2
    assert b"needs --tls-enable" in capsysbinary.readouterr().err


@pytest.mark.parametrize("flags", IGNORED)
@pytest.mark.parametrize("behind", [False, True], ids=["before the command", "behind it"])
def test_asadm_ignores_with_one_note(asadm: Asadm, flags: str, behind: bool) -> None:
    with FakeNode(NODE) as node:
        said = (
            ["show", "udfs", *flags.split()]
            if behind
            else [*flags.split(), "-e", "asinfo -v build; asinfo -v build"]
        )
        result = asadm("-h", node.address, *said)
        assert node.connections
    assert result.err.count(f"asadm: {IGNORED[flags]}") == 1
    if not behind:
        assert (result.code, result.out.count("8.1.2.0")) == (0, 2)


@pytest.mark.parametrize("flags", REFUSED)
def test_asadm_refuses_what_would_mislead(asadm: Asadm, flags: str) -> None:
    with FakeNode(NODE) as node:
        result = asadm(
            "-h", node.address, *flags.split(), *([] if "-f" in flags else ["-e", "asinfo -v build"])
        )
        assert (result.code, result.out, node.connections) == (2, "", 0)
    assert result.err.startswith(f"asadm: {REFUSED[flags]}")


@pytest.mark.parametrize("row", [*rows(UNDERSTOOD), "-l", "--line-separator", "--value build"])
def test_asinfo_understands(
    asadm: Asadm, asinfo: Asinfo, files: Path, row: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert files.is_dir()
    with node_for(row) as node:
        asinfo([*words(row, node), "-v", "build"])
        assert node.connections
    assert b"8.1.2.0" in capsysbinary.readouterr().out


def test_asinfo_refuses_a_protection_that_is_none(asinfo: Asinfo, capsys: pytest.CaptureFixture[str]) -> None:
    assert asinfo(["--tls-cert-blacklist", "f", "-v", "build"]) == 2
    assert capsys.readouterr().err.startswith("asinfo: --tls-cert-blacklist: nothing obeys it any more")


def test_alternate_addresses_are_discovered(asadm: Asadm) -> None:
    """By the flag and by the key; without it the standard ones, of which this node has no other."""
    with FakeNode(NODE) as node:
        for flags, count in ((["--discover"], 1), (["--discover", "-a"], 2)):
            found = asadm("-h", node.address, *flags, "--json", "-e", "asinfo -v build").nodes
            assert [name for name, _, _ in found] == [node.address, "127.0.0.3:2"][:count]
        Path("astools.conf").write_text(f'[cluster]\nhost = "{node.address}"\nservices-alternate = true\n')
        result = asadm("--only-config-file", "astools.conf", "--discover", "--json", "-e", "asinfo -v build")
        assert [name for name, _, _ in result.nodes] == [node.address, "127.0.0.3:2"]


VENDOR_FILE = """
# the sections and keys of the file that the vendor ships, with its comments taken off
[cluster]
host = "127.0.0.1:cluster_a:PORT"
user = ""
password = ""
tls-enable = false
tls-name = ""
tls-protocols = "-all,+TLSv1.2"
tls-cipher-suite = "ALL:!COMPLEMENTOFDEFAULT:!eNULL"
tls-crl-check = true
tls-crl-check-all = true
tls-keyfile = "/etc/aerospike/x509_certificates/MultiServer/key.pem"
tls-keyfile-password = ""
tls-cafile = "/etc/aerospike/x509_certificates/Platinum/cacert.pem"
tls-capath = "/etc/aerospike/x509_certificates/Platinum"
tls-certfile = "/etc/aerospike/x509_certificates/multi_chain.pem"
services-alternate = false
auth = "INTERNAL"
port = 3000
[cluster_secure]
host = "localhost:cluster_a:3000"
user = "admin"
password = "admin"
[cluster_tls]
host = "localhost:cluster_a:3000"
tls-enable = true
tls-protocols = "-all,+TLSv1.2"
tls-cert-blacklist = "/etc/aerospike/x509_certificates/blacklist.txt"
[aql]
threadpoolsize = 3
outputmode = "table"
udfuser = "/opt/aerospike/usr"
[aql_secure]
timeout = 5000
[asadm]
services-alternate = false
services-alumni = false
timeout = 5
line-separator = false
no-color = false
out-file = ""
profile = false
single-node = false
json = false
help = false
version = false
asinfo-mode = false
collectinfo = false
execute = false
enable = false
log-analyser = false
log-path = ""
pmap = false
debug = false
[asadm_secure]
services-alternate = true
timeout = 1000
[asbackup]
directory = "backup"
parallel = 4
[asrestore]
nice-list = "1,10000"
threads = 32
[include]
"""


def test_the_file_that_the_vendor_ships(
    asadm: Asadm, asinfo: Asinfo, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every key at its default: nothing is to be told."""
    with FakeNode(NODE) as node:
        (tmp_path / "astools.conf").write_text(VENDOR_FILE.replace("PORT", str(node.port)))
        result = asadm("--only-config-file", "astools.conf", "-e", "asinfo -v build")
        assert (result.code, result.err) == (0, "")
        assert "8.1.2.0" in result.out
        assert asinfo(["--only-config-file", "astools.conf", "-v", "build"]) == 0
        assert capsysbinary.readouterr() == (b"8.1.2.0\n", b"")


def test_the_instances_of_that_file(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "astools.conf").write_text(VENDOR_FILE.replace("PORT", "3000"))
    result = asadm("--only-config-file", "astools.conf", "--instance", "tls", "-e", "asinfo -v build")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "[cluster_tls] tls-cert-blacklist: nothing obeys it any more" in result.err


KEYS = {
    "services-alumni": ("true", "is ignored: "),
    "services-alternate": ("true", ""),
    "timeout": ("1", ""),
    "single-node": ("true", ""),
    "line-separator": ("true", "is ignored: "),
    "no-color": ("true", "is ignored: "),
    "out-file": ('"result.txt"', "is ignored: "),
    "profile": ("true", "is ignored: "),
    "debug": ("true", "is ignored: "),
    "pmap": ("true", "is ignored: "),
    "json": ("true", "is ignored: "),
    "help": ("true", "is ignored: "),
    "version": ("true", "is ignored: "),
    "execute": ("true", "is ignored: "),
    "enable": ("true", "is ignored: "),
    "asinfo-mode": ("true", ": the program asinfo does that"),
    "collectinfo": ("true", f": {OFFLINE}"),
    "log-analyser": ("true", f": {OFFLINE}"),
    "log-analyzer": ("true", f": {OFFLINE}"),
    "log-path": ('"there"', f": {OFFLINE}"),
}
"""Each key of [asadm] with a value that says something, and what is told of it."""


def test_no_key_is_forgotten() -> None:
    assert set(KEYS) == {row.name for row in FILE_KEYS} | {"timeout"}


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_asadm(asadm: Asadm, tmp_path: Path, key: str) -> None:
    value, told = KEYS[key]
    with FakeNode(NODE) as node:
        (tmp_path / "a.conf").write_text(f'[cluster]\nhost = "{node.address}"\n[asadm]\n{key} = {value}\n')
        result = asadm("--only-config-file", "a.conf", "-e", "asinfo -v build; asinfo -v build")
        refused = told.startswith(":")
        assert (result.code, bool(node.connections)) == ((2, False) if refused else (0, True))
    assert result.err.count(f"[asadm] {key}") == (1 if told else 0)
    assert told in result.err


@pytest.mark.parametrize("key", [key for key in KEYS if key not in {"timeout", "out-file", "log-path"}])
def test_a_wrong_type_is_a_fault_as_with_every_key(asadm: Asadm, tmp_path: Path, key: str) -> None:
    (tmp_path / "a.conf").write_text(f'[asadm]\n{key} = "yes"\n')
    result = asadm("--only-config-file", "a.conf", "-e", "asinfo -v build")
    assert (result.code, result.err) == (
        2,
        f"asadm: a.conf:2: [asadm] {key}: must be true or false, not 'yes'\n",
    )


@pytest.mark.parametrize("option", [row.name for row in CONNECTION if row.kind == "text"])
def test_an_empty_text_says_nothing_and_takes_back_what_was_said(
    asadm: Asadm, tmp_path: Path, option: str
) -> None:
    with FakeNode(NODE) as node:
        (tmp_path / "first.conf").write_text(
            f'[cluster]\nhost = "{node.address}"\npassword = "x"\n{option} = "/none"\n'
        )
        (tmp_path / "second.conf").write_text(f'[include]\nfile = "first.conf"\n[cluster]\n{option} = ""\n')
        (tmp_path / "third.conf").write_text(f'[cluster]\n{option} = ""\n')
        (tmp_path / ".aerospike").mkdir()
        (tmp_path / "first.conf").rename(tmp_path / ".aerospike" / "astools.conf")
        result = asadm("--config-file", "third.conf", "-e", "asinfo -v build")
    assert (result.code, result.err) == (0, "")
