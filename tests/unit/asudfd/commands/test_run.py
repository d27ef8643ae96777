"""`asudfd run`: what it shows, and its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asudfd import cli
from asudfd.commands import run_lines
from docs.json_documents import OFFLINE_RUN
from tests.each import for_each

MODULE = """
local part = require("part")

function add(rec, bin, n)
  info("adding %s", tostring(n))
  rec[bin] = (rec[bin] or 0) + n
  if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
  return rec[bin]
end

function echo(rec, ...) return list{...} end
function about(rec) return map{key = record.key(rec), set = record.setname(rec)} end
function drop(rec) aerospike:remove(rec) end
function total(rec, l)
  local sum = part.zero
  for each in list.iterator(l) do
    sum = sum + each
  end
  return sum
end
function forever() while true do end end
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)
    Path("m.lua").write_text(MODULE)
    Path("part.lua").write_text("return {zero = 0}\n")

    def run(*words: str, file: str = "m.lua") -> Ran:
        code = cli.run(["run", file, *words])
        return Ran(code, *capfd.readouterr())

    return run


def test_result_and_changed_record(run: Callable[..., Ran]) -> None:
    ran = run("add", "count", "5", "--bins", '{"count": 1, "other": [1]}')
    assert ran == (
        0,
        "6\n--- before: generation 1, ttl never\n+++ after: generation 2, ttl never\n-count: 1\n+count: 6\n",
        "INFO m.lua:5 m.add: adding 5\n",
    )
    assert run("add", "count", "5").out.endswith(
        "--- before: no record\n+++ after: generation 1, ttl never\n+count: 5\n"
    )
    assert run("drop", "--bins", '{"a": 1}').out == (
        "null\n--- before: generation 1, ttl never\n+++ after: no record\n-a: 1\n"
    )


@for_each([
    (["5", "x", "[1]", "1.5", "true"], [5, "x", [1], 1.5, True]),
    (['{"$bytes": "00ff"}', '{"$map": [[1, "a"]]}'], [{"$bytes": "00ff"}, {"$map": [[1, "a"]]}]),
    (["1", "--arg-string", "2"], [1, "2"]),
    (["--", "-5", "--x"], [-5, "--x"]),
])  # fmt: skip
def test_arguments(case: tuple[list[str], list[Any]], run: Callable[..., Ran]) -> None:
    words, values = case
    assert json.loads(run("echo", *words).out) == values


def test_arguments_from_a_file(run: Callable[..., Ran]) -> None:
    Path("args.json").write_text('[1, {"a": "b"}]')
    assert json.loads(run("echo", "--args-file", "args.json").out) == [1, {"a": "b"}]


@for_each([
    (["--key", "5"], 5), (["--key", "k"], "k"), (["--key", "5", "--key-type", "string"], "5"),
    (["--key", "00ff", "--key-type", "bytes"], {"$bytes": "00ff"}), (["--key", "9" * 30], "9" * 30),
    (["--key=-7", "--key-type", "integer"], -7),
])  # fmt: skip
def test_keys(case: tuple[list[str], Any], run: Callable[..., Ran]) -> None:
    words, key = case
    told = json.loads(run("about", *words, "--set-name", "demo", "--bins", '{"a": 1}').out)
    assert told == {"key": key, "set": "demo"}


def test_json(run: Callable[..., Ran]) -> None:
    ran = run("add", "count", "5", "--bins", '{"count": 1}', "--json")
    assert json.loads(ran.out) == {
        "version": 1,
        "before": {"generation": 1, "ttl": None, "bins": {"count": 1}},
        "after": {"generation": 2, "ttl": None, "bins": {"count": 6}},
        "result": 6,
    }
    failed = run("total", '["x"]', "--json")
    assert failed.code == 1
    assert json.loads(failed.out)["error"] == {
        "message": "attempt to add a 'number' with a 'string'",
        "file": "m.lua",
        "line": 17,
        "source": "sum = sum + each",
    }


@pytest.mark.parametrize("words", [["add", "n", "1"], ["total", '["x"]'], ["add", "n", "1", "--repeat", "2"]])
def test_the_page_of_json_documents_has_every_member(run: Callable[..., Ran], words: list[str]) -> None:
    members = json.loads(run(*words, "--json").out).keys()
    assert members <= {row.name for row in OFFLINE_RUN}
    assert {row.name for row in OFFLINE_RUN if row.always} <= members


