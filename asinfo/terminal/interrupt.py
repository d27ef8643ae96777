"""Ctrl-C and SIGTERM in a program that has to tell what it did.

Python raises KeyboardInterrupt wherever it happens to be; between an answer and the note of it that would lose the
answer. So after `listen` a signal is noted at once, but KeyboardInterrupt is raised only where the program waits: for
nodes, a clock or a person, see `wait`. What was done by then is told, and the exit code is 128 and the signal.

A second signal ends the process on the spot, and so do `GRACE` seconds in which the first was of no use: a reader of
our output that does not read, for instance. Who has not called `listen`, a test for instance, has Python's own way; but
for steps that must not be cut off at any line: see `defer`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the built-in part of signal, which costs as much as a whole run

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

HEARD = (_signal.SIGINT, _signal.SIGTERM)

GRACE = 10.0
"""Seconds for the report after a signal: twice the time that a node has by default, for locks that are given back."""


class _State:
    """The signals that have come, and whether they may be raised now.

    ``number``     the first signal that came, 0 for none
    ``round``      counts how often all was forgotten
    ``deferring``  whether KeyboardInterrupt is raised in `wait` only
    ``waiting``    whether the program is in there
    ``pending``    a signal has come that was not raised yet
    ``wakeup``     can be read once a signal has come; None until it is needed
    """

    __slots__ = ("deferring", "number", "pending", "round", "waiting", "wakeup")

    def __init__(self) -> None:
        self.number = self.round = 0
        self.deferring = self.waiting = self.pending = False
        self.wakeup: int | None = None


_state = _State()
_before: dict[int, object] = {}


def listen() -> None:
    """From here on as described above; a signal that is ignored, as under nohup, stays so."""
    forget()
    _state.deferring = True
    for number in HEARD:
        before = _signal.getsignal(number)
        if before in {_signal.SIG_DFL, _signal.default_int_handler}:
            _before[number] = before
            _signal.signal(number, _handle)


def leave() -> None:
    """All is told: what was before `listen`, which in the script of a program is that a signal just ends it."""
    _state.deferring = False
    while _before:
        _signal.signal(*_before.popitem())


def defer() -> bool:
    """From here on KeyboardInterrupt is raised in `wait` only; whether it was so before, for `defer_no_more`."""
    before, _state.deferring = _state.deferring, True
    return before


def defer_no_more(before: bool) -> None:
    """Be as before `defer`; a signal that no `wait` has raised by then raises KeyboardInterrupt here, at the latest."""
    if not before:
        pending = _state.pending
        forget()
        _state.deferring = False
        if pending:
            raise KeyboardInterrupt


def wait(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """``call``, which waits for something. Raises KeyboardInterrupt for a signal that comes meanwhile or has come."""
    _state.waiting = True
    try:
        if _state.pending:
            hear(_state.number)
        return call(*arguments, **named)
    finally:
        _state.waiting = False


def check() -> None:
    """Raise KeyboardInterrupt for a signal that has come: to be called before something new is begun."""
    wait(bool)


def sleep(seconds: float) -> None:
    """As time.sleep; a signal ends it even if it came on the way into the system call."""
    wait(_watch, None, seconds)


def key(descriptor: int | None, seconds: float) -> bytes:
    """`sleep`, which a key on the terminal ``descriptor`` ends: that key, or nothing. Without a terminal it is `sleep`."""
    import os
    from select import select

    wait(_watch, descriptor, seconds)
    if descriptor is None or not select([descriptor], [], [], 0)[0]:
        return b""
    return os.read(descriptor, 1)


def read(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """`wait` for a call that reads standard input, which must be the first that does, or read whole lines of a terminal."""
    import io
    import sys

    try:
        descriptor = sys.stdin.fileno()
    except io.UnsupportedOperation:  # not a file: it does not block
        return wait(call, *arguments, **named)
    wait(_watch, descriptor, None)
    return wait(call, *arguments, **named)


def hear(number: int) -> None:
    """A signal has come: raise KeyboardInterrupt, here or in the next `wait`."""
    if not _state.deferring:
        raise KeyboardInterrupt
    _state.number = _state.number or number
    _state.pending = not _state.waiting
    if _state.waiting:
        _state.waiting = False
        raise KeyboardInterrupt


def drop() -> bool:
    """A signal that was not raised yet is not to be raised any more: what is done now must not be cut off. Whether there was one."""
    dropped, _state.pending = _state.pending, False
    return dropped


def keep(number: int) -> None:
    """A signal has come that could not be raised then: raise it in the next `wait`."""
    _state.number = _state.number or number
    _state.pending = True


def forget() -> None:
    """Be as if no signal had come; for a program that goes on after Ctrl-C."""
    _state.number = 0
    _state.round += 1
    _state.pending = False


def heard() -> int:
    """The first signal that came, 0 for none."""
    return _state.number


def code(of_the_run: int) -> int:
    """The exit code of a run that ends with ``of_the_run``: 130 stands for any signal."""
    return 128 + _state.number if of_the_run == 130 and _state.number else of_the_run


def _watch(descriptor: int | None, seconds: float | None) -> None:
    """Return when ``descriptor`` can be read, or after ``seconds``; a signal's handler may raise in here.

    A read or a sleep alone could miss a signal: one that comes after Python last looked for signals and before the
    system call begins does not interrupt that call. The descriptor of `_wakeup` keeps it.
    """
    from select import select
    from time import monotonic

    end = None if seconds is None else monotonic() + seconds
    watched = [_wakeup()] if descriptor is None else [_wakeup(), descriptor]
    while True:
        ready, _, _ = select(watched, [], [], None if end is None else max(0.0, end - monotonic()))
        if watched[0] in ready:
            _drain(watched[0])
        elif ready or end is not None:
            return


def _wakeup() -> int:
    """A descriptor that can be read once a signal has come; made when it is first needed."""
    if _state.wakeup is None:
        import os

        _state.wakeup, written = os.pipe()
        os.set_blocking(_state.wakeup, False)
        os.set_blocking(written, False)
        _signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    return _state.wakeup


def _drain(descriptor: int) -> None:
    """Forget the wake-ups so far. Python has noted the signals behind them before it wrote them."""
    import os
    from contextlib import suppress

    with suppress(BlockingIOError):
        os.read(descriptor, 4096)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _state.number:
        _signal.signal(number, _signal.SIG_DFL)
        _signal.raise_signal(number)
    import _thread

    _thread.start_new_thread(_end_after_grace, (number, _state.round))
    hear(number)


def _end_after_grace(number: int, of_round: int) -> None:
    """In a thread: nothing else runs while the program hangs in a system call."""
    import os
    from time import sleep

    sleep(GRACE)
    if of_round == _state.round:
        os._exit(128 + number)
