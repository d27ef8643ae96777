"""The udf and smd families as handlers: what they ask of the parts of a node, and how failures are worded."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asinfo.wire.info import split_line
from asudfd.aerospike.info import smd, udf
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.cluster.cluster import Cluster, Member
from asudfd.errors import CommandError, UdfError
from asudfd.lua.call_figures import FunctionFigures, FunctionRow
from asudfd.lua.host import ModuleError
from asudfd.network.session import ClientSession
from asudfd.smd import local
from asudfd.smd.interface import UDF, SmdFailed, SmdTimeout
from asudfd.smd.local import LocalSmd
from asudfd.udf.store import ModuleStore

TABLE = InfoTable([udf.ROWS, smd.ROWS])
CONTENT = base64.b64encode(b"return 1").decode()


class Host:
    """A Lua host without Lua: it refuses content with "bad" in it, and remembers what it was told."""

    def __init__(self) -> None:
        self.validated: list[tuple[str, bytes]] = []
        self.forgotten: list[str] = []
        self.cleared = 0

    async def validate(self, filename: str, content: bytes) -> None:
        await asyncio.sleep(0)
        self.validated.append((filename, content))
        if b"bad" in content:
            raise ModuleError(filename.encode(), 2, b"<name> expected near <eof>")

    def forget(self, module: str, former: bytes | None) -> None:
        self.forgotten.append(module)

    def clear(self) -> None:
        self.cleared += 1

    def statistics(self) -> list[SimpleNamespace]:
        figures = {"contexts": 10, "idle": 9, "high_water": 12, "hits": 7, "misses": 3, "creations": 12}
        return [SimpleNamespace(module="a", evictions=2, demoted=(b"hang", b"a;b"), **figures)]

    def functions(self) -> list[FunctionRow]:
        figures = FunctionFigures()
        for microseconds in (1, 9, 15, 17):
            figures.add(microseconds / 1e6, 300_000)
        figures.failures, figures.timeouts = 2, 1
        return [FunctionRow("a", b"f;x", figures), FunctionRow("a", b"*", FunctionFigures())]


class Cell:
    """A cluster of nodes on one metadata, without sockets."""

    def __init__(self, directory: Path, count: int = 1) -> None:
        self.cluster = Cluster()
        self.cluster.key = 0x7929526E7C7D
        self.smd = LocalSmd(directory / "smd", cluster_key=self.cluster.key)
        self.cluster.join([Member(f"A{number}", "127.0.0.1", 3000) for number in range(1, count + 1)])
        self.hosts = [Host() for _ in range(count)]
        self.stores = [
            ModuleStore(directory / f"lua{number}", host) for number, host in enumerate(self.hosts)
        ]
        self.logged: list[str] = []
        for store in self.stores:
            store.open()
            self.smd.subscribe(UDF, store.accept)

    def node(self, number: int = 0) -> AerospikeNode:
        log = SimpleNamespace(info=lambda _, text: self.logged.append(text))
        parts = {"smd": self.smd, "cluster": self.cluster, "log": log, "id": "A1"}
        return cast(
            "AerospikeNode", SimpleNamespace(host=self.hosts[number], modules=self.stores[number], **parts)
        )

    async def ask(self, line: str | bytes, number: int = 0) -> str:
        data = line.encode() if isinstance(line, str) else line
        name, parameters = split_line(data)
        try:
            answer = TABLE.rows[name].handler(self.node(number), Request(name, parameters, ClientSession()))
            if not isinstance(answer, bytes):
                answer = await answer
        except (CommandError, UdfError) as error:
            answer = error.answer
        return answer.decode()

    async def put(self, filename: str, source: bytes, number: int = 0) -> str:
        content = base64.b64encode(source).decode()
        return await self.ask(
            f"udf-put:filename={filename};content={content};content-len={len(content)}", number
        )

    def run(self, dialogue: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await self.smd.start()
            try:
                await dialogue()
            finally:
                await self.smd.stop()

        asyncio.run(whole())

    def close(self) -> None:
        for store in self.stores:
            store.close()


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Cell]:
    made = Cell(tmp_path)
    yield made
    made.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Cell]:
    made = Cell(tmp_path, 2)
    yield made
    made.close()


def test_the_life_of_a_module(cell: Cell) -> None:
    async def dialogue() -> None:
        assert await cell.ask("udf-list") == ""
        assert await cell.put("a.lua", b"return 1") == "ok"
        listed = await cell.ask("udf-list:junk")
        assert listed.startswith("filename=a.lua,hash=")
        assert listed.endswith(",type=LUA;")
        assert await cell.ask("udf-get:filename=a.lua;") == f"type=LUA;content={CONTENT};"
        assert await cell.ask("udf-remove:filename=a.lua") == "ok"
        assert await cell.ask("udf-get:filename=a.lua") == "error=not_found"
        assert await cell.ask("udf-list") == ""

    cell.run(dialogue)
    assert cell.hosts[0].validated == [("a.lua", b"return 1")]
    assert cell.logged == ["node A1: udf-put of 'a.lua': ok", "node A1: udf-remove of 'a.lua': ok"]


def test_a_name_without_its_extension_removes_the_module(cell: Cell) -> None:
    """`client.udf_remove("counter")` of the Python client, which would wait for ever otherwise."""

    async def dialogue() -> None:
        assert await cell.put("counter.lua", b"return 1") == "ok"
        assert await cell.put("counter2.lua", b"return 2") == "ok"
        assert await cell.ask("udf-remove:filename=count") == "ok"
        assert await cell.ask("udf-remove:filename=counter;") == "ok"
        assert (await cell.ask("udf-list")).startswith("filename=counter2.lua,")

    cell.run(dialogue)


def test_a_module_that_does_not_compile_is_not_stored(cell: Cell) -> None:
    async def dialogue() -> None:
        message = base64.b64encode(b"<name> expected near <eof>").decode()
        assert await cell.put("b.lua", b"bad") == f"error=compile_error;file=b.lua;line=2;message={message}"
        assert await cell.ask("udf-list") == ""

    cell.run(dialogue)
    assert list(cell.smd.items(UDF)) == []


def test_an_identical_put_changes_nothing(cell: Cell, tmp_path: Path) -> None:
    async def dialogue() -> None:
        await cell.put("a.lua", b"return 1")
        before = cell.smd.items(UDF), (tmp_path / "lua0" / "a.lua").stat()
        assert await cell.put("a.lua", b"return 1") == "ok"
        assert before == (cell.smd.items(UDF), (tmp_path / "lua0" / "a.lua").stat())

    cell.run(dialogue)
    assert cell.hosts[0].forgotten == ["a"]


def test_get_answers_canonically_and_the_spelling_counts_for_the_hash(cell: Cell) -> None:
    async def dialogue() -> None:
        hashes = set()
        for content in ("cmV0dXJuIDE=", "cmV0dXJuIDF="):
            assert await cell.ask(f"udf-put:filename=a.lua;content={content};content-len=12") == "ok"
            assert await cell.ask("udf-get:filename=a.lua") == f"type=LUA;content={CONTENT};"
            hashes.add(await cell.ask("udf-list"))
        assert len(hashes) == 2

    cell.run(dialogue)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"udf-get", "error=invalid_filename"),
        (b"udf-get:filename=", "error=invalid_filename"),
        (b"udf-get:filename=" + b"x" * 128, "error=invalid_filename"),
        (b"udf-get:filename=" + b"x" * 127, "error=not_found"),
        (b"udf-get:filename=.", "error=not_found"),
        (b"udf-get:filename=..", "error=not_found"),
        (b"udf-get:filename=../smd/UDF.smd", "error=not_found"),
        (b"udf-get:filename=/etc/hostname", "error=not_found"),
        (b"udf-get:filename=.asudfd", "error=not_found"),
        (b"udf-get:filename=\xff.lua", "error=not_found"),
        (b"udf-get:filename=kept", "error=not_found"),
        (b"udf-remove", "error=invalid_filename"),
        (b"udf-remove:filename=" + b"x" * 128, "error=invalid_filename"),
        (b"udf-remove:filename=\xff", "error=invalid_filename"),
        (b"udf-remove:filename=", "ok"),
        (b"udf-remove:filename=nope.lua", "ok"),
        (b"udf-remove:filename=.asudfd", "ok"),
        (b"udf-remove:filename=../smd/UDF.smd", "ok"),
        ("udf-remove:filename=ü".encode(), "ok"),
        (b"smd-show", "ERROR:4:missing 'module'"),
        (b"smd-show:module=", "ERROR:4:missing 'module' value"),
        (b"smd-show:module=nope", "ERROR:4:unknown 'module'"),
        (b"smd-show:module=\xff", "ERROR:4:unknown 'module'"),
        (b"smd-show:module=security", "ERROR:25:enterprise only"),
        (b"smd-show:module=roster", "ERROR:25:enterprise only"),
        (b"smd-show:module=evict", "<empty>"),
        (b"smd-show:module=SIndex", "<empty>"),
        (b"smd-show:module=truncate", "<empty>"),
    ],
)
def test_answers_that_change_nothing(cell: Cell, tmp_path: Path, line: bytes, answer: str) -> None:
    async def dialogue() -> None:
        await cell.put("kept.lua", b"return 1")
        before = (tmp_path / "smd" / "UDF.smd").read_bytes()
        assert await cell.ask(line) == answer
        assert (tmp_path / "smd" / "UDF.smd").read_bytes() == before
        assert {entry.name for entry in (tmp_path / "lua0").iterdir()} == {".asudfd", "kept.lua"}

    cell.run(dialogue)


def test_removing_endless_names_does_not_fill_the_metadata(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "REMOVED_MAX", 2)

    async def dialogue() -> None:
        for number in range(5):
            await cell.put(f"m{number}.lua", b"return 1")
            await cell.ask(f"udf-remove:filename=m{number}.lua")
            await cell.ask(f"udf-remove:filename=other{number}.lua")

    cell.run(dialogue)
    assert [item.key for item in cell.smd.items(UDF)] == ["m3.lua", "m4.lua"]


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (SmdTimeout("late"), "error=timeout"),
        (SmdFailed("No space left on device"), "error=storage_error,No space left on device"),
    ],
)
def test_metadata_that_fails(
    cell: Cell, monkeypatch: pytest.MonkeyPatch, failure: Exception, answer: str
) -> None:
    async def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(cell.smd, "set", fail)

    async def dialogue() -> None:
        assert await cell.put("a.lua", b"return 1") == answer
        assert await cell.ask("udf-remove:filename=a.lua") == answer

    cell.run(dialogue)
    assert not cell.logged


def test_clearing_the_cache_is_local(pair: Cell) -> None:
    async def dialogue() -> None:
        for line in ("udf-clear-cache", "udf-clear-cache:", "udf-clear-cache;", "udf-clear-cache/x/y"):
            assert await pair.ask(line) == "ok"

    pair.run(dialogue)
    assert [host.cleared for host in pair.hosts] == [4, 0]


def test_two_nodes_share_every_change(pair: Cell, tmp_path: Path) -> None:
    async def dialogue() -> None:
        assert await pair.put("a.lua", b"return 1", 0) == "ok"
        assert await pair.put("b.lua", b"return 2", 1) == "ok"
        assert await pair.ask("udf-list", 0) == await pair.ask("udf-list", 1) != ""
        assert await pair.ask("udf-remove:filename=a.lua", 1) == "ok"
        assert await pair.ask("udf-get:filename=a.lua", 0) == "error=not_found"
        for number in range(2):
            assert (tmp_path / f"lua{number}" / "b.lua").read_bytes() == b"return 2"
            assert not (tmp_path / f"lua{number}" / "a.lua").exists()

    pair.run(dialogue)
    assert [host.forgotten for host in pair.hosts] == [["a", "b", "a"]] * 2


def test_concurrent_puts_of_one_name_leave_one_winner(pair: Cell) -> None:
    async def dialogue() -> None:
        puts = [pair.put("a.lua", f"return {number}".encode(), number % 2) for number in range(20)]
        assert set(await asyncio.gather(*puts)) == {"ok"}
        lists = {await pair.ask("udf-list", 0), await pair.ask("udf-list", 1)}
        assert len(lists) == 1
        sources = {store.source("a") for store in pair.stores}
        assert len(sources) == 1

    pair.run(dialogue)


def test_what_the_metadata_shows(pair: Cell) -> None:
    async def dialogue() -> None:
        assert await pair.ask("smd-show:module=UDF") == "<empty>"
        await pair.put("a.lua", b"return 1")
        await pair.put("b.lua", b"return 1")
        await pair.put("c.lua", b"return 1")
        await pair.ask("udf-remove:filename=b.lua")
        value = '{{"content64": "{}", "type": "LUA", "name": "{}"}}'
        assert await pair.ask("smd-show:module=udf") == ";".join(
            f"{name}={value.format(CONTENT, name)}" for name in ("a.lua", "c.lua")
        )
        assert await pair.ask("smd-info:x") == (
            "smd:n_pending_sets=0,n_events=0,n_nodes=2,principal=A2,cluster_key=7929526E7C7D;"
            "evict:committed_key=0,committed_tid=0,n_keys=0,state=pr;"
            "sindex:committed_key=0,committed_tid=0,n_keys=0,state=pr;"
            "truncate:committed_key=0,committed_tid=0,n_keys=0,state=pr;"
            "UDF:committed_key=7929526E7C7D,committed_tid=4,n_keys=3,state=pr;"
        )

    pair.run(dialogue)


def test_cache_figures(cell: Cell) -> None:
    async def dialogue() -> None:
        assert await cell.ask("udf-cache-stats:") == (
            "module=a:contexts=10:idle=9:high_water=12:hits=7:misses=3:creations=12:evictions=2"
            ":demoted=hang+a%3Bb;"
        )

    cell.run(dialogue)


def test_figures_of_functions(cell: Cell) -> None:
    async def dialogue() -> None:
        assert await cell.ask("udf-stats:") == (
            "module=a:function=f%3Bx:calls=4:errors=2:timeouts=1:microseconds=42:memory=300000:le=2/1+16/2+32/1;"
            "module=a:function=*:calls=0:errors=0:timeouts=0:microseconds=0:memory=0:le=;"
        )

    cell.run(dialogue)