def test_a_failure_names_its_line(run: Callable[..., Ran]) -> None:
    assert run("total", '["x"]') == (
        1,
        "",
        "m.lua:17: attempt to add a 'number' with a 'string'\n    sum = sum + each\n",
    )


def test_a_trace_shows_each_line_and_the_locals_of_a_failure(run: Callable[..., Ran]) -> None:
    lines = run("total", '[1, "x"]', "--trace").err.splitlines()
    assert [line.split()[0] for line in lines[:5]] == [f"m.lua:{n}" for n in (15, 16, 17, 16, 17)]
    assert "m.lua:17                     sum = sum + each" in lines
    found = lines[lines.index("at m.lua:17") + 1 :]
    assert found == ["    rec = Record {}", '    l = [1, "x"]', "    sum = 1", '    each = "x"']


def test_a_trace_ends(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lines, "TRACE_MAX", 3)
    lines = run("total", "[1, 2, 3]", "--trace").err.splitlines()
    assert len(lines) == 4
    assert "not shown" in lines[-1]


def test_a_profile(run: Callable[..., Ran]) -> None:
    head, *rows = run("total", "[1, 2, 3]", "--profile", "--repeat", "10").err.splitlines()[1:]
    assert head.split() == ["Line", "Count", "Microseconds", "Share", "Source"]
    counts = {row.split()[0]: int(row.split()[1]) for row in rows}
    assert counts["m.lua:17"] == 30


def test_repeat_goes_on_with_the_record(run: Callable[..., Ran]) -> None:
    ran = run("add", "count", "1", "--repeat", "10", "--json")
    document = json.loads(ran.out)
    assert (document["result"], document["after"]["generation"], document["calls"]) == (10, 10, 10)
    assert set(document["milliseconds"]) == {"median", "p99", "max"}
    assert "10 calls: median" in ran.err


def test_a_function_that_is_not_there(run: Callable[..., Ran]) -> None:
    assert run("totl").err == "m.lua has no function 'totl'; did you mean total?\n"
    Path("lacking.lua").write_text('require("none")\n')
    assert "\n    no file './none.lua'\n" in run("f", file="lacking.lua").err
    assert (
        run("zzz").err
        == "m.lua has no function 'zzz'; its functions: add, echo, about, drop, total, forever\n"
    )
    assert json.loads(run("zzz", "--json").out)["error"]["message"] == "function not found"


def test_a_module_that_does_not_load(run: Callable[..., Ran]) -> None:
    Path("bad.lua").write_text("x = 1\nfunction f(\n")
    ran = run("f", file="bad.lua")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bad.lua:3: ") or ran.err.startswith("bad.lua:2: ")
    assert run("f", file="missing.lua")[::2] == (1, "missing.lua: no such file\n")


def test_an_endless_function(run: Callable[..., Ran]) -> None:
    ran = run("forever", "--timeout", "0.05")
    assert (ran.code, "UDF Execution Timeout" in ran.err) == (1, True)


@for_each([
    ["f", "--bins", "[1]"], ["f", "--bins", "{"], ["f", "--bins", "{}", "--stdin"], ["f", "--bins", '{"a": 99999999999999999999}'],
    ["f", "x", "--args-file", "args.json"], ["f", "--args-file", "no.json"], ["f", "--key", "x", "--key-type", "integer"],
    ["f", "--key", "x", "--key-type", "bytes"], ["f", "--repeat", "0"], ["f", "--repeat", "99999999999"], [], ["f", "--nonsense"],
    ["f", "--timeout", "0"], ["f", "--args-file", "-", "--stdin"], ["f", "99999999999999999999"], ["echo", "--bins", '{"a_name_that_is_long": 1}'],
])  # fmt: skip
def test_what_is_wrong_says_where_the_help_is(words: list[str], run: Callable[..., Ran]) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("asudfd: ")
    assert ran.err.endswith("; see 'asudfd run --help'\n")


@for_each([
    (["--bins", "{"], "--bins is not JSON: "), (["--args-file", "part.lua"], "--args-file: part.lua is not JSON: "),
])  # fmt: skip
def test_what_is_no_json_is_named(case: tuple[list[str], str], run: Callable[..., Ran]) -> None:
    words, message = case
    assert run("echo", *words).err.startswith(f"asudfd: {message}")


def test_help(run: Callable[..., Ran]) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert "--trace" in ran.out
