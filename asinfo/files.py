"""Files that a user names: read with an end, replaced in one step, and never anything but files.

``read_file``     the content of a regular file, of the null device, or of a pipe where the caller allows one
``replace_file``  put new content where a regular file is, or nothing yet
``check_file``    the same questions, for files that a library opens itself
``open_file``     a descriptor of a regular file, no link followed: for locks, journals and the like
``exposed``       what is wrong with a directory that should be ours alone

No call hangs on a pipe nobody writes to, fills the memory from a device, or turns a device into a file. All raise
FileError, whose text names the path and says what is wrong.
"""

# ruff: noqa: PTH108, PTH105, PTH116, PTH118, PTH120 - pathlib would double the start-up time of a run

from __future__ import annotations

import errno
import os
from _thread import get_ident
from stat import S_IFMT, S_IMODE, S_ISCHR, S_ISDIR, S_ISFIFO, S_ISLNK, S_ISREG, S_ISVTX, S_IWGRP, S_IWOTH

from asinfo.errors import Error
from asinfo.text import visible

PIPE_SECONDS = 30.0
"""How long a pipe on the command line may take: a program behind ``<(...)`` may ask a vault or another machine."""

SECRET_SIZE_MAX = 1 << 16
"""Most bytes of a file that holds a password: one with a long comment behind it, and no more."""

TLS_SIZE_MAX = 4 << 20
"""Most bytes of a file of keys or certificates; all authorities of a system are a quarter of a megabyte."""

CHUNK = 1 << 20
"""Most bytes of one read. A file of the system (/proc) does not tell its size, so nothing is allocated by it."""

_NULL_DEVICE = os.makedev(1, 3)
"""Linux's /dev/null, wherever its node is: people give it for "nothing"."""

_KINDS = {0o010000: "a FIFO", 0o020000: "a device", 0o040000: "a directory", 0o060000: "a device", 0o120000: "a symbolic link", 0o140000: "a socket"}  # fmt: skip
"""What is no file, by the type in its mode."""

_OTHERS = S_IWGRP | S_IWOTH


class FileError(Error):
    """A file cannot be read or written. ``reason`` is the text without the path, ``errno`` the system's or 0."""

    def __init__(self, path: str, reason: str, number: int = 0) -> None:
        super().__init__(f"{visible(path)}: {reason}")
        self.path = path
        self.reason = reason
        self.errno = number

    @property
    def missing(self) -> bool:
        """Whether there is no such file."""
        return self.errno == errno.ENOENT


def read_file(
    path: str | os.PathLike[str], size_max: int, *, pipe_seconds: float = 0.0, until: bytes = b""
) -> bytes:
    """The content of the file at ``path``, at most ``size_max`` bytes. Links are followed.

    A pipe is read to its end when ``pipe_seconds`` says how long that may take: for paths that stand on a command line,
    where ``<(...)`` and /dev/stdin are pipes. ``until`` is a byte behind which nothing more of it is awaited.
    Raises FileError.
    """
    path = os.fspath(path)
    try:
        # Looked at before it is opened as well: opening a device may do something.
        if _empty(path, os.stat(path), pipe=pipe_seconds > 0):
            return b""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            status = os.fstat(descriptor)
            if _empty(path, status, pipe=pipe_seconds > 0):
                return b""
            if S_ISFIFO(status.st_mode):
                return _drained(path, descriptor, size_max, pipe_seconds, until)
            return _whole(path, descriptor, size_max, status.st_size)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise file_error(path, error) from None


def read_first_line(path: str | os.PathLike[str], *, pipe_seconds: float = 0.0) -> bytes:
    """The first line of a file that holds a password, without its end. See `read_file`."""
    content = read_file(path, SECRET_SIZE_MAX, pipe_seconds=pipe_seconds, until=b"\n")
    return content.partition(b"\n")[0].partition(b"\r")[0]


