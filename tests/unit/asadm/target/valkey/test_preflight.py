"""Checks of libraries before they are sent: what is wrong with them, in which line, and what only some servers mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asadm.target.valkey.function_library import SIZE_MAX, LibrarySource
from asadm.target.valkey.preflight import examine
from asadm.target.valkey.server_version import ServerVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REDIS = ServerVersion("redis", (7, 0, 15))
VALKEY_8_0 = ServerVersion("valkey", (8, 0))
VALKEY_8_1 = ServerVersion("valkey", (8, 1))
ASUDF = ServerVersion("asudf", ())

ONE = b"redis.register_function('f', function() return 1 end)"


def library(body: bytes = ONE, name: bytes = b"lib", path: str = "lib.lua") -> LibrarySource:
    return LibrarySource(name, path, b"#!lua name=" + name + b"\n" + body)


def said(
    *libraries: LibrarySource,
    present: Mapping[bytes, bytes] | None = None,
    servers: Collection[ServerVersion] = (),
) -> list[str]:
    return [str(problem) for problem in examine(libraries, present=present or {}, servers=servers)]


def test_a_good_library_has_no_problem() -> None:
    assert said(library()) == []
    assert said() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "x.lua: is empty"),
        (b"return 1\n", "x.lua:1: Missing library metadata: the first line"),
        (b"#!lua name=a", "x.lua:1: Invalid library metadata"),
        (b"#!lua name=a\0\n", "x.lua:1: Invalid library metadata"),
        (b"#!lua\n", "x.lua:1: Library name was not given"),
        (b"#!lua name=a-b\n", "x.lua:1: Library names can only contain"),
        (b"#!js name=a\n", "x.lua:1: Engine 'js' not found"),
        (b"#!lua name=a \xff\n", "x.lua:1: Invalid metadata value given: \\xff"),
        (b"#!lua name=a\n" + b" " * SIZE_MAX, "x.lua: is larger than 4194304 bytes"),
    ],
)
def test_a_wrong_beginning(text: bytes, problem: str) -> None:
    [found] = said(LibrarySource(b"a", "x.lua", text))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"x = = 1", "lib.lua:2: unexpected symbol near '='"),
        (
            b"\nlocal x = nosuch.y",
            "lib.lua:3: Script attempted to access nonexistent global variable 'nosuch'",
        ),
        (b"local a", "lib.lua: the library registers no function"),
        (b"\n\nserver.register_function('a-b', function() end)", "lib.lua:4: 'a-b' cannot be the name"),
        (
            b"server.register_function('a')",
            "lib.lua:2: calling server.register_function with a single argument",
        ),
        (ONE + b"\n" + ONE, "lib.lua:3: the function f is registered twice"),
        (ONE + b"\n" + ONE.replace(b"'f'", b"'F'"), "lib.lua:3: the functions f and F differ only in case"),
        (b"\nwhile true do end", "lib.lua:3: the text runs for more than 500 ms"),
        (
            b"local s = 'abcdefgh' while true do s = s .. s end",
            "lib.lua: the text takes more than 64 MiB of memory",
        ),
        (b"(" * 100_000, "lib.lua:2: chunk has too many syntax levels"),
        (b"\x1bLua\x51", "lib.lua:2: unexpected symbol"),
        (b"\x1bLua\x51\x00", "lib.lua:2: has a NUL byte"),
        (b"\0" * 1000, "lib.lua:2: has a NUL byte"),
        (ONE + b"\n-- \0\n", "lib.lua:3: has a NUL byte, and Valkey reads a library only up to there"),
        (b"x = \xff\xfe", "lib.lua:2: unexpected symbol near '\\xff'"),
    ],
)
def test_a_text_that_cannot_be_loaded(body: bytes, problem: str) -> None:
    [found] = said(library(body))
    assert found.startswith(problem)


def test_what_one_library_does_is_nothing_to_the_next() -> None:
    bomb = library(b"local s = 'abcdefgh' while true do s = s .. s end", b"bomb", "bomb.lua")
    assert len(said(bomb, library(), bomb)) == 3  # twice the memory, and once the name


def test_two_files_with_one_library() -> None:
    found = said(library(path="a.lua"), library(ONE.replace(b"'f'", b"'g'"), path="b.lua"))
    assert found == ["b.lua:1: a.lua has the library lib, too: give one of them another name"]


def test_libraries_whose_names_differ_only_in_case() -> None:
    other = library(ONE.replace(b"'f'", b"'g'"), b"LIB", "b.lua")
    [found] = said(library(path="a.lua"), other)
    assert found.startswith("b.lua:1: a.lua has the library lib, which differs from LIB only in case")
    [found] = said(other, present={b"lib": library().text})
    assert found.startswith("b.lua:1: the nodes have the library lib, which differs from LIB only in case")


def test_a_function_of_two_libraries() -> None:
    other = library(ONE.replace(b"'f'", b"'F'"), b"other", "b.lua")
    [found] = said(library(path="a.lua"), other)
    assert found.startswith("b.lua: the function F is also in a.lua")
    [found] = said(other, present={b"lib": library().text})
    assert found.startswith("b.lua: the function F is also in library lib on the nodes")


def test_a_library_that_is_replaced_owns_nothing() -> None:
    moved = library(ONE.replace(b"'f'", b"'g'"))
    taker = library(ONE, b"other", "b.lua")
    assert said(moved, taker, present={b"lib": library().text}) == []


def test_a_log_at_load() -> None:
    logging = library(b"\nserver.log(server.LOG_NOTICE, 'x')\n" + ONE)
    [found] = said(logging)
    assert found.startswith("lib.lua:3: server.log runs while the library is loaded, which ends Valkey 9.1")
    assert said(logging, servers={VALKEY_8_1, ASUDF}) == []
    assert said(library(b"server.register_function('f', function() server.log(1, 'x') end)")) == []


def test_the_server_object_on_redis() -> None:
    calling = library(ONE + b"\nredis.register_function('g', function()\n return server.call('GET') end)")
    assert said(calling) == []
    assert said(calling, servers=[VALKEY_8_1, REDIS]) == [
        "lib.lua:4: Redis 7.0.15 has no 'server': write redis, which Valkey has, too"
    ]
    local = b"local server = redis\nserver.register_function('f', function() return server.call('GET') end)"
    assert said(library(local + b" -- server.call"), servers=[REDIS]) == []


def test_environments_from_8_1_on() -> None:
    body = b"redis.register_function('f', function()\n  return getfenv(1) end)"
    [found] = said(library(body))
    assert found.startswith("lib.lua:3: Valkey 9.1 has no getfenv")
    assert said(library(body), servers=[VALKEY_8_0, REDIS]) == []
    [found] = said(library(body), servers=[VALKEY_8_0, VALKEY_8_1])
    assert found.startswith("lib.lua:3: Valkey 8.1 has no getfenv")


def test_all_is_told_at_once_in_the_order_of_files_and_lines() -> None:
    body = b"redis.register_function('f', function() return setfenv end)\nserver.log(1, 'x')"
    found = said(
        library(b"x = = 1", b"a", "a.lua"), library(body, b"b", "b.lua"), servers=[REDIS, *_newest()]
    )
    assert [each.split(": ")[0] for each in found] == ["a.lua:2", "b.lua:2", "b.lua:3", "b.lua:3"]


def _newest() -> list[ServerVersion]:
    return [ServerVersion("valkey", (9, 1, 2))]
