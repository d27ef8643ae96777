"""Functions that are called on a record without a node."""

import logging
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

import asudfd
from asinfo.errors import Error, WireError
from asinfo.wire.msgpack import GeoJSON
from asudfd.offline import module as offline_module
from asudfd.offline.module import MODULES_MAX, OfflineModule
from tests.each import for_each
from tests.unit.asudfd.lua.aerospike import test_apply_recorded as recorded

COUNTER = """
calls = 0

function add(rec, bin, n)
  calls = calls + 1
  rec[bin] = (rec[bin] or 0) + n
  if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
  return rec[bin]
end

function calls_so_far(rec) return calls end
function echo(rec, ...) return list{...} end
function about(rec)
  return map{key = record.key(rec), set = record.setname(rec), gen = record.gen(rec), ttl = record.ttl(rec)}
end
function remove(rec) aerospike:remove(rec) end
function touch(rec, ttl) record.set_ttl(rec, ttl) aerospike:update(rec) end
function fail(rec) local missing = nil
  return missing.field
end
function forever() while true do end end
function empty(rec) aerospike:create(rec) end
function say(rec) warn("seen %d", 7) end
"""


def test_result_and_record_after() -> None:
    result, record = asudfd.call(COUNTER, "add", {"count": 1}, "count", 5)
    assert result == 6
    assert record == {"count": 6}
    assert record is not None
    assert record.generation == 2
    created = asudfd.call(COUNTER, "add", None, "count", 5).record
    assert created is not None
    assert (created, created.generation, created.ttl) == ({"count": 5}, 1, None)
    assert asudfd.call(COUNTER, "remove", created).record is None


def test_what_a_call_does_not_write_stays_as_it_was() -> None:
    assert asudfd.call(COUNTER, "echo").record is None
    given = asudfd.UdfRecord({"a": 1}, generation=7, ttl=60)
    after = asudfd.call(COUNTER, "about", given)
    assert after.record is given
    assert after.result == {"gen": 7, "ttl": 60}


def test_key_and_set() -> None:
    result, record = asudfd.call(COUNTER, "about", {"a": 1}, key=5, set_name="demo")
    assert result["key"] == 5
    assert result["set"] == "demo"
    written = asudfd.call(COUNTER, "add", {"a": 1}, "a", 1, key="k", set_name="demo").record
    assert written is not None
    assert (written.key, written.set_name) == ("k", "demo")
    again = asudfd.call(COUNTER, "about", written).result
    assert (again["key"], again["set"], again["gen"]) == ("k", "demo", 2)
    assert record is not None


def test_time_to_live() -> None:
    def ttl(given: int) -> Any:
        after = asudfd.call(COUNTER, "touch", asudfd.UdfRecord({"a": 1}, ttl=50), given).record
        assert after is not None
        return after.ttl

    assert [ttl(100), ttl(-1), ttl(-2), ttl(0)] == [100, None, 50, None]
    with pytest.raises(asudfd.CallError, match="at most ten years") as caught:
        ttl(10**9)
    assert caught.value.code == 4


VALUES = [True, 0, -1, 2**63 - 1, 1.5, "text", "", b"\0\xff", [], [1, ["x"]], {}, {1: "a", "b": [b"c"]}, GeoJSON('{"type":"Point","coordinates":[1,2]}')]  # fmt: skip


@for_each(VALUES, repr)
def test_values_come_back_as_they_went(value: Any) -> None:
    result, _ = asudfd.call(COUNTER, "echo", None, value)
    assert [(type(each), each) for each in result] == [(type(value), value)]


def test_a_failure_names_file_line_and_source() -> None:
    with pytest.raises(asudfd.CallError) as caught:
        asudfd.call(COUNTER, "fail")
    error = caught.value
    assert (error.file, error.line, error.source, error.code) == (
        "module.lua",
        19,
        "return missing.field",
        100,
    )
    assert error.message == "attempt to index a nil value (local 'missing')"
    assert str(error) == f"module.lua:19: {error.message}\n    return missing.field"


@for_each([
    ("function f(", "f", "<name> or '...' expected", 1),
    ("\n\nerror('in the body')", "f", "in the body", 3),
    ("x = 1", "f", "module.lua has no function 'f'; it has no global function", 0),
    ("function add() end", "ad", "module.lua has no function 'ad'; did you mean add?", 0),
    ("function f() error('function not found', 0) end", "f", "module.lua:1: function not found", 1),
    ("\x1bLua", "f", "binary", 0),
    ("function f() error({}) end", "f", "result value type unexpected", 1),
    ("function f(rec) aerospike:create(rec) end", "f", "without bins", 0),
    ("function f(rec) rec.a = rec aerospike:create(rec) end", "f", "no bin can hold", 0),
    ("function f(rec) for i = 1, 600 do rec['b' .. i] = 1 end aerospike:create(rec) end", "f", "512 bins", 0),
    ("error()", "f", "module's body", 0),
], itemgetter(0))  # fmt: skip
def test_failures(case: tuple[str, str, str, int]) -> None:
    source, function, text, line = case
    with pytest.raises(asudfd.CallError) as caught:
        asudfd.call(source, function)
    assert text in str(caught.value)
    assert caught.value.line == line


