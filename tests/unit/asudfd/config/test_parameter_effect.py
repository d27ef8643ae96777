"""A parameter that the code reads is declared to have an effect, so that a file that sets it gets no warning."""

import re
from pathlib import Path

from asudfd.config.parameter import parameters
from asudfd.config.schema.service import ServiceConfig

DAEMON = Path(__file__).parents[4] / "daemon/asudfd"
DECLARED = {declared.attribute: declared for declared in parameters(ServiceConfig).values()}


def read() -> set[str]:
    """The attributes of what is called `service`, or `limits` in the network, that the code reads, but to show them."""
    shown = {*(DAEMON / "aerospike/info").rglob("*.py"), *(DAEMON / "figures").rglob("*.py")}
    texts = [path.read_text(encoding="utf-8") for path in set(DAEMON.rglob("*.py")) - shown]
    return {name for text in texts for name in re.findall(r"\b(?:service|limits)\.(\w+)", text)}


def test_what_the_code_reads_has_an_effect() -> None:
    names = read() & DECLARED.keys()
    assert len(names) > 10
    assert [name for name in names if not DECLARED[name].effect] == []
