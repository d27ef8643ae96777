"""Signals to a process: heard at once, and the second ends it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60
"""How long a process may take that would hang otherwise; generous, because the machine may be busy."""


def run(code: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", f"from asinfo.terminal import interrupt; import os, signal, time\n{code}"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_the_process(second: signal.Signals) -> None:
    ended = run(
        f"interrupt.listen(); os.kill(os.getpid(), 2); os.kill(os.getpid(), {second:d}); print('lives')"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-second, b"", b"")


def test_a_report_that_nobody_reads_does_not_hold_the_process() -> None:
    """One SIGTERM is all that `timeout` and systemd send."""
    code = """
interrupt.GRACE = 0.1
interrupt.listen()
ours, theirs = os.pipe()
os.kill(os.getpid(), signal.SIGTERM)
while True:
    os.write(theirs, bytes(65536))
"""
    ended = run(code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, b"", b"")


def test_who_goes_on_after_the_signal_is_not_ended() -> None:
    code = """
interrupt.GRACE = 0.1
interrupt.listen()
os.kill(os.getpid(), signal.SIGINT)
interrupt.forget()
time.sleep(0.5)
print("lives")
"""
    assert run(code).stdout == b"lives\n"


@pytest.mark.parametrize("waits", ["interrupt.sleep(1000)", "interrupt.read(sys.stdin.readline)"])
def test_a_signal_that_does_not_interrupt_the_system_call_is_heard(waits: str) -> None:
    """As one that comes just before the call: here it is another thread of the process that gets it."""
    code = f"""
import select, sys, threading
interrupt.listen()
os.dup2(os.pipe()[0], 0)
select_of_the_system = select.select
def selected(*arguments):
    threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
    return select_of_the_system(*arguments)
select.select = selected
try:
    {waits}
except KeyboardInterrupt:
    print("heard", interrupt.heard())
"""
    ended = run(code)
    assert (ended.stdout, ended.stderr) == (b"heard 15\n", b"")


def test_a_signal_that_is_ignored_stays_so() -> None:
    code = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
interrupt.listen()
os.kill(os.getpid(), signal.SIGINT)
interrupt.check()
print("lives")
"""
    assert run(code).stdout == b"lives\n"


def test_after_the_end_a_signal_just_ends_the_process() -> None:
    ended = run(
        "signal.signal(2, signal.SIG_DFL); interrupt.listen(); interrupt.leave(); os.kill(os.getpid(), 2)"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def test_the_scripts_begin_with_the_modules_that_see_to_it() -> None:
    import tomllib

    root = Path(__file__).parents[3]
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {
        "asinfo": "asinfo.start:main",
        "asadm": "asadm.start:main",
        "asudfd": "asudfd.start:main",
    }
    for package in ("asinfo", "asadm", "asudfd"):
        code = f"import sys; before = set(sys.modules); import {package}; print(*(set(sys.modules) - before))"
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == [package], (
            "what comes before the first line of its start must not grow"
        )
