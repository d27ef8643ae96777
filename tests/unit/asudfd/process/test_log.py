"""The log: its lines, its levels, and that neither a full nor a stuck sink harms the daemon."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asinfo.text import visible
from asudfd.config.schema import CONTEXTS, Level, Sink
from asudfd.config.schema.sinks import LogForm, every
from asudfd.errors import StartError
from asudfd.process import log as log_module
from asudfd.process.log import LINE_SIZE_MAX, REPEATS_MAX, Log

LINE = re.compile(
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d{4} \d\d:\d\d:\d\d GMT: "
    r"(?P<level>[A-Z]+) \((?P<context>[a-z-]+)\): \((?P<position>[^)]*)\) (?P<text>.*)"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.log"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    log = Log([Sink(str(path))])
    yield log
    log.close()


def lines(path: Path) -> list[dict[str, str]]:
    found = [LINE.fullmatch(line) for line in path.read_text().splitlines()]
    assert all(found)
    return [match.groupdict() for match in found if match]


def test_a_line_says_when_what_and_where(log: Log, path: Path) -> None:
    log.info("udf", "hello")
    (line,) = lines(path)
    assert line["level"] == "INFO"
    assert line["context"] == "udf"
    assert line["text"] == "hello"
    assert re.fullmatch(r"test_log\.py:\d+", line["position"])


def test_a_position_cannot_begin_a_line(log: Log, path: Path) -> None:
    log.write(Level.INFO, "udf", "text", "mod\nname\udc80")
    assert lines(path)[0]["position"] == r"mod\nname\udc80"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What is read from a terminal that is the console."""
    ours, theirs = os.openpty()
    monkeypatch.setattr(log_module, "_STDERR", theirs)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    yield ours
    os.close(ours)
    os.close(theirs)


