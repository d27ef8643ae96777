"""The journal of a keyspace: what was written is there again, in whole, and what cannot be read is told."""

from __future__ import annotations

import errno
import os
import random
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_reply import ErrorReply
from asudfd.errors import StartError
from asudfd.valkey import journal as journal_module
from asudfd.valkey.journal import MAGIC
from asudfd.valkey.settings import ValkeySettings
from tests.unit.asudfd.valkey.stored import NEVER_BUSY, NOW, StoredKeyspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = 86_400_000

EVERY_TYPE = (
    "SET text v",
    "SET number 9223372036854775806",
    "INCR number",
    "APPEND raw abc",
    "SET binary \r\n\0\r\n",
    "SETBIT bits 100 1",
    "SET soon v PX 100",
    "SET late v PXAT 9223372036854775806",
    "RPUSH list a b c",
    "LPUSH list z",
    "SADD members a b 1 2",
    "SADD numbers 1 2 3",
    "ZADD sorted 1 a -inf b 0.1 c 1e300 d",
    "ZINCRBY sorted 0.2 c",
    "HSET hash a 1 b 2 c 3",
    f"HPEXPIREAT hash {int(NOW) + DAY} FIELDS 1 b",
    "HEXPIRE hash 1000 FIELDS 1 c",
    f"PEXPIREAT hash {int(NOW) + 2 * DAY}",
    "XADD stream 1-1 f v",
    "XADD stream * f w",
    "XGROUP CREATE stream g 0",
    "XREADGROUP GROUP g me COUNT 1 STREAMS stream >",
    "PFADD estimate a b c",
    "GEOADD places 13.4 52.5 berlin",
    "SELECT 3",
    "SET other 1 EX 100",
    "SELECT 0",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.journal"


@pytest.fixture
def no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals are written anew as soon as half of them is outdated, some keys at a time."""
    monkeypatch.setattr(journal_module, "COMPACT_MIN", 64)
    monkeypatch.setattr(journal_module, "COMPACT_KEYS", 2)


def filled(path: Path, lines: Sequence[str] = EVERY_TYPE) -> StoredKeyspace:
    kept = StoredKeyspace(path)
    for line in lines:
        kept.run(*line.split(" "))
    assert kept.journal.flush()
    return kept


def reopened(path: Path, now: float = NOW) -> StoredKeyspace:
    return StoredKeyspace(path, now=now)


def compact(kept: StoredKeyspace) -> None:
    """Write the journal anew."""
    kept.journal._compacted_size = 0
    kept.journal.compact_if_due()
    assert kept.journal._new >= 0
    while kept.journal._new >= 0:
        kept.step()


def test_every_type_is_there_again(path: Path) -> None:
    kept = filled(path)
    before = kept.contents()
    kept.crash()
    again = reopened(path)
    assert again.contents() == before
    assert len(before) == 16
    assert again.run("XPENDING", "stream", "g")[0] == 1
    again.close()


@pytest.mark.usefixtures("no_floor")
def test_every_type_is_there_after_a_compaction(path: Path) -> None:
    kept = filled(path)
    before = kept.contents()
    for _ in range(3):
        for line in EVERY_TYPE[:2]:
            kept.line(line)
    kept.run("SET", "number", "9223372036854775807")
    assert kept.journal.flush()
    size = path.stat().st_size
    compact(kept)
    assert path.stat().st_size < size
    assert not path.with_suffix(".new").exists()
    kept.close()
    again = reopened(path)
    assert again.contents() == before
    assert again.run("XPENDING", "stream", "g")[0] == 1
    again.close()


def test_a_client_has_the_journal_written_anew(path: Path) -> None:
    kept = filled(path)
    for number in range(100):
        kept.line(f"SET again {number}")
    assert kept.journal.flush()
    size, before = path.stat().st_size, kept.contents()
    assert kept.run("BGREWRITEAOF") == b"Background append only file rewriting started"
    assert "aof_enabled:1" in (info := kept.run("INFO", "persistence").decode())
    assert "aof_rewrite_in_progress:1" in info
    assert f"aof_current_size:{size}" in info
    assert kept.run("BGREWRITEAOF") == ErrorReply(
        b"ERR Background append only file rewriting already in progress"
    )
    while kept.journal.is_compacting:
        kept.step()
    assert path.stat().st_size < size
    assert f"aof_base_size:{path.stat().st_size}" in kept.run("INFO", "persistence").decode()
    kept.crash()
    again = reopened(path)
    assert again.contents() == before
    again.close()


def test_what_cannot_be_written_anew_is_told(path: Path) -> None:
    kept = filled(path)
    path.with_suffix(".new").mkdir()
    assert kept.run("BGREWRITEAOF").text.startswith(b"ERR the journal cannot be written anew")
    assert "aof_last_bgrewrite_status:err" in kept.run("INFO", "persistence").decode()
    path.with_suffix(".new").rmdir()
    kept.warnings.clear()
    kept.close()


def test_when_the_disk_confirms(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed: list[int] = []
    monkeypatch.setattr(os, "fdatasync", confirmed.append)
    kept = StoredKeyspace(path)

    def confirmations(value: str, now: float) -> int:
        """How many the setting brings by a change, and by the sweep at ``now``."""
        confirmed.clear()
        kept.line(f"CONFIG SET appendfsync {value}")
        kept.line("INCR key")
        assert kept.journal.flush()
        kept.journal.confirm_if_due(now)
        if kept.journal._confirming is not None:
            kept.journal._confirming.join()
        return len(confirmed)

    assert confirmations("no", 100.0) == 0
    assert confirmations("always", 100.0) == 1
    assert confirmations("everysec", 100.0) == 1
    assert confirmations("everysec", 100.5) == 0
    assert confirmations("everysec", 101.5) == 1
    kept.journal.confirm_if_due(200.0)  # nothing has changed
    assert len(confirmed) == 1
    kept.close()


def test_what_has_expired_does_not_come_back(path: Path) -> None:
    filled(path).crash()
    again = reopened(path, now=NOW + DAY)
    assert {b"soon", b"other"}.isdisjoint(again.line("KEYS *"))
    assert again.line("HKEYS hash") == [b"a"]
    again.close()


PROLONGED = (
    ("SET k v PX 100", "PERSIST k"),
    ("SET k v PX 100", "APPEND k w", "PEXPIRE k 100000"),
    ("RPUSH k a", "PEXPIRE k 100", "RPUSH k b", "PERSIST k"),
    ("HSET k a 1 b 2", "HPEXPIRE k 100 FIELDS 1 a", "HPERSIST k FIELDS 1 a"),
    ("HSET k a 1 b 2", "HPEXPIRE k 100 FIELDS 2 a b", "HINCRBY k a 4", "HPEXPIRE k 99999 FIELDS 2 a b"),
    ("SET j v PX 100", "RENAME j k", "PERSIST k"),
    ("SET j v PX 100", "COPY j k", "PERSIST k", "DEL j"),
    ("SET k v PX 100", "GETEX k PERSIST"),
)


@pytest.mark.parametrize("lines", PROLONGED, ids=" ".join)
def test_a_key_that_was_to_expire_earlier_is_there(path: Path, lines: tuple[str, ...]) -> None:
    """The time at which a change was made counts, and not that at which it is made again."""
    kept = filled(path, lines)
    before = kept.contents()
    kept.crash()
    again = reopened(path, now=NOW + 1000)
    assert again.contents() == before
    again.close()


def test_a_transaction_is_there_as_a_whole_or_not_at_all(path: Path) -> None:
    kept = filled(path, ("SET a 1",))
    size = path.stat().st_size
    for line in ("MULTI", "SET a 2", "RPUSH b 1", "SELECT 1", "SET c 1", "EXEC"):
        kept.line(line)
    after = kept.contents()
    assert kept.journal.flush()
    kept.crash()
    assert_all_or_nothing(path, size, after)


def test_a_function_is_there_as_a_whole_or_not_at_all(path: Path) -> None:
    kept = filled(path, ("SET a 1",))
    size = path.stat().st_size
    code = """#!lua name=lib
    server.register_function('f', function(keys)
        for i = 1, 10 do server.call('RPUSH', keys[1], i) end
        return server.call('INCR', 'a')
    end)"""
    assert kept.run("FUNCTION", "LOAD", code) == b"lib"
    assert kept.run("FCALL", "f", 1, "list") == 2
    after = kept.contents()
    assert kept.journal.flush()
    kept.crash()
    assert_all_or_nothing(path, size, after)


def assert_all_or_nothing(path: Path, size: int, after: object) -> None:
    """Wherever the file is cut behind ``size``: the contents are those of before, but for the whole file."""
    data = path.read_bytes()
    for end in sorted({*range(size, len(data), 17), len(data) - 1, len(data)}):
        path.write_bytes(data[:end])
        again = reopened(path)
        whole = end == len(data)
        assert (again.contents() == after) is whole
        assert whole or again.line("GET a") == b"1"
        assert bool(again.warnings) is (size < end < len(data))
        again.crash()


def test_what_a_busy_function_has_done_is_not_written_before_its_end(path: Path) -> None:
    """Other clients are answered meanwhile; nothing of the transaction around it is written for them."""
    kept = StoredKeyspace(path, ValkeySettings(values={"busy-reply-threshold": "1"}))
    sizes: list[int] = []

    def meanwhile() -> None:
        assert kept.state.is_written()
        sizes.append(path.stat().st_size)
        kept.state.running.end()

    kept.reactor.call_later(0, meanwhile)
    kept.state.now = lambda: 0.0  # type: ignore[method-assign] # long ago: it is busy at once
    for line in ("MULTI", "SET a 1"):
        kept.line(line)
    kept.now = 0.0
    kept.run("EVAL", "server.call('SET', 'b', 1) while true do end", 0)
    kept.line("EXEC")
    assert sizes == [len(MAGIC)]
    assert kept.journal.flush()
    kept.crash()


def test_a_function_that_the_end_of_the_node_interrupts_leaves_nothing(path: Path) -> None:
    kept = StoredKeyspace(path)
    kept.line("SET a 1")
    kept.journal.abandon()
    kept.line("SET a 2")
    assert not kept.journal.flush()
    kept.close()
    again = reopened(path)
    assert again.contents() == {}
    again.close()


def test_keys_that_expire_while_a_script_runs_stay_gone(path: Path) -> None:
    """A script changes a key, which then expires while it goes on: the end of the key comes behind its change."""
    kept = StoredKeyspace(path)
    kept.line("RPUSH k a")
    kept.line("PEXPIRE k 100")
    kept.line("HSET h a 1 b 2")
    kept.line("HPEXPIRE h 100 FIELDS 1 a")
    lua_state = kept.state.engine.lua[b"state"]
    script = kept.state.engine.table({})
    lua_state[b"script"] = script
    kept.line("SET before 1")
    kept.now += 1000
    assert kept.line("EXISTS k") == 0
    assert kept.line("HLEN h") in {1, 2}
    assert kept.line("HGETALL h") == [b"b", b"2"]
    effects = [tuple(each[2].values()) for each in script[b"effects"].values()]
    assert effects == [(b"UNLINK", b"k"), (b"HDEL", b"h", b"a")]
    lua_state[b"script"] = None
    kept.crash()


def test_a_torn_tail_is_cut_and_told(path: Path) -> None:
    kept = filled(path)
    before = kept.contents()
    kept.crash()
    whole = path.stat().st_size
    for torn in (b"\0", b"\0\0\0\x10abcd", b"\0\0\0\x04abcdefgh", b"\0\0\1\0" + b"x" * 100):
        with path.open("ab") as file:
            file.write(torn)
        again = reopened(path)
        assert again.contents() == before
        (warning,) = again.warnings
        assert f"{len(torn)} bytes" in warning
        assert "cut off" in warning
        assert path.stat().st_size == whole
        again.close()


@pytest.mark.parametrize("length", range(len(MAGIC) + 1))
def test_a_file_that_has_just_begun_is_an_empty_one(path: Path, length: int) -> None:
    path.write_bytes(MAGIC[:length])
    kept = reopened(path)
    kept.line("SET a 1")
    kept.close()
    again = reopened(path)
    assert again.line("GET a") == b"1"
    again.close()


def test_damage_in_the_middle_refuses_the_start(path: Path) -> None:
    kept = filled(path, ("SET a 1",))
    first = path.stat().st_size
    kept.line("SET b 2")
    kept.close()
    data = bytearray(path.read_bytes())
    for at in range(len(MAGIC) + 4, first, 5):
        damaged = data.copy()
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(StartError, match=f"damaged at byte {len(MAGIC)}"):
            reopened(path)
        assert path.read_bytes() == damaged


def test_another_file_is_left_alone(path: Path) -> None:
    path.write_bytes(b"REDIS0011 and so on")
    with pytest.raises(StartError, match="is no journal"):
        reopened(path)
    assert path.read_bytes() == b"REDIS0011 and so on"


def entry(body: bytes) -> bytes:
    return journal_module._entry(body)


@pytest.mark.parametrize(
    "body",
    [
        b"*2\r\n$4\r\nINCR\r\n$1\r\nl\r\n",
        b"*1\r\n$7\r\nNOSUCHX\r\n",
        b"*1\r\n$4\r\nAUTH\r\n",
        b"*2\r\n$4\r\nINCR\r\n$1\r\n",
        b"nothing \0 of a command\r\n",
        b"*2\r\n$6\r\nSELECT\r\n$2\r\n99\r\n",
        b"*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n",
    ],
    ids=("wrong type", "unknown", "of the host", "half", "garbage", "no such database", "no database"),
)
def test_a_change_that_cannot_be_made_again_refuses_the_start(path: Path, body: bytes) -> None:
    filled(path, ("RPUSH l a",)).crash()
    with path.open("ab") as file:
        file.write(entry(body))
    with pytest.raises(StartError, match="cannot be made again"):
        reopened(path)


def test_the_limit_of_memory_does_not_keep_what_is_there_from_coming_back(path: Path) -> None:
    kept = filled(path)
    before = kept.contents()
    kept.crash()
    again = StoredKeyspace(path, ValkeySettings(values={"maxmemory": "1"}))
    assert again.contents() == before
    assert again.run("SET", "more", 1).text.startswith(b"OOM")
    again.close()


def test_changes_are_written_and_compacted_where_memory_is_nearly_full(path: Path) -> None:
    kept = StoredKeyspace(path, ValkeySettings(32 << 20, values=NEVER_BUSY))
    for number in range(15):
        assert kept.run("SET", f"k{number}", f"{number:08d}" * 131_072) == b"OK"
        assert kept.state.is_written()
    kept.run("SET", "large", "y" * 13_000_000)
    assert kept.state.is_written()
    kept.run("SET", "k0", "small")
    assert kept.state.is_written()
    compact(kept)
    assert kept.run("SET", "k1", "later") == b"OK"
    assert kept.state.is_written()
    count = kept.line("DBSIZE")
    kept.crash()
    again = StoredKeyspace(path, ValkeySettings(32 << 20, values=NEVER_BUSY))
    assert again.line("DBSIZE") == count
    assert again.line("MGET k0 k1") == [b"small", b"later"]
    again.close()


def test_a_change_of_very_many_members_comes_back(path: Path) -> None:
    """Its effect is longer than what is given to Lua at once."""
    kept = StoredKeyspace(path)
    members = [str(each) for each in range(5000)]
    for at in range(0, 5000, 1000):
        kept.run("SADD", "s", *members[at : at + 1000])
    assert len(kept.line("SPOP s 4999")) == 4999
    before = kept.contents()
    kept.close()
    again = reopened(path)
    assert again.contents() == before
    again.close()


class FullDisk:
    """Stands for a disk that takes ``room`` bytes more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._pwrite = os.pwrite
        monkeypatch.setattr(os, "pwrite", self.pwrite)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._pwrite(descriptor, data[: self.room], offset)
        self.room -= written
        return written


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_write_that_fails_refuses_changes_until_it_succeeds(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.0)
    kept = filled(path, ("SET a 1",))
    disk = FullDisk(monkeypatch, room)
    kept.line("RPUSH l 1")
    assert not kept.state.is_written()
    refused = kept.run("SET", "a", 3)
    assert refused == ErrorReply(b"MISCONF Errors writing to the AOF file: No space left on device")
    inside = kept.run("EVAL", "return server.call('SET', 'a', 3)", 0)
    assert inside.text.startswith(b"MISCONF")
    assert kept.line("GET a") == b"1"
    for _ in range(5):
        kept.step()
    assert kept.run("SET", "a", 3) == refused
    assert len(kept.warnings) == 1  # once, and not for each try
    disk.room = 1 << 20
    kept.step()
    assert kept.line("RPUSH l 2") == 2
    assert kept.state.is_written()
    assert len(kept.warnings) == 2
    kept.close()
    again = reopened(path)
    assert again.line("LRANGE l 0 -1") == [b"1", b"2"]
    assert again.line("GET a") == b"1"
    assert not again.warnings
    again.close()


def test_one_try_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = filled(path, ("SET a 1 PX 100", "SET b 1 PX 100"))
    FullDisk(monkeypatch, 0)
    for _ in range(5):
        kept.now += 60
        kept.line("EXISTS a b")
        kept.state.is_written()
    assert len(kept.reactor._timers) == 1
    kept.crash()


# Compaction

KEYS = tuple("abcdefgh")
VALUES = ("1", "2", "x")


def random_line(source: random.Random) -> str:
    """A command that changes keys, of any type or of none."""
    key, other, value = source.choice(KEYS), source.choice(KEYS), source.choice(VALUES)
    return source.choice(
        (
            *(f"SET {key} {value}", f"SET {key} {value} PX 50", f"APPEND {key} {value}", f"INCR {key}"),
            *(f"INCRBYFLOAT {key} 0.1", f"SETRANGE {key} 3 {value}", f"DEL {key}", f"RENAME {key} {other}"),
            *(f"RPUSH {key} {value} b", f"LPOP {key}", f"LMOVE {key} {other} LEFT RIGHT", f"LTRIM {key} 0 3"),
            *(f"RPUSH {key} {value}", f"RPUSH {other} {value}", f"SADD {key} {value} y", f"SPOP {key}"),
            *(f"SMOVE {key} {other} {value}", f"SUNIONSTORE {key} {other} {key}", f"HSET {key} {value} 1"),
            *(f"HINCRBYFLOAT {key} f 0.5", f"HPEXPIRE {key} 30 FIELDS 1 {value}", f"HDEL {key} {value}"),
            *(f"ZADD {key} 1.5 {value}", f"ZINCRBY {key} 0.1 {value}", f"ZPOPMIN {key}"),
            *(f"ZUNIONSTORE {key} 2 {other} {key}", f"ZRANGESTORE {key} {other} 0 1"),
            *(f"XADD {key} * f {value}", f"XTRIM {key} MAXLEN 2", f"PFADD {key} {value}"),
            *(f"PEXPIRE {key} 40", f"PERSIST {key}", f"COPY {key} {other} REPLACE", f"COPY {key} {key} DB 1"),
            *(f"MOVE {key} 1", f"SORT {key} BY nosort STORE {other}", f"SORT {key} ALPHA STORE {other}"),
            *(f"GEOADD {key} 1 1 {value}", f"GEOSEARCHSTORE {other} {key} FROMLONLAT 1 1 BYRADIUS 9 km"),
            *(f"GEORADIUS {key} 1 1 9 km STORE {other}", f"BITOP OR {key} {other} {key}"),
            *("SELECT 0", "SELECT 1"),
        )
    )


RARE = ("SWAPDB 0 1", "FLUSHDB", "FLUSHALL", "MULTI")

SCRIPT = """
for _, line in ipairs(ARGV) do
    local words = {}
    for word in line:gmatch('%S+') do words[#words + 1] = word end
    server.pcall(unpack(words))
end"""


def change(kept: StoredKeyspace, source: random.Random) -> None:
    """One change, or some in a script or a transaction."""
    kind = source.random()
    if kind < 0.1:
        lines = [random_line(source) for _ in range(4)]
        if source.random() < 0.5:
            lines.insert(source.randrange(4), source.choice(RARE[:3]))
        kept.run("EVAL", SCRIPT, 0, *lines)
    elif kind < 0.15:
        kept.run("MULTI")
        for _ in range(3):
            kept.run(*random_line(source).split())
        kept.run("EXEC")
    elif kind < 0.18:
        kept.run(source.choice(RARE[:3]) if source.random() < 0.99 else "FLUSHALL")
    else:
        kept.run(*random_line(source).split())
    kept.now += source.randrange(6)


@pytest.mark.usefixtures("no_floor")
@pytest.mark.parametrize("seed", range(12))
def test_a_compaction_beside_changes_loses_nothing(path: Path, seed: int) -> None:
    """Random changes while the journal is written anew over and over; the copy is as the keyspace was at each restart."""
    source = random.Random(seed)
    kept = StoredKeyspace(path)
    renewed = 0
    for number in range(1500):
        change(kept, source)
        if number % 3 == 0:
            assert kept.state.is_written()
            kept.journal.compact_if_due()
        if source.random() < 0.7:
            goes_on = kept.journal._new >= 0
            kept.step()
            renewed += goes_on and kept.journal._new < 0
        if number % 100 == 99:
            kept.run("RPUSH", "grows", *range(200))
    assert kept.state.is_written()
    while kept.journal._new >= 0:
        kept.step()
    assert renewed > 5
    assert not kept.warnings
    kept.now += 100
    before = kept.contents()
    kept.close()
    again = reopened(path, now=kept.now)
    assert again.contents() == before
    again.close()
