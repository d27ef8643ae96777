"""`asudfd --recover` on system metadata: what is whole comes back, copies fill the gaps, and the rest is told."""

import io
from base64 import b64encode
from pathlib import Path

import pytest

from asudfd.config.load import embedded
from asudfd.config.schema import Config
from asudfd.errors import StartError
from asudfd.recovery_report import RecoveryReport
from asudfd.smd import file
from asudfd.smd.interface import UDF, SmdContent, SmdItem
from asudfd.smd.local import LocalSmd
from asudfd.smd.recover import recover
from asudfd.udf.module import to_value
from asudfd.udf.store import MARK
from tests.smd_files import json_file, nothing, run

SOURCES = {"a.lua": b"return 1", "b.lua": b"return 2", "c.lua": b"return 3"}


class Node:
    """A stopped node with modules, and copies of them."""

    def __init__(self, work: Path) -> None:
        self.config: Config = embedded(str(work))
        self.smd = work / "smd"
        self.path = self.smd / "UDF.smd"
        self.lua = Path(self.config.mod_lua.user_path)
        self.lua.mkdir(parents=True)
        (self.lua / MARK).touch()
        run(self.smd, self.fill)
        for name, source in SOURCES.items():
            (self.lua / name).write_bytes(source)

    @staticmethod
    async def fill(smd: LocalSmd) -> None:
        for name, source in {"old.lua": b"old", **SOURCES}.items():
            await smd.set(UDF, name, value(name, source))
        await smd.set(UDF, "old.lua", None)
        await smd.set(UDF, "a.lua", value("a.lua", b"earlier"))
        await smd.set(UDF, "a.lua", value("a.lua", SOURCES["a.lua"]))

    def flip(self, place: int) -> bytes:
        data = bytearray(self.path.read_bytes())
        data[place] ^= 1
        self.path.write_bytes(data)
        return bytes(data)

    def position(self, number: int) -> int:
        return next(
            entry.position for entry in file.salvage(self.path.read_bytes()) if entry.number == number
        )

    def recover(self) -> tuple[str, int]:
        out = io.StringIO()
        report = RecoveryReport(out)
        recover(self.config, report)
        return out.getvalue(), report.status

    def modules(self) -> dict[str, str | None]:
        return {item.key: item.value for item in run(self.smd, nothing).items(UDF)}

    def damaged(self) -> list[bytes]:
        return [path.read_bytes() for path in self.smd.glob("UDF.smd.damaged-*")]


def value(name: str, source: bytes) -> str:
    return to_value(name, b64encode(source).decode())


MODULES = {"old.lua": None, **{name: value(name, source) for name, source in SOURCES.items()}}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_what_is_whole_is_left_alone(node: Node) -> None:
    before = {path: path.read_bytes() for path in node.smd.iterdir()}
    told, status = node.recover()
    assert (told, status) == (f"system metadata UDF\n  {node.path} is whole: 4 items\n", 0)
    assert {path: path.read_bytes() for path in node.smd.iterdir()} == before


def test_a_new_node_has_nothing_to_save(tmp_path: Path) -> None:
    out = io.StringIO()
    recover(embedded(str(tmp_path)), RecoveryReport(out))
    assert not out.getvalue()
    assert not list(tmp_path.iterdir())


def test_whatever_byte_is_damaged_the_copies_complete_it(node: Node) -> None:
    whole = node.path.read_bytes()
    for place in [*range(0, file.HEAD_SIZE, 5), *range(file.START, len(whole), 17)]:
        node.path.write_bytes(whole)
        data = node.flip(place)
        told, status = node.recover()
        assert status == 1, told
        modules = node.modules()
        removed = modules.pop("old.lua", None) is None
        assert (
            removed or "'old.lua': from before what is missing; it may have been changed or removed" in told
        )
        assert modules == {name: MODULES[name] for name in SOURCES}, told
        assert data in node.damaged()


def test_what_is_behind_the_last_gap_wins_over_a_copy(node: Node) -> None:
    (node.lua / "a.lua").write_bytes(b"edited")
    (node.lua / "b.lua").write_bytes(b"edited")
    node.flip(node.position(3) + 60)  # c.lua; a.lua was changed after it, b.lua was not
    told, status = node.recover()
    assert status == 1
    assert "lost: 1 changes before byte" in told
    assert "'b.lua': from its copy" in told
    assert "'c.lua': from its copy" in told
    assert "'a.lua'" not in told
    assert node.modules() == MODULES | {"b.lua": value("b.lua", b"edited")}


