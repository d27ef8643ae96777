"""A keyspace in this process, without sockets and clients."""

from __future__ import annotations

from typing import Any

import pytest

from asudfd.valkey.engine import KeyspaceEngine

NOW = 1_700_000_000_000.0


class RecordingHost:
    """Keeps what the keyspace calls back: keys that have expired, that clients wait for, who waits; faults fail the test."""

    def __init__(self) -> None:
        self.expired_keys: list[bytes] = []
        self.ready: list[bytes] = []
        self.blocked: list[tuple[int, float]] = []
        self.faults: list[bytes] = []

    def fault(self, text: bytes) -> None:
        self.faults.append(text)

    def block(self, client: int, timeout: float, _keys: Any) -> None:
        self.blocked.append((int(client), timeout))

    def ready_key(self, _database: int, key: bytes) -> None:
        self.ready.append(key)

    def expired(self, _database: int, key: bytes) -> None:
        self.expired_keys.append(key)

    def __getattr__(self, name: str) -> Any:
        """The rest, which scripts have called, and no command of the keyspace."""

        def call(*_: Any) -> None:
            raise AssertionError(name)

        return call


class TestedKeyspace:
    """Commands as lines of words, replies as bytes; the journal's entries in ``effects``."""

    __test__ = False

    def __init__(self, memory: int = 256 << 20) -> None:
        self.host = RecordingHost()
        self.engine = KeyspaceEngine(self.host, memory)
        self.now = NOW
        self.effects: list[tuple[bytes, ...]] = []
        self.engine.lua[b"state"][b"journal"] = self._journal

    def _journal(self, entries: Any) -> None:
        self.effects += [tuple(entry[2].values()) for entry in entries.values()]

    def run(self, *words: object) -> bytes:
        """The reply to a command."""
        arguments = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        reply = self.engine.execute_long(self.now, 0, 2, 1, arguments)
        assert not self.host.faults, self.host.faults
        return reply

    def line(self, line: str) -> bytes:
        """The same for words without spaces."""
        return self.run(*line.split())


@pytest.fixture(scope="module")
def shared_keyspace() -> TestedKeyspace:
    return TestedKeyspace()


@pytest.fixture
def keyspace(shared_keyspace: TestedKeyspace) -> TestedKeyspace:
    """An empty keyspace, at the same time for every test."""
    shared_keyspace.now = NOW
    shared_keyspace.line("FLUSHALL")
    for kept in (shared_keyspace.effects, shared_keyspace.host.expired_keys, shared_keyspace.host.blocked):
        kept.clear()
    return shared_keyspace
