"""The types of clusters that an inventory may name, and what depends on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from asadm import inventory_file, statement, targets
from asadm.flags import OPTIONS
from asadm.settings import TargetSettings
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.types import DEFAULT, FUNCTION, TYPES, UDF, TargetType, TypeRow, target_type
from asadm.target.valkey.cluster import ValkeyCluster
from asinfo.errors import ConfigError, UsageError
from asinfo.terminal.options import Values
from tests.unit.asadm.target.test_interface import WordRules, Words, words

RULES = WordRules()
TYPE = TargetType(words, lambda: RULES)


def settings(path: Path) -> TargetSettings:
    values = Values(OPTIONS)
    values.given["inventory"] = str(path)
    return TargetSettings(values)


def inventory(directory: Path, said: str) -> Path:
    path = directory / "asadm.yaml"
    path.write_text(f"clusters:\n  c:\n    {said}\n    nodes: [127.0.0.1]\n")
    return path


@pytest.mark.parametrize("name", [None, *TYPES])
def test_every_type_of_the_table_makes_targets(name: str | None, tmp_path: Path) -> None:
    found = targets.TargetResolver(settings(inventory(tmp_path, f"type: {name}" if name else "labels: {}")))
    row = TYPES[name or DEFAULT]
    target = found.target(row.family)
    assert isinstance(target, AerospikeCluster if row.family == UDF else ValkeyCluster)
    assert found.rules(row.family) is target_type(name).rules()


@pytest.mark.parametrize(
    ("said", "family", "own"),
    [("type: valkey", UDF, FUNCTION), ("type: asudf", FUNCTION, UDF), ("labels: {}", FUNCTION, UDF)],
)
def test_commands_for_another_type_say_which_are_right(
    said: str, family: str, own: str, tmp_path: Path
) -> None:
    found = targets.TargetResolver(settings(inventory(tmp_path, said)))
    with pytest.raises(UsageError, match=f"are managed by 'asadm {own} ...'"):
        found.target(family)
    with pytest.raises(UsageError, match=f"are managed by 'asadm {own} ...'"):
        found.rules(family)


@pytest.mark.parametrize(
    "said", ["type: nosuch", "type: ''", "type: Aerospike", "type: 3", "type:", "type: [asudf]"]
)
def test_a_type_that_there_is_not(said: str, tmp_path: Path) -> None:
    path = inventory(tmp_path, said)
    with pytest.raises(
        ConfigError, match=rf"^{path}:3: type must be one of {', '.join(TYPES)}(, not '.*')?$"
    ):
        inventory_file.read(str(path))


def test_a_type_is_a_line_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPES, "words", TypeRow(__name__, UDF, 1))
    found = targets.TargetResolver(settings(inventory(tmp_path, "type: words")))
    assert type(found.target(UDF)) is Words
    assert found.rules(UDF) is RULES


def test_the_type_says_which_names_a_command_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPES, "words", TypeRow(__name__, UDF, 1))
    path = inventory(tmp_path, "type: words")
    rules_of = targets.TargetResolver(settings(path)).rules
    statement.parse("udf get nodot", rules_of=rules_of)
    with pytest.raises(UsageError, match="cannot be the name of a module"):
        statement.parse("udf get nodot")
