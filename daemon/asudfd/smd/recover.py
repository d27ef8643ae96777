"""Saves what is whole of damaged or lost files of system metadata; see `asudfd.recover`.

From a log come the entries whose checksum is right. Where entries are missing, the copies of modules under user-path
are what else is known: they were written after each change. So a copy that differs from what an entry before a gap says
counts as the later one; behind the last gap the log is right.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.wire.udf import SOURCE_SIZE_MAX
from asudfd.clock import now_milliseconds
from asudfd.config.schema.smd import LOCAL
from asudfd.errors import StartError
from asudfd.manifest import Manifest
from asudfd.process.work_directory import read_own
from asudfd.smd import file, first
from asudfd.smd.choice import directory_of
from asudfd.smd.interface import SINDEX, TRUNCATE, UDF, SmdContent, SmdItem
from asudfd.smd.module import SmdModule, keep_beside
from asudfd.udf.module import from_value, to_value
from asudfd.udf.store import MARK, copies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asudfd.config.schema import Config
    from asudfd.recovery_report import RecoveryReport

ENTRY = re.compile(r'\{\s*"key":')
"""How an entry begins in a file of the first version."""


@dataclass(slots=True)
class SmdSalvage:
    """The items found in a damaged log. A missing entry may have changed the ``uncertain`` keys; ``lost`` lists what is missing."""

    items: dict[str, SmdItem] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    cluster_key: int = 0
    tid: int = 0


def recover(config: Config, report: RecoveryReport) -> None:
    """Save the metadata of ``config`` if it is kept in files. Raises StartError if they cannot be read or written."""
    if config.smd.backend != LOCAL:
        return
    directory = directory_of(config)
    manifest, there = Manifest(Path(config.service.work_directory)), directory.exists()
    for name in _modules(directory, manifest):
        module = SmdModule(directory / f"{name}.smd", None if name == UDF else manifest)
        lost = not there and module.path in manifest
        found = _copies(Path(config.mod_lua.user_path)) if name == UDF else {}
        if not (found or lost or module.path.exists() or module.mark.exists()):
            continue
        report.begin(f"system metadata {name}")
        try:
            salvage = _examine(module, found, report)
            if salvage is not None:
                _save(module, salvage, found, report)
        except OSError as error:
            raise StartError(f"cannot read or write {module.path}: {error.strerror}") from error
        finally:
            module.close()


def _modules(directory: Path, manifest: Manifest) -> list[str]:
    """The names of all SMD modules that have files, or had some: a service of the node may keep one of its own."""
    files = (*directory.glob("*.smd"), *directory.glob("*.mark"), *manifest.paths())
    found = {path.stem for path in files if path.parent == directory and path.suffix in {".smd", ".mark"}}
    return [UDF, TRUNCATE, SINDEX, *sorted(found - {UDF, TRUNCATE, SINDEX})]


def _examine(module: SmdModule, found: Mapping[str, bytes], report: RecoveryReport) -> SmdSalvage | None:
    """What is to be written anew; None when the file is whole."""
    path = module.path
    try:
        data = read_own(path)
    except FileNotFoundError:
        return SmdSalvage(lost=[f"{path} is missing"])
    try:
        items = file.parse(data).items
    except ValueError as error:
        kept = keep_beside(report.beside(path), data)
        report.say(f"{path} is damaged: {error}. As it was it is kept as {kept.name}")
        entries = list(file.salvage(data))
        return _salvage_log(data, entries) if entries else _salvage_first(data)
    if found and not items:
        return SmdSalvage(lost=[f"{path} holds nothing"])
    report.say(f"{path} is whole: {len(items)} items")
    return None


def _save(module: SmdModule, salvage: SmdSalvage, found: Mapping[str, bytes], report: RecoveryReport) -> None:
    """Write a log of what was found, with the copies that are later, and tell."""
    for text in salvage.lost:
        report.lost(text)
    items = salvage.items
    for key in sorted(found.keys() - items.keys() | salvage.uncertain):
        item, copy = items.get(key), found.get(key)
        if copy is not None and copy != _source(item):
            value = to_value(key, b64encode(copy).decode("ascii"))
            items[key] = SmdItem(key, value, item.generation + 1 if item else 1, now_milliseconds())
            report.say(
                f"{key!a}: from its copy under user-path, which is what was put last unless somebody edited it"
            )
        elif copy is None and item is not None and item.value is not None:
            report.say(f"{key!a}: from before what is missing; it may have been changed or removed since")
    module.restore(SmdContent(salvage.cluster_key, salvage.tid, list(items.values())))
    report.say(f"{module.path} is written anew: {len(items)} items")


def _source(item: SmdItem | None) -> bytes | None:
    """The Lua text of a module's item, if it has one."""
    try:
        return from_value(item.key, item.value).source if item and item.value is not None else None
    except ValueError:
        return None


def _salvage_log(data: bytes, entries: Sequence[file.LogEntry]) -> SmdSalvage:
    """The changes of the log from which most entries are, in the order in which they were made."""
    ((identity, _),) = Counter(entry.identity for entry in entries).most_common(1)
    own = {entry.number: entry for entry in entries if entry.identity == identity}
    scan = file.LogReplay(file.LogHeader(identity, 0))
    numbers: dict[str, int] = {}
    for number in sorted(own):
        scan.take(own[number])
        numbers[own[number].item.key] = number
    last = gap = max(own)
    while gap in own:
        gap -= 1
    lost = []
    if missing := last + 1 - len(own):
        lost.append(f"{missing} changes before byte {own[last].position}")
    if tail := _missing_tail(data, own[last]):
        lost.append(tail)
        gap = last
    uncertain = {key for key, number in numbers.items() if number <= gap and key in scan.items}
    return SmdSalvage(scan.items, uncertain, lost, scan.cluster_key, scan.tid)


def _missing_tail(data: bytes, last: file.LogEntry) -> str:
    """What is missing behind the ``last`` entry, if anything is."""
    end = last.position + last.size
    try:
        head = file.read_head(data)
    except file.DamagedLogError:
        return f"whatever changes there were behind byte {end}, which is not known"
    return f"the changes from byte {end} to {head.end}" if end < head.end else ""


def _salvage_first(data: bytes) -> SmdSalvage:
    """The entries of a file of the first version that can be read; it has no checksums."""
    text = data.decode("ascii", "replace")
    decoder, items = json.JSONDecoder(), dict[str, SmdItem]()
    begun = list(ENTRY.finditer(text))
    for match in begun:
        try:
            item = first.read_item(len(items) + 1, decoder.raw_decode(text, match.start())[0])
        except (ValueError, RecursionError):
            continue
        items[item.key] = item
    lost = [f"all but {len(items)} of at least {len(begun)} entries"]
    return SmdSalvage(items, set(items), lost, 0, len(items))


def _copies(user_path: Path) -> dict[str, bytes]:
    """The modules that lie under ``user_path``, or in the directories of several nodes in it; the latest of each."""
    directories = [user_path, *(mark.parent for mark in sorted(user_path.glob(f"*/{MARK}")))]
    paths = [directory / name for directory in directories for name in copies(directory)]
    found: dict[str, bytes] = {}
    for path in sorted(paths, key=lambda path: path.lstat().st_mtime_ns):
        content = read_own(path)
        if 0 < len(content) <= SOURCE_SIZE_MAX:
            found[path.name] = content
    return found
