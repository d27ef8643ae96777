"""``asadm function lint`` and ``function rdb``: libraries in files, checked and written without any node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from asadm.fleet.desired import limits
from asinfo.wire.functions import libraries
from tests.fakes.valkey_fleet import ValkeyFleet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.asadm.conftest import Asadm

GOOD = b"#!lua name=good\nredis.register_function('f', function() return 1 end)\n"
OTHER = b"#!lua name=other\nserver.register_function('g', function() return 1 end)\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with two good libraries, and what is none."""
    made = tmp_path / "lib"
    made.mkdir()
    (made / "a.lua").write_bytes(GOOD)
    (made / "b.lua").write_bytes(OTHER)
    (made / ".hidden.lua").write_bytes(b"wrong")
    (made / "README.md").write_bytes(b"wrong")
    (made / "inner").mkdir()
    return made


def test_good_libraries(asadm: Asadm, directory: Path) -> None:
    result = asadm("function", "lint", "lib")
    assert (result.code, result.out, result.err) == (0, "2 libraries: nothing is wrong\n", "")
    document = asadm("function", "lint", "lib/a.lua", "--json").document
    assert document["code"] == 0
    assert document["libraries"] == [{"name": "good", "path": "lib/a.lua"}]
    assert document["problems"] == []


def test_all_that_is_wrong_with_all_files(asadm: Asadm, directory: Path) -> None:
    (directory / "c.lua").write_bytes(b"#!lua name=Good\n\nx = = 1")
    (directory / "d.lua").write_bytes(b"return 1")
    (directory / "e.lua").write_bytes(b"")
    (directory / "f.lua").write_bytes(b"#!lua name=f\n" + b" " * (4 << 20))
    (directory / "g.lua").mkdir()
    (directory / "h.lua").symlink_to("/etc/passwd")
    os.mkfifo(directory / "i.lua")
    (directory / "j.lua").symlink_to("b.lua")
    (directory / "k.lua").write_bytes(b"#!js name=k\n")
    result = asadm("function", "lint", "lib")
    assert (result.code, result.out) == (2, "")
    told = [line.removeprefix("asadm: ") for line in result.err.splitlines()]
    for begin in (
        "lib/c.lua:1: lib/a.lua has the library good",
        "lib/c.lua:3: unexpected symbol",
        "lib/d.lua: is no library",
        "lib/e.lua: is no library",
        "lib/k.lua:1: Engine 'js' not found: the first line of a library is #!lua name=NAME",
        "lib/f.lua: is larger than 4194304 bytes",
        "lib/g.lua: is a directory, not a file",
        "lib/h.lua: lib/h.lua is a link to /etc/passwd, which is outside of lib",
        "lib/i.lua: is a FIFO, not a file",
        "lib/j.lua:1: lib/b.lua has the library other, too",
        "lib/j.lua: the function g is also in lib/b.lua",
    ):
        [line] = [line for line in told if line.startswith(begin)]
        told.remove(line)
    assert told == []
    document = asadm("function", "lint", "lib", "--json").document
    assert {"path": "lib/c.lua", "line": 3, "message": "unexpected symbol near '='"} in document["problems"]
    assert document["code"] == 2
    assert document["others"] == ["lib/d.lua", "lib/e.lua"]


def test_what_is_no_library_is_named_and_no_fault(asadm: Asadm, directory: Path) -> None:
    (directory / "c.lua").write_bytes(b"return 1")
    result = asadm("function", "lint", "lib")
    assert (result.code, result.out) == (0, "2 libraries: nothing is wrong\n")
    assert result.err == "asadm: lib/c.lua: is no library, for its first line does not begin with #!\n"
    assert asadm("function", "rdb", "lib", "--out", "f.rdb").code == 0
    with ValkeyFleet(1, clustered=False) as fleet:
        planned = asadm("-h", fleet.hosts, "function", "plan", "lib")
    assert planned.code == 3
    assert "not looked at, for the first line of a library begins with #!: lib/c.lua" in planned.err
    named = asadm("function", "lint", "lib/c.lua")
    assert named.code == 2, "who names a file means a library"
    assert named.err.startswith(
        "asadm: lib/c.lua:1: Missing library metadata: the first line of a library is"
    )
    (directory / "a.lua").unlink()
    (directory / "b.lua").unlink()
    assert "lib: there is no library in it" in asadm("function", "lint", "lib").err


