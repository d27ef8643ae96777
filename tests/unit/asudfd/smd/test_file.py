"""The format of a log: every change comes back, and whatever was done to the file is seen or did no harm."""

import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.smd import file
from asudfd.smd.interface import SmdContent, SmdItem
from asudfd.smd.log import SmdLog
from tests.smd_files import json_file, write_log

texts = st.text(st.characters(), max_size=40)  # lone surrogates, too: keys from the wire have them
items = st.builds(SmdItem, texts, st.none() | texts, st.integers(1, 2**40), st.integers(-(2**40), 2**50))

GROUPS = [
    [SmdItem("a.lua", "first", 1, 5)],
    [SmdItem("b.lua", "ü" * 9, 1, 6), SmdItem("c.lua", "", 1, 6)],
    [SmdItem("a.lua", None, 2, 7)],
    [SmdItem("c.lua", "third", 2, 8)],
]
"""The last change of a small log, whose end no later entry vouches for, is as safe as the first."""

KEPT = [SmdItem("a.lua", None, 2, 7), SmdItem("b.lua", "ü" * 9, 1, 6), SmdItem("c.lua", "third", 2, 8)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "UDF.smd"


@cache
def small_log() -> tuple[bytes, list[int]]:
    """The log of GROUPS, and its end after each."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "UDF.smd"
        ends = write_log(path, GROUPS)
        return path.read_bytes(), ends


def whole() -> bytes:
    return small_log()[0]


def ends() -> list[int]:
    return small_log()[1]


def judged(data: bytes) -> None:
    """``data`` is refused, or says just what was acknowledged."""
    try:
        content = file.parse(data)
    except ValueError:
        return
    assert content == SmdContent(0xA1, 4, KEPT)


@given(st.integers(0, 2**48), st.integers(0, 2**62), st.lists(items, min_size=1, max_size=5))
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, cluster_key: int, tid: int, stored: list[SmdItem]
) -> None:
    path = tmp_path_factory.mktemp("smd") / "UDF.smd"
    log = SmdLog.create(path)
    log.append(stored, cluster_key, tid)
    log.close()
    last = {item.key: item for item in stored}
    content = file.parse(path.read_bytes())
    assert (content.cluster_key, content.tid) == (cluster_key, tid)
    assert list(content.items) == list(last.values())


def test_both_versions_are_understood() -> None:
    content = SmdContent(0xA1, 4, KEPT)
    assert file.parse(whole()) == content
    assert file.parse(json_file(content)) == content


def test_a_given_up_key_comes_back_at_the_end(path: Path) -> None:
    write_log(path, [*GROUPS, [SmdItem("a.lua", None, 0, 9)], [SmdItem("a.lua", "new", 1, 9)]])
    assert [item.key for item in file.parse(path.read_bytes()).items] == ["b.lua", "c.lua", "a.lua"]


def test_each_flipped_bit_is_seen_or_does_no_harm() -> None:
    for place in range(len(whole())):
        for bit in range(8):
            data = bytearray(whole())
            data[place] ^= 1 << bit
            judged(bytes(data))
    for place in [*range(file.HEAD_SIZE), *range(file.START, len(whole()))]:
        data = bytearray(whole())
        data[place] ^= 4
        with pytest.raises(ValueError):
            file.parse(bytes(data))


def test_each_truncation_is_refused() -> None:
    for end in range(len(whole())):
        with pytest.raises(ValueError):
            file.parse(whole()[:end])


def test_each_range_of_zeros_is_seen_or_does_no_harm() -> None:
    size = len(whole())
    for start in [*range(0, file.HEAD_SIZE, 7), *range(file.START - 9, size, 5)]:
        for end in [*range(start + 1, size, 13), size]:
            judged(whole()[:start] + bytes(end - start) + whole()[end:])


def rearranged() -> Iterator[list[bytes]]:
    """The entries of the log with one left out, two swapped, one repeated, or one put over another."""
    entries = list(_entries())
    for place, entry in enumerate(entries):
        yield entries[:place] + entries[place + 1 :]
        for other in range(len(entries)):
            if other != place:
                swapped = list(entries)
                swapped[place], swapped[other] = swapped[other], swapped[place]
                yield swapped
                yield [*entries[:other], entry, *entries[other:]]
                over = list(entries)
                over[other] = entry
                yield over


def _entries() -> Iterator[bytes]:
    position = file.START
    for entry in file.salvage(whole()):
        yield whole()[position : position + entry.size]
        position += entry.size


def test_entries_out_of_place_are_refused() -> None:
    for entries in rearranged():
        with pytest.raises(ValueError):
            file.parse(whole()[: file.START] + b"".join(entries))


def test_an_entry_of_another_log_is_refused(path: Path) -> None:
    write_log(path, GROUPS)  # the same changes, under another identity
    other = path.read_bytes()
    for start, end in zip((file.START, *ends()), ends(), strict=False):
        with pytest.raises(file.DamagedLogError, match=f"the entry at byte {start} "):
            file.parse(whole()[:start] + other[start:end] + whole()[end:])


def test_what_is_behind_the_end_is_the_rest_of_a_change_nobody_was_told_of(path: Path) -> None:
    write_log(path, [*GROUPS, [SmdItem("d.lua", "more", 1, 9)]])
    longer = path.read_bytes()
    before = SmdLog.resume(path, file.read(longer))
    head = file.pack_head(file.LogHeader(file.read(longer).head.identity, ends()[-1]))
    before.close()
    for end in range(ends()[-1], len(longer)):
        assert [item.key for item in file.parse(head + longer[len(head) : end]).items] == [
            "a.lua",
            "b.lua",
            "c.lua",
        ]
    assert file.parse(head + longer[len(head) :]).items[-1].key == "d.lua"
    assert file.parse(whole() + secrets.token_bytes(500)).items == KEPT


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_one_kind_of_error(data: bytes) -> None:
    for start in (b"", file.MAGIC, whole()[: file.HEAD_SIZE]):
        with pytest.raises(ValueError):
            file.parse(start + data)


def test_what_is_whole_is_found_behind_what_is_not() -> None:
    for place in range(file.START, ends()[0]):
        data = bytearray(whole())
        data[place] ^= 0x20
        found = [entry.item for entry in file.salvage(bytes(data))]
        assert found == [item for group in GROUPS[1:] for item in group]
