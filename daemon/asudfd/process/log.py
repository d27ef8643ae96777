"""The log: one line for each event, to files and the console, in the real server's form.

    Nov 20 2026 18:27:06 GMT: INFO (udf): (store.py:41) text

or, in a sink that asks for it, in Valkey's, which has neither context nor place, and local time:

    4711:M 20 Nov 2026 18:27:06.123 * text

On a terminal warnings stand out in colours.

A line stays a line: whatever is not printable is escaped. Writing never waits and never fails: lines that a full disk
or a stuck reader refuses are counted, and the count is logged as soon as writing works again.
"""

import os
import select
import sys
import time
from collections.abc import Sequence

from asinfo.text import visible
from asudfd.config.schema.sinks import CONTEXTS, Level, LogForm, Sink
from asudfd.errors import StartError

LINE_SIZE_MAX = 4096
"""Longest line in bytes, newline included. PIPE_BUF of Linux: a pipe that polls writable takes so much at once."""

REPEAT_SECONDS = 10.0
"""An identical warning is written once in so many seconds, then counted."""

REPEATS_MAX = 256
"""Most different warnings that are remembered."""

CONSOLE = "stderr"
"""Name of the console sink in the answer of `logs`."""

_STDERR = 2

_COLOURS = {
    Level.CRITICAL: b"\x1b[1;31m",
    Level.WARNING: b"\x1b[33m",
    Level.DEBUG: b"\x1b[2m",
    Level.DETAIL: b"\x1b[2m",
}
"""How lines of a level look on a terminal: red, yellow, as always, faint."""

_PLAIN = b"\x1b[0m"

_VALKEY_LEVELS = "##*-."
"""Valkey's signs for the levels: warning, notice, verbose, debug."""


class Log:
    """All sinks. Threads may log: a line is one write."""

    __slots__ = ("_local_time", "_loudest", "_millis", "_repeats", "_second", "_stamp", "sinks")

    def __init__(self, sinks: Sequence[Sink], *, local_time: bool = False, millis: bool = False) -> None:
        """Open ``sinks``. Raises StartError when a file cannot be opened."""
        self._local_time = local_time
        self._millis = millis
        self._second = -1
        self._stamp = ""
        self._repeats = _RepeatedWarnings()
        self.sinks = [_OpenSink(sink) for sink in sinks]
        self._loudest = self._find_loudest()

    def critical(self, context: str, text: str, position: str = "") -> None:
        """Log what ends the daemon or loses data."""
        self.write(Level.CRITICAL, context, text, position or _caller())

    def warning(self, context: str, text: str, position: str = "", *, always: bool = False) -> None:
        """Log what an operator should look at; ``always`` if it is news however soon it comes again."""
        self.write(Level.WARNING, context, text, position or _caller(), always=always)

    def info(self, context: str, text: str, position: str = "") -> None:
        """Log what happened."""
        self.write(Level.INFO, context, text, position or _caller())

    def debug(self, context: str, text: str, position: str = "") -> None:
        """Log what helps to understand."""
        if self.takes(Level.DEBUG, context):
            self.write(Level.DEBUG, context, text, position or _caller())

    def detail(self, context: str, text: str, position: str = "") -> None:
        """Log every step."""
        if self.takes(Level.DETAIL, context):
            self.write(Level.DETAIL, context, text, position or _caller())

    def takes(self, level: Level, context: str) -> bool:
        """Whether any sink wants such a line."""
        return level <= self._loudest[context]

    def write(self, level: Level, context: str, text: str, position: str, *, always: bool = False) -> None:
        """Log ``text`` that comes from ``position``, a ``file:line`` of Python or of Lua."""
        if not self.takes(level, context):
            return
        if level <= Level.WARNING and not always:
            repeated = self._repeats.admit((context, position, text), time.monotonic())
            if repeated < 0:
                return
            text += f" (repeated {repeated} times)" if repeated else ""
        lines: dict[LogForm, bytes] = {}
        for output in self.sinks:
            if level <= output.levels[context]:
                line = lines.get(output.form)
                if line is None:
                    line = lines[output.form] = _line(self._head(output.form, level, context, position), text)
                output.write(line, level)

    def tell_again(self) -> None:
        """Write each warning again when it comes again, however soon after it was written."""
        self._repeats = _RepeatedWarnings()

    def levels(self, sink: int) -> dict[str, Level]:
        """Levels of all contexts of a sink, in the order of `log/0`. Raises IndexError for an unknown sink."""
        return dict(self._sink(sink).levels)

    def set_level(self, sink: int, context: str, level: Level) -> None:
        """Change the level of a context of a sink; ``any`` is every context. Raises LookupError for unknown ones."""
        levels = self._sink(sink).levels
        if context != "any" and context not in levels:
            raise KeyError(context)
        levels.update(dict.fromkeys(levels if context == "any" else (context,), level))
        self._loudest = self._find_loudest()

    def reopen(self) -> None:
        """Open the files again, after a rotation. A file that cannot be opened stays the old one, with a warning."""
        for output in self.sinks:
            if problem := output.reopen():
                self.warning("misc", problem)

    def close(self) -> None:
        """Release the files; later lines go to the console only, if there is one."""
        for output in self.sinks:
            output.close()

    def _sink(self, number: int) -> "_OpenSink":
        if number < 0:
            raise IndexError(number)
        return self.sinks[number]

    def _find_loudest(self) -> dict[str, Level]:
        return {
            context: max((output.levels[context] for output in self.sinks), default=Level.CRITICAL)
            for context in CONTEXTS
        }

    def _head(self, form: LogForm, level: Level, context: str, position: str) -> str:
        """What stands before the text of a line."""
        if form is LogForm.VALKEY:
            return _valkey_head(level)
        return f"{self._time()}: {level.name} ({context}): ({visible(position)}) "

    def _time(self) -> str:
        """The time as the real server writes it; made anew once a second, and for milliseconds."""
        now = time.time()
        if int(now) != self._second:
            self._stamp = _stamp(now, local=self._local_time)
            self._second = int(now)
        if not self._millis:
            return self._stamp
        clock, _, zone = self._stamp.rpartition(" ")
        return f"{clock}.{int(now * 1000) % 1000:03} {zone}"


