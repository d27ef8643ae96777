"""The table of handlers names what the families have."""

from __future__ import annotations

from importlib import import_module

from asudfd.valkey import commands
from asudfd.valkey.commands import FAMILIES
from asudfd.valkey.table import command_rows
from tests.each import for_each_row


@for_each_row("family", FAMILIES)
def test_a_family_has_the_handlers_that_the_table_says(family: str) -> None:
    module = import_module(f"{commands.__name__}.{family}")
    assert set(module.HANDLERS) == set(FAMILIES[family].split())
    assert set(module.HANDLERS) <= command_rows().keys()
