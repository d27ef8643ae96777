"""What a zygote answers when a worker is wanted: its loop, in a thread of this process."""

from __future__ import annotations

import errno
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from asudfd.lua.worker import time_slice, worker, zygote
from asudfd.lua.worker.descriptors import Forked, WorkerEnds
from asudfd.lua.worker.zygote import Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zygote]:
    """A zygote that has loaded nothing and changes no time slice."""
    monkeypatch.setattr(worker, "load", lambda _: None)
    monkeypatch.setattr(time_slice, "set_time_slice", lambda *_: None)
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own, other:
        serving = threading.Thread(target=zygote._serve, args=(other, "none", 0))
        serving.start()
        yield Zygote(0, own)
        own.shutdown(socket.SHUT_RDWR)
        serving.join()


def answer_of(asked: Zygote) -> Forked:
    """What it answers. Raises OSError."""
    null = os.open(os.devnull, os.O_RDWR)
    here, there = socket.socketpair()
    with here, there:
        zygote.request(asked, WorkerEnds(null, null, null, there.fileno()))
        there.close()
        os.close(null)
        return zygote.forked(here)


def test_a_worker_comes_with_a_descriptor_that_stands_for_it(
    asked: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote, "_fork", lambda *_: os.getpid())
    for _ in range(2):
        made = answer_of(asked)
        assert (made.pid, made.pidfd >= 0) == (os.getpid(), True)
        os.close(made.pidfd)


def test_a_system_without_such_descriptors(asked: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote, "_fork", lambda *_: os.getpid())
    monkeypatch.delattr(os, "pidfd_open")
    made = answer_of(asked)
    assert (made.pid, made.pidfd) == (os.getpid(), -1)


def test_a_system_that_has_no_process_to_spare(asked: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "no more")

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(BlockingIOError):
        answer_of(asked)
    assert zygote.start("none") is None


def test_a_request_whose_descriptors_found_no_room_is_passed_over(
    asked: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote, "_fork", lambda *_: os.getpid())
    asked.socket.send(zygote.ASK)
    os.close(answer_of(asked).pidfd)


def test_an_answer_that_never_comes() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here:
        there.close()
        with pytest.raises(OSError, match="the zygote is gone"):
            zygote.forked(here)


def test_a_system_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert zygote.start("none") is None
    with pytest.raises(OSError, match="no fork"):
        zygote.spawn("none")