class _OpenSink:
    """An open sink; ``lost`` counts lines that could not be written since the last one that could."""

    __slots__ = ("colours", "fd", "form", "levels", "lost", "name", "path")

    def __init__(self, sink: Sink) -> None:
        self.path = sink.path
        self.name = sink.path or CONSOLE
        self.levels = {context: sink.levels.get(context, Level.INFO) for context in CONTEXTS}
        self.form = sink.form
        self.lost = 0
        self.colours = _COLOURS if sink.path is None and _shows_colours(_STDERR) else {}
        try:
            self.fd = _STDERR if self.path is None else _open(self.path)
        except OSError as error:
            raise StartError(f"cannot open the log file {self.path}: {error.strerror}") from None

    def write(self, line: bytes, level: Level) -> None:
        colour = self.colours.get(level)
        if colour:
            line = b"%b%b%b\n" % (colour, line[:-1], _PLAIN)
        if self.fd < 0 or (self.lost and not self._write(_lost(self.lost, self.form))):
            self.lost += 1
        else:
            # a report of lost lines, if there was one, went through: only this line may be missing now
            self.lost = 0 if self._write(line) else 1

    def _write(self, line: bytes) -> bool:
        """Whether ``line`` could be written without waiting."""
        try:
            return _ready(self.fd) and os.write(self.fd, line) == len(line)
        except OSError:
            return False

    def reopen(self) -> str | None:
        """Open the file again; the reason when that fails."""
        if self.path is None:
            return None
        try:
            fresh = _open(self.path)
        except OSError as error:
            return f"cannot open the log file {self.path} again: {error.strerror}"
        self.close()
        self.fd = fresh
        return None

    def close(self) -> None:
        if self.path is not None and self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class _RepeatedWarnings:
    """Which warnings were written lately, and how often each came again."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def admit(self, key: tuple[str, str, str], now: float) -> int:
        """How often ``key`` was held back before now that it may be written again, or -1 to hold it back."""
        written, held = self._seen.get(key, (now - REPEAT_SECONDS, 0))
        if now - written < REPEAT_SECONDS:
            self._seen[key] = (written, held + 1)
            return -1
        if len(self._seen) >= REPEATS_MAX:
            self._seen.clear()
        self._seen[key] = (now, 0)
        return held


def _open(path: str) -> int:
    # without O_NONBLOCK a FIFO as log file would hold the daemon until somebody reads it
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)


def _shows_colours(fd: int) -> bool:
    """Whether it is a terminal, and nobody wants it without colours."""
    return os.isatty(fd) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _ready(fd: int) -> bool:
    """Whether a write would not wait. The console may be a pipe whose reader sleeps, and its flags are not ours."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))


def _lost(count: int, form: LogForm) -> bytes:
    if form is LogForm.VALKEY:
        head = _valkey_head(Level.WARNING)
    else:
        head = f"{_stamp(time.time(), local=False)}: WARNING (misc): (log.py:0) "
    return _line(head, f"{count} lines were lost")


def _valkey_head(level: Level) -> str:
    """Process, its part (M: it is no replica), local time and level, as Valkey begins a line of its log."""
    now = time.time()
    moment = time.strftime("%d %b %Y %H:%M:%S", time.localtime(now))
    return f"{os.getpid()}:M {moment}.{int(now * 1000) % 1000:03} {_VALKEY_LEVELS[level]} "


def _line(head: str, text: str) -> bytes:
    line = (head + visible(text)).encode()
    if len(line) >= LINE_SIZE_MAX:
        line = line[: LINE_SIZE_MAX - 4].decode("utf-8", "ignore").encode() + b"..."
    return line + b"\n"


def _stamp(now: float, *, local: bool) -> str:
    """Month names in English whatever the locale, as strftime of the untouched C locale gives them."""
    moment = time.localtime(now) if local else time.gmtime(now)
    return time.strftime("%b %d %Y %H:%M:%S GMT" + ("%z" if local else ""), moment)


def _caller() -> str:
    """File and line of who logs: two frames up, past the method of Log."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way; inspect costs a hundred times more
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
