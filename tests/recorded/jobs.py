"""The rows of job_rows.jsonl: background queries, batches of UDF calls and aggregations, through the `aerospike` client.

A row fills the set with records that have v = 0, 1, ... and g = a, b, c in turn, does one thing, and has what came of it:
the client's result or error, the job as `query-show` tells of it, the counters that changed, and the records.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import aerospike
from aerospike import predicates
from aerospike_helpers import expressions
from aerospike_helpers.batch import records as batches
from aerospike_helpers.operations import operations

from tests.processes import Daemon, frame, receive
from tests.recorded.verdict import Row, Verdict, judged, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "job_rows.jsonl"

KEYS = [("test", "jobs", number) for number in range(30)]

LIVE_SECONDS = 30
"""How long a background query of a dozen records may take, on a busy machine."""

MODULE = """
function inc(rec, n) rec.v = rec.v + (n or 1) aerospike:update(rec) return rec.v end
function del(rec) aerospike:remove(rec) return 'gone' end
function odd(rec) if rec.v % 2 == 0 then error('even') end rec.v = 100 aerospike:update(rec) return 1 end
function read(rec) return map{v = rec.v, g = rec.g} end
function none(rec) end
function newbin(rec, name, val) rec[name] = val aerospike:update(rec) end
function ttl(rec, t) record.set_ttl(rec, t) aerospike:update(rec) return record.ttl(rec) end
function getttl(rec) return record.ttl(rec) > 0 end
function gen(rec) return record.gen(rec) end
function exists(rec) return aerospike:exists(rec) end
function create(rec) aerospike:remove(rec) rec.z = 1 aerospike:create(rec) return record.gen(rec) end
function mk(rec, x) if aerospike:exists(rec) then return 'there' end rec.v = x return aerospike:create(rec) end
function lst(rec) local l = list() for i = 1, rec.v do list.append(l, i) end rec.l = l aerospike:update(rec) end
function drop(rec) rec.v = nil rec.g = nil aerospike:update(rec) end
function half(rec) if rec.v > 5 then aerospike:remove(rec) else rec.v = -1 aerospike:update(rec) end end
function twice(rec)
  rec.v = rec.v + 1 aerospike:update(rec) rec.v = rec.v + 1 aerospike:update(rec) return rec.v
end
local function plus(a, b) return a + b end
function count(s) return s : map(function(r) return 1 end) : reduce(plus) end
function sum(s, k) return s : map(function(r) return r.v * (k or 1) end) : reduce(plus) end
function over(s, n) return s : filter(function(r) return r.v > n end) : map(function(r) return r.v end) : reduce(plus) end
function groups(s)
  return s : aggregate(map(), function(m, r) m[r.g] = (m[r.g] or 0) + 1 return m end)
    : reduce(function(a, b) return map.merge(a, b, plus) end)
