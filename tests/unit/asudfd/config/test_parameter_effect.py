"""A parameter that the code reads is declared to have an effect, so that a file that sets it gets no warning."""

import ast
from pathlib import Path

import pytest

from asudfd.config.parameter import parameters
from asudfd.config.schema.service import ServiceConfig

DAEMON = Path(__file__).parents[4] / "daemon/asudfd"
DECLARED = {declared.attribute: declared for declared in parameters(ServiceConfig).values()}


def attributes() -> set[str]:
    """The attributes of what is called `service`, or `limits` in the network, that the code reads, but to show them."""
    found = set()
    shown = {*(DAEMON / "aerospike/info").rglob("*.py"), *(DAEMON / "figures").rglob("*.py")}
    for path in set(DAEMON.rglob("*.py")) - shown:
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.Attribute) and ast.unparse(part.value).rpartition(".")[2] in {
                "service",
                "limits",
            }:
                found.add(part.attr)
    return found


@pytest.mark.parametrize("name", sorted(attributes() & DECLARED.keys()))
def test_what_the_code_reads_has_an_effect(name: str) -> None:
    assert DECLARED[name].effect