def check_file(path: str | os.PathLike[str], size_max: int) -> None:
    """Raise FileError unless ``path`` is a file of at most ``size_max`` bytes: for files that a library opens."""
    path = os.fspath(path)
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise file_error(path, error) from None
    if not S_ISREG(status.st_mode):
        raise _special(path, status.st_mode)
    if status.st_size > size_max:
        raise _too_large(path, size_max)


def replace_file(
    path: str | os.PathLike[str],
    content: bytes,
    *,
    mode: int | None = None,
    sync: bool = True,
    follow: bool = True,
) -> None:
    """Put ``content`` at ``path``: a reader sees the former file or the new one, never a part and never neither.

    A link stays a link, and the file it names is replaced; but only a link of our own or of root, since somebody else's
    could name any file of ours. Without ``follow`` the link itself is replaced. What is there must be a regular file. ``mode`` are the permissions afterwards; without
    it the former file's are kept, and a new file has what the umask leaves. The owner is kept where we may do that.
    ``sync`` False where a power failure may cost the new content. Raises FileError; the former file is then untouched.
    """
    path = os.fspath(path)
    try:
        target = _followed(path) if follow else path
        former = _status(target)
        if former is not None and S_ISLNK(former.st_mode) and not follow:
            former = None
        if former is not None and not S_ISREG(former.st_mode):
            raise FileError(path, f"is {kind(former.st_mode)}, not a file: it is not replaced")
        _replace(target, content, former, mode, sync=sync)
    except (OSError, ValueError) as error:
        raise file_error(path, error) from None


def open_file(path: str | os.PathLike[str], flags: int, mode: int = 0o600) -> int:
    """A descriptor of the regular file at ``path``, which must be no link. Raises FileError.

    For files that a program keeps open or writes in place, in a directory where somebody else might put something of
    the same name.
    """
    path = os.fspath(path)
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags, mode)
    except (OSError, ValueError) as error:
        status = _status(path) if isinstance(error, OSError) and error.errno == errno.ENXIO else None
        raise _special(path, status.st_mode) if status else file_error(path, error) from None
    found = os.fstat(descriptor).st_mode
    if S_ISREG(found):
        return descriptor
    os.close(descriptor)
    raise _special(path, found)


def exposed(directory: str | os.PathLike[str], *, sticky: bool = False) -> str:
    """Why files of ours in ``directory`` would not be safe from other users, and what to do; empty when they are.

    ``sticky`` allows a directory like /tmp, where others may add files and not exchange ours: for parents of
    directories of ours. Raises FileError when it cannot be looked at.
    """
    directory = os.fspath(directory)
    try:
        status = os.stat(directory)
    except (OSError, ValueError) as error:
        raise file_error(directory, error) from None
    if status.st_uid not in {0, os.geteuid()}:
        return f"{directory} belongs to another user (id {status.st_uid}), who could exchange the files in it"
    if status.st_mode & _OTHERS and not (sticky and status.st_mode & S_ISVTX):
        mode = f"mode {S_IMODE(status.st_mode):04o}"
        return (
            f"others may write {directory} ({mode}), and so exchange the files in it: chmod go-w {directory}"
        )
    return ""


def special(path: str | os.PathLike[str]) -> str:
    """What there is at ``path``, as "a FIFO"; empty for a file, a directory, and nothing that can be looked at."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "" if S_ISREG(mode) or S_ISDIR(mode) else kind(mode)


def kind(mode: int) -> str:
    """What a file system's entry is, by its mode: ``a FIFO``, ``a device``."""
    return _KINDS.get(S_IFMT(mode), "a special file")


def file_error(path: str, error: OSError | ValueError) -> FileError:
    """``error`` of the system as ours."""
    if isinstance(error, OSError):
        met = error.errno == errno.ELOOP  # a link that was not to be followed
        reason = (
            "is a symbolic link, which is not followed: put the file itself there"
            if met
            else error.strerror or str(error)
        )
        return FileError(path, reason, error.errno or 0)
    if "\0" in path:
        return FileError(path, "a path cannot contain NUL")
    return FileError(path, "is no name of a file")


