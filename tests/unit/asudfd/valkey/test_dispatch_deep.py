"""A script that goes too deep: the error has the script's line, also where it is the hook that finds no room on the stack."""

from tests.unit.asudfd.valkey.served import ServedKeyspace

DEEP = b"for i = 1, tonumber(ARGV[1]) do end local function r() return r() + 1 end return r()"
LONGEST = 2400
"""Turns of a loop before: the hook comes at another depth each time, and in a few of them at the last one."""


def test_no_error_has_the_place_of_the_hook() -> None:
    client = ServedKeyspace().client()
    found = {client.run("EVAL", DEEP, 0, turns).text for turns in range(0, LONGEST, 2)}
    assert b"ERR user_script:1: stack overflow script: on @user_script:1." in found
    assert not [text for text in found if b"?:0" in text]
