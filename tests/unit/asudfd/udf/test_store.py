"""The modules of a node: what is served, what lies under user-path, and whose directory that is."""

import base64
import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from asudfd.errors import StartError
from asudfd.smd.interface import SmdItem
from asudfd.udf.module import to_value
from asudfd.udf.store import ANSWERS_SIZE_MAX, MARK, ModuleStore


class Host:
    """Remembers what it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, module: str, former: bytes | None) -> None:
        self.forgotten.append(module)


def item(filename: str, source: bytes | None, generation: int = 1) -> SmdItem:
    content = None if source is None else to_value(filename, base64.b64encode(source).decode())
    return SmdItem(filename, content, generation, 0)


class Fixture:
    """A store with its surroundings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.host = Host()
        self.warnings: list[str] = []
        self.store = ModuleStore(path, self.host, self.warnings.append)

    def files(self) -> dict[str, bytes]:
        return {entry.name: entry.read_bytes() for entry in self.path.iterdir() if entry.name != MARK}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Fixture]:
    fixture = Fixture(tmp_path / "udf" / "lua")
    fixture.store.open()
    yield fixture
    fixture.store.close()


def test_a_new_directory_is_made_and_marked(node: Fixture) -> None:
    assert (node.path / MARK).is_file()
    assert node.path.stat().st_mode & 0o777 == 0o700
    assert node.store.list_answer() == b""


def test_a_module_is_served_listed_and_written(node: Fixture) -> None:
    node.store.accept([item("a.lua", b"return 1")])
    value = '{"content64": "cmV0dXJuIDE=", "type": "LUA", "name": "a.lua"}'
    digest = hashlib.sha1(value.encode()).hexdigest()
    assert node.store.list_answer() == f"filename=a.lua,hash={digest},type=LUA;".encode()
    module = node.store.get("a.lua")
    assert module
    assert (module.value, module.source) == (value, b"return 1")
    assert node.store.source("a") == b"return 1"
    assert node.files() == {"a.lua": b"return 1"}
    assert (node.path / "a.lua").stat().st_mode & 0o777 == 0o600
    assert node.host.forgotten == ["a"]


def test_what_is_not_registered_is_not_served(node: Fixture) -> None:
    (node.path / "dropped.lua").write_bytes(b"x")
    for name in ("dropped.lua", MARK, "", ".", "..", "../lua", "a"):
        assert node.store.get(name) is None
    assert node.store.source("dropped") is None


def test_a_change_replaces_and_a_removal_deletes_but_keeps_the_slot(node: Fixture) -> None:
    node.store.accept([item("b.lua", b"1"), item("a.lua", b"2")])
    before = node.store.list_answer()
    node.store.accept([item("b.lua", b"3", 2)])
    assert node.files() == {"b.lua": b"3", "a.lua": b"2"}
    assert node.store.list_answer() != before
    node.store.accept([item("b.lua", None, 3)])
    assert node.store.names() == ["a.lua"]
    assert node.files() == {"a.lua": b"2"}
    assert node.store.get("b.lua") is None
    node.store.accept([item("c.lua", b"4"), item("b.lua", b"5", 4)])
    assert node.store.names() == ["b.lua", "a.lua", "c.lua"]
    assert node.host.forgotten == ["b", "a", "b", "b", "c", "b"]


def test_a_slot_can_be_given_up(node: Fixture) -> None:
    node.store.accept([item("b.lua", b"1"), item("a.lua", b"2")])
    node.store.accept([item("b.lua", None, 0)])
    node.store.accept([item("b.lua", b"1")])
    assert node.store.names() == ["a.lua", "b.lua"]


