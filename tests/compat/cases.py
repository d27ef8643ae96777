"""Runs recorded cases of Lua modules with the real client against one node.

A case is a single call (modules, a record, one apply, the record afterwards), a sequence of steps, or an aggregation
over some records. Modules go to the node without the client's `udf_put`, which sleeps two seconds each time.
"""

import base64
import contextlib
import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions
from aerospike_helpers.operations import list_operations

from tests.compat.values import from_json, typed
from tests.processes import Daemon, frame, receive

CASES = Path(__file__).parent / "lua_cases.jsonl"

TIMED_OUT = "UDF Execution Timeout"

CHUNK_SIZE_MAX = 59
"""Longest name of a file in Lua's messages, in bytes; of a longer one the tail is shown, after three dots."""

STREAM_SET = "st"

Case = dict[str, Any]


def read_cases(path: Path = CASES) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Runner:
    """What cases are run with: a connected client, and an info connection to the same node."""

    def __init__(self, client: Any, node: Daemon, client_modules: Path) -> None:
        self.client = client
        self.client_modules = client_modules
        self._user_path = str(node.work_directory / "usr" / "udf" / "lua")
        self._info: socket.socket = node.connect()
        self._stream: list[tuple[str, str, int]] = []

    def close(self) -> None:
        self._info.close()

    # ---- what a case says, beside what happened

    def run(self, case: Case) -> None:
        """Raises AssertionError when the node answers anything else than the case says."""
        if "steps" in case:
            for number, step in enumerate(case["steps"]):
                self._step(case, step, f"step {number}: {step}")
        elif "records" in case:
            self._aggregate(case)
        else:
            self.put_modules(case)
            if "put_error" not in case["expect"]:
                self._single(case, case)

    def _single(self, case: Case, call: Case) -> None:
        key = self.prepare(case, call)
        self._expect(call["expect"], self.apply(key, call), str(call))
        if "after" in call:
            self._expect_record(call["after"], key)

    def _step(self, case: Case, step: Case, what: str) -> None:
        match step["do"]:
            case "put":
                self._expect_put(step, self.put(step["file"], step["source"]), what)
            case "remove":
                assert self.ask(b"udf-remove:filename=%s;" % step["file"].encode()) == step["expect"], what
            case "info":
                assert self.ask(step["cmd"].encode()) == step["expect"], what
            case "apply":
                self._single(case, step)
            case "apply_many":
                key = self.prepare(case, step)
                for expected in step["expect"]:
                    wanted = expected if isinstance(expected, dict) else {"result": expected}
                    self._expect(wanted, self.apply(key, step), what)

    def _expect_put(self, step: Case, answer: str, what: str) -> None:
        # a message may list directories of the recorded machine: its first line counts
        assert _without_paths(answer) == _without_paths(step["expect"]), what

    def _expect(self, expected: Case, found: Case, what: str) -> None:
        what = f"{what}\nexpected {expected}\nfound    {found}"
        if expected == {"result": TIMED_OUT} and found == {"error": {"code": 100, "message": TIMED_OUT}}:
            return  # it caught its time-out, and on a busy machine returned too late to count
        if "result" in expected:
            assert "result" in found, what
            assert typed(found["result"]) == typed(self.placed(from_json(expected["result"]))), what
        elif "result_between" in expected:
            low, high = expected["result_between"]
            assert low <= found["result"] <= high, what
        else:
            assert "error" in found, what
            self._expect_error(expected["error"], found["error"], what)

    def _expect_error(self, expected: Case, found: Case, what: str) -> None:
        assert found["code"] == expected["code"], what
        if "message_prefix" in expected:
            assert found["message"].startswith(self.placed(expected["message_prefix"])), what
            assert len(found["message"]) == expected["message_len"], what
        elif not expected["message"].startswith("AEROSPIKE_"):  # else the client's own words
            assert found["message"] == self.placed(expected["message"]), what

    def _expect_record(self, expected: Case | None, key: Any) -> None:
        try:
            _, meta, bins = self.client.get(key)
        except exception.RecordNotFound:
            assert expected is None, "the record is gone"
            return
        except exception.NamespaceNotFound:
            assert expected is None
            return
        assert expected is not None, f"there is a record: {bins}"
        if "bins" in expected:
            assert typed(bins) == typed({name: from_json(value) for name, value in expected["bins"].items()})
        else:
            assert len(bins) == expected["n_bins"]
        assert meta["gen"] == expected["gen"]
        if isinstance(expected.get("ttl"), list):
            low, high = expected["ttl"]
            assert low <= meta["ttl"] <= high
        elif "ttl" in expected:
            assert meta["ttl"] == 0xFFFF_FFFF

    # ---- what is done

    def ask(self, command: bytes) -> str:
        """The node's answer to an info command."""
        self._info.sendall(frame(command + b"\n"))
        return receive(self._info)[len(command) + 1 : -1].decode()

    def put(self, filename: str, source: str) -> str:
        content = base64.b64encode(source.encode())
        command = b"udf-put:filename=%s;content=%s;content-len=%d;udf-type=LUA;"
        return self.ask(command % (filename.encode(), content, len(content)))

    def put_modules(self, case: Case) -> None:
        """Up to the one that is refused, if the case says that one is."""
        expected = case["expect"].get("put_error", "ok") if "expect" in case else "ok"
        answer = "ok"
        for filename, source in case["modules"].items():
            if answer == "ok":
                answer = self.put(filename, source)
        assert answer == expected, f"put of {filename}: {answer}"

    def prepare(self, case: Case, call: Case) -> Any:
        """The key of a call, its record written as the case has it."""
        user_key = _user_key(call.get("key", case["id"]))
        key = (call.get("namespace", "test"), "conf", user_key)
        record = call.get("record")
        if record is None:
            return key
        if "bins" not in record:  # of a step
            record = {"bins": record}
        policy = _policy({"key": "send" if record.get("store_key") else "digest"})
        policy["ttl"] = record.get("ttl", 0) & 0xFFFF_FFFF
        bins = {name: from_json(value) for name, value in record["bins"].items()}
        self._forget(key)
        self.client.put(key, bins, policy=policy)
        if "ordered_list" in record:
            order = list_operations.list_set_order(record["ordered_list"], aerospike.LIST_ORDERED)
            self.client.operate(key, [order])
        return key

    def _forget(self, key: Any) -> None:
        with contextlib.suppress(exception.RecordNotFound):
            self.client.remove(key)

    def apply(self, key: Any, call: Case) -> Case:
        """`{"result": value}`, or `{"error": {"code": number, "message": text}}`."""
        arguments = [from_json(value) for value in call["args"]]
        policy = _policy(call.get("policy", {}))
        try:
            result = self.client.apply(key, call["module"], call["function"], arguments, policy=policy)
        except exception.AerospikeError as error:
            return {"error": {"code": error.code, "message": _without_place(error.msg)}}
        return {"result": result}

    # ---- aggregations

    def _aggregate(self, case: Case) -> None:
        self.put_modules(case)
        found = self.aggregate(case)
        expected = case["final_unordered"]
        what = f"{case}\nfound {found}"
        if isinstance(expected, dict):
            assert isinstance(found, dict), what
            self._expect_error(expected["error"], found["error"], what)
        else:
            assert isinstance(found, list), what
            assert sorted(map(repr, map(typed, found))) == sorted(
                map(repr, map(typed, from_json(expected)))
            ), what

    def _put_stream(self, case: Case) -> None:
        """The records of an aggregation, and no others in their set."""
        for key in self._stream:
            self._forget(key)
        self._stream = []
        for record in case["records"]:
            key = ("test", case["set"], record["key"])
            self.client.put(key, {name: from_json(value) for name, value in record["bins"].items()})
            self._stream.append(key)

    def aggregate(self, case: Case) -> list[Any] | Case:
        """Values of the whole aggregation, or the error as `apply` gives it. The modules are on the node."""
        for filename, source in case["modules"].items():
            (self.client_modules / filename).write_text(source, encoding="utf-8")
        self._put_stream(case)
        query = self.client.query("test", case["set"])
        if case["where"]:
            name = case["where"]["bin"]
            index = f"indexname={case['set']}-{name};indexdata={name},numeric"
            assert self.ask(f"sindex-create:ns=test;set={case['set']};{index}".encode()) == "ok"
            query.where(predicates.between(case["where"]["bin"], *case["where"]["between"]))
        query.apply(case["module"], case["function"], [from_json(value) for value in case["args"]])
        try:
            return list(query.results())
        except exception.AerospikeError as error:
            return {"error": {"code": error.code, "message": _without_place(error.msg)}}

    def placed(self, value: Any) -> Any:
        """An expected value with `{UDF}/FILE` and `{CLIENT}/FILE` as Lua writes them for these directories."""
        if isinstance(value, str):
            places = {"UDF": self._user_path, "CLIENT": str(self.client_modules)}
            return re.sub(
                r"\{(UDF|CLIENT)\}(/[\w.$-]+)?",
                lambda found: _chunk(places[found[1]] + (found[2] or "")),
                value,
            )
        if isinstance(value, list):
            return [self.placed(item) for item in value]
        if isinstance(value, dict):
            return {self.placed(key): self.placed(item) for key, item in value.items()}
        return value


def _user_key(value: Any) -> Any:
    """A key as the client takes it: to it a bytearray is a blob, but bytes are a string."""
    key = from_json(value)
    return bytearray(key) if isinstance(key, bytes) else key


def _policy(wanted: Mapping[str, Any]) -> dict[str, Any]:
    policy = dict(wanted)
    if "key" in policy:
        send = policy["key"] == "send"
        policy["key"] = aerospike.POLICY_KEY_SEND if send else aerospike.POLICY_KEY_DIGEST
    if "filter_exp" in policy:
        name, _, number = policy.pop("filter_exp").partition("==")
        policy["expressions"] = expressions.Eq(expressions.IntBin(name), int(number)).compile()
    return policy


def _chunk(path: str) -> str:
    """The name of a file as Lua shows it."""
    return path if len(path) <= CHUNK_SIZE_MAX else "..." + path[3 - CHUNK_SIZE_MAX :]


def _without_place(message: str) -> str:
    """A message without the `HOST:PORT` that the client puts before it."""
    return re.sub(r"^127\.0\.0\.1:\d+ ", "", message)


def _without_paths(answer: str) -> tuple[str, str]:
    place, _, message = answer.partition(";message=")
    return place, base64.b64decode(message).decode().partition("\n")[0]
