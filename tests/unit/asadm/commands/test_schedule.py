"""`schedule print`: from flags to files."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from asadm import display
from asadm.commands import schedule
from asadm.flags import OPTIONS
from asadm.outcome import CommandOutcome
from asadm.session import CommandSession
from asadm.statement import ParsedCommand, parse
from asinfo.errors import UsageError
from asinfo.terminal.options import recognise

ROOT = Path(__file__).parents[4]
NODES = "--inventory /etc/asudf/asadm.yaml"
EXAMPLE = "--program /usr/local/bin/asadm --every 1h --splay 60 --deadline 300 --retries 3"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def outcome(line: str, own: str = NODES) -> tuple[ParsedCommand, CommandOutcome]:
    """What ``asadm OWN schedule print LINE`` prints."""
    (call,) = parse(f"schedule print {line}")
    flags = recognise(shlex.split(own), OPTIONS)
    assert flags is not None
    session = CommandSession(
        lambda _: pytest.fail("no node may be asked"), write=lambda _: None, warn=lambda _: None, flags=flags
    )
    schedule.check(call.arguments)
    return call, schedule.run(session, call.arguments)


def printed(line: str, own: str = NODES) -> str:
    found = outcome(f"--program /usr/local/bin/asadm {line}", own)[1]
    assert found.code == 0
    assert isinstance(found.show, bytes)
    return found.show.decode()


def command(line: str, own: str = NODES) -> str:
    """The printed command of the crontab line."""
    return printed(f"--cron {line}", own).splitlines()[-1].split(" ", 6)[-1]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cron.d/asudf", f"--cron --name asudf {EXAMPLE} --lock /run/lock/asudf.lock"),
        ("systemd/asudf-cache-clear.timer", f"--systemd --unit timer {EXAMPLE}"),
        ("systemd/asudf-cache-clear.service", f"--systemd --unit service {EXAMPLE}"),
    ],
)
def test_the_examples_are_what_the_command_prints(file: str, line: str) -> None:
    assert (ROOT / "config" / file).read_text() == printed(line)


def test_flags_of_the_job_are_carried_over() -> None:
    given = (
        "--lock /l --lock-wait 5 --splay 1.5 --deadline 60 --retries 2 --pause 0.25 --metrics-file /m.prom"
    )
    assert command(f"{given} with n1 zone=a") == (
        f"/usr/local/bin/asadm {NODES} cache clear --quiet {given} with n1 zone=a"
    )


def test_flags_that_name_nodes_are_carried_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("", "--json --inventory my.yaml --cluster prod --timeout 2.5") == (
        f"/usr/local/bin/asadm --timeout 2.5 --inventory {tmp_path}/my.yaml --cluster prod cache clear --quiet"
    )
    assert command("", "-h a:4000,[::1]:3000").startswith(
        "/usr/local/bin/asadm --host 'a:4000,[::1]:3000' cache"
    )


def test_an_inventory_that_the_job_would_not_find_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asadm.yaml").touch()
    assert f"--inventory {tmp_path}/asadm.yaml cache" in command("", "")
    monkeypatch.setenv("ASADM_INVENTORY", "other.yaml")
    monkeypatch.setenv("ASADM_CLUSTER", "prod")
    assert f"--inventory {tmp_path}/other.yaml --cluster prod cache" in command("", "")


def test_the_users_own_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job runs as somebody else, whose home has no such file."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / ".aerospike/astools.conf"
    own.parent.mkdir()
    own.write_text('[cluster]\nhost = "10.0.0.1"\n[cluster_b]\nhost = "10.0.0.2"\n')
    (tmp_path / "other.conf").write_text("[cluster]\n")
    assert f"asadm --config-file {own} cache" in command("", "")
    assert f"asadm --config-file {own} --instance b cache" in command("", "--instance b")
    assert f"asadm --only-config-file {tmp_path}/other.conf cache" in command(
        "", "--only-config-file other.conf"
    )
    assert "asadm --no-config-file cache" in command("", "--no-config-file")
    with pytest.raises(UsageError, match="the job would not read"):
        command("", "--config-file other.conf")
    own.unlink()
    assert f"--config-file {tmp_path}/other.conf cache" in command("", "--config-file other.conf")


def test_a_login_without_its_password_is_refused(tmp_path: Path) -> None:
    for own in ("-U bob -h a", f"-U bob {NODES}"):
        with pytest.raises(UsageError, match="--user: a job cannot be asked for the password"):
            command("", own)
    file = tmp_path / "astools.conf"
    file.write_text('[cluster]\nuser = "bob"\npassword = "file:/etc/asudf/password"\n')
    assert f"asadm --only-config-file {file} cache" in command("", f"--only-config-file {file}")


def test_names_of_files_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"--lock {tmp_path}/x.lock" in command("--lock x.lock")
    assert f"ReadWritePaths={tmp_path}\n" in printed("--systemd --lock x.lock")


def test_a_password_is_carried_as_the_name_of_a_file_only() -> None:
    text = command("", "-h a -U admin --password=file:/etc/asudf/password --tls-cafile ca.pem")
    assert "--user admin --password file:/etc/asudf/password --tls-cafile /" in text
    for own in ("-h a -U admin -Psecret", "-h a -U admin --password", "-h a --password=env:SECRET"):
        with pytest.raises(UsageError, match="--password") as caught:
            command("", own)
        assert "secret" not in str(caught.value).replace("no secret", "")


def test_systemd_waits_at_random_itself() -> None:
    text = printed("--systemd --splay 30")
    assert "RandomizedDelaySec=30s" in text
    assert "--splay" not in text


def test_both_units_are_printed() -> None:
    text = printed("--systemd --every 15m --user asudf --name nightly")
    assert "/etc/systemd/system/nightly.timer" in text
    assert "/etc/systemd/system/nightly.service" in text
    assert "OnCalendar=*-*-* *:00/15:00" in text
    assert "User=asudf" in text


def test_the_address_of_pings_is_carried_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed("--cron --ping-url https://hc.example/uuid")
    assert 'ASADM_PING_URL="https://hc.example/uuid"' in text
    assert "--ping-url" not in text
    monkeypatch.setenv("ASADM_PING_URL", "https://hc.example/of-this-shell")
    assert "hc.example" not in printed("--cron")


def test_json_holds_the_files() -> None:
    document = json.loads(display.document(*outcome("--systemd --program /usr/local/bin/asadm")))
    assert sorted(document["files"]) == [
        "/etc/systemd/system/asudf-cache-clear.service",
        "/etc/systemd/system/asudf-cache-clear.timer",
    ]


def test_the_program_that_runs_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "asadm"
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert outcome("--cron")[1].show.count(f"{program} --inventory".encode()) == 1
    monkeypatch.setattr(sys, "argv", ["/x/asadm/cli.py"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert outcome("--cron")[1].show.count(f"{program} --inventory".encode()) == 1
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match="--program"):
        outcome("--cron")


@pytest.mark.parametrize(
    "line",
    ["", "--cron --systemd", "--cron --every 7m", "--cron --every 1h --schedule @daily", "--cron --schedule 'x'",
     "--cron --schedule ''", "--cron --every ''", "--cron --user 'a b'", "--cron --user ''", "--cron --name a.b",
     "--cron --name ''", "--cron --program asadm", "--cron --program ''", "--cron --unit timer", "--systemd --unit socket",
     "--cron --splay 9 --deadline 5", "--cron --lock-wait 5", "--cron --ping-url x", "--cron --ping-url ''", "--cron --dry-run",
     "--cron --lock ''", "--cron --lock 'a\\b'", "--cron more", "--cron udf plan", "--cron function", "--cron cache clear x",
     "--cron function check a b", "--cron function check --lock /l", "--cron fn check --splay 5", "--cron --verify",
     "--cron check all --metrics-file /m", "--cron udf check --ping-url https://hc.example/x", "--cron function check --metrics-file ''"],
)  # fmt: skip
def test_nonsense_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        outcome(line)


TYPED = """
clusters:
  real: {type: aerospike, nodes: [10.0.0.1]}
  ours: {type: asudf, nodes: [10.0.0.2]}
  open: {nodes: [10.0.0.3]}