def test_lint_and_rdb_read_a_directory_as_plan_does(asadm: Asadm, directory: Path) -> None:
    (directory / "functions.yaml").write_text("exclude: ['*_test.lua', other]\n")
    (directory / "a_test.lua").write_bytes(b"#!lua name=good\nx = = 1")
    result = asadm("function", "lint", "lib", "--json")
    assert result.code == 0, result.out
    assert result.document["libraries"] == [{"name": "good", "path": "lib/a.lua"}]
    assert asadm("function", "rdb", "lib", "--out", "f.rdb").code == 0
    with ValkeyFleet(1, clustered=False) as fleet:
        planned = asadm("-h", fleet.hosts, "--json", "function", "plan", "lib")
        assert [step["module"] for step in planned.document["steps"]] == ["good"]
    (directory / "functions.yaml").write_text("exclude: x\nodd: 1\n")
    wrong = asadm("function", "lint", "lib")
    assert wrong.code == 2
    assert "lib/functions.yaml:1: exclude" in wrong.err
    assert "lib/functions.yaml:2: " in wrong.err


def test_the_servers_that_they_are_for(asadm: Asadm, directory: Path) -> None:
    result = asadm("function", "lint", "lib", "--for", "valkey-8.1, redis-7.0", "--for", "valkey-9.1")
    assert result.code == 2
    assert result.err.startswith("asadm: lib/b.lua:2: Redis 7.0 has no 'server'")
    assert asadm("function", "lint", "lib/a.lua", "--for", "redis-7.0").code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lint"], "DIR|FILE... is missing"),
        (["lint", "none"], "none: No such file or directory"),
        (["lint", "lib/inner"], "lib/inner: there is no library in it"),
        (["lint", "lib", "--for", "9.1"], "'9.1' is no server: write PRODUCT-VERSION"),
        (["lint", "lib", "--for", ""], "'' is no server"),
        (["rdb", "lib"], "function rdb: --out is missing"),
        (["rdb", "lib", "--out", "lib"], "lib: is a directory"),
        (["rdb", "lib", "--out", "none/f.rdb"], "none/f.rdb: "),
        (["rdb", "lib", "--out", "-", "--json"], "function rdb: --json and the file"),
    ],
)
def test_wrong_usage(asadm: Asadm, directory: Path, words: list[str], error: str) -> None:
    result = asadm("function", *words)
    assert result.code == 2
    assert error in result.err


def test_a_file_in_place_of_a_directory_that_is_too_much(
    asadm: Asadm, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILES_MAX", 1)
    assert "2 libraries are more than 1" in asadm("function", "lint", "lib").err
    monkeypatch.setattr(limits, "FILES_MAX", 2)
    monkeypatch.setattr(limits, "SIZE_MAX", len(GOOD))
    assert "lib/b.lua: the libraries up to this one" in asadm("function", "lint", "lib").err
    assert (
        "lib/b.lua: the libraries up to this one" in asadm("function", "lint", "lib/a.lua", "lib/b.lua").err
    )


def test_an_rdb_file(asadm: Asadm, directory: Path, tmp_path: Path) -> None:
    result = asadm("function", "rdb", "lib", "--out", "f.rdb")
    assert (result.code, result.err) == (0, "")
    data = (tmp_path / "f.rdb").read_bytes()
    assert result.out == f"f.rdb: {len(data)} bytes, libraries good, other\n"
    assert libraries(data) == [GOOD, OTHER]
    assert asadm("function", "rdb", "lib", "-o", "-").raw == data
    document = asadm("function", "rdb", "lib", "-o", "f.rdb", "--json").document
    assert (document["libraries"], document["file"], document["size"]) == (
        ["good", "other"],
        "f.rdb",
        len(data),
    )


def test_no_rdb_file_of_what_lint_refuses(asadm: Asadm, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "f.rdb").write_bytes(b"former")
    (directory / "c.lua").write_bytes(b"#!lua name=c\n\nx = = 1")
    result = asadm("function", "rdb", "lib", "--out", "f.rdb")
    assert (result.code, result.err) == (2, "asadm: lib/c.lua:3: unexpected symbol near '='\n")
    assert (tmp_path / "f.rdb").read_bytes() == b"former"
    assert asadm("function", "rdb", "lib/b.lua", "--out", "f.rdb", "--for", "redis-7.0").code == 2
    assert (tmp_path / "f.rdb").read_bytes() == b"former"


def test_an_rdb_file_is_not_for_a_terminal(
    asadm: Asadm, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    result = asadm("function", "rdb", "lib", "--out", "-")
    assert (result.code, result.out) == (2, "")
    assert "an RDB file is not for a terminal: give --out FILE" in result.err
