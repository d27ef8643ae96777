"""Names that no server takes are not sent; what a node refuses is final and not waited for."""

import os
from pathlib import Path

import pytest

from asadm.target.aerospike.rules import ALLOWED, RULE, registrable, sendable
from asinfo.errors import UsageError
from tests.each import for_each_row
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm, Waited

ONE = b"return 1\n"
IMPOSSIBLE = [
    b"",
    b"noext",
    b"noext.",
    b".lua",
    b"..lua",
    b"..",
    b".",
    b"../x.lua",
    b"x" * 124 + b".lua",
    b"\xff.lua",
]
IMPOSSIBLE += [b"a;b.lua", b"a\nb.lua", b"a\0b.lua"]
OLD = [
    b"sp ace.lua",
    "\u00fcn\u00ef.lua".encode(),
    b"a.txt",
    b"a..lua",
    b"a/b.lua",
    b"a'b.lua",
    b"a.LUA",
    b"a=b.lua",
    b"*.lua",
    b"a:b.lua",
    b"a.lua.",
    b"x/../../a.lua",
    b"a.so",
    b"a.lua ",
    b"x" * 124 + b".a",
]
FINE = [b"a.lua", b"_a.lua", b"$.lua", b"-a.lua", b"a.b.lua", b"A9.lua", b"x" * 123 + b".lua"]


@for_each_row("name", IMPOSSIBLE)
def test_what_no_server_takes(name: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        sendable(name)
    assert RULE in str(caught.value)


@for_each_row("name", OLD)
def test_what_only_older_servers_take(name: bytes) -> None:
    assert sendable(name) == name
    with pytest.raises(UsageError) as caught:
        registrable(name)
    assert ALLOWED in str(caught.value)


@for_each_row("name", FINE)
def test_what_every_server_takes(name: bytes) -> None:
    assert sendable(name) == name
    assert registrable(name) == name


@pytest.fixture
def module(tmp_path: Path) -> str:
    (tmp_path / "one.lua").write_bytes(ONE)
    return "one.lua"


@pytest.mark.parametrize(
    "words",
    [
        "manage udfs add {name} path one.lua",
        "manage udfs remove {name}",
        "show udfs {name}",
        "udf get {name}",
        "udf diff {name} 127.0.0.1:1 127.0.0.1:2",
        "udf remove {name} --yes",
        "udf repair {name} --yes",
        "udf rewarm {name} --yes",
    ],
)
@pytest.mark.parametrize("name", ["noext", ".lua", "..", "a" * 130 + ".lua"])
@pytest.mark.usefixtures("module")
def test_nothing_is_sent(asadm: Asadm, words: str, name: str) -> None:
    with Fleet(2) as fleet:
        done = asadm("-h", fleet.hosts, "--enable", "-e", words.format(name=name))
        assert done.code == 2
        assert RULE in done.err
        assert [node.commands for node in fleet.nodes] == [[], []]


@pytest.mark.parametrize("name", OLD)
@pytest.mark.usefixtures("module")
def test_a_name_that_newer_servers_refuse_is_not_sent(asadm: Asadm, name: bytes) -> None:
    with Fleet(2) as fleet:
        words = ["manage", "udfs", "add", os.fsdecode(name), "path", "one.lua"]
        done = asadm("-h", fleet.hosts, "--enable", *words)
        assert (done.code, ALLOWED in done.err) == (2, True)
        assert [node.commands for node in fleet.nodes] == [[], []]


@pytest.mark.parametrize("name", OLD)
def test_what_an_older_server_has_can_be_shown_and_removed(asadm: Asadm, name: bytes) -> None:
    with Fleet(1) as fleet:
        fleet.load(name, ONE)
        word = os.fsdecode(name)
        assert asadm("-h", fleet.hosts, "show", "udfs", word).code == 0
        assert asadm("-h", fleet.hosts, "--enable", "manage", "udfs", "remove", word).code == 0
        assert fleet.sources(name) == [None]


REFUSALS = [
    b"error=invalid_filename",
    b"ERROR:81:role violation",
    b"error=compile_error;file=one.lua;line=1;message=eA==",
    b"error=json_error",
    b"error=invalid_udf_content_len,>1M",
]


@pytest.mark.parametrize("said", REFUSALS)
@pytest.mark.usefixtures("module")
def test_a_refusal_is_final(asadm: Asadm, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at the lists follows what every node refused, and nobody is asked a second time."""
    pauses: list[float] = []
    monkeypatch.setattr("asadm.fleet.change.rollout.time.sleep", pauses.append)

    def refuse(_: Server, command: bytes) -> bytes | None:
        return said if command.startswith(b"udf-put") else None

    with Fleet(6, clusters=2) as fleet:
        for node in fleet.nodes:
            node.before = refuse
        words = [
            "--json",
            "-h",
            fleet.hosts,
            "--enable",
            "-e",
            "manage udfs add one.lua path one.lua --wait 30",
        ]
        done = asadm(*words)
        assert done.code == 1
        assert {node["status"] for node in done.document["nodes"]} <= {"error", "skipped"}
        assert max(node.count(b"udf-put") for node in fleet.nodes) == 1
        assert max(node.count(b"udf-list") for node in fleet.nodes) <= 2
        assert pauses == []


@pytest.mark.usefixtures("module")
def test_who_refuses_holds_up_no_other(asadm: Asadm, waited: Waited) -> None:
    """The first node of its cluster says no; the others take it all the same, and the one is not waited for."""
    with Fleet(3, clusters=1) as fleet:
        fleet[0].deaf = True
        fleet[0].before = lambda _, command: (
            b"error=invalid_filename" if command.startswith(b"udf-put") else None
        )
        words = [
            "--json",
            "-h",
            fleet.hosts,
            "--enable",
            "-e",
            "manage udfs add one.lua path one.lua --wait 60",
        ]
        done = asadm(*words)
        assert [node["status"] for node in done.document["nodes"]] == ["error", "ok", "ok"]
        assert fleet[0].count(b"udf-put") == 1
        assert waited.seconds < 30, "of the 60 that it may take"


@pytest.mark.parametrize("name", ["sp ace.lua", "a..lua", "\u00fc.lua"])
def test_a_directory_with_such_a_name(asadm: Asadm, tmp_path: Path, name: str) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / name).write_bytes(ONE)
    with Fleet(1) as fleet:
        for command in (["udf", "plan", "udf"], ["udf", "apply", "udf", "--yes"]):
            done = asadm("-h", fleet.hosts, *command)
            assert (done.code, f"cannot be the name of a module on a node: {ALLOWED}" in done.err) == (
                2,
                True,
            )
        assert fleet[0].commands == []
