"""Ctrl-C, SIGTERM and the deadline all end a job the same way."""

import os
import signal

import pytest

from asadm.cron.stop import Stop
from asinfo.terminal import interrupt


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_job(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with Stop() as stop:
        os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        assert stop.signal == number
        assert stop.code == code
        assert stop.reason == "the run was stopped"
    assert signal.getsignal(number) is before


def test_the_deadline_ends_the_job() -> None:
    with Stop(0.01) as stop:
        with pytest.raises(KeyboardInterrupt):
            interrupt.sleep(30)
        assert stop.late
        assert stop.code == 1
        assert stop.reason == "the deadline of 0.01 s was over"


def test_nothing_happens_after_the_end() -> None:
    with Stop(60) as stop:
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        stop.disarm()
        stop.disarm()
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert stop.signal is None
    assert stop.reason == ""
