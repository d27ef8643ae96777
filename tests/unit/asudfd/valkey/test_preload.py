"""Libraries of the start: an RDB file or a directory, and what is told of those that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.functions import rdb_file
from asudfd.errors import StartError
from asudfd.valkey.preload import read_libraries

if TYPE_CHECKING:
    from pathlib import Path

CODES = [b"#!lua name=a\nreturn 1", b"#!lua name=b\nreturn 2"]


def test_a_directory_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name, code in (("2.lua", CODES[1]), ("1.lua", CODES[0]), ("readme.txt", b"no library")):
        (tmp_path / name).write_bytes(code)
    files = [str(tmp_path / name) for name in ("1.lua", "2.lua")]
    assert read_libraries(str(tmp_path)) == [*zip(files, CODES, strict=True)]


def test_a_file_in_rdb_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "functions.rdb"
    path.write_bytes(rdb_file(CODES))
    assert read_libraries(str(path)) == [(str(path), code) for code in CODES]


def test_an_empty_directory_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"--functions: there is no \*\.lua file in"):
        read_libraries(str(tmp_path))
    with pytest.raises(StartError, match=r"--functions: .*missing"):
        read_libraries(str(tmp_path / "missing.rdb"))


def test_a_file_of_lua_is_told_to_be_none_in_rdb_form(tmp_path: Path) -> None:
    path = tmp_path / "a.lua"
    path.write_bytes(CODES[0])
    with pytest.raises(StartError, match="of files of Lua name the directory"):
        read_libraries(str(path))


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "functions.rdb"
    good = rdb_file(CODES)
    for broken in (b"", b"REDIS", b"text\n", good[:-20], good[:12] + b"\xff" + good[13:]):
        path.write_bytes(broken)
        with pytest.raises(StartError, match="--functions: "):
            read_libraries(str(path))
