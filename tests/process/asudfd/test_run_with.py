"""`asudfd run-with`: a command beside a node of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("asudfd")
ASINFO = Path(sys.executable).with_name("asinfo")

SHOW = 'echo "$AEROSPIKE_HOST $AEROSPIKE_PORT"'


def run(*words: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, "run-with", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )


def ask(*words: str) -> str:
    questions = " ".join(f"-v '{word}'" for word in words)
    return f'{ASINFO} -h "$AEROSPIKE_HOST" -p "$AEROSPIKE_PORT" {questions}'


def test_the_command_finds_the_node_and_gives_its_exit_code() -> None:
    ran = run("--", "sh", "-c", f"{SHOW}; {ask('namespaces')}; exit 7")
    place, namespaces = ran.stdout.splitlines()
    assert (ran.returncode, namespaces, ran.stderr) == (7, "test;bar", "")
    host, port = place.split()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_options_say_how_the_node_is() -> None:
    ran = run(
        "--namespace", "a", "--namespace", "b", "--cluster-name", "demo", "--set", "namespace.b.default-ttl=9", "--nodes", "2",
        "--env", "URL=x://{host}:{port}/{other}", "--env", "ALL={addresses}", "--resp",
        "sh", "-c", f'{ask("namespaces", "cluster-name")}; echo "$URL $ALL $VALKEY_HOST"; {SHOW}',
    )  # fmt: skip
    namespaces, cluster, own, place = ran.stdout.splitlines()
    assert (namespaces, cluster) == ("a;b", "demo")
    host, port = place.split()
    url, every, valkey = own.split()
    assert (url, valkey) == (f"x://{host}:{port}/{{other}}", "127.0.0.1")
    assert every.startswith(f"{host}:{port},{host}:")


def test_the_environment_says_how_the_node_is() -> None:
    ran = run("--", "sh", "-c", ask("namespaces"), env={"NAMESPACE": "users"})
    assert ran.stdout == "users\n"


def test_a_configuration_file_and_a_log(tmp_path: Path) -> None:
    path, log = tmp_path / "a.conf", tmp_path / "node.log"
    path.write_text("network {\n service {\n  address any\n  port 3000\n }\n}\nnamespace file {\n}\n")
    ran = run("--config-file", path, "--log", log, "--", "sh", "-c", f"{ask('namespaces')}; {SHOW}")
    namespaces, place = ran.stdout.splitlines()
    assert namespaces == "file"
    assert place.split()[0] == "127.0.0.1"
    assert "INFO" in log.read_text()


def test_a_command_that_cannot_be_run(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    assert run("--", tmp_path / "no").returncode == 127
    ran = run("--", plain)
    assert (ran.returncode, ran.stderr) == (126, f"asudfd: {plain}: permission denied\n")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--nodes", "0", "--", "true"],
        ["--env", "x", "--", "true"],
        ["--nonsense"],
        ["--address", "1.2.3", "--", "x"],
    ],
)
def test_usage(words: list[str]) -> None:
    ran = run(*words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("; see 'asudfd run-with --help'\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    program = (
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(9))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [SCRIPT, "run-with", "--", sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait() == 9


def test_a_command_that_a_signal_ends() -> None:
    assert run("--", "sh", "-c", "kill -9 $$").returncode == 128 + 9


def test_the_command_has_its_signals_unblocked() -> None:
    ran = run(
        "--",
        sys.executable,
        "-c",
        "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))",
    )
    assert ran.stdout == "[]\n"
