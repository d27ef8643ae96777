"""A cluster of three nodes in one process: the real client finds them all, and every record has one owner."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asinfo.wire import frame, request
from tests.compat.calls import codes, put_module
from tests.compat.patience import policies
from tests.conftest import StartDaemon
from tests.processes import Daemon, receive_exactly

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)


RECORDS = 300
MODULE = "function count(rec) rec.n = (rec.n or 0) + 1 aerospike:create(rec) aerospike:update(rec) return rec.n end"


@pytest.fixture
def trio(start_daemon: StartDaemon, clients_config: Path) -> Daemon:
    return start_daemon("--nodes", "3", "--config-file", str(clients_config))


@pytest.fixture
def member(trio: Daemon) -> Iterator[Any]:
    """A client that knows the address of one node only."""
    client = aerospike.client({"hosts": trio.addresses[:1], "policies": policies()}).connect()
    yield client
    client.close()


def objects(trio: Daemon, node: int) -> int:
    answer = trio.ask(b"namespace/test\n", node).decode()
    found = re.search(r"[\t;]objects=(\d+);", answer)
    assert found, answer
    return int(found[1])


def test_the_client_finds_every_node(trio: Daemon, member: Any) -> None:
    assert sorted(member.get_nodes()) == sorted(trio.addresses)
    assert {node["node_name"] for node in member.get_node_names()} == {"A1", "A2", "A3"}


def test_records_are_where_the_client_sends_them(trio: Daemon, member: Any) -> None:
    keys = [("test", "demo", number) for number in range(RECORDS)]
    for key in keys:
        member.put(key, {"v": key[2]})
    held = [objects(trio, node) for node in range(3)]
    assert sum(held) == RECORDS
    assert min(held) > RECORDS / 5
    assert [member.get(key)[2]["v"] for key in keys] == list(range(RECORDS))
    assert set(codes(member.batch_read(keys))) == {0}
    found = Counter(bins["v"] for _, _, bins in member.scan("test", "demo").results())
    assert found == Counter(range(RECORDS))


def test_a_udf_runs_on_every_node(member: Any) -> None:
    put_module(member, "compat_cluster.lua", MODULE)
    keys = [("test", "applied", number) for number in range(RECORDS)]
    assert {member.apply(key, "compat_cluster", "count", []) for key in keys} == {1}
    assert set(codes(member.batch_apply(keys, "compat_cluster", "count", []))) == {0}
    assert {member.get(key)[2]["n"] for key in keys} == {2}


def test_a_node_serves_what_belongs_to_another(trio: Daemon, start_daemon: StartDaemon) -> None:
    """Clients that were told otherwise, or not yet, get the same answers from any node."""

    def send(node: int, body: bytes) -> request.RecordReply:
        with trio.connect(node) as connection:
            connection.sendall(frame.pack(frame.MESSAGE, body))
            header = receive_exactly(connection, frame.HEADER_SIZE)
            return request.reply(receive_exactly(connection, frame.unpack_header(header)[1]))

    for number in range(12):
        key = request.Key("test", "demo", number)
        assert send(number % 3, request.put(key, {"v": number})).result == 0
        for node in range(3):
            assert send(node, request.get(key)).bins == {"v": number}