def _special(path: str, mode: int) -> FileError:
    if S_ISDIR(mode):
        return FileError(path, os.strerror(errno.EISDIR), errno.EISDIR)
    return FileError(path, f"is {kind(mode)}, not a file")


def _empty(path: str, status: os.stat_result, *, pipe: bool) -> bool:
    """Whether this is the null device. Raises FileError for what cannot be read as a file."""
    if S_ISCHR(status.st_mode) and status.st_rdev == _NULL_DEVICE:
        return True
    if not S_ISREG(status.st_mode) and not (pipe and S_ISFIFO(status.st_mode)):
        raise _special(path, status.st_mode)
    return False


def _whole(path: str, descriptor: int, size_max: int, size: int) -> bytes:
    """Everything from here on; ``size`` is what the system says about it, which may be wrong."""
    if size > size_max:
        raise _too_large(path, size_max)
    content = b""
    while chunk := os.read(descriptor, min(CHUNK, size_max + 1) if content or not size else size + 1):
        content += chunk
        if len(content) > size_max:
            raise _too_large(path, size_max)
    return content


def _drained(path: str, descriptor: int, size_max: int, seconds: float, until: bytes) -> bytes:
    """Everything that comes through a pipe until its writers close it."""
    import select
    from time import monotonic

    from asinfo.terminal.interrupt import wait

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    give_up = monotonic() + seconds
    parts: list[bytes] = []
    left = size_max
    while True:
        if not wait(poll.poll, max(0.0, give_up - monotonic()) * 1000):
            what = "did not end" if parts else "nothing came through this pipe"
            raise FileError(path, f"{what} within {seconds:g} s")
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            continue
        if not chunk:
            return b"".join(parts)
        parts.append(chunk)
        left -= len(chunk)
        if left < 0:
            raise _too_large(path, size_max)
        if until and until in chunk:
            return b"".join(parts)


def _too_large(path: str, size_max: int) -> FileError:
    return FileError(path, f"is larger than {size_max} bytes", errno.EFBIG)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _followed(path: str) -> str:
    """The path that ``path`` leads to. Raises FileError for a link that another user has made."""
    status = _status(path)
    if status is None or not S_ISLNK(status.st_mode):
        return path
    if status.st_uid not in {0, os.geteuid()}:
        raise FileError(path, f"is a symbolic link of another user (id {status.st_uid}): it is not followed")
    return os.path.realpath(path)


def _replace(
    path: str, content: bytes, former: os.stat_result | None, mode: int | None, *, sync: bool
) -> None:
    """Through a file beside it, whose name begins with a dot and has an ending that no program looks for."""
    temporary = os.path.join(os.path.dirname(path), f".asudf.{os.getpid()}.{get_ident():x}.new")
    try:
        descriptor = _created(temporary, 0o666 if mode is None and former is None else 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            _dress(descriptor, former, mode)
            stream.write(content)
            stream.flush()
            if sync:
                os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too must not leave the file behind
        _forget(temporary)
        raise


def _created(temporary: str, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(temporary, flags, mode)
    except FileExistsError:
        # Of a run that was killed: in a container every run has the same process id.
        os.unlink(temporary)
        return os.open(temporary, flags, mode)


def _dress(descriptor: int, former: os.stat_result | None, mode: int | None) -> None:
    """Give the new file the owner of the former one, and its permissions where none are asked for."""
    if former is not None:
        own = os.fstat(descriptor)
        if (former.st_uid, former.st_gid) != (own.st_uid, own.st_gid):
            _give(descriptor, former)
        mode = S_IMODE(former.st_mode) & 0o777 if mode is None else mode
    if mode is not None:
        os.fchmod(descriptor, mode)


def _give(descriptor: int, former: os.stat_result) -> None:
    """Let the file belong to whom the former one belonged to, if we may; else it is ours."""
    try:
        os.fchown(descriptor, former.st_uid, former.st_gid)
    except PermissionError:
        return  # only root may give files away


def _forget(temporary: str) -> None:
    """Remove a file if it is there; the fault that led here is the one to be told."""
    try:
        os.unlink(temporary)
    except OSError:
        return
