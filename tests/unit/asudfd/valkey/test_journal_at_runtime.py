"""CONFIG SET appendonly: a journal that begins, and ends, while the node runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_reply import ErrorReply
from asudfd.valkey.journal import KeyspaceJournal
from tests.unit.asudfd.valkey.served import ServedKeyspace
from tests.unit.asudfd.valkey.stored import StoredKeyspace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.journal"


@pytest.fixture
def keyspace(path: Path) -> ServedKeyspace:
    served = ServedKeyspace()
    state = served.state
    state.make_journal = lambda: KeyspaceJournal(path, state.engine, served.reactor, state.warn, sync=False)
    return served


def settle(keyspace: ServedKeyspace) -> None:
    """Let the journal be written with all keys."""
    assert keyspace.state.journal
    while keyspace.state.journal.is_compacting:
        keyspace.reactor.step(0)
    assert keyspace.state.is_written()


def test_the_keys_that_there_are_and_those_that_come_are_kept(keyspace: ServedKeyspace, path: Path) -> None:
    client = keyspace.client()
    client.line("RPUSH before a b")
    client.line("CONFIG SET appendonly yes")
    client.line("SET after 1")
    settle(keyspace)
    assert client.line("CONFIG GET appendonly") == [b"appendonly", b"yes"]
    assert b"aof_enabled:1" in client.line("INFO persistence")
    kept = StoredKeyspace(path)
    assert kept.line("LRANGE before 0 -1") == [b"a", b"b"]
    assert kept.line("GET after") == b"1"


def test_what_an_earlier_time_has_left_is_not_kept(keyspace: ServedKeyspace, path: Path) -> None:
    path.write_bytes(b"no journal")
    client = keyspace.client()
    client.line("CONFIG SET appendonly yes")
    client.line("SET k v")
    settle(keyspace)
    assert StoredKeyspace(path).line("DBSIZE") == 1


def test_the_file_goes_when_it_is_turned_off(keyspace: ServedKeyspace, path: Path) -> None:
    client = keyspace.client()
    for line in ("CONFIG SET appendonly yes", "SET k v", "CONFIG SET appendonly no", "SET k w"):
        client.line(line)
    assert not path.exists()
    assert keyspace.state.journal is None
    assert client.line("GET k") == b"w"
    error = client.line("WAITAOF 1 0 0")
    assert isinstance(error, ErrorReply)


def test_a_client_that_follows_goes_on(keyspace: ServedKeyspace) -> None:
    client, follower = keyspace.client(), keyspace.client()
    follower.raw([b"SYNC"])
    for line in ("CONFIG SET appendonly yes", "SET a 1", "CONFIG SET appendonly no", "SET b 2"):
        client.line(line)
    assert [each[0] for each in follower.sent()] == [b"SELECT", b"SET", b"SET"]


def test_it_is_refused_where_the_configuration_decides() -> None:
    reply = ServedKeyspace().client().line("CONFIG SET appendonly yes")
    assert isinstance(reply, ErrorReply)
    assert b"storage" in reply.text


def test_a_journal_that_cannot_be_made_changes_nothing(keyspace: ServedKeyspace, path: Path) -> None:
    path.mkdir()
    client = keyspace.client()
    assert isinstance(client.line("CONFIG SET appendonly yes"), ErrorReply)
    assert client.line("CONFIG GET appendonly") == [b"appendonly", b"no"]
    assert client.line("SET k v") == b"OK"
