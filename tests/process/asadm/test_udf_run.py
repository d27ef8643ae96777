"""``asadm udf run`` and ``record``, on a cluster of three nodes in this process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import asudfd
from asadm.target.aerospike.records.background import BackgroundJob
from asinfo.wire.digest import partition
from asinfo.wire.request import Key
from tests.unit.asadm.conftest import Asadm, Result, asadm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["asadm"]  # a fixture

MODULE = """function add(rec, bin, by)
  if not aerospike:exists(rec) then
    aerospike:create(rec)
  end
  rec[bin] = (rec[bin] or 0) + by
  aerospike:update(rec)
  return rec[bin]
end
function echo(rec, ...)
  local found = list()
  for i = 1, select('#', ...) do list.append(found, select(i, ...)) end
  return found
end
function bad(rec)
  local none = nil
  return none.field
end
function remove(rec) aerospike:remove(rec) end
function forever(rec) while true do end end
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[asudfd.Node]:
    with asudfd.Node(nodes=3) as node:
        yield node


@pytest.fixture
def tool(asadm: Asadm, cluster: asudfd.Node, tmp_path: Path) -> Asadm:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.addresses)
    (tmp_path / "m.lua").write_text(MODULE)

    def run(*words: str, enable: bool = True, timeout: float = 10) -> Result:
        options = ("-h", hosts, "--timeout", str(timeout), "--json")
        return asadm(*options, *(("--enable",) if enable else ()), *words)

    added = run("manage", "udfs", "add", "m.lua", "path", "m.lua")
    assert added.code == 0, added.err
    return run


def test_a_call_shows_what_it_returned_and_changed(tool: Asadm) -> None:
    first = tool("udf", "run", "m.add", "test.run/k", "n", "5").document
    assert (first["result"], first["before"]) == (5, None)
    assert first["after"] == {"generation": 1, "ttl": None, "bins": {"n": 5}}
    second = tool("udf", "run", "m.lua.add", "test.run/k", "n", "5").document
    assert (second["result"], second["before"]["bins"], second["after"]["bins"]) == (10, {"n": 5}, {"n": 10})
    gone = tool("udf", "run", "m.remove", "test.run/k").document
    assert (gone["result"], gone["after"]) == (None, None)


def test_each_record_is_asked_for_at_its_owner(tool: Asadm, cluster: asudfd.Node) -> None:
    asked = set()
    for number in range(12):
        done = tool("udf", "run", "m.echo", f"test.owner/{number}")
        assert done.code == 0, done.err
        [row] = done.document["nodes"]
        again = tool("record", "get", f"test.owner/{number}").document["nodes"][0]
        assert again["address"] == row["address"], partition(Key("test", "owner", number).digest)
        asked.add(row["address"])
    assert len(asked) == 3


def test_arguments(tool: Asadm, tmp_path: Path) -> None:
    words = ("1", "1.5", "true", "null", '"7"', "text", '[1, {"a": 2}]', '{"$bytes": "00ff"}')
    wanted: list[Any] = [1, 1.5, True, None, "7", "text", [1, {"a": 2}], {"$bytes": "00ff"}]
    done = tool("udf", "run", "m.echo", "test/k", *words, "--arg-string", "9", "--", "-3", "--x")
    assert done.document["result"] == [*wanted, -3, "--x", "9"]
    (tmp_path / "args.json").write_text('[1, [{"$map": [[1, "one"]]}]]')
    read = tool("udf", "run", "m.echo", "test/k", "--args-file", "args.json")
    assert read.document["result"] == [1, [{"$map": [[1, "one"]]}]]


@pytest.mark.usefixtures("tool")
def test_arguments_on_standard_input(cluster: asudfd.Node) -> None:
    host, port = cluster.addresses[0]
    command = [sys.executable, "-m", "asadm.cli", "--enable", "-h", f"{host}:{port}", "udf", "run"]
    done = subprocess.run(
        [*command, "m.echo", "test/k", "--args-file", "-"], input="[7]", capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "[7]\n"), done.stderr


