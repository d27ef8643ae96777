"""A script that goes too deep: the error has the script's line, also where it is the hook that finds no room on the stack."""

from tests.each import for_each
from tests.unit.asudfd.valkey.served import ServedKeyspace

DEEP = b"for i = 1, tonumber(ARGV[1]) do end local function r() return r() + 1 end return r()"
LONGEST = 2400
"""Turns of a loop before: the hook comes at another depth each time, and in a few of them at the last one."""

LONG_AT_A_DEPTH = b"""
local function r(depth)
    if depth == 0 then
        for i = 1, 1000000 do end
    end
    return r(depth - 1) + 1
end
return r(tonumber(ARGV[1]))
"""
"""The time is looked at where it takes some: at that depth."""

CALLS_MAX = 20_000
"""Calls that the stack of Lua has room for."""


def test_no_error_has_the_place_of_the_hook() -> None:
    client = ServedKeyspace().client()
    found = {client.run("EVAL", DEEP, 0, turns).text for turns in range(0, LONGEST, 2)}
    assert found == {b"ERR user_script:1: stack overflow script: on @user_script:1."}


@for_each((100, CALLS_MAX // 2, *range(CALLS_MAX - 140, CALLS_MAX - 1, 7)))
def test_to_look_at_the_time_deep_down_takes_no_room_from_the_error(depth: int) -> None:
    client = ServedKeyspace().client()
    client.run("EVAL", DEEP, 0, 0)  # from now on the stack has the room of all calls
    error = client.run("EVAL", LONG_AT_A_DEPTH, 0, depth).text
    assert error.startswith(b"ERR user_script:")
    assert b": stack overflow script: on @user_script:" in error
