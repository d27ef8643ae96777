"""The recorded dialogue of the udf family, replayed in order on a node without sockets but with real Lua."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

from asudfd.aerospike.info import smd, udf
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.info.table import InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.cluster.cluster import Cluster
from asudfd.config.schema.lua import ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.network.session import ClientSession
from asudfd.smd.interface import UDF
from asudfd.smd.local import LocalSmd
from asudfd.udf.store import ModuleStore
from tests.fakes.reply import whole

VECTORS = Path(__file__).parents[1] / "wire" / "vectors" / "info_udf.jsonl"

SAFER = {"udf-get:filename=\n": "udf-get:filename=\terror=invalid_filename\n"}
"""Requests that abort the recorded server, and what a node of ours answers."""


ENTRY = re.compile(r"filename=([^;]*),hash=[0-9a-f]{40},type=LUA;")


def rows() -> Iterator[tuple[str, str]]:
    """Request and reply bodies, in the recorded order."""
    for line in VECTORS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["request"], SAFER.get(row["request"], row["reply"])


class Dialogue:
    """A node whose parts are real, and a client that speaks to it without a socket."""

    def __init__(self, directory: Path) -> None:
        self.store = ModuleStore(directory / "lua", self, warn=self.complain)
        self.smd = LocalSmd(directory / "smd", warn=self.complain)
        self.smd.subscribe(UDF, self.store.accept)
        self.complaints: list[str] = []

    def complain(self, text: str) -> None:
        self.complaints.append(text)

    def forget(self, module: str, former: bytes | None) -> None:
        self.host.forget(module, former)

    async def __aenter__(self) -> Self:
        self.host = UdfHost(ModLua(), self.store.source, lambda *_: None)
        self.store.open()
        await self.smd.start()
        parts: dict[str, Any] = {
            "table": InfoTable([udf.ROWS, smd.ROWS]),
            "config": SimpleNamespace(service=SimpleNamespace(info_max_ms=10_000)),
            "counters": SimpleNamespace(info_complete=0, info_timeout=0),
            "log": SimpleNamespace(info=lambda *_: None, warning=lambda _, text: self.complain(text)),
            "cluster": Cluster(),
            "id": "A1",
        }
        node = SimpleNamespace(host=self.host, modules=self.store, smd=self.smd, **parts)
        self.dispatch = InfoService(cast("AerospikeNode", node))
        self.session = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.smd.stop()
        await self.host.stop()
        self.store.close()

    async def ask(self, body: str) -> str:
        reply = await whole(self.dispatch.respond(body.encode(), self.session))
        assert reply[:2] == b"\2\1"
        return reply[8:].decode()

    def known(self, reply: str) -> str:
        """A recorded reply without the modules that were put between the recorded requests."""
        names = self.store.names()
        return ENTRY.sub(lambda entry: entry[0] if entry[1] in names else "", reply)


def test_every_recorded_answer(tmp_path: Path) -> None:
    async def replay() -> list[tuple[str, str, str]]:
        async with Dialogue(tmp_path) as dialogue:
            answers = [(body, await dialogue.ask(body), dialogue.known(reply)) for body, reply in rows()]
            assert not dialogue.complaints
        return answers

    different = [answer for answer in asyncio.run(replay()) if answer[1] != answer[2]]
    assert not different


def test_the_same_list_after_a_restart(tmp_path: Path) -> None:
    async def replay() -> tuple[str, str]:
        async with Dialogue(tmp_path) as dialogue:
            for body, _ in rows():
                await dialogue.ask(body)
            before = await dialogue.ask("udf-list\n")
        async with Dialogue(tmp_path) as dialogue:
            return before, await dialogue.ask("udf-list\n")

    before, after = asyncio.run(replay())
    assert before == after
    assert before.count("filename=") > 5


def test_a_module_that_loops_is_refused_and_the_next_one_is_taken(tmp_path: Path) -> None:
    async def dialogue() -> None:
        async with Dialogue(tmp_path) as node:
            loop = "udf-put:filename=l.lua;content=d2hpbGUgdHJ1ZSBkbyBlbmQ=;content-len=24"
            waiting = asyncio.create_task(node.ask(loop + "\n"))
            assert await asyncio.wait_for(node.ask("udf-list\n"), 0.5) == "udf-list\t\n"
            assert not waiting.done()
            good = "udf-put:filename=a.lua;content=LS0K;content-len=4"
            assert await node.ask(good + "\n") == good + "\tok\n"
            assert (await waiting).startswith(loop + "\terror=compile_error;file=")

    asyncio.run(dialogue())
