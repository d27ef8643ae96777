"""The job as it really runs: by Debian's cron, in an empty environment, and as units that systemd accepts."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from docs.demo_calls import increment
from tests.conftest import StartDaemon
from tests.fakes.node import FakeNode
from tests.fakes.valkey_fleet import ValkeyFleet
from tests.processes import ROOT, Daemon

ANSWERS = {"udf-clear-cache:": "ok", "build": "8.1.2.0", "udf-cache-stats:": ""}
CLEAR = b"udf-clear-cache:\nbuild\nudf-cache-stats:\n"

RECORDS = 20
"""Enough for some to lie on each of two nodes: keys are spread by their hash, always in the same way."""

CRON_SECONDS = 180.0
"""cron starts jobs when a minute begins; before that, the package is fetched and installed."""

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

NAMESPACE = r"""
set -eu
unset TMPDIR
mount -t tmpfs tmpfs "$private"
mkdir "$private/root"

# A copy-on-write view of folder $2 under the name $1: what happens there vanishes with the namespace.
view() {
    mkdir -p "$private/$1/upper" "$private/$1/work"
    mount -t overlay overlay -o "lowerdir=$2,upperdir=$private/$1/upper,workdir=$private/$1/work" "$private/root$2"
}
view system /
view checkout "$checkout"   # these three may lie on file systems of their own, which a view of / does not show
view python "$python"
view base_python "$base_python"
mount -t proc proc "$private/root/proc"
mount --rbind /dev "$private/root/dev"
mount -t tmpfs tmpfs "$private/root/run"
mount --bind "$shared" "$private/root$shared"
cp -L /etc/resolv.conf "$private/resolv.conf"
rm -f "$private/root/etc/resolv.conf"
cp "$private/resolv.conf" "$private/root/etc/resolv.conf"

# The job runs as nobody, who may have to pass through folders of root to reach the interpreter.
for folder in "$checkout" "$python" "$base_python" "$(dirname "$shared")"; do
    while [ "$folder" != / ]; do
        chmod o+x "$private/root$folder"
        folder=$(dirname "$folder")
    done
done
exec chroot "$private/root" sh -c "$inside"
"""

INSIDE = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d   # the installation must not start a cron of its own
chmod 755 /usr/sbin/policy-rc.d
if ! [ -x /usr/sbin/cron ]; then
    apt-get -q -y --no-install-recommends install cron || {   # the lists of packages may be old, or not there
        apt-get -q -o Acquire::Languages=none update
        apt-get -q -y --no-install-recommends install cron
    }
fi
rm -rf /etc/cron.d /etc/crontab /var/spool/cron/crontabs   # no job of this machine may run here
mkdir -p /etc/cron.d /var/spool/cron/crontabs /run/lock
chmod 1777 /run/lock
install -m 644 "$shared/asudf-test" /etc/cron.d/asudf-test
echo installed >"$shared/installed"
exec cron -f -L 15
"""


def needs() -> str:
    """What is missing for a cron of our own; empty when nothing is."""
    if os.geteuid() != 0:
        return "only root can install cron and make a mount namespace"
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        return "the test is about Debian's cron, and this is no Debian"
    unshare = shutil.which("unshare")
    probe = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if unshare is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        return "this system (a container?) makes no mount namespace, and a cron outside of one would touch the system"
    return ""


@pytest.fixture
def nodes() -> Iterator[list[FakeNode]]:
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNode(ANSWERS)) for _ in range(2)]


