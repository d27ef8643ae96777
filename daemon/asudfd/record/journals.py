"""Reads the two journals of a namespace's file at start, and checks that no entry is missing.

The file says in `about`, under `journals`, what to expect:

    new      nothing: the file was just made, carried over from the first format or recovered; they are made anew
    open     both are there, and one holds the epoch after the file's; if that one is closed, the other holds the next
    closed   the node was stopped and everything is in the file: they may be gone, but not be those of another time
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asudfd.errors import StartError
from asudfd.process.work_directory import read_own
from asudfd.record import entries, legacy
from asudfd.record.entries import JournalHeaderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from asudfd.record.entries import JournalContent, JournalHeader, JournalProgress


class ExpectedJournals(StrEnum):
    """The journals that a namespace's file says to expect; OLD is a file of the first format, which says nothing."""

    NEW = "new"
    OPEN = "open"
    CLOSED = "closed"
    OLD = "old"


class JournalState(NamedTuple):
    """The journals of a namespace, as its file has them: its random identity, and up to which epoch they are merged into it."""

    identity: int
    epoch: int
    expected: ExpectedJournals


class JournalDamage(NamedTuple):
    """One damaged place of a journal; ``loses`` tells whether a record may be lost with it."""

    text: str
    loses: bool = True


@dataclass(slots=True)
class JournalPair:
    """The content of both journals, epoch by epoch; what is damaged, in words, and what a crash of the machine lost.

    ``next`` is the journal that holds the epoch after the file's.
    """

    readings: list[JournalContent] = field(default_factory=list)
    damage: list[JournalDamage] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    next: Path | None = None


class _LiveJournal(NamedTuple):
    """A journal with entries that the database may not have yet."""

    path: Path
    content: bytes
    head: JournalHeader
    note: JournalProgress


def contents(paths: Sequence[Path]) -> dict[Path, bytes]:
    """What is in the journals; one that is not there is empty. Raises StartError."""
    found = {}
    for path in paths:
        try:
            found[path] = read_own(path)
        except FileNotFoundError:
            found[path] = b""
        except OSError as error:
            raise StartError(f"cannot read {path}: {error.strerror}") from error
    return found


def state_of(about: Mapping[bytes, bytes]) -> JournalState | None:
    """What a file says with the words in its table `about`; None when they are none of its words."""
    identity, epoch = about.get(b"identity", b""), about.get(b"epoch", b"")
    if about.get(b"format") == legacy.FORMAT:
        expected = ExpectedJournals.OLD.value
    else:
        expected = about.get(b"journals", b"").decode(errors="backslashreplace")
    if expected not in set(ExpectedJournals) or len(identity) != 4 or len(epoch) != 8:
        return None
    return JournalState(
        int.from_bytes(identity, "big"), int.from_bytes(epoch, "big"), ExpectedJournals(expected)
    )


def blank(content: bytes) -> bool:
    """Whether nothing was ever written into a journal."""
    return not content.strip(b"\0")


def examine(state: JournalState, journals: dict[Path, bytes]) -> JournalPair:
    """Judge the contents of the two journals of a file that says ``state``."""
    found = JournalPair()
    if state.expected == ExpectedJournals.OLD:
        _read_old(state, journals, found)
    elif state.expected != ExpectedJournals.NEW:
        live = _heads(state, journals, found)
        _check_epochs(state, live, found)
        found.next = live[0].path if live else None
        for each in live:
            _read(each, found)
    return found


def _heads(state: JournalState, journals: dict[Path, bytes], found: JournalPair) -> list[_LiveJournal]:
    """The journals with something that is not in the file, the earlier epoch first."""
    live = []
    for path, content in journals.items():
        if state.expected == ExpectedJournals.CLOSED and blank(content):
            continue
        try:
            head, note = _head(state, content)
        except JournalHeaderError as error:
            loses = state.expected != ExpectedJournals.CLOSED
            found.damage.append(JournalDamage(f"{path}, at offset 0: {error}", loses))
            continue
        if head.epoch > state.epoch:
            live.append(_LiveJournal(path, content, head, note))
    return sorted(live, key=lambda each: each.head.epoch)


def _head(state: JournalState, content: bytes) -> tuple[JournalHeader, JournalProgress]:
    if not content:
        raise JournalHeaderError("the file is gone or empty")
    head, note = entries.parse_head(content)
    if head.identity != state.identity:
        raise JournalHeaderError("it is a journal of another file")
    return head, note


def _check_epochs(state: JournalState, live: list[_LiveJournal], found: JournalPair) -> None:
    """There must be the epoch after the file's, and the next if that is closed, and no others."""
    if found.damage:
        return
    epochs = [each.head.epoch for each in live]
    if state.expected == ExpectedJournals.CLOSED:
        wrong = epochs not in ([], [state.epoch + 1]) or any(each.note.entries for each in live)
        wanted = "nothing"
    else:
        count = 2 if live and live[0].note.closed else 1
        wrong = epochs != [state.epoch + number for number in range(1, 3)][: max(count, len(live))]
        wanted = " and ".join(f"epoch {state.epoch + number}" for number in range(1, count + 1))
    if wrong:
        held = " and ".join(f"epoch {epoch} in {each.path}" for epoch, each in zip(epochs, live, strict=True))
        paths = " or ".join(map(str, (each.path for each in live))) or "the journals"
        found.damage.append(
            JournalDamage(
                f"{paths}, at offset 0: the file is of epoch {state.epoch}, so the journals should hold {wanted}, "
                f"but hold {held or 'nothing'}: they are not of the same time"
            )
        )


def _read(live: _LiveJournal, found: JournalPair) -> None:
    reading = entries.read(live.content, live.head, live.note)
    found.readings.append(reading)
    for gap in reading.gaps:
        text = f"{live.path}, {gap}"
        if gap.damage:
            found.damage.append(JournalDamage(text))
        else:
            found.lost.append(text)


def _read_old(state: JournalState, journals: dict[Path, bytes], found: JournalPair) -> None:
    for epoch in (state.epoch + 1, state.epoch + 2):
        for path, content in journals.items():
            reading = legacy.read(content, state.identity, epoch)
            found.damage.extend(JournalDamage(f"{path}, {gap}") for gap in reading.gaps)
            if reading.entries:
                found.readings.append(reading)
    for path, content in journals.items():
        if not content:
            found.damage.append(JournalDamage(f"{path}, at offset 0: the file is gone or empty"))
