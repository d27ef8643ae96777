"""Marks in modules: the lines are those that a hook sees, and nothing else is different."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from asudfd.lua import line_marks
from asudfd.lua.active_lines import active_lines
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.line_marks import LineMarks, UnmarkableError, marked
from asudfd.lua.line_watch import LineWatch
from asudfd.lua.state import compile_text
from asudfd.offline import CallError, OfflineModule
from tests.each import for_each
from tests.unit.asudfd.lua.running_lua import RunningLua

ROOT = Path(__file__).parents[4]
SEEDS = 150
CALLS: tuple[tuple[object, ...], ...] = ((), (2, "x"), (7,))


class NoMarks(LineMarks):
    """Puts none: a hook sees the lines."""

    def put(self, code: bytes, text: bytes, name: bytes) -> bytes:
        self.followed[name[1:].decode()] = "as the test wants it"
        return code


class Observed(NamedTuple):
    """What calls of a function came to, and the lines that ran."""

    results: list[str]
    lines: set[int]


def observed(text: str, marks: LineMarks, function: str = "f") -> Observed:
    """Call the function with each arguments of CALLS."""
    watch = LineWatch(marks=marks)
    module = OfflineModule(text, watch=watch, seconds=20)
    results = [called(module, function, arguments) for arguments in CALLS]
    watch.settle()
    lines = {line.line for line in watch.lines()}
    module.close()
    return Observed(results, lines)


def called(module: OfflineModule, function: str, arguments: tuple[object, ...]) -> str:
    """The result, or the error with its traceback and locals; without addresses and tables, whose order is by chance."""
    try:
        found: object = module.call(function, {"x": 1}, *arguments).result
    except CallError as error:
        found = str(error), [(each.line, each.function, each.variables) for each in error.frames]
    return re.sub(r"0x[0-9a-f]+|\{.*\}", "", repr(found))


def same_lines(text: str, function: str = "f") -> None:
    active = active_lines(text.encode(), CROSSING.no_tail_calls)
    marks = LineMarks()
    seen, noted = observed(text, NoMarks(), function), observed(text, marks, function)
    assert marks.followed == {}
    assert noted.results == seen.results
    assert noted.lines == seen.lines & active


@for_each(range(SEEDS))
def test_random_programs(seed: int) -> None:
    same_lines(RunningLua(seed).text())


@for_each([path for path in sorted((ROOT / "config").rglob("*.lua")) if not path.name.endswith(".d.lua")])
def test_modules_of_this_repository(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if text.startswith("#!"):
        return  # a library of Valkey
    for function in re.findall(r"^function (\w+)\(", text, re.MULTILINE) or ["f"]:
        same_lines(text, function)


EXPRESSIONS = """
local t = {
  a = 1,
  [1] = "x",
}
local function other(...)
  return ...
end
function f(rec, x)
  local y = x
    and other(
      t.a)
    or other(
      "none",
      other(x)
    )
  local z = {
    y == 1,
    y ~= 2
      and 3,
    other(
      y,
      4)
  }
  for _, each in (
    pairs)({}) do
    y = each
  end
  return other(z[1],
    x)
end
"""


def test_the_lines_of_an_expression() -> None:
    same_lines(EXPRESSIONS.replace("(\n    pairs)", "pairs"))
    assert observed(EXPRESSIONS, LineMarks()).lines - observed(EXPRESSIONS, NoMarks()).lines == {25}


@pytest.mark.parametrize("filler", [0, 300], ids=["near", "far"])
def test_functions_with_many_lines_and_constants(filler: int) -> None:
    lines = [f"  s = s + {number}.5" for number in range(filler)]
    body = "\n".join(lines)
    same_lines(
        f"function f(rec, n)\n  local s = 0\n{body}\n  for i = 1, n or 0 do\n    s = s + i\n  end\n"
        f"  if n == 7 then\n    error('seven')\n  end\n  return s\nend\n"
    )


def test_modules_that_require_others(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("local b = require('b')\nfunction f(rec)\n  return b.g()\nend\n")
    (tmp_path / "b.lua").write_text(
        "local function g()\n  if f then\n    return 1\n  end\n  return 2\nend\nreturn { g = g }\n"
    )
    watch = LineWatch(marks=LineMarks())
    assert OfflineModule(tmp_path / "a.lua", watch=watch).call("f").result == 1
    assert [(Path(line.chunk).name, line.line) for line in watch.lines()] == [
        *(("a.lua", line) for line in (1, 2, 3)),
        *(("b.lua", line) for line in (2, 3, 7)),
    ]


# ---- what cannot have marks

UPVALUES = (
    "".join(
        f"local {', '.join(f'a{number}' for number in range(first, last))} = 1\n"
        for first, last in ((0, 100), (100, 190))
    )
    + "do local function g() local "
    + ", ".join(f"b{number}" for number in range(70))
    + " = 1\nreturn function() return {"
    + ", ".join([*(f"a{number}" for number in range(190)), *(f"b{number}" for number in range(65))])
    + "} end\nend g() end\nfunction f(rec, x)\n  if x then\n    return 1\n  end\n  return 2\nend\n"
)
REGISTERS = (
    "function f(rec, x)\n  local s = 0\n"
    + "".join(f"  s = s + {number}.5\n" for number in range(300))
    + f"  return select('#', {', '.join(['s'] * 249)})\nend\n"
)


@pytest.mark.parametrize(
    ("text", "why"),
    [(UPVALUES, "has 255 upvalues"), (REGISTERS, "is too large")],
    ids=["upvalues", "registers"],
)
def test_a_hook_sees_what_cannot_have_marks(text: str, why: str) -> None:
    marks = LineMarks()
    noted = observed(text, marks)
    assert why in marks.followed["./module.lua"]
    assert noted == observed(text, NoMarks())
    assert len(noted.lines) > 5
    code = compile_text(text.encode(), b"@m.lua").code
    assert code is not None
    with pytest.raises(UnmarkableError, match=why):
        marked(code, text.encode())


def test_bytecode_of_an_unknown_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_marks, "knows_bytecode", lambda: False)
    marks = LineMarks()
    text = "function f(rec)\n  return 1\nend\n"
    assert observed(text, marks).lines == {1, 2, 3}
    assert "unknown format" in marks.followed["./module.lua"]


def test_a_hook_sees_one_module_and_marks_are_in_the_other(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text(UPVALUES)
    (tmp_path / "b.lua").write_text("local a = require('a')\nfunction g(rec)\n  return f(rec, 1)\nend\n")
    marks = LineMarks()
    watch = LineWatch(marks=marks)
    assert OfflineModule(tmp_path / "b.lua", watch=watch).call("g").result == 1
    ran = {(Path(line.chunk).name, line.line) for line in watch.lines()}
    assert {("b.lua", 1), ("b.lua", 2), ("b.lua", 3), ("a.lua", 7), ("a.lua", 8)} <= ran
    assert list(marks.followed) == [str(tmp_path / "a.lua")]