def test_start_up_sweeps_strays_and_restores_edited_files(node: Fixture, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("keep")
    (node.path / "a.lua").write_bytes(b"edited")
    (node.path / "stray.txt").write_bytes(b"x")
    (node.path / ".a.lua.new").write_bytes(b"half")
    (node.path / "link").symlink_to(tmp_path / "outside")
    (node.path / "link2").symlink_to(tmp_path)
    (node.path / "empty").mkdir()
    (node.path / "full").mkdir()
    (node.path / "full" / "x").touch()
    node.store.accept([item("a.lua", b"stored")])
    assert {entry.name for entry in node.path.iterdir()} == {MARK, "a.lua", "full"}
    assert (node.path / "a.lua").read_bytes() == b"stored"
    assert (tmp_path / "outside").read_text() == "keep"
    assert len(node.warnings) == 1
    assert "full" in node.warnings[0]


def test_a_file_that_is_right_is_not_written_again(node: Fixture, tmp_path: Path) -> None:
    modules = [item(f"{name}.lua", b"1") for name in "abcd"]
    node.store.accept(modules)
    before = {name: (node.path / f"{name}.lua").stat().st_ino for name in "abcd"}
    (node.path / "b.lua").write_bytes(b"2")
    (node.path / "c.lua").chmod(0o644)
    (node.path / "d.lua").rename(tmp_path / "d.lua")
    (node.path / "d.lua").symlink_to(tmp_path / "d.lua")
    node.store.accept(modules)
    after = {name: (node.path / f"{name}.lua").lstat() for name in "abcd"}
    assert [name for name in "abcd" if after[name].st_ino == before[name]] == ["a"]
    assert all(
        stat.S_IMODE(found.st_mode) == 0o600 and stat.S_ISREG(found.st_mode) for found in after.values()
    )
    assert set(node.files().values()) == {b"1"}


def test_only_the_first_call_sweeps(node: Fixture) -> None:
    node.store.accept([])
    (node.path / "later.lua").touch()
    node.store.accept([item("a.lua", b"1")])
    assert (node.path / "later.lua").exists()


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.lua").write_text("precious")
    with pytest.raises(StartError, match="was not made by asudfd"):
        ModuleStore(tmp_path, Host()).open()
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.lua"]


def test_our_own_directory_is_taken_again(node: Fixture) -> None:
    node.store.accept([item("a.lua", b"1")])
    node.store.close()
    again = Fixture(node.path)
    again.store.open()
    again.store.accept([item("a.lua", None, 2)])
    again.store.close()
    assert again.files() == {}
    assert not again.store.lost


def test_copies_are_kept_when_the_metadata_has_nothing_at_all(node: Fixture) -> None:
    node.store.accept([item(f"m{number}.lua", b"1") for number in range(7)])
    (node.path / "stray.txt").touch()
    before = node.files()
    node.store.close()
    again = Fixture(node.path)
    again.store.open()
    again.store.accept([])
    again.store.close()
    assert again.files() == before
    for told in (str(node.path), "(7: m0.lua, ", "m4.lua, ...)"):
        assert told in again.store.lost


def test_strays_alone_are_no_copies(node: Fixture) -> None:
    (node.path / "stray.txt").touch()
    node.store.accept([])
    assert node.files() == {}
    assert not node.store.lost


def test_directories_of_other_nodes_within_are_left_alone(tmp_path: Path) -> None:
    inner = Fixture(tmp_path / "lua" / "A1")
    inner.store.open()
    inner.store.accept([item("a.lua", b"1")])
    outer = Fixture(tmp_path / "lua")
    outer.store.open()
    outer.store.accept([])
    assert inner.files() == {"a.lua": b"1"}
    assert not outer.warnings
    inner.store.close()
    outer.store.close()


def test_two_nodes_do_not_share_a_directory(node: Fixture) -> None:
    with pytest.raises(StartError, match="is used by another running node"):
        ModuleStore(node.path, Host()).open()


def test_a_path_that_cannot_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot use user-path"):
        ModuleStore(tmp_path / "file", Host()).open()
    with pytest.raises(StartError, match="cannot use user-path"):
        ModuleStore(tmp_path / "file" / "lua", Host()).open()


def test_a_file_that_cannot_be_written_is_served_all_the_same(node: Fixture) -> None:
    node.store.accept([])
    (node.path / "a.lua").mkdir()
    (node.path / "a.lua" / "x").touch()
    node.store.accept([item("a.lua", b"1")])
    assert node.store.source("a") == b"1"
    assert "cannot write" in node.warnings[0]
    node.store.accept([item("a.lua", None, 2)])
    assert node.store.source("a") is None
    assert "cannot delete" in node.warnings[1]


def test_a_directory_that_vanishes_harms_nothing(node: Fixture) -> None:
    (node.path / MARK).unlink()
    node.path.rmdir()
    node.store.accept([item("a.lua", b"1")])
    assert node.store.source("a") == b"1"
    assert len(node.warnings) == 2
    node.path.mkdir()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("../evil.lua", to_value("../evil.lua", "LS0K")),
        ("a/b.lua", to_value("a/b.lua", "LS0K")),
        ("native.so", to_value("native.so", "LS0K")),
        ("bad.lua", "not json"),
        (".asudfd", to_value(".asudfd", "LS0K")),
    ],
)
def test_foreign_metadata_is_not_served_and_touches_no_file(
    node: Fixture, tmp_path: Path, key: str, value: str
) -> None:
    node.store.accept([SmdItem(key, value, 1, 0), item("good.lua", b"1")])
    node.store.accept([SmdItem(key, None, 2, 0)])
    assert node.store.names() == ["good.lua"]
    assert list(node.files()) == ["good.lua"]
    assert len(node.warnings) == 1
    assert "is not served" in node.warnings[0]
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_user_path_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(StartError, match="user-path cannot be used: others may write"):
        Fixture(tmp_path).store.open()


