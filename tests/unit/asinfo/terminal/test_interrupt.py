"""A signal is heard at once and raised where the program waits."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asinfo.terminal import interrupt

SECONDS = 60
"""How long a process may take that would hang otherwise; generous, because the machine may be busy."""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    state = interrupt._State()
    state.deferring = True
    monkeypatch.setattr(interrupt, "_state", state)


def test_between_two_waits_it_is_kept_for_the_next() -> None:
    interrupt.hear(signal.SIGTERM)
    assert interrupt.heard() == signal.SIGTERM
    called: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt.wait(called.append, 1)
    assert interrupt.wait(len, called) == 0


def test_in_a_wait_it_is_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt.wait(interrupt.hear, signal.SIGINT)
    interrupt.check()
    assert (interrupt.code(130), interrupt.code(1), interrupt.code(0)) == (130, 1, 0)


def test_the_first_signal_decides_the_exit_code() -> None:
    interrupt.hear(signal.SIGTERM)
    interrupt.hear(signal.SIGINT)
    assert (interrupt.code(130), interrupt.code(1)) == (143, 1)


def test_what_must_not_be_cut_off_drops_it() -> None:
    interrupt.hear(signal.SIGINT)
    interrupt.drop()
    interrupt.check()
    assert interrupt.heard() == signal.SIGINT
    interrupt.forget()
    assert interrupt.heard() == 0


def test_without_listen_it_is_pythons_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupt, "_state", interrupt._State())
    with pytest.raises(KeyboardInterrupt):
        interrupt.hear(signal.SIGINT)


def run(code: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", f"from asinfo.terminal import interrupt; import os, signal, time\n{code}"],
        cwd=Path(__file__).parents[4],
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

    root = Path(__file__).parents[4]
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