def test_a_module_without_a_copy_comes_from_before_the_gap_and_that_is_told(node: Node) -> None:
    (node.lua / "b.lua").unlink()
    node.flip(node.position(3) + 60)
    told, _ = node.recover()
    assert "'b.lua': from before what is missing; it may have been changed or removed since" in told
    assert node.modules() == MODULES


@pytest.mark.parametrize("with_directory", [True, False])
def test_a_lost_file_is_made_from_the_copies(node: Node, with_directory: bool) -> None:
    for path in node.smd.iterdir():
        if path.name == "UDF.smd" or not with_directory:
            path.unlink()
    if not with_directory:
        node.smd.rmdir()
    told, status = node.recover()
    assert status == 1
    assert f"lost: {node.path} is missing" in told
    for name in SOURCES:
        assert f"{name!r}: from its copy under user-path" in told
    assert node.modules() == {name: MODULES[name] for name in SOURCES}


def test_of_the_copies_of_several_nodes_the_latest_counts(node: Node) -> None:
    for number, source in enumerate((b"first", b"second"), 1):
        (node.lua / f"A{number}").mkdir()
        (node.lua / f"A{number}" / MARK).touch()
        (node.lua / f"A{number}" / "d.lua").write_bytes(source)
    (node.lua / "elsewhere").mkdir()
    (node.lua / "elsewhere" / "e.lua").write_bytes(b"no copy of ours")
    node.path.unlink()
    node.recover()
    assert node.modules() == {name: MODULES[name] for name in SOURCES} | {"d.lua": value("d.lua", b"second")}


def test_other_metadata_that_is_lost_is_told_and_begins_anew(node: Node) -> None:
    (node.smd / "sindex.mark").touch()
    told, status = node.recover()
    assert status == 1
    assert "sindex.smd is missing" in told
    assert file.parse((node.smd / "sindex.smd").read_bytes()) == SmdContent(0, 0, [])


def test_the_metadata_of_a_service_is_saved_too(node: Node) -> None:
    """Under whatever name it keeps its items: nothing here knows the services."""

    async def keep(smd: LocalSmd) -> None:
        for key in ("one", "two", "three"):
            await smd.set("ECHO", key, key * 100)

    run(node.smd, keep, module="ECHO")
    path = node.smd / "ECHO.smd"
    entries = [entry.position for entry in file.salvage(path.read_bytes())]
    data = bytearray(path.read_bytes())
    data[entries[1] + 60] ^= 1
    path.write_bytes(data)
    told, status = node.recover()
    assert status == 1
    assert "system metadata ECHO" in told
    assert "lost: 1 changes" in told
    assert [item.key for item in file.parse(path.read_bytes()).items] == ["one", "three"]
    path.unlink()
    told, _ = node.recover()
    assert "ECHO.smd is missing" in told


def test_a_file_of_the_first_version_gives_the_entries_that_can_be_read(node: Node) -> None:
    items = [SmdItem(name, value(name, source), 1, 5) for name, source in SOURCES.items()]
    data = json_file(SmdContent(1, 2, [*items, SmdItem("gone.lua", None, 2, 5)]))
    node.path.write_bytes(data.replace(b'"c.lua"', b'"c.lua'))
    (node.lua / "b.lua").unlink()
    told, status = node.recover()
    assert status == 1
    assert "lost: all but 3 of at least 4 entries" in told
    assert node.modules() == {"gone.lua": None, **{name: MODULES[name] for name in SOURCES}}


def test_garbage_is_kept_and_the_copies_are_taken(node: Node) -> None:
    node.path.write_bytes(b"\x00" * 5000)
    told, _ = node.recover()
    assert node.modules() == {name: MODULES[name] for name in SOURCES}
    assert node.damaged() == [b"\x00" * 5000]
    assert "'a.lua': from its copy" in told


def test_metadata_in_etcd_is_not_ours(node: Node) -> None:
    node.config.smd.backend = "etcd"
    node.path.unlink()
    assert node.recover() == ("", 0)


def test_a_file_that_cannot_be_read_is_said(node: Node) -> None:
    node.path.unlink()
    node.path.mkdir()
    with pytest.raises(StartError, match="cannot read or write"):
        node.recover()
