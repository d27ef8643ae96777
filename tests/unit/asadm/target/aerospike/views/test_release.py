"""`info release`, also of a node that is older than the command."""

from __future__ import annotations

from asadm.target.aerospike.views import release
from tests.fakes.said import dead, node


def test_a_row_is_a_node() -> None:
    said = "edition=Aerospike Community Edition;version=8.1.2.0;os=debian12;arch=x86_64;sha=05b9"
    found = node("a", {"release": said})
    assert release.follow(found) == []
    assert release.table([found, dead("b")]).rows[0].values == {
        "architecture": "x86_64",
        "edition": "Aerospike Community Edition",
        "version": "8.1.2.0",
        "os": "debian12",
        "sha": "05b9",
    }


def test_an_older_node_is_asked_in_older_words() -> None:
    found = node("a", {"release": "ERROR:4:unrecognized command"})
    assert release.follow(found) == ["build", "edition"]
    found = node("a", {"release": "ERROR:4:x", "build": "6.4.0.1", "edition": "Aerospike Community Edition"})
    values = release.table([found]).rows[0].values
    assert (values["version"], values["edition"]) == ("6.4.0.1", "Aerospike Community Edition")
    assert values["sha"] is None
