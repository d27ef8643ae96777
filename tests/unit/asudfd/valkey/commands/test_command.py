"""COMMAND: many names in one request, of a client and of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_reply import ErrorReply
from asudfd.valkey.commands import command
from asudfd.valkey.commands.command import NAMES_MAX
from tests.unit.asudfd.valkey.served import ServedKeyspace

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.table import CommandSpec

CALL = "local words = {'COMMAND', ARGV[1]} for i = 1, ARGV[2] do words[i + 2] = 'GET' end return #server.call(unpack(words))"


@pytest.fixture(scope="module")
def keyspace() -> ServedKeyspace:
    return ServedKeyspace()


@pytest.mark.parametrize("resp", [2, 3])
def test_what_is_told_of_a_command_is_made_once(
    keyspace: ServedKeyspace, monkeypatch: pytest.MonkeyPatch, resp: int
) -> None:
    client = keyspace.client()
    client.client.resp = resp
    once = client.run("COMMAND", "INFO", "GET", "nothing")
    docs = client.run("COMMAND", "DOCS", "GET", "nothing")

    def made(row: CommandSpec, **_: object) -> object:
        raise AssertionError(row.name)

    monkeypatch.setattr(command, "_described", made)
    monkeypatch.setattr(command, "_documented", made)
    assert client.run("COMMAND", "INFO", *["get", "nothing"] * 500) == once * 500
    assert client.run("COMMAND", "DOCS", *["get", "nothing"] * 500) == docs


@pytest.mark.parametrize("subcommand", ["INFO", "DOCS"])
def test_names_of_a_request_are_not_too_many(keyspace: ServedKeyspace, subcommand: str) -> None:
    refused = f"ERR COMMAND {subcommand} of asudfd takes up to {NAMES_MAX} names"
    client = keyspace.client()
    assert client.run("COMMAND", subcommand, *["GET"] * (NAMES_MAX + 1)) == ErrorReply(refused.encode())
    told = client.run("EVAL", CALL, 0, subcommand, NAMES_MAX + 1)
    assert told.text.startswith(refused.encode())
    assert client.run("EVAL", CALL, 0, "INFO", NAMES_MAX) == NAMES_MAX


def test_a_script_ends_while_a_large_reply_is_read(
    keyspace: ServedKeyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes to the end of this reply: it has none, which would be another error."""
    client = keyspace.client()

    def run(_client: Client, _arguments: list[bytes]) -> bytes:
        keyspace.state.running.end()
        return b"*1000000\r\n" + b":1\r\n" * 200_000

    monkeypatch.setattr(keyspace.state, "run", run)
    told = client.run("EVAL", "return #server.call('COMMAND', 'COUNT')", 0)
    assert told.text.startswith(b"ERR Script killed: the server is shutting down.")