"""


@pytest.mark.parametrize(
    ("cluster", "flags", "rewarm"),
    [("real", "", 1), ("real", "--rewarm", 1), ("ours", "", 0), ("open", "", 0), ("open", "--rewarm", 1), ("none", "", 0)],
)  # fmt: skip
def test_real_servers_get_their_caches_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: str, flags: str, rewarm: int
) -> None:
    """The inventory says what the nodes are: no node is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "inv.yaml").write_text(TYPED)
    own = f"--inventory inv.yaml --cluster {cluster}"
    assert command(flags, own).split().count("--rewarm") == rewarm
    unit = printed(f"--systemd --unit service {flags}", own)
    assert unit.count("--rewarm") == rewarm
    assert unit.count("StateDirectory=asudf\nEnvironment=XDG_STATE_HOME=%S\n") == rewarm


def test_a_check_of_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = f"/usr/local/bin/asadm {NODES} function check {tmp_path}/functions --quiet --metrics-file /m.prom --prune"
    assert command("fn check functions --prune --metrics-file /m.prom") == expected
    assert command("function check --verify with n1") == (
        f"/usr/local/bin/asadm {NODES} function check --quiet --verify with n1"
    )
    text = printed("--cron function check")
    assert text.startswith("# Check the function libraries of all configured servers. Made by")
    assert "/etc/cron.d/asudf-function-check," in text
    units = printed("--systemd function check functions --metrics-file /var/m/f.prom")
    assert "Description=Check the function libraries of all configured servers\n" in units
    assert "/etc/systemd/system/asudf-function-check.timer" in units
    assert "ReadWritePaths=/var/m\n" in units
    assert "StateDirectory" not in units, "a check remembers nothing"


def test_other_checks() -> None:
    assert command("udf check /srv/udf") == f"/usr/local/bin/asadm {NODES} udf check /srv/udf --quiet"
    assert command("check all") == f"/usr/local/bin/asadm {NODES} check all --quiet"
    assert command("check all --config") == f"/usr/local/bin/asadm {NODES} check all --quiet --config"
    assert command("check config --baseline /b.yaml --ignore 'a*' --ignore b --metrics-file /m") == (
        f"/usr/local/bin/asadm {NODES} check config --quiet --metrics-file /m --baseline /b.yaml --ignore 'a*' --ignore b"
    )
    assert command("cache clear") == command("")
    with pytest.raises(UsageError, match="'check all' is about all clusters"):
        printed("--cron check all", f"{NODES} --cluster prod")


def test_a_password_that_a_job_would_not_have_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "inv.yaml").write_text(
        "default: one\nclusters:\n  one: {type: valkey, nodes: [h], defaults: {password: env:ONE}}\n"
        "  two: {nodes: [h], defaults: {user: u, password: file:two}}\n  three: {nodes: [{host: h, user: u, password: env:THREE}]}\n"
    )
    told = outcome("--program /a --cron function check", "--inventory inv.yaml")[1].messages
    assert [message.partition(",")[0] for message in told] == [
        "the inventory takes a password from the environment variable ONE"
    ]
    assert outcome("--program /a --cron", "--inventory inv.yaml --cluster two")[1].messages == []
    assert len(outcome("--program /a --cron check all", "--inventory inv.yaml")[1].messages) == 2
