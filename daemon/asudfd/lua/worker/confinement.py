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
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


STATM = "/proc/self/statm"
"""How much memory this process has, in pages: the first number is its address space. Not every container has it."""


STATM_SIZE = 256
"""Bytes that suffice for its seven numbers."""


class CallNumbers(NamedTuple):
    """The number of a system call, by the kind of processor as `platform.machine` names it."""

    x86_64: int
    aarch64: int


_ALLOWED = {
    "read": CallNumbers(0, 63),
    "write": CallNumbers(1, 64),
    "close": CallNumbers(3, 57),
    "mmap": CallNumbers(9, 222),
    "mprotect": CallNumbers(10, 226),
    "munmap": CallNumbers(11, 215),
    "brk": CallNumbers(12, 214),
    "rt_sigaction": CallNumbers(13, 134),
    "rt_sigprocmask": CallNumbers(14, 135),
    "rt_sigreturn": CallNumbers(15, 139),
    "sched_yield": CallNumbers(24, 124),
    "mremap": CallNumbers(25, 216),
    "madvise": CallNumbers(28, 233),
    "getpid": CallNumbers(39, 172),
    "exit": CallNumbers(60, 93),
    "gettid": CallNumbers(186, 178),
    "futex": CallNumbers(202, 98),
    "restart_syscall": CallNumbers(219, 128),
    "clock_gettime": CallNumbers(228, 113),
    "exit_group": CallNumbers(231, 94),
    "getrandom": CallNumbers(318, 278),
    "membarrier": CallNumbers(324, 283),
    "rseq": CallNumbers(334, 293),
}
"""The system calls that a worker may make."""

_PROCESSORS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kinds of processor as seccomp names them."""


def end_with_parent(parent: int) -> None:
    """Be killed when the process ``parent``, which has forked this one, ends; at once if it has ended by now."""
    if _has_prctl():
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def prepare() -> None:
    """Make what `confine` needs, for all processes that are forked from this one."""
    for made in (_library, _program_here):
        _done(made)


def confine(memory: int) -> list[str]:
    """Confine this process, which may take ``memory`` bytes more than it has; what could not be done, in a word each."""
    measures: dict[str, Callable[[], None]] = {
        "a limit of memory": lambda: _limit(resource.RLIMIT_AS, _virtual_size() + memory),  # reads /proc
        "no_new_privs": lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1),
        "Landlock": _refuse_files,  # takes a descriptor
        "resource limits": _refuse_resources,
        "seccomp": _filter_system_calls,
    }
    return [name for name, measure in measures.items() if not _done(measure)]


def _done(measure: Callable[[], object]) -> bool:
    try:
        measure()
    except (OSError, ValueError, AttributeError):  # the last where the C library has no such function
        return False
    return True


def _refuse_resources() -> None:
    # RLIMIT_NOFILE stops what opens, not the descriptors that are open
    for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _limit(which, 0)


def _limit(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (allowed, allowed))


def _virtual_size() -> int:
    """Bytes of address space that this process has now."""
    statm = os.open(STATM, os.O_RDONLY)  # a file object with a codec makes 800 KiB of memory a worker's own
    try:
        pages = os.read(statm, STATM_SIZE).split()[0]
    finally:
        os.close(statm)
    return int(pages) * resource.getpagesize()


def _refuse_files() -> None:
    """No file can be opened from now on, by Landlock."""
    attribute = struct.pack("Q", ALL_FILE_ACCESS)
    ruleset = system_call(LANDLOCK_CREATE_RULESET, attribute, len(attribute), 0)
    try:
        system_call(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _filter_system_calls() -> None:
    """A call that a worker does not need ends it, by seccomp."""
    program = _program_here()
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(program))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_)


@cache
def _program_here() -> ctypes.Array[ctypes.c_char]:
    """The filter for this processor. Raises ValueError for one of which the numbers of system calls are not known."""
    machine = platform.machine()
    if machine not in _PROCESSORS:
        raise ValueError("no list of system calls for this processor")
    program = _program(_PROCESSORS[machine], [getattr(numbers, machine) for numbers in _ALLOWED.values()])
    return ctypes.create_string_buffer(program, len(program))


def _program(processor: int, allowed: Sequence[int]) -> bytes:
    """The filter: the processor must be that one, and the number of the call in the list."""
    count = len(allowed)
    instructions = [
        (_LOAD_WORD, 0, 0, _PROCESSOR_AT),
        (_JUMP_IF_EQUAL, 0, count + 1, processor),
        (_LOAD_WORD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, count - place, 0, number) for place, number in enumerate(allowed)),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def _has_prctl() -> bool:
    return hasattr(_library(), "prctl")


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int | bytes) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    _call(_library().prctl, option, *padded)


def system_call(number: int, *arguments: int | bytes) -> int:
    """Make a system call by its number. Raises OSError, and AttributeError where the C library has no such function."""
    return _call(_library().syscall, number, *arguments)


def _call(function: Callable[..., int], *arguments: int | bytes) -> int:
    """A function of the C library; raises OSError where it answers -1."""
    given = [each if isinstance(each, bytes) else ctypes.c_ulong(each) for each in arguments]
    result = function(*given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
