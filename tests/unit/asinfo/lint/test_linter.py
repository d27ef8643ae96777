"""What is found in modules, and what is not: a row for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.lint import known_modules
from asinfo.lint.checks.requires import CYCLES_MAX
from asinfo.lint.codes import CODES
from asinfo.lint.findings import LINE_MAX
from asinfo.lint.linter import FINDINGS_MAX, lint
from asinfo.lint.module import LintedModule
from asinfo.lint.tokens import LuaSyntaxError
from tests.each import for_each
from tests.unit.asinfo.lint.random_lua import RandomLua
from tests.unit.asinfo.lint.sources import found, sources

Row = tuple[str, list[str]]


def _codes(text: str, **others: str) -> list[str]:
    return [f"{finding.line}:{finding.column} {finding.code}" for finding in found(text, **others)]


def _check(row: Row) -> None:
    text, codes = row
    assert _codes(text) == codes


GLOBALS: list[Row] = [
    ("function f() return g() end", ["1:21 unknown-global"]),
    ("function f() return g() end\nfunction g() end", []),
    ("function f() if g then return g() end end", []),
    ("function f() local u = table.unpack or unpack return u end", []),
    ("function f() return not g, g end", []),
    ("function f() return _VERSION, _G, math.huge end", []),
    ("_G.g = 1\nfunction f() return g end", []),
    ("for _, n in ipairs({'g'}) do _G[n] = n end\nfunction f() return g end", []),
    ("setmetatable(_G, {})\nfunction f() return g end", []),
    ("rawset(_G, 'g', 1)\nfunction f() return g end", []),
    ("local _ENV = {}\nfunction f() return g end", []),
    ("function f() return success, result end", []),
    ("function f() return unpack({}) end", ["1:21 removed"]),
    ("unpack = table.unpack\nfunction f() return unpack({}) end", []),
    ("function f() return load('return 1') end", ["1:21 refused"]),
    ("function f() n = 1 end", ["1:14 global-in-function"]),
    ("n = 0\nfunction f() n = n + 1 return n end", ["2:14 global-in-function"]),
    ("local n = 0\nfunction f() n = n + 1 return n end", []),
    ("function f() function g() end end", ["1:23 global-in-function"]),
    ("list = nil", ["1:1 hides-api"]),
    ("function info() end", ["1:10 hides-api"]),
    ("local list = {}\nfunction f() list = {} end", []),
]


@for_each(GLOBALS)
def test_globals(row: Row) -> None:
    _check(row)


AT_LOAD: list[Row] = [
    ("info('x')", ["1:1 not-at-load"]),
    ("local t = aerospike:get_current_time()", ["1:21 not-at-load"]),
    ("local log = warn\nlog('x')", ["2:1 not-at-load"]),
    ("if debug then debug('x') end", []),
    ("local f = function() info('x') end", []),
    ("local info = print\ninfo('x')", []),
    ("local l = list{1}\nfunction f() return l end", []),
]


@for_each(AT_LOAD)
def test_at_load(row: Row) -> None:
    _check(row)


FIELDS: list[Row] = [
    ("function f() return list.apend end", ["1:26 unknown-field"]),
    ("function f() return string.fromat('%d', 1) end", ["1:28 unknown-field"]),
    ("function f() return math.pow(1, 2) end", ["1:26 removed"]),
    ("function f() return os.execute('x') end", ["1:24 refused"]),
    ("function f() return os.time(), os.date('!%c') end", []),
    ("function f() return io.open('x') end", ["1:21 refused"]),
    ("function f() return math.sum(1, 2) end", []),
    ("string.trim = function(s) return s end\nfunction f() return string.trim(' ') end", []),
    ("function f() if table.getn then return table.getn({}) end end", []),
    ("function f() return list['apend'] end", ["1:26 unknown-field"]),
    ("function f(n) return list[n] end", []),
    ("local l = list\nfunction f() return l.apend(1) end", ["2:23 unknown-field"]),
    ("local list = {}\nfunction f() return list.apend end", []),
    ("function f(rec) aerospike:udpate(rec) end", ["1:27 unknown-field"]),
    ("function f(rec) return aerospike.updat end", ["1:34 unknown-field"]),
    ("function f() local l = list() return l.size end", ["1:40 unknown-field"]),
    ("function f() local l = list() return l['1'], l[2] end", []),
    ("function f() local m = map() return m.size end", []),
    ("function f(t) local l = t or list() return l.size end", []),
    ("function f() local l = list() l = {} return l.size end", []),
]


@for_each(FIELDS)
def test_fields(row: Row) -> None:
    _check(row)


CALLS: list[Row] = [
    ("function f(l) list.append(l) end", ["1:15 argument-count"]),
    ("function f(l) list.append(l, 1, 2) end", ["1:15 argument-count"]),
    ("function f(l) list.append(l, 1) end", []),
    ("function f(...) list.append(...) end", []),
    ("function f(g) list.append(g()) end", []),
    ("function f(g, l) list.append(l, 1, g()) end", []),
    ("function f(g, l) list.append(l, 1, 2, g()) end", ["1:18 argument-count"]),
    ("function f(g) list.append((g())) end", ["1:15 argument-count"]),
    ("local append = list.append\nfunction f(l) append(l) end", ["2:15 argument-count"]),
    ("function f() return list(1, 2) end", ["1:21 argument-count"]),
    ("function f() return list{1, 2}, map(), bytes(4), geojson'x' end", []),
    ("function f() info() end", ["1:14 argument-count"]),
    ("function f() info('%d %d', 1, 2) end", []),
    ("function f(rec) aerospike:update() end", ["1:27 argument-count"]),
    ("function f(rec) aerospike.update(rec) end", ["1:17 colon"]),
    ("function f(rec) aerospike.update(aerospike, rec) end", ["1:17 colon"]),
    ("function f(rec) return record:ttl(rec) end", ["1:31 colon"]),
    ("function f(rec) rec:update() end", ["1:21 colon"]),
    ("function f() local l = list() l:append(1) end", ["1:33 colon"]),
    ("function f() local m = map() m:run() end", []),
    ("function f(s) return s:upper():rep(2), ('x'):rep(2) end", []),
    ("function f(t) table.insert(t, 1) table.insert(t, 1, 2) end", []),
    ("function f(t) table.insert(t) end", ["1:15 argument-count"]),
    ("function f(t) table.insert(t, 1, 2, 3) end", ["1:15 argument-count"]),
    ("function f() return string.rep('x') end", ["1:21 argument-count"]),
    ("function f(b) bytes.set_string(b, 'x') end", ["1:15 argument-count"]),
    ("function f() return select('#'), tostring(nil), pcall(f) end", []),
]


@for_each(CALLS)
def test_calls(row: Row) -> None:
    _check(row)


def test_a_wrong_number_says_what_belongs_there() -> None:
    (finding,) = found("function f(l) list.append(l) end")
    assert finding.message == "list.append takes 2 arguments, not 1: list.append(l: List, value: Value)"


RECORDS: list[Row] = [
    ("function f(rec) rec.a = 1 end", ["1:17 not-updated"]),
    ("function f(rec) rec['a'] = 1 end", ["1:17 not-updated"]),
    ("function f(rec, bin) rec[bin] = 1 end", ["1:22 not-updated"]),
    ("function f(r) r.a = 1 end", []),
    ("function f(r) r.a = record.ttl(r) end", ["1:15 not-updated"]),
    ("function f(rec) record.set_ttl(rec, 1) end", ["1:17 not-updated"]),
    ("function f(rec) rec.a = 1 aerospike:update(rec) end", []),
    ("function f(rec) rec.a = 1 return aerospike:create(rec) end", []),
    ("local a = aerospike\nfunction f(rec) rec.a = 1 save(rec) end\nfunction save(rec) aerospike:update(rec) end", []),
    ("function f(rec) rec.a = 1 local t = {rec} return t end", []),
    ("function f(rec) local r = rec rec.a = 1 aerospike:update(r) end", []),
    ("function f(rec) rec = {} rec.a = 1 return rec.a end", []),
    ("local function f(rec) rec.a = 1 end\nfunction g(rec) f(rec) aerospike:update(rec) end", []),
    ("function f(rec) local save = function() aerospike:update(rec) end rec.a = 1 save() end", []),
    ("local function set(rec) rec.a = record.gen(rec) end\nfunction f(rec) set(rec) aerospike:update(rec) end", []),
    ("function set(rec) rec.a = 1 end\nfunction f(rec) set(rec) aerospike:update(rec) end", []),
    ("function f(rec) aerospike:remove(rec) return rec.a end", ["1:46 use-after-remove"]),
    ("function f(rec) local a = rec.a aerospike:remove(rec) return a end", []),
    ("function f(rec) if rec.a then aerospike:remove(rec) end return rec.a end", []),
    ("function f(rec) if rec.a then aerospike:remove(rec) return 1 end return rec.a end", []),
    ("function f(rec) aerospike:remove(rec) rec.a = 1 aerospike:create(rec) return rec.a end", []),
    ("function f(rec) aerospike:remove(rec) if rec.b then return rec.c end end", ["1:42 use-after-remove", "1:60 use-after-remove"]),
    ("function f(rec) if aerospike:remove(rec) == 0 then return record.ttl(rec) end end", []),
]  # fmt: skip


@for_each(RECORDS)
def test_records(row: Row) -> None:
    _check(row)


STREAMS: list[Row] = [
    ("function f(s) local n = 0 return s : map(function(r) n = n + 1 return n end) end", ["1:54 captured-state"]),
    ("local seen = {}\nfunction f(s) return s:filter(function(r) seen[r.a] = true return true end) end", ["2:43 captured-state"]),
    ("local n = 0\nlocal function one(r) n = n + 1 return n end\nfunction f(s) return s : map(one) : reduce(math.sum) end", ["2:23 captured-state"]),
    ("local n = 0\nfunction one(r) n = n + 1 return n end\nfunction f(s) return s : filter(f) : map(one) end", ["2:17 captured-state"]),
    ("function f(s, most) most = most or 1 return s : filter(function(r) return r.a < most end) end", []),
    ("function f(s) return s : aggregate(map(), function(m, r) m[r.a] = 1 return m end) : reduce(map.merge) end", []),
    ("function f(s) return s : map(function(r) local n = 0 for i = 1, 3 do n = n + i end return n end) end", []),
    ("function f(s) local t = {} t.x = 1 return s : map(function(r) return t.x end) end", []),
    ("local n = 0\nfunction f(rec) n = n + 1 return n end", []),
    ("function f(s) return s : map(math.abs) : reduc(math.max) end", ["1:42 unknown-field"]),
    ("function f(stream) return stream : mpa(math.abs) end", ["1:36 unknown-field"]),
    ("function f(s) local t = s : map(math.abs) return t : redcue(math.max) end", ["1:54 unknown-field"]),
    ("function f(s) return s : filter() : aggregate(0) : reduce(math.max, 1) end", ["1:26 argument-count", "1:37 argument-count", "1:52 argument-count"]),
    ("function f(s, ...) return s : aggregate(...) end", []),
    ("function f(s) return s:upper() end", []),
    ("function f(o) return o:map(1):each(2) end\nfunction g() return f({}) end", []),
    ("local function f(s) return s:map(1, 2) end\nfunction g(s) return f(s) end", []),
    ("function a.f(s) return s:map(1, 2) end", ["1:10 unknown-global"]),
    ("function f(rec) return rec : map(math.abs) : reduc(math.max) end", ["1:46 unknown-field"]),
]  # fmt: skip


@for_each(STREAMS)
def test_streams(row: Row) -> None:
    _check(row)


REQUIRES: list[Row] = [
    ("require('nosuch')", ["1:1 missing-module"]),
    ("function f() require('nosuch') end", ["1:14 missing-module"]),
    ("require('string') require('coroutine') require('package')", []),
    ("require('debug')", ["1:1 refused"]),
    ("require('a.b')", ["1:1 missing-module"]),
    ("function f(name) require(name) end", []),
    ("require('m')", ["1:1 require-cycle"]),
    ("function f() require('m') end", []),
]


@for_each(REQUIRES)
def test_requires(row: Row) -> None:
    _check(row)


def test_what_is_missing_is_an_error_where_a_node_would_refuse_the_module() -> None:
    (loaded,) = found("require('nosuch')")
    (called,) = found("function f() require('nosuch') end")
    assert (loaded.level, called.level) == ("error", "warning")


def test_hints() -> None:
    assert found("require('tols')", tools="")[0].message == "there is no module tols; did you mean tools?"
    assert (
        found("require('tools.lua')", tools="")[0].message
        == "tools.lua is required without .lua: require('tools')"
    )
    assert found("require('a.b')")[0].message.startswith("a.b cannot be required: Lua takes a dot")


def test_globals_of_required_modules_are_known() -> None:
    text = "require('a')\nfunction f() return ofa(), ofb() end"
    assert _codes(text, a="require('b')\nfunction ofa() end", b="function ofb() end") == []
    assert _codes(text, a="function ofa() end") == ["2:28 unknown-global"]
    assert _codes(text, a="does not compile") == []  # who knows what it has
    assert _codes(text, a="setmetatable(_G, {})") == []


def test_cycles_between_modules() -> None:
    modules = {
        "a.lua": "require('b')",
        "b.lua": "local c = require('c')",
        "c.lua": "require('a')",
        "d.lua": "require('a')",
    }
    (finding,) = lint(sources(modules))
    assert (finding.code, finding.level) == ("require-cycle", "error")
    way = finding.message.removeprefix("modules require each other: ").split(" -> ")
    assert way[0] == way[-1] == finding.path.removesuffix(".lua")
    assert set(way) == {"a", "b", "c"}
    modules["c.lua"] = "function f() require('a') end"
    assert lint(sources(modules)) == []


def test_many_cycles_are_told_in_part() -> None:
    modules = {}
    for number in range(50):
        modules[f"a{number}.lua"] = f"require('b{number}')"
        modules[f"b{number}.lua"] = f"require('a{number}')"
    assert len(lint(sources(modules))) == CYCLES_MAX


def test_a_module_that_does_not_compile_has_no_other_finding() -> None:
    (finding,) = found("function f() return unpack(t) end end")
    assert (finding.code, finding.line, finding.source) == (
        "syntax",
        1,
        "function f() return unpack(t) end end",
    )
    assert finding.message == "<eof> expected near 'end'"


def test_bytecode_and_other_bytes_do_not_compile() -> None:
    for text in ("\x1bLua", "\x00", "\x00\x01\x02", "#!lua\nreturn 1", "return '"):
        assert [finding.code for finding in found(text)] == ["syntax"], text


def test_a_text_that_is_too_deep_for_the_compiler_is_told_without_a_traceback() -> None:
    (finding,) = found("return " + "(" * 300 + "1" + ")" * 300)
    assert finding.message == "C stack overflow"


def test_a_name_that_nobody_can_call() -> None:
    (finding,) = lint(sources({"a.b.lua": "return 1"}))
    assert (finding.code, finding.level, finding.line) == ("file", "warning", 0)


def test_columns_are_characters() -> None:
    text = "function f() return 'ä€', g end"
    (finding,) = found(text)
    assert finding.column == text.index("g end") + 1


def test_text_that_is_no_utf_8() -> None:
    (finding,) = lint(sources({"m.lua": "return '\udcff', g"}))
    assert (finding.column, finding.source) == (13, "return '\ufffd', g")


IGNORED: list[Row] = [
    ("return g -- lint: ignore unknown-global", []),
    ("return g --lint:ignore unknown-global", []),
    ("return g -- lint: ignore removed", ["1:8 unknown-global"]),
    ("return g, unpack -- lint: ignore removed, unknown-global", []),
    ("return g, unpack -- lint: ignore removed, unknown-global -- they are set by the host", []),
    ("return g -- lint: ignore -- unknown-global", ["1:8 unknown-global"]),
    ("-- lint: ignore unknown-global\n\n-- why\nreturn g", []),
    ("-- lint: ignore unknown-global\nlocal a = 1\nreturn g", ["3:8 unknown-global"]),
    ("return g -- lint: ignore unknown-globe", ["1:8 unknown-global", "1:10 unknown-code"]),
    ("local a = g\nreturn g -- lint: ignore-file unknown-global", []),
    ("return g -- lint: ignored", ["1:8 unknown-global"]),
    ("return '-- lint: ignore unknown-global', g", ["1:42 unknown-global"]),
    ("require('m') -- lint: ignore require-cycle", []),
    ("-- lint: ignore unknown-global", []),
]


@for_each(IGNORED)
def test_comments_ignore_findings(row: Row) -> None:
    _check(row)


def test_many_findings_are_told_in_part() -> None:
    findings = found("g() " * (FINDINGS_MAX + 100))
    assert len(findings) == FINDINGS_MAX + 1
    assert findings[0].message == f"has more than {FINDINGS_MAX} findings: these are some of them"


LARGE = 1 << 18
REPEATED = {
    "comments that ignore nothing": "-- lint: ignore nothing\n",
    "comments that ignore": "-- lint: ignore unknown-global\n",
    "removals": "aerospike:remove(rec) ",
    "calls on one line": "g() ",
    "assignments": "rec.a = rec.b ",
    "requires": "require('a')\n",
    "names that are nearly known": "tostrng() ",
}


@pytest.mark.parametrize("piece", REPEATED.values(), ids=REPEATED)
def test_a_large_module_keeps_findings_small(piece: str) -> None:
    text = "function f(rec) " + piece * (LARGE // len(piece) - 1) + " end"
    findings = found(text)
    assert len(findings) <= FINDINGS_MAX + 1
    assert all(len(finding.source) + len(finding.message) <= 2 * LINE_MAX for finding in findings)


def test_what_the_parser_does_not_read_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise LuaSyntaxError(7, "odd")

    monkeypatch.setattr(known_modules, "parse", refuse)
    (finding,) = found("return\n1")
    assert (finding.level, finding.line, finding.message) == (
        "warning",
        2,
        "it compiles, and cannot be checked: odd",
    )


@given(st.integers(0, 2**32))
def test_no_text_is_more_than_linted(seed: int) -> None:
    for number in range(10):
        lua = RandomLua(seed * 10 + number)
        for text in (lua.text(), lua.broken()):
            for finding in found(text):
                assert finding.code in CODES
                assert 0 < finding.line <= text.count("\n") + 1 or finding.code in {"file", "syntax"}


def test_modules_that_were_looked_at_keep_little() -> None:
    modules = sources(
        {"a.lua": "require('b')\nfunction f() return g(), list() end", "b.lua": "function g() end"}
    )
    known = known_modules.KnownModules(modules, {})
    module = known_modules.parsed(modules[0])
    assert isinstance(module, LintedModule)
    known.tell(module)
    outline = known.outlines["b"]
    assert module.imported == outline.defined == {"g"}
    assert (outline.syntax.names, outline.syntax.calls) == ([], [])
