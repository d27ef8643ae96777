"""A start with files that are damaged, lost or of the first version: refused, or all that was acknowledged is there."""

import shutil
from pathlib import Path

import pytest

from asudfd.errors import StartError
from asudfd.smd import file
from asudfd.smd.interface import UDF, SmdContent, SmdItem
from asudfd.smd.local import LocalSmd
from tests.smd_files import Subscriber, json_file, nothing, run

CHANGES = [("a.lua", "first"), ("b.lua", "second"), ("a.lua", "third"), ("b.lua", None)]
KEPT = [("a.lua", "third"), ("b.lua", None)]


async def changes(smd: LocalSmd) -> None:
    for key, value in CHANGES:
        await smd.set(UDF, key, value)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    directory = tmp_path / "smd"
    run(directory, changes)
    return directory


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def values(smd: LocalSmd) -> list[tuple[str, str | None]]:
    return [(item.key, item.value) for item in smd.items(UDF)]


def refused(directory: Path, match: str) -> None:
    """The start is refused, says how to go on, hands nothing over and changes no file."""
    subscriber, before = Subscriber(), content(directory)
    with pytest.raises(StartError, match=match) as caught:
        run(directory, nothing, subscriber)
    for way in ("Restore it from a copy", "away", "asudfd --recover", str(directory / "UDF.smd")):
        assert way in str(caught.value)
    assert subscriber.calls == []
    assert content(directory) == before


def test_each_file_damaged_at_each_place(stored: Path, tmp_path: Path) -> None:
    """Started for real, not only read: nothing that a start does makes damage look whole."""
    size = (stored / "UDF.smd").stat().st_size
    for place in range(0, size, 3):
        directory = tmp_path / str(place)
        shutil.copytree(stored, directory)
        data = bytearray((directory / "UDF.smd").read_bytes())
        data[place] ^= 0x10
        (directory / "UDF.smd").write_bytes(data)
        if file.HEAD_SIZE <= place < file.START:
            assert values(run(directory, nothing)) == KEPT
        else:
            refused(directory, r"UDF\.smd is damaged: .*at byte \d+")


def test_each_truncation(stored: Path, tmp_path: Path) -> None:
    whole = (stored / "UDF.smd").read_bytes()
    for end in [*range(0, len(whole), 5), len(whole) - 1]:
        (stored / "UDF.smd").write_bytes(whole[:end])
        refused(stored, r"UDF\.smd is damaged: " + ("" if end < 16 else rf"it ends at byte {end}"))


def test_a_lost_file_is_no_new_node(stored: Path) -> None:
    (stored / "UDF.smd").unlink()
    refused(stored, r"UDF\.smd is missing, and UDF\.mark beside it says that it was there")


def test_a_file_that_was_moved_away_with_its_mark_is_none(stored: Path) -> None:
    (stored / "UDF.smd").unlink()
    (stored / "UDF.mark").unlink()
    assert values(run(stored, nothing)) == []


def test_a_copy_that_is_restored_is_taken(stored: Path, tmp_path: Path) -> None:
    copy = shutil.copy(stored / "UDF.smd", tmp_path / "copy")

    async def more(smd: LocalSmd) -> None:
        await smd.set(UDF, "c.lua", "later")

    run(stored, more)
    (stored / "UDF.mark").unlink()
    shutil.copy(copy, stored / "UDF.smd")
    assert values(run(stored, more)) == [*KEPT, ("c.lua", "later")]
    assert (stored / "UDF.mark").exists()


@pytest.mark.parametrize("rest", [b"\xa5smd", b"\x00" * 9, b"x" * 300])
def test_the_torn_rest_of_a_change_is_cut_off_and_told(stored: Path, rest: bytes) -> None:
    whole = (stored / "UDF.smd").read_bytes()
    (stored / "UDF.smd").write_bytes(whole + rest)
    warnings = list[str]()
    assert values(run(stored, nothing, warnings=warnings)) == KEPT
    assert f"{len(rest)} bytes of a change that was not finished" in warnings[0]
    assert (stored / "UDF.smd").read_bytes() == whole


