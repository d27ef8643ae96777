"""What a worker asks the system for to be confined: noted, and not done to this process."""

from __future__ import annotations

import errno
import os
import platform
import resource
from typing import TYPE_CHECKING

import pytest

from asudfd.lua.worker import confinement

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = 1 << 40
ALL = ["a limit of memory", "no_new_privs", "Landlock", "resource limits", "seccomp"]


class System:
    """Notes what is asked for; refuses all if it is told to."""

    def __init__(self) -> None:
        self.limits: dict[int, tuple[int, int]] = {}
        self.calls: list[int | bytes] = []  # the first argument of each
        self.refuses = False

    def limit(self, which: int, limits: tuple[int, int]) -> None:
        self._refuse()
        self.limits[which] = limits

    def call(self, _function: Callable[..., int], *arguments: int | bytes) -> int:
        self._refuse()
        self.calls.append(arguments[0])
        return os.open(os.devnull, os.O_RDONLY) if arguments[0] == confinement.LANDLOCK_CREATE_RULESET else 0

    def _refuse(self) -> None:
        if self.refuses:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    made = System()
    monkeypatch.setattr(resource, "setrlimit", made.limit)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, resource.RLIM_INFINITY))
    monkeypatch.setattr(confinement, "_call", made.call)
    return made


def test_all_measures_are_taken_and_the_filter_of_calls_comes_last(system: System) -> None:
    assert not confinement.confine(MEMORY)
    assert system.limits.pop(resource.RLIMIT_AS)[1] > MEMORY  # what the process has comes on top
    assert system.limits == dict.fromkeys(
        (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE), (0, 0)
    )
    assert system.calls == [
        confinement.PR_SET_NO_NEW_PRIVS,
        confinement.LANDLOCK_CREATE_RULESET,
        confinement.LANDLOCK_RESTRICT_SELF,
        confinement.PR_SET_SECCOMP,
    ]


def test_a_limit_that_is_lower_already_stays(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5, 7))
    confinement.confine(MEMORY)
    assert system.limits[resource.RLIMIT_AS] == (7, 7)


def test_what_the_system_refuses_is_named(system: System) -> None:
    system.refuses = True
    assert confinement.confine(MEMORY) == ALL


def test_a_processor_whose_calls_are_not_known_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(ValueError, match="no list of system calls"):
        confinement._program_here.__wrapped__()


def test_a_worker_ends_with_the_process_that_forked_it(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    confinement.end_with_parent(os.getppid())
    assert system.calls == [confinement.PR_SET_PDEATHSIG]
    assert not codes
    confinement.end_with_parent(-1)  # it has ended before that was asked for
    assert codes == [0]


def test_a_call_that_fails_has_the_error_of_the_system() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        confinement._prctl(-1)
