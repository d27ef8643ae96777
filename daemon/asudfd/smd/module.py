"""One SMD module in files: its items in memory, the log that makes changes durable, and when the log is written anew.

    UDF.smd          the log
    UDF.smd.save     a log that is being written to take its place; UDF.smd.new, if the event loop waits for it
    UDF.smd.json     what the first version had left as UDF.smd; carried over once, manifest, and never read again
    UDF.mark         says that there is a log, so that a lost one is not taken for a node that never had one

A change costs what it weighs, whatever the number of items: nothing here goes through all of them but the start and
the writing of a new log, which comes after as many bytes of changes as it writes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asudfd.clock import now_milliseconds
from asudfd.errors import StartError
from asudfd.process.work_directory import read_own, sync_directory
from asudfd.smd import file, first
from asudfd.smd.interface import Accept, SmdContent, SmdItem
from asudfd.smd.log import SmdLog, write_new

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from asudfd.manifest import Manifest
    from asudfd.smd.interface import SmdFailed

GARBAGE_MIN = 1 << 20
"""Bytes of entries that later ones replaced, below which a log is left as it is: 700 changes of a small module.

Reading them takes a start 5 ms, and a new log takes four flushes, as much as three changes.
"""

MARK_TEXT = b"asudfd keeps system metadata beside this file. When %s is missing, it was lost.\n"


@dataclass(slots=True, eq=False)
class PendingChange:
    """A change of one key or several that waits to be written; ``done`` is set to None, or to the reason why it failed."""

    values: Mapping[str, str | None]
    keep: Callable[[str], bool] | None
    done: asyncio.Future[SmdFailed | None]


class GroupCommit:
    """Changes that are written together: the new items in order, and how many of the changes change anything."""

    __slots__ = ("count", "items")

    def __init__(self) -> None:
        self.items: dict[str, SmdItem] = {}
        self.count = 0


class SmdModule:
    """The items of one SMD module and its log.

    The methods from ``load`` to ``apply`` belong to the event loop; those after them block, and each belongs to one
    thread at a time, while the event loop changes no item.
    """

    def __init__(self, path: Path, manifest: Manifest | None = None) -> None:
        """``manifest`` is told of the log, so that it is missed when the whole directory is lost."""
        self.path = path
        self.manifest = manifest
        self.mark = path.with_suffix(".mark")
        self.new, self.save = (path.with_name(f"{path.name}.{end}") for end in ("new", "save"))
        self.content_key = 0
        self.tid = 0
        self.items: dict[str, SmdItem] = {}
        self.subscribers: list[Accept] = []
        self.log: SmdLog | None = None
        self._removed: dict[str, None] = {}  # longest ago first
        self._sizes: dict[str, int] = {}  # bytes of the entry of each item
        self._live = file.START  # bytes of the log that are still needed
        self._is_listed = False  # in the manifest
        self.missed: list[SmdItem] | None = None  # changes since a new log was begun, while one is written

    @property
    def garbage(self) -> int:
        """Bytes of the log that later entries have replaced."""
        return self.log.end - self._live if self.log else 0

    @property
    def is_due(self) -> bool:
        """Whether half of the log is garbage, and enough to be worth a new one."""
        return self.garbage > max(GARBAGE_MIN, self._live)

    def load(self) -> str:
        """Read what is stored; returns what the log has to be told of it, if anything. Raises StartError.

        The real server starts empty when its file is damaged. That would throw away modules which the user may well
        want to rescue, so the start is refused then and says so; nothing is changed.
        """
        try:
            return self._load(read_own(self.path))
        except FileNotFoundError:
            self._refuse_if_lost()
            return ""
        except OSError as error:
            raise StartError(f"cannot read or write {self.path}: {error.strerror}") from error
        except ValueError as error:
            raise StartError(
                f"{self.path} is damaged: {error}. Restore it from a copy, or move it away, and {self.mark.name} with "
                "it, to start without what it holds. `asudfd --recover` saves what is whole in it and tells what is not"
            ) from error

    def _load(self, data: bytes) -> str:
        if not file.is_log(data):
            return self._carry_over(first.parse(data), data)
        scan = file.read(data)
        self.content_key, self.tid = scan.cluster_key, scan.tid
        self._have(scan.items)
        self._weigh(scan.sizes)
        self.log = SmdLog.resume(self.path, scan)
        self._put_mark()
        for path in (self.save, self.new):
            path.unlink(missing_ok=True)
        if len(data) > scan.end:
            return f"{self.path}: {len(data) - scan.end} bytes of a change that was not finished are cut off at byte {scan.end}"
        return ""

    def _refuse_if_lost(self) -> None:
        if self.mark.exists():
            raise StartError(
                f"{self.path} is missing, and {self.mark.name} beside it says that it was there. Restore it from a copy, "
                f"or move {self.mark.name} away, too, to start without what it held. `asudfd --recover` makes modules "
                "anew from their copies under user-path"
            )

    def _carry_over(self, content: SmdContent, data: bytes) -> str:
        """Write a log of what the file of the first version says, and keep that file under another name."""
        kept = keep_beside(self.path.with_name(self.path.name + ".json"), data)
        self.restore(content)
        return f"{self.path} is a log now; as it was it is kept as {kept.name}"

    def restore(self, content: SmdContent) -> None:
        """Write a log of ``content`` and put it in place of what there is. Raises OSError."""
        self.content_key, self.tid = content.cluster_key, content.tid
        self._have({item.key: item for item in content.items})
        self._renew()
        self._put_mark()

    def _have(self, items: Mapping[str, SmdItem]) -> None:
        self.items = dict(items)
        removed = [item for item in items.values() if item.value is None]
        self._removed = {item.key: None for item in sorted(removed, key=lambda item: item.timestamp)}

    def publish(self, items: Sequence[SmdItem]) -> None:
        """Let every subscriber accept ``items``."""
        for accept in self.subscribers:
            accept(items)

    def plan(self, changes: Sequence[PendingChange], removed_max: int) -> GroupCommit:
        """What ``changes`` come to; more than ``removed_max`` removed keys do not keep their slot in the order."""
        plan = GroupCommit()
        moment = now_milliseconds()
        for change, key, value in ((each, *pair) for each in changes for pair in each.values.items()):
            present = plan.items.get(key) or self.items.get(key)
            there = present.value if present else None
            stays = change.keep is not None and there is not None and change.keep(there)
            if value != there and not stays:
                generation = present.generation + 1 if present else 1
                plan.items[key] = SmdItem(key, value, generation, moment)
                plan.count += 1
        plan.items.update(self._given_up(plan.items, removed_max, moment))
        return plan

    def _given_up(self, planned: Mapping[str, SmdItem], removed_max: int, moment: int) -> dict[str, SmdItem]:
        """The keys that were removed longest ago, when there are more than ``removed_max``, as items to forget."""
        gone = [key for key, item in planned.items() if item.value is None]
        untouched = len(self._removed) - sum(key in self._removed for key in planned)
        surplus = untouched + len(gone) - removed_max
        if surplus <= 0:
            return {}
        waiting = itertools.chain((key for key in self._removed if key not in planned), gone)
        return {key: SmdItem(key, None, 0, moment) for key in itertools.islice(waiting, surplus)}

    def apply(self, plan: GroupCommit, sizes: Sequence[int], cluster_key: int) -> None:
        """Have the items of ``plan``, whose entries are stored; a known key keeps its place."""
        if self.missed is not None:
            self.missed += plan.items.values()
        self.content_key, self.tid = cluster_key, self.tid + plan.count
        for (key, item), size in zip(plan.items.items(), sizes, strict=True):
            self._removed.pop(key, None)
            self._live -= self._sizes.pop(key, 0)
            if not item.generation:
                self.items.pop(key, None)
                continue
            self.items[key] = item
            self._sizes[key] = size
            self._live += size
            if item.value is None:
                self._removed[key] = None

    def store(self, plan: GroupCommit, cluster_key: int) -> list[int]:
        """Make ``plan`` durable; returns the bytes of each entry. Raises OSError, and nothing of it is left.

        The log is written anew first where there is none yet, after an error of the disk, and when somebody has
        deleted, cut or replaced it behind our back.
        """
        if self.log is None or not self.log.is_in_place():
            self._renew()
        self._put_mark()
        assert self.log
        return self.log.append(plan.items.values(), cluster_key, self.tid + plan.count)

    def _renew(self) -> None:
        """Write a new log of all items and put it in place. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = SmdLog.create(self.new)
        try:
            sizes = log.add(self.items.values(), self.content_key, self.tid)
            self.install(log, dict(zip(self.items, sizes, strict=True)))
        except OSError:
            if log.path != self.path:
                log.discard()
            raise

    def install(self, log: SmdLog, sizes: dict[str, int]) -> None:
        """Have ``log``, with entries of these ``sizes``, in the place of the one that there is.

        Raises OSError; ``log.path`` tells how far that came.
        """
        log.seal()
        try:
            log.install(self.path)
        finally:
            if log.path == self.path:
                self.close()
                self.log = log
                self._weigh(sizes)

    def _weigh(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self._live = file.START + sum(sizes.values())

    def _put_mark(self) -> None:
        """Remember that there is a log. Raises OSError."""
        if not self.mark.exists():
            write_new(self.mark, MARK_TEXT % self.path.name.encode())
            sync_directory(self.mark.parent)
        if self.manifest is not None and not self._is_listed:
            self.manifest.add(self.path)
            self._is_listed = True

    def close(self) -> None:
        """Release the log."""
        if self.log is not None:
            self.log.close()
            self.log = None


def keep_beside(path: Path, data: bytes) -> Path:
    """Keep ``data`` as ``path``, or under the next free number; returns where. Raises OSError."""
    for number in itertools.count(1):
        place = path if number == 1 else path.with_name(f"{path.name}.{number}")
        try:
            write_new(place, data)
        except FileExistsError:
            if read_own(place) != data:
                continue
        return place
    raise AssertionError
