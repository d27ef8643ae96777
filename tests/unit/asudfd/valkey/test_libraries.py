"""The libraries of a node: all or nothing, shared by nodes, and put off while a function runs."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from asudfd.network.reactor import Reactor
from asudfd.smd.interface import SmdFailed, SmdItem, SmdTimeout
from asudfd.valkey import libraries as libraries_module
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.smd_store import SmdLibraryStore
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LONG = 60.0
"""Seconds that only a hang takes."""


def library(name: str, function: str, result: int = 1) -> bytes:
    return b"#!lua name=%s\nserver.register_function('%s', function() return %d end)" % (
        name.encode(),
        function.encode(),
        result,
    )


A, A2, B = library("a", "f"), library("a", "f", 2), library("b", "g")


class LibraryNode:
    """A node's libraries without sockets."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.faults: list[BaseException] = []
        self.reactor = Reactor(self.faults.append)
        self.state = ServerState(ValkeySettings(), self.reactor, self.warnings.append)
        self.libraries = self.state.libraries

    def call(self, name: str) -> bytes:
        arguments = [b"FCALL", name.encode(), b"0"]
        return self.state.engine.run(self.state.now(), 0, arguments)

    def close(self) -> None:
        self.reactor.close()
        assert not self.faults


@pytest.fixture
def node() -> Iterator[LibraryNode]:
    made = LibraryNode()
    yield made
    made.close()


def refused(call: Callable[[], object]) -> bytes:
    with pytest.raises(CommandFailed) as caught:
        call()
    return caught.value.reply.text


def test_what_another_node_loaded_may_be_loaded_once_more(node: LibraryNode) -> None:
    node.libraries.accept({b"a": A})
    assert node.call("f") == b":1\r\n"
    assert node.libraries.load(A, replace=False) == b"a"
    assert refused(lambda: node.libraries.load(A, replace=False)) == b"ERR Library 'a' already exists"
    node.libraries.accept({b"a": A2})
    assert refused(lambda: node.libraries.load(A, replace=False)) == b"ERR Library 'a' already exists"
    assert node.call("f") == b":2\r\n"


def test_what_another_node_deleted_may_be_deleted_once_more(node: LibraryNode) -> None:
    node.libraries.accept({b"a": A})
    node.libraries.accept({b"a": None})
    node.libraries.delete(b"a")
    assert refused(lambda: node.libraries.delete(b"a")) == b"ERR Library not found"


def test_a_change_that_came_long_ago_is_no_fan_out(
    node: LibraryNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries_module, "FAN_OUT_SECONDS", -1.0)
    node.libraries.accept({b"a": A})
    assert refused(lambda: node.libraries.load(A, replace=False)) == b"ERR Library 'a' already exists"


def test_a_change_of_this_node_is_no_fan_out(node: LibraryNode) -> None:
    node.libraries.load(A, replace=False)
    assert refused(lambda: node.libraries.load(A, replace=False)) == b"ERR Library 'a' already exists"
    node.libraries.accept({b"b": B})
    node.libraries.forget_elsewhere()
    assert refused(lambda: node.libraries.load(B, replace=False)) == b"ERR Library 'b' already exists"


def test_a_library_that_cannot_be_served_is_told_and_the_others_are_served(node: LibraryNode) -> None:
    node.libraries.accept({b"a": A, b"bad": b"#!lua name=bad\nreturn (", b"b": B})
    assert node.call("f") == node.call("g") == b":1\r\n"
    (warning,) = node.warnings
    assert "'bad' is not served" in warning


def test_a_restore_that_fails_changes_nothing(node: LibraryNode) -> None:
    node.libraries.load(A, replace=False)
    for codes, policy in (
        ([B, b"#!lua name=bad\nreturn ("], "flush"),
        ([B, A], "append"),
        ([B, library("c", "G")], "replace"),
        ([library("c", "f")], "replace"),
        ([B, B], "replace"),
        ([b"no header"], "flush"),
    ):
        assert refused(partial(node.libraries.restore, codes, policy))
        assert [*node.libraries.texts] == [b"a"]
        assert node.call("f") == b":1\r\n"
        assert node.call("g").startswith(b"-ERR Function not found")
    node.libraries.restore([B], "flush")
    assert [*node.libraries.texts] == [b"b"]


