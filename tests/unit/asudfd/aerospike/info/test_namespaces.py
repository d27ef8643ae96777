"""What the info commands tell about records, and truncation through system metadata."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

from asudfd.aerospike.info.families import table
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.node import AerospikeNode
from asudfd.config.load import embedded
from asudfd.config.schema import Config, NamespaceSet
from asudfd.errors import CommandError, StartError
from asudfd.network.session import ClientSession
from asudfd.record.metadata import accept_truncations
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from asudfd.record.spaces import open_namespaces
from asudfd.smd.interface import TRUNCATE, SmdFailed, SmdItem, SmdTimeout
from asudfd.smd.local import LocalSmd
from tests.fakes.state import make_node

PARAMETERS = (
    b"default-read-touch-ttl-pct=0:default-ttl=0:disable-eviction=false:enable-index=false:"
    b"stop-writes-count=0:stop-writes-size=0"
)


@pytest.fixture
def node() -> AerospikeNode:
    return make_node(table())


def space(node: AerospikeNode, name: bytes = b"test") -> Namespace:
    return node.namespaces[name]


def fill(node: AerospikeNode, count: int = 20, name: bytes = b"test", set_name: bytes = b"demo") -> None:
    namespace = space(node, name)
    for number in range(count):
        digest = b"%-20d" % (number + 100 * len(set_name))
        namespace.put(digest, Record(1, 0, namespace.now(), set_name, b"", b"x" * 30))


def ask(node: AerospikeNode, line: bytes) -> Any:
    name, _, parameters = line.replace(b"/", b":", 1).partition(b":")
    return node.table.rows[name].handler(node, Request(name, parameters, ClientSession()))


def figures(answer: bytes) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in answer.decode().split(";"))


def test_sets(node: AerospikeNode) -> None:
    assert ask(node, b"sets") == b""
    fill(node)
    fill(node, 3, b"bar", b"")
    line = (
        b"objects=20:tombstones=0:data_used_bytes=%d:truncate_lut=0:sindexes=0:index_populating=false:truncating=false:"
        % (20 * (19 + 4 + 30))
        + PARAMETERS
    )
    assert ask(node, b"sets") == ask(node, b"sets/test") == b"ns=test:set=demo:" + line + b";"
    assert ask(node, b"sets/test/demo") == line + b";"
    assert ask(node, b"sets/test/nope") == ask(node, b"sets/bar") == b""
    assert ask(node, b"sets/nope") == b"ns_type=unknown"
    space(node).config.sets[b"limited"] = NamespaceSet("limited", stop_writes_count=5)
    assert ask(node, b"sets/test/limited").startswith(b"objects=0:")
    assert ask(node, b"sets/test/limited").endswith(b"stop-writes-count=5:stop-writes-size=0;")
    assert ask(node, b"sets/test").count(b"ns=test:set=") == 2


def test_namespace_and_objects(node: AerospikeNode) -> None:
    fill(node)
    fill(node, 3, b"bar", b"")
    space(node).counters["client_read_success"] += 5
    found = figures(ask(node, b"namespace/test"))
    assert found["objects"] == found["master_objects"] == "20"
    assert found["data_used_bytes"] == str(20 * (19 + 4 + 30))
    assert found["data_used_pct"] == "0"
    assert found["index_used_bytes"] == "1280"
    assert found["client_read_success"] == "5"
    assert found["stop_writes"] == "false"
    assert ask(node, b"objects") == b"23"
    assert figures(ask(node, b"statistics"))["objects"] == "23"
    space(node).sweeper.system_memory_full = True
    assert figures(ask(node, b"namespace/test"))["stop_writes"] == "true"


def test_histogram(node: AerospikeNode) -> None:
    fill(node)
    asked = b"histogram:namespace=test;type=object-size"
    assert ask(node, asked) == b""
    asyncio.run(space(node).sweeper.sweep(histograms=True))
    assert ask(node, asked) == b"units=bytes:[32-64)=20"
    assert ask(node, asked + b"-linear").startswith(b"units=bytes:hist-width=")
    assert ask(node, b"histogram:namespace=test;type=ttl").startswith(b"units=seconds:")
    assert ask(node, asked + b";set=demo") == b"hist-unavailable"
    with pytest.raises(CommandError, match="unknown set name"):
        ask(node, asked + b";set=nope")
    with pytest.raises(CommandError, match="namespace not found on node"):
        ask(node, b"histogram:namespace=nope;type=ttl")


def dialogue(node: AerospikeNode, directory: Path, *lines: bytes) -> list[bytes]:
    """The answers to ``lines`` of a node with system metadata in ``directory``."""

    async def run() -> list[bytes]:
        node.smd = smd = LocalSmd(directory)
        smd.subscribe(TRUNCATE, lambda items: accept_truncations(node.namespaces, items))
        await smd.start()
        answers = []
        for line in lines:
            try:
                answer = ask(node, line)
                answers.append(await answer if inspect.isawaitable(answer) else answer)
            except CommandError as error:
                answers.append(error.answer)
        await smd.stop()
        return answers

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"truncate", b"ERROR:20:missing 'namespace'"),
        (b"truncate:set=demo", b"ERROR:20:missing 'namespace'"),
        (b"truncate:ns=test;set=demo", b"ERROR:20:missing 'namespace'"),
        (b"truncate:namespace=test", b"ERROR:4:missing 'set'"),
        (b"truncate:namespace=test;set=", b"ERROR:4:missing 'set' value"),
        (b"truncate:namespace=test;set=demo;lut=abc", b"ERROR:4:would truncate to 0"),
        (b"truncate:namespace=test;set=demo;lut=1", b"ERROR:4:would truncate to 0"),
        (
            b"truncate:namespace=test;set=demo;lut=99999999999999999999999",
            b"ERROR:4:would truncate in the future",
        ),
        (b"truncate:namespace=test;set=demo", b"ok"),
        (b"truncate:namespace=test;set=demo;lut=1500000000000000000", b"ok"),
        (b"truncate:namespace=nope;set=demo", b"ok"),
        (b"truncate-namespace:namespace=bar", b"ok"),
        (b"truncate-namespace:namespace=nope", b"ok"),
        (b"truncate-namespace:namespace=bar;set=x", b"ERROR:4:unexpected set name"),
        (b"truncate-undo:namespace=test;set=demo", b"ok"),
        (b"truncate-undo:namespace=test", b"ERROR:4:missing 'set'"),
        (b"truncate-namespace-undo:namespace=bar", b"ok"),
        (b"truncate-namespace-undo:namespace=bar;set=x", b"ERROR:4:unexpected set name"),
    ],
)
def test_truncate_answers_as_the_real_server(
    node: AerospikeNode, tmp_path: Path, line: bytes, answer: bytes
) -> None:
    assert dialogue(node, tmp_path, line) == [answer]


def test_truncation_reaches_the_records_and_survives_a_restart(node: AerospikeNode, tmp_path: Path) -> None:
    fill(node)
    fill(node, 5, set_name=b"other")
    answers = dialogue(
        node,
        tmp_path,
        b"truncate:namespace=test;set=demo",
        b"smd-show:module=truncate",
        b"truncate:namespace=test;set=demo;lut=1500000000000000000",
    )
    mark = space(node).truncation.marks[b"demo"]
    assert answers == [b"ok", b"test|demo=%d" % mark, b"ok"]  # the older mark changes nothing
    assert list(space(node).truncation.marks) == [b"demo"]
    assert b"truncate_lut=%d:" % mark in ask(node, b"sets/test/demo")
    assert b"truncating=true" in ask(node, b"sets/test/demo")
    asyncio.run(space(node).sweeper.sweep())
    assert ask(node, b"sets/test/demo").startswith(b"objects=0:")
    assert b"truncating=false" in ask(node, b"sets/test/demo")
    assert ask(node, b"objects") == b"5"
    fill(node)

    later = make_node(table())
    assert dialogue(later, tmp_path, b"truncate-namespace:namespace=test") == [b"ok"]
    assert space(later).truncation.marks[b"demo"] == mark
    assert figures(ask(later, b"namespace/test"))["truncate_lut"] == str(space(later).truncation.marks[None])
    assert figures(ask(later, b"namespace/test"))["truncating"] == "true"
    dialogue(later, tmp_path, b"truncate-namespace-undo:namespace=test")
    assert figures(ask(later, b"namespace/test"))["truncate_lut"] == "0"


@pytest.mark.parametrize(
    ("error", "answer"),
    [(SmdTimeout(), b"ERROR:9:timeout"), (SmdFailed("the disk is full"), b"ERROR::the disk is full")],
)
def test_a_mark_that_cannot_be_stored(node: AerospikeNode, error: Exception, answer: bytes) -> None:
    class Broken:
        async def set(self, *_: object, **__: object) -> None:
            raise error

    node.smd = Broken()  # type: ignore[assignment]  # all that is asked of it
    with pytest.raises(CommandError) as caught:
        asyncio.run(ask(node, b"truncate:namespace=test;set=demo"))
    assert caught.value.answer == answer


def test_marks_that_mean_nothing_here(node: AerospikeNode) -> None:
    accept_truncations(node.namespaces, [SmdItem("nope|demo", "5", 1, 0), SmdItem("test|demo", "x", 1, 0)])
    assert not space(node).truncation.marks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"default_ttl": 5, "nsup_period": 0}, "needs an nsup-period"),
        ({"kind": "device", "device": ("/dev/a",), "filesize": 1 << 20}, "a 'file' and no 'device'"),
        ({"kind": "device", "file": ("a",)}, "needs a 'filesize'"),
    ],
)
def test_a_namespace_that_cannot_be_had(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    config = embedded(str(tmp_path))
    for name, value in change.items():
        where = config.namespaces[1]
        setattr(where if hasattr(where, name) else where.storage_engine, name, value)
    with pytest.raises(StartError, match=f"namespace bar: .*{words}"):
        open_namespaces(config, print)


def test_files_lie_in_the_work_directory_unless_they_say_where(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    config = embedded(str(tmp_path))
    for namespace, file in zip(
        config.namespaces, ("test.dat", str(tmp_path / "elsewhere/bar.dat")), strict=True
    ):
        namespace.storage_engine.kind = "device"
        namespace.storage_engine.file = (file,)
        namespace.storage_engine.filesize = 1 << 20
    for suffix in ("", "-A2"):
        for one in open_namespaces(config, print, suffix).values():
            one.storage.close()
        assert (tmp_path / f"test.dat{suffix}").exists()
        assert (tmp_path / f"elsewhere/bar.dat{suffix}").exists()


@pytest.mark.parametrize("name", ["test.dat", "test.dat.journal0"])
def test_no_link_is_followed_to_records(tmp_path: Path, name: str) -> None:
    work, other = tmp_path / "work", tmp_path / "other"
    work.mkdir()
    other.mkdir()
    (work / name).symlink_to(other / "file")
    with pytest.raises(StartError, match="symbolic link"):
        open_namespaces(_device(work), print)
    assert not list(other.iterdir())


def test_records_are_not_kept_where_others_may_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(StartError, match="others may write"):
        open_namespaces(_device(tmp_path), print)


def _device(work: Path) -> Config:
    config = embedded(str(work))
    engine = config.namespaces[0].storage_engine
    engine.kind, engine.file, engine.filesize = "device", ("test.dat",), 1 << 20
    return config