def test_warnings_stand_out_on_a_terminal(terminal: int) -> None:
    log = Log([Sink()])
    log.warning("udf", "careful")
    log.info("udf", "hello")
    with os.fdopen(os.dup(terminal), "rb", buffering=0) as shown:
        warning, info = (shown.readline().rstrip(b"\r\n") for _ in range(2))
    assert warning.startswith(b"\x1b[33m")
    assert warning.endswith(b"careful\x1b[0m")
    assert b"\x1b" not in info


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colours(
    terminal: int, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    Log([Sink()]).warning("udf", "careful")
    assert b"\x1b" not in os.read(terminal, 4096)


def test_a_position_in_lua(log: Log, path: Path) -> None:
    log.write(Level.INFO, "udf", "from lua", "mod.lua:12")
    assert lines(path)[0]["position"] == "mod.lua:12"


def test_valkeys_form(path: Path) -> None:
    other = path.with_name("other.log")
    log = Log([Sink(str(path), every(Level.DETAIL), LogForm.VALKEY), Sink(str(other))])
    for level in Level:
        log.write(level, "udf", f"at\n{level.name}", "valkey")
    log.sinks[0].lost = 3
    log.info("udf", "last")
    log.close()
    head = rf"{os.getpid()}:M \d\d [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d\.\d{{3}}"
    found = [re.fullmatch(rf"{head} (.) (.*)", line) for line in path.read_text().splitlines()]
    assert [match.groups() for match in found if match] == [
        ("#", "at\\nCRITICAL"),
        ("#", "at\\nWARNING"),
        ("*", "at\\nINFO"),
        ("-", "at\\nDEBUG"),
        (".", "at\\nDETAIL"),
        ("#", "3 lines were lost"),
        ("*", "last"),
    ]
    assert [line["text"] for line in lines(other)] == ["at\\nCRITICAL", "at\\nWARNING", "at\\nINFO", "last"]


def test_every_level_has_a_method(path: Path) -> None:
    log = Log([Sink(str(path), every(Level.DETAIL))])
    for level in Level:
        getattr(log, level.name.lower())("info", f"at {level.name}")
    log.close()
    assert [line["level"] for line in lines(path)] == ["CRITICAL", "WARNING", "INFO", "DEBUG", "DETAIL"]
    assert {line["position"].partition(":")[0] for line in lines(path)} == {"test_log.py"}


def test_a_sink_takes_its_levels_only(path: Path) -> None:
    log = Log([Sink(str(path), every(Level.WARNING) | {"udf": Level.DEBUG})])
    log.info("info", "no")
    log.debug("udf", "yes")
    log.detail("udf", "no")
    log.warning("info", "yes too")
    log.close()
    assert [line["text"] for line in lines(path)] == ["yes", "yes too"]
    assert not log.takes(Level.INFO, "info")


def test_milliseconds_and_local_time(path: Path) -> None:
    log = Log([Sink(str(path))], local_time=True, millis=True)
    log.info("as", "x")
    log.close()
    assert re.match(r"\w{3} \d\d \d{4} \d\d:\d\d:\d\d\.\d{3} GMT[+-]\d{4}: INFO ", path.read_text())


def test_a_line_stays_a_line(log: Log, path: Path) -> None:
    log.info("udf", "a\nNov 20 2026 18:27:06 GMT: INFO (as): (x:1) forged\x1b[31m\0\u2028\udcff é")
    (line,) = lines(path)
    assert line["text"] == (
        "a\\nNov 20 2026 18:27:06 GMT: INFO (as): (x:1) forged\\x1b[31m\\x00\\u2028\\udcff é"
    )


def test_plain_text_is_not_touched() -> None:
    assert visible("plain é 漢") == "plain é 漢"


def test_a_line_has_a_limit(log: Log, path: Path) -> None:
    log.info("udf", "é" * LINE_SIZE_MAX)
    data = path.read_bytes()
    assert len(data) <= LINE_SIZE_MAX
    assert data.decode().endswith("é...\n")


def test_repeated_warnings_are_counted(log: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("asudfd.process.log.time.monotonic", lambda: now)
    for _ in range(5):
        log.warning("udf", "again", "here")
    log.warning("udf", "another", "here")
    log.info("udf", "not a warning", "here")
    log.info("udf", "not a warning", "here")
    now += 11
    log.warning("udf", "again", "here")
    assert [line["text"] for line in lines(path)] == [
        "again",
        "another",
        "not a warning",
        "not a warning",
        "again (repeated 4 times)",
    ]


def test_the_memory_for_repeats_is_limited(log: Log, path: Path) -> None:
    for number in range(2 * REPEATS_MAX):
        log.warning("udf", f"warning {number}")
    assert len(lines(path)) == 2 * REPEATS_MAX


def test_a_rotation(log: Log, path: Path, tmp_path: Path) -> None:
    log.info("as", "before")
    path.rename(tmp_path / "old")
    log.info("as", "between")
    log.reopen()
    log.info("as", "after")
    assert [line["text"] for line in lines(tmp_path / "old")] == ["before", "between"]
    assert [line["text"] for line in lines(path)] == ["after"]


def test_a_rotation_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    log = Log([Sink(str(folder / "f.log"))])
    folder.rename(tmp_path / "e")
    log.reopen()
    log.info("as", "still here")
    log.close()
    texts = [line["text"] for line in lines(tmp_path / "e" / "f.log")]
    assert texts == [
        f"cannot open the log file {folder}/f.log again: No such file or directory",
        "still here",
    ]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"cannot open the log file .*: Is a directory"):
        Log([Sink(str(tmp_path))])


def test_a_full_disk_is_survived() -> None:
    log = Log([Sink("/dev/full")])
    log.info("as", "lost")
    log.info("as", "lost, too")
    assert log.sinks[0].lost == 2
    log.close()
    log.info("as", "closed")


def test_a_stuck_reader_holds_nobody(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    log = Log([Sink(str(fifo))])
    while not log.sinks[0].lost:
        log.info("as", "x" * 1000)
    log.info("as", "lost")
    while os.read(reader, 1 << 16):
        log.info("as", "found")
        if not log.sinks[0].lost:
            break
    assert b"2 lines were lost" in os.read(reader, 1 << 16)
    log.close()
    os.close(reader)


def test_a_fifo_without_reader_is_no_sink(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(StartError):
        Log([Sink(str(tmp_path / "fifo"))])


def test_the_console_is_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log([Sink()])
    log.info("as", "on the console")
    log.reopen()
    log.close()
    log.info("as", "still")
    assert [line.rpartition(" ")[2] for line in capfd.readouterr().err.splitlines()] == ["console", "still"]


def test_levels_by_sink(log: Log) -> None:
    assert list(log.levels(0)) == list(CONTEXTS)
    log.set_level(0, "udf", Level.DETAIL)
    assert log.takes(Level.DETAIL, "udf")
    log.set_level(0, "any", Level.CRITICAL)
    assert not log.takes(Level.WARNING, "udf")
    with pytest.raises(LookupError):
        log.set_level(0, "nope", Level.INFO)
    for sink in (1, -1):
        with pytest.raises(LookupError):
            log.levels(sink)


def test_without_sinks_nothing_is_written() -> None:
    log = Log([])
    log.info("as", "x")
    log.critical("as", "x")
