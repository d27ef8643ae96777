"""What the commands of the Valkey face have in common: settings that the keyspace goes by."""

from __future__ import annotations

import contextlib

from asudfd.network.reactor import Reactor
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.state import ServerState


def test_thresholds_of_compact_values_are_those_of_the_settings() -> None:
    faults: list[object] = []
    reactor = Reactor(faults.append)
    with contextlib.closing(reactor):
        state = ServerState(ValkeySettings(), reactor, faults.append)

        def run(*words: bytes) -> bytes:
            reply: bytes = state.engine.execute(0, 0, 2, 0, *words)
            return reply

        run(b"HSET", b"before", b"a", b"1", b"b", b"2")
        state.settings.change(
            {"hash-max-ziplist-entries": "1", "zset-max-listpack-value": "3", "list-max-listpack-size": "2"}
        )
        state.apply_settings()
        run(b"HSET", b"after", b"a", b"1", b"b", b"2")
        run(b"ZADD", b"z", b"1", b"four")
        run(b"RPUSH", b"l", b"1", b"2", b"3")
        encodings = [
            run(b"OBJECT", b"ENCODING", key).split(b"\r\n")[1] for key in (b"before", b"after", b"z", b"l")
        ]
        assert encodings == [b"listpack", b"hashtable", b"skiplist", b"quicklist"]
    assert not faults
