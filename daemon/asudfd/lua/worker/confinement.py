"""Takes from the calling process what Lua never needs: files, sockets, other processes, memory without end.

Works on Linux, through prctl and system calls alone. Each measure stands by itself: what a kernel lacks is told, and the others
hold. Everything that is still to be read from files must be loaded before.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
"""Numbers of prctl(2) and of system calls, the same on all processors."""

ALL_FILE_ACCESS = (1 << 13) - 1
"""The kinds of access to files that the first version of Landlock knows: all are refused."""

_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_NUMBER_AT, _PROCESSOR_AT = 0, 4
"""Of seccomp(2): instructions of a filter, what it returns, and where the number of the call and the kind of processor stand."""


class _SystemCalls(NamedTuple):
    """The kind of processor as seccomp names it, and the numbers of the calls that a worker may make on it."""

    processor: int
    allowed: tuple[int, ...]


_NAMES = (
    "read write close mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap "
    "madvise getpid exit gettid futex restart_syscall clock_gettime exit_group getrandom membarrier rseq"
)
"""The system calls that a worker may make; their numbers below are in this order."""

_SYSTEM_CALLS = {
    "x86_64": _SystemCalls(
        0xC000003E,
        (0, 1, 3, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 39, 60, 186, 202, 219, 228, 231, 318, 324, 334),
    ),
    "aarch64": _SystemCalls(
        0xC00000B7,
        (
            63,
            64,
            57,
            222,
            226,
            215,
            214,
            134,
            135,
            139,
            124,
            216,
            233,
            172,
            93,
            178,
            98,
            128,
            113,
            94,
            278,
            283,
            293,
        ),
    ),
}


def end_with_parent(parent: int) -> None:
    """Be killed when the process ``parent``, which has forked this one, ends; at once if it has ended by now."""
    if _has_prctl():
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def confine(memory: int) -> list[str]:
    """Confine this process, which may take ``memory`` bytes more than it has; what could not be done, in a word each."""
    whole = _virtual_size() + memory  # /proc is out of reach later
    measures: dict[str, Callable[[], None]] = {
        "no_new_privs": lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1),
        "Landlock": _refuse_files,  # takes a descriptor
        "resource limits": lambda: _limit(whole),
        "seccomp": _filter_system_calls,
    }
    return [name for name, measure in measures.items() if not _done(measure)]


def _done(measure: Callable[[], None]) -> bool:
    try:
        measure()
    except (
        OSError,
        ValueError,
        AttributeError,
    ):  # an AttributeError where the C library has no such function
        return False
    return True


def _limit(address_space: int) -> None:
    # RLIMIT_NOFILE stops what opens, not the descriptors that are open
    for which, most in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


def _virtual_size() -> int:
    """Bytes of address space that this process has now."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def _refuse_files() -> None:
    """No file can be opened from now on, by Landlock."""
    attribute = struct.pack("Q", ALL_FILE_ACCESS)
    ruleset = _system_call(LANDLOCK_CREATE_RULESET, attribute, len(attribute), 0)
    try:
        _system_call(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _filter_system_calls() -> None:
    """A call that a worker does not need ends it, by seccomp."""
    calls = _SYSTEM_CALLS.get(platform.machine())
    if calls is None:
        raise ValueError("no list of system calls for this processor")
    program = _program(calls)
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_)


def _program(calls: _SystemCalls) -> bytes:
    """The filter: the processor must be that one, and the number of the call in the list."""
    count = len(calls.allowed)
    instructions = [
        (_LOAD_WORD, 0, 0, _PROCESSOR_AT),
        (_JUMP_IF_EQUAL, 0, count + 1, calls.processor),
        (_LOAD_WORD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, count - place, 0, number) for place, number in enumerate(calls.allowed)),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def _has_prctl() -> bool:
    return hasattr(_library(), "prctl")


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int | bytes) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    _call(_library().prctl, option, *padded)


def _system_call(number: int, *arguments: int | bytes) -> int:
    return _call(_library().syscall, number, *arguments)


def _call(function: Callable[..., int], *arguments: int | bytes) -> int:
    """A function of the C library; raises OSError where it answers -1."""
    given = [each if isinstance(each, bytes) else ctypes.c_ulong(each) for each in arguments]
    result = function(*given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