@pytest.fixture
def asadm(tmp_path: Path) -> Path:
    """A program that runs this checkout from any folder and in any environment, as an installed asadm does."""
    shared = tmp_path / "shared"
    shared.mkdir()
    program = shared / "asadm"
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.dont_write_bytecode = True"
    program.write_text(f"#!{sys.executable}\n{start}\nfrom asadm.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    return program


def run(asadm: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """As cron starts it: next to no environment, no terminal, another folder."""
    return subprocess.run(
        [str(asadm), *arguments],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def addresses(nodes: list[FakeNode]) -> str:
    return ",".join(node.address for node in nodes)


@pytest.fixture
def cluster(start_daemon: StartDaemon) -> Daemon:
    """Two real nodes, each with Lua contexts in its cache."""
    started = start_daemon("--nodes", "2")
    content = base64.b64encode((ROOT / "config/udf/counter.lua").read_bytes())
    put = b"udf-put:filename=counter.lua;content=%b;content-len=%d;udf-type=LUA;\n" % (content, len(content))
    assert started.ask(put).endswith(b"\tok\n")
    with started.connect() as connection, connection.makefile("rb") as stream:
        for number in range(RECORDS):
            increment(connection, stream, f"visitor{number}")
    assert all(number > 0 for number in contexts(started))
    return started


def contexts(started: Daemon) -> list[int]:
    """How many Lua contexts each node has cached."""
    answers = [started.ask(b"udf-cache-stats:\n", node) for node in range(len(started.addresses))]
    found = [re.findall(rb"module=counter:contexts=(\d+):", answer) for answer in answers]
    return [int(number) for (number,) in found]


def cleared(started: Daemon) -> list[str]:
    """The nodes that say in their log that they cleared their cache, in the order in which they did."""
    return re.findall(r"node (\w+): the cache of Lua contexts was cleared", started.log.read_text())


@pytest.mark.cron
def test_cron_runs_the_printed_line(cluster: Daemon, asadm: Path, tmp_path: Path) -> None:
    missing = needs()
    if missing:
        pytest.skip(missing)
    shared = asadm.parent
    shared.chmod(0o777)
    flags = [
        "--lock",
        "/run/lock/asudf.lock",
        "--metrics-file",
        str(shared / "asudf.prom"),
        "--user",
        "nobody",
    ]
    hosts = [f"{host}:{port}" for host, port in cluster.addresses]
    line = run(asadm, "-h", ",".join(hosts), "schedule", "print", "--cron", "--schedule", "* * * * *", *flags)
    assert line.returncode == 0, line.stderr
    (shared / "asudf-test").write_text(line.stdout)

    with cron(tmp_path, shared) as words:
        wait_for(shared / "asudf.prom", words)
    assert contexts(cluster) == [0, 0]
    assert sorted(cleared(cluster)[:2]) == ["A1", "A2"]
    metrics = (shared / "asudf.prom").read_text()
    for host in hosts:
        assert f'asudf_cache_clear_success{{cluster="",node="{host}"}} 1\n' in metrics
    assert (
        shared / "asudf.prom"
    ).stat().st_uid == 65534  # nobody: the job had no more rights than it was given


class cron:  # noqa: N801 - reads as the program that it is
    """Debian's cron in namespaces of its own, with the one job in ``shared``; ends with the block."""

    def __init__(self, folder: Path, shared: Path) -> None:
        private = folder / "private"
        private.mkdir()
        self.words = folder / "cron.log"
        variables = {
            "inside": INSIDE,
            "private": private,
            "shared": shared,
            "checkout": ROOT,
            "python": Path(sys.prefix),
            "base_python": Path(sys.base_prefix),
        }
        with self.words.open("wb") as words:
            # --kill-child: when unshare ends, so does the first process of the namespace, and with it all others.
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", NAMESPACE],
                env={
                    **os.environ,
                    "PATH": SYSTEM_PATH,
                    **{name: str(value) for name, value in variables.items()},
                },
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def failed(self) -> bool:
        return self._process.poll() is not None


def wait_for(file: Path, process: cron) -> None:
    """Until ``file`` is there; fails with what cron said. Skips where the package cannot be had (no network)."""
    deadline = time.monotonic() + CRON_SECONDS
    while not file.exists():
        words = process.words.read_text(errors="replace")
        if process.failed() and "installed" not in {each.name for each in file.parent.iterdir()}:
            pytest.skip(f"cron could not be installed: {words[-300:]}")
        assert not process.failed(), words
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


def test_an_empty_environment_is_enough(nodes: list[FakeNode], asadm: Path) -> None:
    done = run(asadm, "-h", addresses(nodes), "cache", "clear", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [node.requests for node in nodes] == [[CLEAR], [CLEAR]]


def test_real_nodes_are_cleared_and_keep_their_cache_on(cluster: Daemon, asadm: Path) -> None:
    """Nodes of this project know `udf-cache-stats:`, so nobody is warned that their cache stays off."""
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.addresses)
    done = run(asadm, "-h", hosts, "--json", "cache", "clear")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert [node["answer"] for node in document["nodes"]] == ["ok", "ok"]
    assert document["cache_left_off"] == []
    assert contexts(cluster) == [0, 0]
    assert sorted(cleared(cluster)) == ["A1", "A2"]


def test_a_home_that_cannot_be_written_is_enough(nodes: list[FakeNode], asadm: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "asadm.yaml"
    listed = "".join(f"      - {node.address}\n" for node in nodes)
    inventory.write_text(f"clusters:\n  prod:\n    nodes:\n{listed}")
    # Not even root can write in /proc.
    done = run(
        asadm,
        "--inventory",
        str(inventory),
        "cache",
        "clear",
        "--quiet",
        HOME="/proc",
        XDG_CACHE_HOME="/proc/x",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_dead_node_is_one_line_and_exit_code_1(nodes: list[FakeNode], asadm: Path) -> None:
    done = run(asadm, "-h", f"{addresses(nodes)},127.0.0.1:1", "cache", "clear", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"asadm: 127\.0\.0\.1:1: .*refused.*\n", done.stderr)


def test_nonsense_is_exit_code_2_and_sends_nothing(nodes: list[FakeNode], asadm: Path) -> None:
    done = run(asadm, "-h", addresses(nodes), "cache", "clear", "--splay", "10", "--deadline", "5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("asadm: cache clear: --splay: ")
    assert [node.requests for node in nodes] == [[], []]


def test_httpx_is_imported_for_pings_only(nodes: list[FakeNode], asadm: Path, tmp_path: Path) -> None:
    flags = ["--lock", str(tmp_path / "lock"), "--metrics-file", str(tmp_path / "m.prom"), "--retries", "1"]
    done = run(asadm, "-h", addresses(nodes), "cache", "clear", "--quiet", *flags, PYTHONVERBOSE="1")
    assert done.returncode == 0
    assert "import 'asadm.cron.metrics'" in done.stderr
    assert "import 'httpx" not in done.stderr
    assert "import 'rich" not in done.stderr


def test_the_printed_check_of_functions_is_silent_until_something_is_wrong(
    asadm: Path, tmp_path: Path
) -> None:
    text = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "a.lua").write_bytes(text)
    metrics = tmp_path / "f.prom"
    with ValkeyFleet(2, replicas=2) as fleet:
        fleet.load(text)
        said = f"clusters: {{f: {{type: valkey, mode: cluster, nodes: ['{fleet[0].name}']}}}}\n"
        (tmp_path / "asadm.yaml").write_text(said)
        words = ("function", "check", str(tmp_path / "functions"), "--metrics-file", str(metrics))
        printed = run(
            asadm, "--inventory", str(tmp_path / "asadm.yaml"), "schedule", "print", "--cron", *words
        )
        assert (printed.returncode, printed.stderr) == (0, "")
        _, _, _, _, _, user, job = printed.stdout.splitlines()[-1].split(" ", 6)
        assert user == "nobody"
        good = run(asadm, *shlex.split(job)[1:])
        assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
        assert 'asudf_function_check_status{cluster="f"} 0\n' in metrics.read_text()
        fleet[1].restart()
        bad = run(asadm, *shlex.split(job)[1:])
        assert bad.returncode == 3
        assert fleet[1].name in bad.stdout
        assert 'asudf_function_check_status{cluster="f"} 2\n' in metrics.read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(nodes: list[FakeNode], asadm: Path, tmp_path: Path) -> None:
    flags = [
        "--splay",
        "30",
        "--deadline",
        "60",
        "--lock",
        "/run/lock/a b.lock",
        "--metrics-file",
        "/var/lib/x.prom",
    ]
    for unit in ("timer", "service"):
        printed = run(asadm, "-h", addresses(nodes), "schedule", "print", "--systemd", "--unit", unit, *flags)
        assert printed.returncode == 0, printed.stderr
        (tmp_path / f"asudf-cache-clear.{unit}").write_text(printed.stdout)
    verified = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.glob("asudf-cache-clear.*"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