def test_a_change_that_was_stored_and_not_acknowledged_counts_from_now_on(stored: Path) -> None:
    longer = (stored / "UDF.smd").read_bytes()
    scan = file.read(longer)
    entry = file.pack_entry(scan.head.identity, scan.count, 1, 9, SmdItem("c.lua", "late", 1, 1))
    (stored / "UDF.smd").write_bytes(longer + entry)
    assert values(run(stored, nothing)) == [*KEPT, ("c.lua", "late")]
    (stored / "UDF.smd").write_bytes((stored / "UDF.smd").read_bytes()[: len(longer)])
    refused(stored, "it ends at byte")


@pytest.mark.parametrize("how", ["deleted", "cut", "emptied", "replaced", "all deleted"])
def test_what_happens_to_a_file_behind_our_back_is_mended_by_the_next_change(stored: Path, how: str) -> None:
    path = stored / "UDF.smd"

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "c.lua", "before")
        if how == "deleted":
            path.unlink()
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:-3])
        elif how == "emptied":
            path.write_bytes(b"")
        elif how == "replaced":
            shutil.copy(path, stored / "other")
            (stored / "other").rename(path)
        else:
            shutil.rmtree(stored)
        await smd.set(UDF, "d.lua", "after")

    run(stored, dialogue)
    assert values(run(stored, nothing)) == [*KEPT, ("c.lua", "before"), ("d.lua", "after")]


OLD = SmdContent(0xB2, 7, [SmdItem("a.lua", "old", 3, 5), SmdItem("b.lua", None, 2, 6)])


def test_a_file_of_the_first_version_is_carried_over_and_kept(tmp_path: Path) -> None:
    (tmp_path / "UDF.smd").write_bytes(json_file(OLD))
    subscriber, warnings = Subscriber(), list[str]()

    async def dialogue(smd: LocalSmd) -> None:
        assert (smd.state(UDF).cluster_key, smd.state(UDF).tid) == (0xB2, 7)
        await smd.set(UDF, "a.lua", "new")

    run(tmp_path, dialogue, subscriber, warnings=warnings)
    assert subscriber.calls[0] == list(OLD.items)
    assert "UDF.smd.json" in warnings[0]
    assert (tmp_path / "UDF.smd.json").read_bytes() == json_file(OLD)
    smd = run(tmp_path, nothing, warnings=warnings)
    assert [(item.key, item.value, item.generation) for item in smd.items(UDF)] == [
        ("a.lua", "new", 4),
        ("b.lua", None, 2),
    ]
    assert len(warnings) == 1


def test_the_file_of_the_first_version_is_never_read_again(tmp_path: Path) -> None:
    (tmp_path / "UDF.smd").write_bytes(json_file(OLD))
    run(tmp_path, nothing)
    (tmp_path / "UDF.smd").unlink()
    refused(tmp_path, "is missing")


def test_a_second_file_of_the_first_version_is_kept_beside_the_first(tmp_path: Path) -> None:
    other = SmdContent(1, 1, [SmdItem("c.lua", "other", 1, 5)])
    for content in (OLD, other, OLD, other):
        (tmp_path / "UDF.smd").write_bytes(json_file(content))
        assert list(run(tmp_path, nothing).items(UDF)) == list(content.items)
    assert (tmp_path / "UDF.smd.json").read_bytes() == json_file(OLD)
    assert (tmp_path / "UDF.smd.json.2").read_bytes() == json_file(other)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_damaged_file_of_the_first_version_is_left_as_it_is(tmp_path: Path) -> None:
    whole = json_file(OLD)
    for end in range(0, len(whole) - 2, 7):
        (tmp_path / "UDF.smd").write_bytes(whole[:end])
        refused(tmp_path, "is damaged")
    assert [path.name for path in tmp_path.iterdir()] == ["UDF.smd"]
