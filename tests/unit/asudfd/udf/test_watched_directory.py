"""What a look at a directory of modules finds: files that were written, whatever an editor leaves beside them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.udf import SOURCE_SIZE_MAX
from asudfd.udf.watched_directory import WatchedDirectory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def watched(tmp_path: Path) -> WatchedDirectory:
    (tmp_path / "a.lua").write_text("return 1")
    watched = WatchedDirectory(tmp_path)
    assert watched.look(first=True).changed == {"a.lua": b"return 1"}
    return watched


def test_a_new_file_counts_when_it_stays_the_same(tmp_path: Path, watched: WatchedDirectory) -> None:
    (tmp_path / "b.lua").write_text("ret")
    assert watched.look() == ({}, [], {}, True)
    (tmp_path / "b.lua").write_text("return 2")
    assert watched.look() == ({}, [], {}, True), "it is still being written"
    assert watched.look() == ({"b.lua": b"return 2"}, [], {}, False)
    assert watched.look() == ({}, [], {}, False)


def test_a_file_that_another_replaces_is_never_gone(tmp_path: Path, watched: WatchedDirectory) -> None:
    (tmp_path / "a.lua").rename(tmp_path / "a.lua~")
    assert watched.look() == ({}, [], {}, True)
    (tmp_path / "a.lua").write_text("return 1")
    watched.look()
    assert watched.look() == ({"a.lua": b"return 1"}, [], {}, False)


def test_a_file_that_is_gone(tmp_path: Path, watched: WatchedDirectory) -> None:
    (tmp_path / "a.lua").unlink()
    watched.look()
    assert watched.look() == ({}, ["a.lua"], {}, False)
    assert watched.look() == ({}, [], {}, False)
    assert watched.names() == set()


def test_what_is_no_module_is_left_out(tmp_path: Path, watched: WatchedDirectory) -> None:
    for name in (".a.lua.swp", ".hidden.lua", "#a.lua#", "a.lua~", "4913", "a.txt", "my module.lua", "a.LUA"):
        (tmp_path / name).write_text("x")
    (tmp_path / "d.lua").mkdir()
    os.mkfifo(tmp_path / "p.lua")
    (tmp_path / "l.lua").symlink_to(tmp_path / "nothing")
    watched.look()
    assert watched.look() == ({}, [], {}, False)


def test_a_link_to_a_file_is_followed(tmp_path: Path, watched: WatchedDirectory) -> None:
    (tmp_path / "l.lua").symlink_to(tmp_path / "a.lua")
    watched.look()
    assert watched.look().changed == {"l.lua": b"return 1"}


def test_what_cannot_be_taken_is_told_once(tmp_path: Path, watched: WatchedDirectory) -> None:
    (tmp_path / "b.lua").write_bytes(bytes(SOURCE_SIZE_MAX + 1))
    watched.look()
    assert list(watched.look().problems) == ["b.lua"]
    assert watched.look() == ({}, [], {}, False)


def test_a_directory_that_is_away(tmp_path: Path, watched: WatchedDirectory) -> None:
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    with pytest.raises(OSError, match="No such file"):
        watched.look()
    tmp_path.with_name("elsewhere").rename(tmp_path)
    assert watched.look() == ({}, [], {}, False)