def test_no_link_in_the_user_path_is_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    fixture = Fixture(tmp_path / "lua")
    fixture.store.open()
    (tmp_path / "lua" / "a.lua").symlink_to(victim)
    fixture.store.accept([item("a.lua", b"return 1")])
    assert victim.read_text() == "precious"
    assert fixture.files() == {"a.lua": b"return 1"}
    fixture.store.close()
    (tmp_path / "lua" / MARK).unlink()
    (tmp_path / "lua" / "a.lua").unlink()
    (tmp_path / "lua" / MARK).symlink_to(victim)
    with pytest.raises(StartError, match=f"{MARK}: is a symbolic link"):
        fixture.store.open()
    assert victim.read_text() == "precious"


def test_an_answer_is_made_once_and_shared_until_the_module_changes(node: Fixture) -> None:
    node.store.accept([item("a.lua", b"return 1"), item("b.lua", b"return 2")])
    answer = node.store.get_answer("a.lua")
    assert answer == b"type=LUA;content=cmV0dXJuIDE=;"
    node.store.accept([item("b.lua", b"return 3", 2)])
    assert node.store.get_answer("a.lua") is answer
    node.store.accept([item("a.lua", b"return 2", 2)])
    assert node.store.get_answer("a.lua") == b"type=LUA;content=cmV0dXJuIDI=;"
    node.store.accept([item("a.lua", None, 3)])
    assert node.store.get_answer("a.lua") is None


def test_an_answer_has_the_usual_spelling_of_base64(node: Fixture) -> None:
    for number, content in enumerate(("cmV0dXJuIDF=", "YQ==", "YR==", "YWI=", "YWJ=", "YWJj")):
        name = f"m{number}.lua"
        node.store.accept([SmdItem(name, to_value(name, content), 1, 0)])
        module = node.store.get(name)
        assert module is not None
        assert node.store.get_answer(name) == b"type=LUA;content=%s;" % base64.b64encode(module.source)


def test_answers_take_a_bounded_memory_and_the_least_wanted_goes_first(node: Fixture) -> None:
    node.store.accept([item(f"{number}.lua", b"-" * 900_000) for number in range(20)])
    first = node.store.get_answer("0.lua")
    for number in range(1, 20):
        node.store.get_answer(f"{number}.lua")
        assert node.store.get_answer("0.lua") is first
    kept = list(node.store._answers.values())
    assert sum(map(len, kept)) == node.store._answers_size <= ANSWERS_SIZE_MAX
    assert len(kept) == 13
