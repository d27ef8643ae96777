"""All kinds of findings. docs/lint.md is made of this table; a test lints each example."""

from __future__ import annotations

from asinfo.lint.findings import ERROR, WARNING, FindingCode

_ROWS = (
    FindingCode(
        "file",
        ERROR,
        "The file cannot be a module",
        "Nodes take names of letters, digits and `. _ $ -` that end in `.lua`, of at most 127 bytes, and texts from 1 byte to 1 MiB. "
        "A client calls a module by its name without `.lua`, in which Lua takes a dot for a directory: `a.b.lua` can be registered, "
        "and never be called (a warning).",
    ),
    FindingCode(
        "syntax",
        ERROR,
        "Lua 5.4 does not compile it",
        "The message is that of Lua's compiler. Nothing else is checked in such a module.",
        "function f(rec)\n    return rec.a +\nend\n",
        "function f(rec)\n    return rec.a + 1\nend\n",
    ),
    FindingCode(
        "not-at-load",
        ERROR,
        "The node is used while the module is loaded",
        "When a node checks a module it runs its text, and `aerospike` is not there yet. `info` and its like need it too. They belong in "
        "functions.",
        'info("loaded")\nfunction f(rec) return 1 end\n',
        'function f(rec)\n    info("called")\n    return 1\nend\n',
    ),
    FindingCode(
        "missing-module",
        ERROR,
        "A module that is required is not there",
        "Nodes look for it among their modules only. A node refuses a module whose text requires what it does not have; a `require` in a "
        "function fails when it is called, and is a warning.",
        'local tools = require("tools_of_mine")\nfunction f(rec) return tools.f(rec) end\n',
        "function f(rec) return rec.a end\n",
    ),
    FindingCode(
        "require-cycle",
        ERROR,
        "Modules require each other while they are loaded",
        "Lua cannot finish either of them: `loop or previous error loading module`. One of them has to do it in a function, or what both need "
        "moves to a third module.",
    ),
    FindingCode(
        "unknown-global",
        WARNING,
        "A global that nobody defines",
        "It is nil: to call it is an error when the line runs. Globals of modules that are required are known. A global that the module asks for "
        "(`if name then`, `name or other`) is not reported.",
        "function f(rec)\n    return tostrng(rec.a)\nend\n",
        "function f(rec)\n    return tostring(rec.a)\nend\n",
    ),
    FindingCode(
        "unknown-field",
        WARNING,
        "A function that a library does not have",
        "It is nil: to call it is an error when the line runs. Lists and bytes have no fields at all, only places. A stream has its methods: "
        "filter, map, aggregate, reduce, groupby.",
        "function f(rec)\n    aerospike:udpate(rec)\nend\n",
        "function f(rec)\n    aerospike:update(rec)\nend\n",
    ),
    FindingCode(
        "argument-count",
        WARNING,
        "Too few or too many arguments for a function of the node or of Lua",
        "Many of these functions do nothing then, without an error: `list.append(l)`, `bytes.set_string(b, s)`.",
        "function f(rec)\n    list.append(rec.l)\n    return 1\nend\n",
        "function f(rec, value)\n    list.append(rec.l, value)\n    return 1\nend\n",
    ),
    FindingCode(
        "colon",
        WARNING,
        "A dot where a colon belongs, or a colon where a dot does",
        "`aerospike` has methods: `aerospike:update(rec)`. Records, lists, maps and bytes have none: `list.append(l, value)`.",
        "function f(rec)\n    local l = list()\n    l:append(1)\n    return l\nend\n",
        "function f(rec)\n    local l = list()\n    list.append(l, 1)\n    return l\nend\n",
    ),
    FindingCode(
        "global-in-function",
        WARNING,
        "A function assigns a global",
        "A node keeps the state of a module for later calls, and has several states of it: the next call sees the value, or another one. "
        "Write `local`.",
        "function f(rec)\n    count = 1\n    return count\nend\n",
        "function f(rec)\n    local count = 1\n    return count\nend\n",
    ),
    FindingCode(
        "hides-api",
        WARNING,
        "A global has the name of something that the node gives",
        "All of the module, and every module that requires it, has yours instead: `list()` no longer makes a list.",
        "function map(rec)\n    return 1\nend\n",
        "function map_one(rec)\n    return 1\nend\n",
    ),
    FindingCode(
        "not-updated",
        WARNING,
        "A record is changed, and the change is never kept",
        "An assignment to a bin, `record.set_ttl` and `record.drop_key` have an effect only when `aerospike:update(rec)` or "
        "`aerospike:create(rec)` follows. A function that hands the record on, or that the module itself calls, is not looked at.",
        "function f(rec)\n    rec.a = 1\n    return rec.a\nend\n",
        "function f(rec)\n    rec.a = 1\n    aerospike:update(rec)\n    return rec.a\nend\n",
    ),
    FindingCode(
        "use-after-remove",
        WARNING,
        "A bin is read after the record was removed",
        "`aerospike:remove(rec)` removes the bins at once: they read nil. Read them before.",
        "function f(rec)\n    aerospike:remove(rec)\n    return rec.a\nend\n",
        "function f(rec)\n    local a = rec.a\n    aerospike:remove(rec)\n    return a\nend\n",
    ),
    FindingCode(
        "captured-state",
        WARNING,
        "A function of a stream changes what is outside of it",
        "A node runs a stream function once for each partition and in several states: what one of them gathers outside of its arguments is seen by "
        "nobody else, or twice. Use `aggregate` and `reduce`.",
        "function f(s)\n    local n = 0\n    return s : map(function(rec)\n        n = n + 1\n        return n\n    end)\nend\n",
        "function f(s)\n    return s : aggregate(0, function(n) return n + 1 end) : reduce(math.sum)\nend\n",
    ),
    FindingCode(
        "removed",
        WARNING,
        "Lua 5.4 does not have it any more",
        "Servers before 7.0 had Lua 5.1. [lua-api.md](lua-api.md#what-is-not-there) tells what to write instead.",
        "function f(rec, t)\n    return unpack(t)\nend\n",
        "function f(rec, t)\n    return table.unpack(t)\nend\n",
    ),
    FindingCode(
        "refused",
        WARNING,
        "Hardened nodes do not have it",
        "`asudfd`, and a real server with `allow-unsafe-lua false`, have no files, no programs, no bytecode and no debug library. "
        "[lua-api.md](lua-api.md#what-is-not-there) tells what to write instead.",
        'function f(rec)\n    return os.getenv("HOME")\nend\n',
        "function f(rec, home)\n    return home\nend\n",
    ),
    FindingCode(
        "unknown-code",
        WARNING,
        "A comment ignores a code that there is not",
        "It ignores nothing.",
        "function f(rec)\n    return 1 -- lint: ignore unknwon-global\nend\n",
        "function f(rec)\n    return 1\nend\n",
    ),
)  # fmt: skip

CODES = {row.name: row for row in _ROWS}
"""By their names."""