def test_an_endless_function_ends_and_the_next_call_works() -> None:
    module = OfflineModule(COUNTER, seconds=0.05)
    with pytest.raises(asudfd.CallError, match="Timeout"):
        module.call("forever")
    assert module.call("add", {}, "n", 1).result == 1


def test_what_no_bin_or_argument_can_be() -> None:
    for record, argument in (
        ({"a": object()}, 1),
        ({"a": 1 << 64}, 1),
        ({"a" * 16: 1}, 1),
        ({"a": 1}, object()),
    ):
        with pytest.raises(WireError):
            asudfd.call(COUNTER, "echo", record, argument)


def test_globals_stay_between_calls_and_are_ones_own_in_a_module() -> None:
    module = OfflineModule(COUNTER)
    module.call("add", {}, "n", 1)
    assert module.call("calls_so_far").result == 1
    assert OfflineModule(COUNTER).call("calls_so_far").result == 0
    module.close()
    assert module.call("calls_so_far").result == 0


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "m.lua"
    path.write_text("local part = require('part')\nfunction f() return part.value end\n")
    (tmp_path / "part.lua").write_text("return {value = 1}\n")
    assert asudfd.call(path, "f").result == 1
    (tmp_path / "part.lua").write_text("return {value = 22}\n")
    assert asudfd.call(str(path), "f").result == 22
    path.write_text("function f() error('why') end\n")
    with pytest.raises(asudfd.CallError) as caught:
        asudfd.call(path, "f")
    assert (caught.value.file, caught.value.line) == (str(path), 1)


def test_a_directory_whose_path_is_long_is_named_whole(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 90)
    directory.mkdir()
    (directory / "m.lua").write_text("function f() error('why') end\n")
    with pytest.raises(asudfd.CallError) as caught:
        asudfd.call(directory / "m.lua", "f")
    assert caught.value.file == str(directory / "m.lua")


def test_texts_of_other_modules() -> None:
    module = OfflineModule(
        "local m = require('other')\nfunction f() return m.x end", modules={"other": "return {x = 3}"}
    )
    assert module.call("f").result == 3
    with pytest.raises(asudfd.CallError, match="not found") as caught:
        OfflineModule("require('other')").call("f")
    assert caught.value.line == 1


def test_a_path_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path / "no.lua", tmp_path / "a.b.lua", tmp_path / "m.txt"):
        with pytest.raises(Error, match=path.stem):
            asudfd.call(path, "f")


def test_lines_go_to_the_logging_of_python(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "asudfd.udf"):
        asudfd.call(COUNTER, "say")
    assert caplog.record_tuples == [("asudfd.udf", logging.WARNING, "./module.lua:23 module.say seen 7")]


def test_modules_do_not_gather() -> None:
    for number in range(MODULES_MAX + 3):
        assert asudfd.call(f"function f() return {number} end", "f").result == number
    assert len(offline_module._ready) == MODULES_MAX


def test_a_relative_path_stands_in_messages_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.lua").write_text("function f() error('why') end\n")
    with pytest.raises(asudfd.CallError) as caught:
        asudfd.call("m.lua", "f")
    assert caught.value.file == "m.lua"
    assert Path(caught.value.file).is_file()


def code_of(module: OfflineModule, row: dict[str, Any], before: Any) -> tuple[int, Any]:
    """The result code, and what the call came to where that is 0."""
    arguments, key = map(recorded.value, row["args"]), recorded.value(row.get("key"))
    try:
        return 0, module.call(row["function"], before, *arguments, key=key, set_name="conf")
    except asudfd.CallError as error:
        return error.code, None


@for_each(recorded._cases(), itemgetter("id"))
def test_calls_recorded_on_a_real_server(row: dict[str, Any]) -> None:
    """Result or code, and the bins and generation afterwards, as a real server answered."""
    (source,) = row["modules"].values()
    if row["id"] in recorded.HARDENED or "put_error" in row["expect"]:
        return
    given, told = recorded.bins_of(row), row["record"] or {}
    ttl = max(0, told.get("ttl", 0)) or None
    before = (
        None
        if given is None
        else asudfd.UdfRecord(given, generation=2 if told.get("ordered_list") else 1, ttl=ttl)
    )
    module = OfflineModule(source)
    code, after = code_of(module, row, before)
    module.close()
    if code:
        assert code == row["expect"]["error"]["code"]
        return
    recorded.check_result(row, 0, after.result)
    if row["after"] is None:
        assert after.record is None
    else:
        assert after.record.generation == row["after"]["gen"]
        if "bins" in row["after"]:
            bins = {name: recorded.exact(recorded.value(each)) for name, each in row["after"]["bins"].items()}
            assert {name: recorded.exact(each) for name, each in after.record.items()} == bins
