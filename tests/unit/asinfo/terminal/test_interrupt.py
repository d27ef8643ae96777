"""A signal is heard at once and raised where the program waits."""

import signal

import pytest

from asinfo.terminal import interrupt


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
