"""Commands for functions speak of libraries and of themselves, where they share what they do with those for modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from asadm import statement
from asadm.commands import TABLE
from asinfo.wire.functions import dump
from tests.fakes.valkey_fleet import ValkeyFleet
from tests.unit.asadm.conftest import Asadm

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)\n"
COMMANDS = [row for row in TABLE if row.words[0] == "function"]


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_the_help_of_options(row: object) -> None:
    (found,) = [each for each in COMMANDS if each is row]
    for option in getattr(statement.load(found), "OPTIONS", ()):
        assert "'udf " not in option.help
        assert "module" not in option.help


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["status", "--watch", "x"], "function status: --watch: 'x' is not a number"),
        (["rollback", "--no-history", "--yes"], "function rollback: it needs the history"),
        (["history", "show", "x"], "function history: 'x' is not the id"),
        (["apply", "plan.json", "--yes", "--prune"], "--prune goes with 'function plan'"),
        (
            ["restore", "a.dump", "--yes"],
            "a.dump cannot be appended to what the nodes have; nothing was sent",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_messages(asadm: Asadm, tmp_path: Path, words: list[str], error: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.lua").write_bytes(A.replace(b"return 1", b"return 2"))
    (tmp_path / "a.dump").write_bytes(dump([A]))
    with ValkeyFleet(1) as fleet:
        fleet.load(A)
        assert asadm("-h", fleet.hosts, "fn", "plan", "lib", "--out", "plan.json").code == 3
        told = asadm("-h", fleet.hosts, "fn", *words)
        assert told.code in {1, 2}
        assert error in told.err
        assert fleet.count(b"FUNCTION RESTORE") == 0
