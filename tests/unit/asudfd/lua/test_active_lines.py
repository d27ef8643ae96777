"""Which lines of a module can run."""

from pathlib import Path

import pytest

from asudfd.lua.active_lines import active_lines
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch
from asudfd.offline import OfflineModule
from tests.each import for_each

UDF = Path(__file__).parents[4] / "config" / "udf"

SOURCE = b"""local a = 1
-- a comment
local function f(x)
  if x then
    return 1
  else
    return 2
  end
end

function g(...)
  local t = {
    a = 1,
    b = f(2),
  }
  for i = 1, 3 do
    t[i] = "a text that is longer than the forty bytes that a short one has"
  end
  return t, 1.5, 100000000000, nil, true, false
end
"""


def test_lines_with_instructions() -> None:
    assert active_lines(SOURCE) == {1, 4, 5, 7, 11, 12, 13, 14, 16, 17, 19}


def test_lines_that_are_far_apart() -> None:
    assert active_lines(b"\n" * 1000 + b"x = 1\n" + b"\n" * 500 + b"y = 2\n") == {1001, 1502}


def test_many_instructions_on_a_line() -> None:
    text = b"local t = {" + b"{1}, " * 300 + b"}\nlocal x = " + b"1 + t[1] + " * 300 + b"2\nreturn x\n"
    assert active_lines(text) == {1, 2, 3}


@pytest.mark.parametrize("text", [b"", b"-- nothing\n", b"function f(", b"\x1bLua"])
def test_texts_without_lines(text: bytes) -> None:
    assert active_lines(text) == set()


@for_each(sorted(UDF.glob("*.lua")))
def test_no_line_runs_that_cannot(path: Path) -> None:
    text = path.read_bytes()
    watch = LineWatch(marks=LineMarks())
    OfflineModule(path, watch=watch).ready()
    ran = {line.line for line in watch.lines() if line.chunk == str(path)}
    assert ran
    active = active_lines(text)
    assert active
    lines = text.split(b"\n")
    assert {number for number in ran - active if lines[number - 1].strip() not in {b"end", b"}"}} == set()