def test_a_failure_has_its_line(tool: Asadm) -> None:
    failed = tool("udf", "run", "m.bad", "test/k")
    assert failed.code == 1
    error = failed.document["error"]
    assert (error["file"], error["line"], error["source"]) == ("m.lua", 16, "return none.field")
    assert "attempt to index a nil value (local 'none')" in error["message"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("m.none", "test/k"), "m.lua has no function 'none'"),
        (("other.f", "test/k"), "has no module other.lua: it has m.lua"),
        (("m.echo", "none/k"), "no node has the namespace 'none': there is bar, test"),
    ],
)
def test_what_a_node_has_not(tool: Asadm, words: tuple[str, str], reason: str) -> None:
    failed = tool("udf", "run", *words)
    assert (failed.code, reason in failed.err) == (1, True), failed.err


def test_a_call_that_does_not_end(tool: Asadm) -> None:
    late = tool(
        "udf", "run", "m.forever", "test/k", timeout=2
    )  # the node has a tenth less, and the rest to say so
    assert (late.code, "UDF Execution Timeout" in late.err) == (1, True), late.err


def test_many_calls(tool: Asadm) -> None:
    done = tool("udf", "run", "m.add", "test/many", "n", "1", "--repeat", "200", "--concurrency", "7")
    assert (done.code, done.document["calls"], done.document["errors"]) == (0, 200, {}), done.err
    times = done.document["milliseconds"]
    assert 0 < times["median"] <= times["p99"] <= times["max"]
    assert tool("record", "get", "test/many").document["found"]["bins"] == {"n": 200}
    failed = tool("udf", "run", "m.bad", "test/many", "--repeat", "20")
    [(reason, count)] = failed.document["errors"].items()
    assert (failed.code, count, reason.startswith("m.lua:16: ")) == (1, 20, True)
    [missing] = tool("udf", "run", "no.f", "test/many", "--repeat", "2").document["errors"]
    assert "has no module no.lua: it has m.lua" in missing


def test_records(tool: Asadm) -> None:
    words = ("record", "put", "test.rec/17", 'tags=["a"]', "n=1.5", "s=text")
    assert tool(*words, enable=False).code == 2
    assert tool(*words, "--ttl", "3600").code == 0
    found = tool("record", "get", "test.rec/17", enable=False).document["found"]
    assert found["bins"] == {"tags": ["a"], "n": 1.5, "s": "text"}
    assert 3500 < found["ttl"] <= 3600
    assert tool("record", "get", "test.rec/17", "n").document["found"]["bins"] == {"n": 1.5}
    digest = Key("test", "rec", 17).digest.hex()
    assert tool("record", "get", f"test.rec/{digest}", "--digest").document["found"]["bins"] == found["bins"]
    assert tool("record", "put", "test.rec/17", "n=2", "--replace", "--ttl", "never").code == 0
    assert tool("record", "get", "test.rec/17").document["found"] == {
        "generation": 2,
        "ttl": None,
        "bins": {"n": 2},
    }
    assert tool("record", "get", "test.rec/17", "--key-type", "string").code == 1
    elsewhere = (f"test.other/{digest}", "--digest")
    for refused in (
        tool("record", "put", *elsewhere, "n=1"),
        tool("record", "get", *elsewhere),
        tool("udf", "run", "m.echo", *elsewhere),
    ):
        assert (refused.code, "name the set that its record is in" in refused.err) == (1, True)
    assert tool("record", "delete", "test.rec/17").code == 0
    gone = tool("record", "delete", "test.rec/17")
    assert (gone.code, "no such record" in gone.err) == (1, True)


