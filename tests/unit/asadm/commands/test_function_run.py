"""``asadm function run``: a function of a library in a file, called on a keyspace in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.asadm.conftest import Asadm

LIBRARY = b"""#!lua name=lib
server.register_function('echo', function(keys, args) return {keys, args, 1, false} end)
server.register_function('set', function(keys, args) return server.call('SET', keys[1], args[1]) end)
server.register_function('raise', function()
  server.log(server.LOG_NOTICE, 'on the way')
  error('bad thing')
end)
server.register_function('wrong', function(keys)
  return server.call('LPUSH', keys[1], 'x')
end)
server.register_function('own', function() return server.error_reply('MINE it is') end)
server.register_function('loop', function() while true do end end)
server.register_function('deep', function() local t = {} for i = 1, 500 do t = {t} end return t end)
server.register_function('large', function() local s = 'x' while true do s = s .. s end end)
server.register_function('steer', function() return {server.status_reply('\\27[2J'), '\\27[2J'} end)
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "l.lua").write_bytes(LIBRARY)
    (tmp_path / "k.json").write_text('{"k": "v", "n": 1}')


def test_keys_and_arguments(asadm: Asadm) -> None:
    result = asadm("function", "run", "l.lua", "ECHO", "k1", "k2", "--", "--json", "--", "é")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        '1) 1) "k1"',
        '   2) "k2"',
        '2) 1) "--json"',
        '   2) "--"',
        '   3) "\\xc3\\xa9"',
        "3) (integer) 1",
        "4) (nil)",
    ]
    document = asadm("function", "run", "l.lua", "echo", "k1", "--json", "--", "é").document
    assert document["reply"] == [["k1"], ["é"], 1, None]


def test_the_keyspace_before_and_after(asadm: Asadm) -> None:
    result = asadm("function", "run", "l.lua", "set", "k", "--keyspace", "k.json", "--after", "--", "new")
    first, _, rest = result.out.partition("\n")
    assert (result.code, first, json.loads(rest)) == (0, "OK", {"k": "new", "n": "1"})
    document = asadm("function", "run", "l.lua", "set", "x", "--after", "--json", "--", "y").document
    assert (document["reply"], document["after"]) == ("OK", {"x": "y"})


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["raise"], "l.lua:6: bad thing"),
        (["wrong", "k", "--keyspace", "k.json"], "l.lua:9: WRONGTYPE Operation against a key holding the wrong kind of value"),
        (["own"], "l.lua: MINE it is"),
        (["loop", "--limit", "0.05"], "l.lua:12: ERR the function ran for more than 0.05 s"),
        (["large"], "l.lua: ERR not enough memory"),
    ],
)  # fmt: skip
def test_the_error_of_a_function(asadm: Asadm, words: list[str], error: str) -> None:
    result = asadm("function", "run", "l.lua", *words)
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == f"asadm: {error}"


def test_what_it_logs_and_its_error_in_json(asadm: Asadm) -> None:
    result = asadm("function", "run", "l.lua", "raise", "--json", "--after")
    assert (result.code, result.err) == (1, "asadm: on the way\nasadm: l.lua:6: bad thing\n")
    assert result.document["error"] == {"path": "l.lua", "line": 6, "message": "bad thing"}
    assert result.document["after"] == {}


def test_a_reply_that_no_client_takes(asadm: Asadm) -> None:
    result = asadm("function", "run", "l.lua", "deep")
    assert result.code in {0, 1}
    assert "Traceback" not in result.err


def test_a_terminal_is_not_steered(asadm: Asadm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[2J" not in asadm("function", "run", "l.lua", "steer").out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["l.lua"], "FUNCTION is missing"),
        (["l.lua", "none"], "l.lua has no function 'none': it has echo, set"),
        ([".", "echo"], ".: is a directory"),
        (["no.lua", "echo"], "no.lua: No such file or directory"),
        (["k.json", "echo"], "k.json:1: Missing library metadata"),
        (["l.lua", "echo", "--keyspace", "no.json"], "no.json: No such file or directory"),
        (["l.lua", "echo", "--keyspace", "l.lua"], "l.lua: is no keyspace: "),
        (["l.lua", "echo", "--limit", "0"], "not more than 0"),
    ],
)
def test_wrong_usage(asadm: Asadm, words: list[str], error: str) -> None:
    result = asadm("function", "run", *words)
    assert (result.code, result.out) == (2, "")
    assert error in result.err