def test_a_change_that_comes_while_a_function_runs_waits_for_its_end(node: LibraryNode) -> None:
    node.state.settings.change({"busy-reply-threshold": "1"})
    node.libraries.load(A, replace=False)
    seen: list[bytes] = []

    def meanwhile() -> None:
        node.libraries.accept({b"a": A2, b"b": B})
        seen.extend(node.libraries.texts.values())
        node.state.running.end()

    node.reactor.call_later(0, meanwhile)
    code = b"while true do end"
    reply = node.state.engine.run(node.state.now(), 0, [b"EVAL", code, b"0"])
    assert reply.startswith(b"-ERR Script killed: the server is shutting down.")
    assert seen == [A]
    assert node.call("f") == b":2\r\n"
    assert node.call("g") == b":1\r\n"


# Libraries as system metadata


class SharedSmd:
    """System metadata that two nodes share."""

    def __init__(self) -> None:
        self.subscribers: list[Callable[[Sequence[SmdItem]], None]] = []
        self.items: dict[str, str | None] = {}
        self.failure: Exception | None = None

    def subscribe(self, _module: str, accept: Callable[[Sequence[SmdItem]], None]) -> None:
        self.subscribers.append(accept)

    async def set_many(self, _module: str, values: Mapping[str, str | None]) -> None:
        if self.failure:
            raise self.failure
        self.items.update(values)
        for accept in self.subscribers:
            accept([SmdItem(key, value, 1, 0) for key, value in values.items()])


class SmdNodes:
    """Two nodes with a thread each; ``call`` runs something in the thread of one."""

    def __init__(self) -> None:
        self.smd = SharedSmd()
        self.nodes = [LibraryNode(), LibraryNode()]
        self.loop = asyncio.new_event_loop()
        stores: list[SmdLibraryStore] = []
        for node in self.nodes:
            store = SmdLibraryStore(self.smd, node.reactor, node.libraries, stores)  # type: ignore[arg-type] # of a fake
            node.libraries.store = store
            store.attach(self.loop)
        self.threads = [threading.Thread(target=node.reactor.run) for node in self.nodes]
        self.threads.append(threading.Thread(target=self.loop.run_forever))
        for thread in self.threads:
            thread.start()

    def call(self, number: int, call: Callable[[], object]) -> object:
        done = threading.Event()
        results: list[object] = []

        def run() -> None:
            try:
                results.append(call())
            except CommandFailed as failed:
                results.append(failed.reply.text)
            done.set()

        self.nodes[number].reactor.call_soon_threadsafe(run)
        assert done.wait(LONG)
        return results[0]

    def close(self) -> None:
        for node in self.nodes:
            node.reactor.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        for thread in self.threads:
            thread.join(LONG)
        self.loop.close()
        for node in self.nodes:
            node.close()


@pytest.fixture
def nodes() -> Iterator[SmdNodes]:
    made = SmdNodes()
    yield made
    made.close()


def test_a_load_is_on_every_node_when_it_is_answered(nodes: SmdNodes) -> None:
    first, second = nodes.nodes
    assert nodes.call(0, lambda: first.libraries.load(A, replace=False)) == b"a"
    assert [*second.libraries.texts.values()] == [A]
    assert nodes.call(1, lambda: second.call("f")) == b":1\r\n"
    assert nodes.call(1, lambda: second.libraries.load(A, replace=False)) == b"a"  # a client's fan-out
    assert nodes.call(1, lambda: second.libraries.load(A2, replace=True)) == b"a"
    assert nodes.call(0, lambda: first.call("f")) == b":2\r\n"
    nodes.call(0, lambda: first.libraries.delete(b"a"))
    assert not second.libraries.texts
    assert nodes.call(1, lambda: second.call("f")) == b"-ERR Function not found\r\n"


def test_a_text_of_any_bytes_comes_through(nodes: SmdNodes) -> None:
    code = A + b"\n-- " + bytes(range(128, 256))
    nodes.call(0, lambda: nodes.nodes[0].libraries.load(code, replace=False))
    assert nodes.nodes[1].libraries.texts[b"a"] == code


def test_a_change_that_cannot_be_stored_is_an_error_and_changes_nothing(nodes: SmdNodes) -> None:
    first = nodes.nodes[0]
    nodes.smd.failure = SmdFailed("disk full")
    reply = nodes.call(0, lambda: first.libraries.load(A, replace=False))
    assert reply == b"ERR the change could not be stored: disk full"
    nodes.smd.failure = SmdTimeout("late")
    reply = nodes.call(0, lambda: first.libraries.load(A, replace=False))
    assert reply == b"ERR the change was not confirmed in time; it may still be applied"
    assert not first.libraries.texts
    nodes.smd.failure = None
    assert nodes.call(0, lambda: first.libraries.load(A, replace=False)) == b"a"
