"""The arguments of commands, as COMMAND DOCS tells them."""

from __future__ import annotations

from typing import Any

import pytest

from asudfd.valkey.table import command_rows
from asudfd.valkey.usage import arguments_of


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("get", "key"),
        ("ping", "[argument...]"),
        ("set", "key argument [argument...]"),
        ("del", "key..."),
        ("hset", "key argument argument [argument...]"),
        ("config|get", "argument [argument...]"),
        ("object|encoding", "key"),
        ("config|resetstat", ""),
        ("fcall", "argument argument [argument...]"),
    ],
)
def test_usage(name: str, usage: str) -> None:
    shown = []
    for argument in arguments_of(command_rows()[name]):
        described: Any = argument
        text = described[b"name"].decode() + ("..." if b"multiple" in described.get(b"flags", []) else "")
        shown.append(f"[{text}]" if b"optional" in described.get(b"flags", []) else text)
    assert " ".join(shown) == usage
