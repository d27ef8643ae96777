"""What the two journals of a file hold that the file has not, and whether that is all there should be.

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
from asudfd.record.entries import HeadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from asudfd.record.entries import Head, Note, Reading


class Expected(StrEnum):
    """What a file says of its journals; OLD is a file of the first format, which says nothing."""

    NEW = "new"
    OPEN = "open"
    CLOSED = "closed"
    OLD = "old"


class State(NamedTuple):
    """What a file says: its own random number, and up to which epoch the journals are in it."""

    identity: int
    epoch: int
    expected: Expected


class Damage(NamedTuple):
    """What is wrong, and where; ``loses`` tells whether something may be lost with it."""

    text: str
    loses: bool = True


@dataclass(slots=True)
class Found:
    """What the journals hold, epoch by epoch; what is damaged, in words, and what a crash of the machine took.

    ``next`` is the journal that holds the epoch after the file's.
    """

    readings: list[Reading] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    next: Path | None = None


class _Live(NamedTuple):
    path: Path
    content: bytes
    head: Head
    note: Note


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


def state_of(about: Mapping[bytes, bytes]) -> State | None:
    """What a file says with the words in its table `about`; None when they are none of its words."""
    identity, epoch = about.get(b"identity", b""), about.get(b"epoch", b"")
    if about.get(b"format") == legacy.FORMAT:
        expected = Expected.OLD.value
    else:
        expected = about.get(b"journals", b"").decode(errors="backslashreplace")
    if expected not in set(Expected) or len(identity) != 4 or len(epoch) != 8:
        return None
    return State(int.from_bytes(identity, "big"), int.from_bytes(epoch, "big"), Expected(expected))


def blank(content: bytes) -> bool:
    """Whether nothing was ever written into a journal."""
    return not content.strip(b"\0")


def examine(state: State, journals: dict[Path, bytes]) -> Found:
    """Judge the contents of the two journals of a file that says ``state``."""
    found = Found()
    if state.expected == Expected.OLD:
        _read_old(state, journals, found)
    elif state.expected != Expected.NEW:
        live = _heads(state, journals, found)
        _check_epochs(state, live, found)
        found.next = live[0].path if live else None
        for each in live:
            _read(each, found)
    return found


def _heads(state: State, journals: dict[Path, bytes], found: Found) -> list[_Live]:
    """The journals with something that is not in the file, the earlier epoch first."""
    live = []
    for path, content in journals.items():
        if state.expected == Expected.CLOSED and blank(content):
            continue
        try:
            head, note = _head(state, content)
        except HeadError as error:
            loses = state.expected != Expected.CLOSED
            found.damage.append(Damage(f"{path}, at offset 0: {error}", loses))
            continue
        if head.epoch > state.epoch:
            live.append(_Live(path, content, head, note))
    return sorted(live, key=lambda each: each.head.epoch)


def _head(state: State, content: bytes) -> tuple[Head, Note]:
    if not content:
        raise HeadError("the file is gone or empty")
    head, note = entries.parse_head(content)
    if head.identity != state.identity:
        raise HeadError("it is a journal of another file")
    return head, note


def _check_epochs(state: State, live: list[_Live], found: Found) -> None:
    """There must be the epoch after the file's, and the next if that is closed, and no others."""
    if found.damage:
        return
    epochs = [each.head.epoch for each in live]
    if state.expected == Expected.CLOSED:
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
            Damage(
                f"{paths}, at offset 0: the file is of epoch {state.epoch}, so the journals should hold {wanted}, "
                f"but hold {held or 'nothing'}: they are not of the same time"
            )
        )


def _read(live: _Live, found: Found) -> None:
    reading = entries.read(live.content, live.head, live.note)
    found.readings.append(reading)
    for gap in reading.gaps:
        text = f"{live.path}, {gap}"
        if gap.damage:
            found.damage.append(Damage(text))
        else:
            found.lost.append(text)


def _read_old(state: State, journals: dict[Path, bytes], found: Found) -> None:
    for epoch in (state.epoch + 1, state.epoch + 2):
        for path, content in journals.items():
            reading = legacy.read(content, state.identity, epoch)
            found.damage.extend(Damage(f"{path}, {gap}") for gap in reading.gaps)
            if reading.entries:
                found.readings.append(reading)
    for path, content in journals.items():
        if not content:
            found.damage.append(Damage(f"{path}, at offset 0: the file is gone or empty"))
