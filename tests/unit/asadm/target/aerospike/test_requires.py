"""The scanner that finds what a Lua text requires."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.target.aerospike.requires import required
from tests.each import for_each_row


@for_each_row(
    ("text", "names"),
    [
        (b'require "x"', (b"x",)),
        (b"require 'x'", (b"x",)),
        (b'local m = require("x")', (b"x",)),
        (b"require ( 'x' )", (b"x",)),
        (b"require[[x]]", (b"x",)),
        (b"require [==[x]==]", (b"x",)),
        (b"require([[x]])", (b"x",)),
        (b'require\n"x"', (b"x",)),
        (b'require "x" require "y" require "x"', (b"x", b"y")),
        (b'"a"..require"x"', (b"x",)),
        (b'require "a.b-c_d"', (b"a.b-c_d",)),
        (b'require "x".f()', (b"x",)),
        (b'require "caf\xc3\xa9"', (b"caf\xc3\xa9",)),
        # not a require of a known name
        (b'-- require "x"', ()),
        (b'--[[ require "x" ]]', ()),
        (b'--[==[ ]] require "x" ]==]', ()),
        (b'--[[ open to the end require "x"', ()),
        (b"local s = 'require \"x\"'", ()),
        (b'local s = "a\\" require \'x\' "', ()),
        (b'local s = [[ require "x" ]]', ()),
        (b'local s = [=[ ]] require "x" ]=]', ()),
        (b'require("x" .. y)', ()),
        (b"require(name)", ()),
        (b'pcall(require, "x")', ()),
        (b'm.require "x"', ()),
        (b'm:require("x")', ()),
        (b'unrequire "x"', ()),
        (b'required "x"', ()),
        (b'require "a\\n"', ()),
        (b"require ''", ()),
        (b"require", ()),
        (b"", ()),
        # what ends is not swallowed
        (b'--[[ a ]] require "x"', (b"x",)),
        (b'-- a\nrequire "x"', (b"x",)),
        (b"local s = 'a' require 'x'", (b"x",)),
        (b'local s = "open\nrequire "x"', (b"x",)),
        (b"local t = [[ a ]] require 'x'", (b"x",)),
        (b'local t = a[b[1]] require "x"', (b"x",)),
        (b"--[==[ a ]==] require 'x'", (b"x",)),
    ],
)
def test_what_is_found(text: bytes, names: tuple[bytes, ...]) -> None:
    assert required(text) == names


@given(st.binary(max_size=300))
def test_any_bytes_are_scanned(text: bytes) -> None:
    required(b"require " + text)
    assert required(
        b'"' + text.replace(b'"', b"").replace(b"\\", b"").replace(b"\n", b"") + b'" require "x"'
    ) == (b"x",)


@pytest.mark.parametrize(
    "piece", [b"[[", b"--[[", b'"', b"'\\", b"[=", b"require", b"require(", b"require [=", b"--["]
)
def test_an_ugly_text_takes_no_longer_than_its_length(piece: bytes) -> None:
    def seconds(size: int) -> float:
        text = b"require" + piece * (size // len(piece))
        began = time.process_time()
        required(text)
        return time.process_time() - began

    assert seconds(400_000) < 40 * seconds(40_000) + 0.5