def test_all_records_of_a_set(tool: Asadm) -> None:
    for number in range(30):
        assert tool("record", "put", f"test.all/{number}", f"n={number}").code == 0
    done = tool("udf", "run", "--all", "test.all", "m.add", "n", "100")
    assert (done.code, done.document["records"]) == (0, {"done": 30, "failed": 0}), done.err
    assert {row["status"] for row in done.document["jobs"]} == {"done"}
    for number in range(30):
        assert tool("record", "get", f"test.all/{number}").document["found"]["bins"] == {"n": number + 100}
    failed = tool("udf", "run", "--all", "test.all", "m.bad")
    assert (failed.code, failed.document["records"]) == (1, {"done": 0, "failed": 30})
    none = tool("udf", "run", "--all", "test.nothing", "m.add", "n", "1")
    assert (none.code, {row["status"] for row in none.document["jobs"]}) == (0, {"empty"})
    missing = tool("udf", "run", "--all", "test.all", "other.f")
    assert (missing.code, "there is no module other.lua" in missing.err) == (1, True)
    unknown = tool("udf", "run", "--all", "none", "m.bad")
    assert (unknown.code, {row["status"] for row in unknown.document["jobs"]}) == (1, {"error"})


def test_a_signal_ends_the_job_everywhere(
    tool: Asadm, cluster: asudfd.Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        assert tool("record", "put", f"test.slow/{number}", "n=0").code == 0
    looks = []

    def look(job: BackgroundJob) -> None:
        looks.append(job)
        if len(looks) == 1:
            raise KeyboardInterrupt
        real(job)

    real = BackgroundJob.look
    monkeypatch.setattr(BackgroundJob, "look", look)
    ended = tool("udf", "run", "--all", "test.slow", "m.forever")
    assert (ended.code, "the job was ended" in ended.err) == (130, True), ended.err
    assert {row["status"] for row in ended.document["jobs"]} == {"aborted"}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("udf", "run", "m.f"), "NS[.SET]/KEY is missing"),
        (("udf", "run", "--all", "test", "m.f", "--repeat", "2"), "--repeat: is about one record"),
        (("udf", "run", "--all", "test.demo/k", "m.f"), "'test.demo/k' is no set"),
        (("udf", "run", "--all", "test", "m.f", "--digest"), "--digest: is about one record"),
        (("udf", "run", "m", "test/k"), "'m' is no function"),
        (("udf", "run", "m.f", "test"), "'test' is no record"),
        (("udf", "run", "m.f", "test/k", "99999999999999999999"), "more than 64 bits"),
        (("udf", "run", "m.f", "test/k", "1", "--args-file", "x"), "--args-file: takes the place"),
        (("udf", "run", "m.f", "test/k", "--args-file", "none.json"), "none.json: No such file"),
        (("udf", "run", "m.f", "test/k", "--args-file", "m.lua"), "--args-file: m.lua is not JSON: "),
        (("udf", "run", "m.f", "test/k", "--concurrency", "2"), "--concurrency: is for --repeat"),
        (("udf", "run", "m.f", "test/k", "--repeat", "1000001"), "1000001 is not a number from 1 to 1000000"),
        (("udf", "run", "m.f", "test/k", "--repeat", "0"), "--repeat: 0 is not a number from 1 to"),
        (("udf", "run", "m.f", "test/k", "--repeat", "1", "--concurrency", "0"), "--concurrency: 0 is not"),
        (("udf", "run", "m.f", "test/k", "--key-type", "integer"), "the key 'k' is no integer"),
        (("udf", "run", "m.f", "test/true", "--key-type", "integer"), "the key 'true' is no integer"),
        (("udf", "run", "m.f", f"test/{'9' * 40}", "--key-type", "integer"), "more than 64 bits"),
        (("record", "put", "test/k", "novalue"), "'novalue' is no bin"),
        (("record", "put", "test/k", "averylongbinname1=1"), "at most 15 bytes"),
        (("record", "put", "test/k", "a=1", "--ttl", "0"), "neither 'never'"),
        (("record", "put", "test/k", "a=null", "--replace"), "--replace: removes"),
        (("record", "get", "test/zz", "--digest"), "hexadecimal"),
    ],
)
def test_wrong_usage(tool: Asadm, words: tuple[str, ...], error: str) -> None:
    failed = tool(*words)
    assert (failed.code, error in failed.err) == (2, True), failed.err
