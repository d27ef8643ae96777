"""Parameters of CONFIG: what each takes, and how it keeps it."""

from __future__ import annotations

import re

import pytest

from asudfd.valkey.parameters import parameters
from tests.each import for_each, for_each_row


@for_each(parameters())
def test_a_default_is_a_value_that_the_parameter_takes(name: str) -> None:
    row = parameters()[name]
    if not row.fixed:
        assert row.parsed(row.default, row.default) == row.default
    assert not row.alias or not parameters()[row.alias].alias


@for_each_row(
    ("name", "text", "kept"),
    [
        ("maxmemory", "100mb", "104857600"),
        ("maxmemory", "1GB", "1073741824"),
        ("maxmemory", "1g", "1000000000"),
        ("maxmemory-clients", "5%", "5%"),
        ("appendonly", "NO", "no"),
        ("maxmemory-policy", "ALLKEYS-LRU", "allkeys-lru"),
        ("save", "60  1 30 2", "60 1 30 2"),
        ("notify-keyspace-events", "KEA", "AKE"),
        ("notify-keyspace-events", "Kg", "gK"),
        ("client-output-buffer-limit", "normal 1 1 1", "normal 1 1 1 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    ],
)  # fmt: skip
def test_values_are_kept_in_one_form(name: str, text: str, kept: str) -> None:
    row = parameters()[name]
    assert row.parsed(text, row.default) == kept


@for_each_row(
    ("name", "text", "reason"),
    [
        ("timeout", "x", "argument couldn't be parsed into an integer"),
        ("timeout", "1.5", "argument couldn't be parsed into an integer"),
        ("timeout", "0x", "argument couldn't be parsed into an integer"),
        ("timeout", "9" * 30, "argument couldn't be parsed into an integer"),
        ("timeout", "-1", "argument must be between 0 and 2147483647 inclusive"),
        ("maxmemory", "-1", "argument must be a memory value"),
        ("maxmemory", "1.5gb", "argument must be a memory value"),
        ("maxmemory", "9999999999999999999gb", "argument must be a memory value"),
        ("maxmemory-clients", "x", "argument must be a memory or percent value"),
        ("proto-max-bulk-len", "5", "argument must be between 1048576 and 9223372036854775807 inclusive"),
        ("appendonly", "maybe", "argument must be 'yes' or 'no'"),
        ("appendfsync", "x", "argument(s) must be one of the following: everysec, always, no"),
        ("save", "60", "Invalid save parameters"),
        ("notify-keyspace-events", "?", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
        ("client-output-buffer-limit", "normal 1", "Wrong number of arguments in buffer limit configuration."),
    ],
)  # fmt: skip
def test_a_wrong_value_says_what_is_wrong(name: str, text: str, reason: str) -> None:
    row = parameters()[name]
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        row.parsed(text, row.default)
