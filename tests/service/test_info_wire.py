"""Dialogues with a real daemon over real sockets: the recorded vectors, and what a fresh node answers."""

import base64
import json
import select
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.processes import Daemon, frame, receive, receive_exactly

HERE = Path(__file__).parent
VECTORS = HERE.parent / "wire" / "vectors" / "info_wire.jsonl"
APPENDIX = HERE / "appendix.jsonl"
"""Requests to a fresh node and the answers of a real server 8.1.2.0, byte for byte; replayed in this order."""


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def octets(value: Any) -> bytes:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode("utf-8")


def names(path: Path) -> list[str]:
    return [f"{number} {row.get('note', '')}" for number, row in enumerate(rows(path))]


@pytest.mark.parametrize("row", rows(VECTORS), ids=names(VECTORS))
def test_vector(asudfd: Daemon, row: dict[str, Any]) -> None:
    request = octets(row["request"])
    with asudfd.connect() as connection:
        connection.sendall(request if row.get("raw") else frame(request))
        if row["reply"] is not None:
            expected = octets(row["reply"])
            header = bytes.fromhex(row.get("reply_header") or frame(expected)[:8].hex())
            assert receive_exactly(connection, 8 + len(expected)) == header + expected
        elif row["outcome"] == "closed":
            assert closes(connection)
        else:
            assert not select.select([connection], [], [], 0.2)[0]
    assert asudfd.ask(b"build\n") == b"build\t8.1.2.0\n"


def closes(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_vector_byte_by_byte(asudfd: Daemon) -> None:
    with asudfd.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(b"build\nnode\n"):
            connection.sendall(bytes([byte]))
        assert receive(connection) == b"build\t8.1.2.0\nnode\tA1\n"


def test_a_fresh_node_answers_as_the_real_one(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    wrong = []
    with daemon.connect() as connection:
        for row in rows(APPENDIX):
            connection.sendall(frame(row["request"].encode() + b"\n"))
            reply = receive(connection).decode()
            if reply != f"{row['request']}\t{row['answer']}\n":
                wrong.append((row, reply))
    assert not wrong


def test_the_summary_is_what_an_empty_body_asks_for(asudfd: Daemon) -> None:
    lines = asudfd.ask(b"").decode().splitlines()
    assert [line.partition("\t")[0] for line in lines] == [
        "features",
        "node",
        "compatibility-id",
        "edition",
        "build_ee_sha",
        "build_sha",
        "build_arch",
        "build_time",
        "build_os",
        "build",
        "version",
        "statistics",
        "services-alumni",
        "services",
        "partition-generation",
    ]


def test_what_client_libraries_ask_at_the_start(asudfd: Daemon) -> None:
    """The dialogues of the C, Rust and Go clients; the wire specification, section 2.1."""
    address = f"127.0.0.1:{asudfd.port}"
    assert asudfd.ask(b"node\npartition-generation\nbuild\n") == (
        b"node\tA1\npartition-generation\t0\nbuild\t8.1.2.0\n"
    )
    assert asudfd.ask(b"node\ncluster-name\nbuild\nservice-clear-std\n") == (
        f"node\tA1\ncluster-name\tnull\nbuild\t8.1.2.0\nservice-clear-std\t{address}\n".encode()
    )
    assert b"pscans" in asudfd.ask(b"node\npartition-generation\nfeatures\n")
    everything = "/" * 682 + "8="
    assert asudfd.ask(b"partition-generation\nreplicas\n") == (
        f"partition-generation\t0\nreplicas\ttest:0,1,{everything};bar:0,1,{everything}\n".encode()
    )
    assert asudfd.ask(b"peers-clear-std\n") == b"peers-clear-std\t0,3000,[]\n"