end
function fails(s) return s : map(function(r) if r.v == 3 then error('three') end return 1 end) : reduce(plus) end
function values(s) return s : map(function(r) return r.v end) end
function empty(s) return s : filter(function(r) return false end) : map(function(r) return 1 end) : reduce(plus) end
function maxi(s) return s : map(function(r) return r.v end) : reduce(function(a, b) return a > b and a or b end) end
"""
"""The module that the rows were recorded with."""

COUNTERS = (
    *("udf_sub", "pi_query", "si_query", "client_udf", "client_lang", "batch_sub", "ops_sub", "deleted"),
    *("fail_", "client_write", "client_delete"),
)
"""How the names of the counters begin that a row looks at."""

NOT_SHOWN = (
    *("trid", "run-time", "time-since-done", "from", "net-io-bytes", "socket-timeout", "net-io-time"),
)  # fmt: skip
"""What `query-show` tells that depends on the moment."""

_TESTS = {
    "gt": expressions.GT,
    "lt": expressions.LT,
    "eq": expressions.Eq,
    "ne": expressions.NE,
    "ge": expressions.GE,
}
_OPERATIONS = {
    "write": operations.write,
    "increment": operations.increment,
    "read": operations.read,
    "append": operations.append,
}


class Jobs:
    """A fresh node with the module and the index of the rows, and a client; ``directory`` is the client's."""

    def __init__(self, node: Daemon, directory: Path) -> None:
        (directory / "jobm.lua").write_text(MODULE, encoding="utf-8")
        lua = {"user_path": str(directory)}
        self._client: Any = aerospike.client({"hosts": node.addresses, "lua": lua}).connect()
        self._info = node.connect()
        text = base64.b64encode(MODULE.encode()).decode()
        put = f"udf-put:filename=jobm.lua;content={text};content-len={len(text)};udf-type=LUA;"
        assert self._ask(put) == "ok"
        assert self._ask("sindex-create:namespace=test;set=jobs;indexname=jobv;bin=v;type=numeric") == "ok"

    def close(self) -> None:
        self._info.close()
        self._client.close()

    def verdicts(self) -> Iterator[Verdict]:
        for row in read(FILE):
            found, expected = self._play(row), row["expect"]
            wrong = {
                name: found.get(name) for name in {*found, *expected} if found.get(name) != expected.get(name)
            }
            yield judged(row["id"], wrong, same=not wrong)

    def _ask(self, line: str) -> str:
        self._info.sendall(frame(line.encode() + b"\n"))
        return receive(self._info).decode()[len(line) + 1 : -1]

    def _play(self, row: Row) -> Any:
        """What came of a row, in the form of `expect`."""
        self._fill(row["fill"], row["ttl"])
        before = self._counters()
        try:
            found = self._perform(row["op"])
        except aerospike.exception.AerospikeError as error:
            found = {"code": error.code}
        changed = ((name, count - before.get(name, 0)) for name, count in self._counters().items())
        found["counters"] = {name: change for name, change in changed if change}
        found["records"] = self._records()
        return json.loads(json.dumps(found))

    def _fill(self, count: int, ttl: int) -> None:
        self._client.batch_remove(KEYS)
        for key in KEYS[:count]:
            self._client.put(key, {"v": key[2], "g": "abc"[key[2] % 3]}, policy={"ttl": ttl & 0xFFFF_FFFF})

    def _counters(self) -> dict[str, int]:
        figures = (each.partition("=")[::2] for each in self._ask("namespace/test").split(";"))
        return {name: int(value) for name, value in figures if name.startswith(COUNTERS) and value.isdigit()}

    def _records(self) -> list[Any]:
        found: list[Any] = []
        for key in KEYS:
            with contextlib.suppress(aerospike.exception.RecordNotFound):
                _, meta, bins = self._client.get(key)
                ttl = "never" if meta["ttl"] == 0xFFFF_FFFF else round(meta["ttl"] / 100)
                found.append([key[2], meta["gen"], ttl, _told(bins)])
        return found

    def _perform(self, op: Row) -> dict[str, Any]:
        match op["op"]:
            case "background" | "aggregate":
                return self._query(op)
            case "apply":
                arguments = op.get("module", "jobm"), op["fn"], op.get("args", [])
                return {
                    "result": _told(self._client.apply(_keys(op)[0], *arguments, _policy(op.get("policy"))))
                }
            case "batch":
                arguments = op.get("module", "jobm"), op["fn"], op.get("args", [])
                policies = _policy(op.get("batch_policy")), _policy(op.get("policy"))
                return _rows(self._client.batch_apply(_keys(op), *arguments, *policies))
            case _:
                batch = batches.BatchRecords([_item(each) for each in op["items"]])
                self._client.batch_write(batch, _policy(op.get("batch_policy")))
                return _rows(batch)

    def _query(self, op: Row) -> dict[str, Any]:
        query = self._client.query(op.get("namespace", "test"), op.get("set", "jobs"))
        where = op.get("where")
        if where:
            query.where(
                predicates.between("v", *where) if len(where) == 2 else predicates.equals("v", *where)
            )
        if "ttl" in op:
            query.ttl = op["ttl"] & 0xFFFF_FFFF  # unsigned on the wire
        if "rps" in op:
            query.records_per_second = op["rps"]
        if "ops" in op:
            query.add_ops([_OPERATIONS[word](*rest) for word, *rest in op["ops"]])
        else:
            query.apply(op.get("module", "jobm"), op["fn"], op.get("args", []))
        policy = _policy(op.get("policy"))
        if op["op"] == "aggregate":
            return {"result": sorted(map(_told, query.results(policy)), key=json.dumps)}
        return {"show": self._shown(query.execute_background(policy) & (1 << 64) - 1)}

    def _shown(self, job: int) -> dict[str, str]:
        """A background query that has ended, as `query-show` tells of it."""
        end = time.monotonic() + LIVE_SECONDS
        while True:
            answer = self._ask(f"query-show:id={job}")
            shown = dict(each.partition("=")[::2] for each in answer.split(":"))
            if shown.get("status", "").startswith("done") or time.monotonic() > end:
                return {name: value for name, value in shown.items() if name not in NOT_SHOWN}
            time.sleep(0.005)


def _keys(op: Row) -> list[Any]:
    return [("test", op.get("set", "jobs"), number) for number in op.get("keys", ())]


def _item(item: Row) -> Any:
    key, policy = KEYS[item["key"]], _policy(item.get("policy")) or None
    match item["do"]:
        case "apply":
            return batches.Apply(key, item.get("module", "jobm"), item["fn"], item.get("args", []), policy)
        case "read":
            return batches.Read(key, None, read_all_bins=True)
        case "write":
            todo = [_OPERATIONS[word](*rest) for word, *rest in item["ops"]]
            return batches.Write(key, todo, item.get("meta"), policy)
        case _:
            return batches.Remove(key, policy)


def _rows(batch: Any) -> dict[str, Any]:
    """Result, bins and generation of each row of a batch."""
    rows = []
    for each in batch.batch_records:
        _, meta, bins = each.record or (None, None, None)
        shown = _told(bins) if each.record is not None else None
        rows.append([each.result, shown, meta.get("gen") if meta is not None else None])
    return {"rows": rows}


def _policy(told: Row | None) -> dict[str, Any]:
    policy = dict(told or {})
    if "ttl" in policy:
        policy["ttl"] &= 0xFFFF_FFFF
    if "expressions" in policy:
        word, name, value = policy["expressions"]
        left = expressions.StrBin(name) if isinstance(value, str) else expressions.IntBin(name)
        policy["expressions"] = _TESTS[word](left, value).compile()
    return policy


def _told(value: Any) -> Any:
    """A value as the rows have it."""
    if isinstance(value, bytes | bytearray):
        return {"b": bytes(value).hex()}
    if isinstance(value, dict):
        return {"m": sorted(([_told(key), _told(item)] for key, item in value.items()), key=json.dumps)}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    return value
