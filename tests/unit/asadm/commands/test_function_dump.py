"""``asadm function dump``: a payload that every server takes, from nodes and from files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asinfo.wire.functions import dump, rdb_file, restored
from asinfo.wire.rdb import FOOTER_SIZE
from tests.fakes.valkey_fleet import ValkeyFleet
from tests.unit.asadm.conftest import Asadm

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
B = b"#!lua name=b\nserver.register_function('g', function() return 2 end)"
VERSION_9_1 = 80


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(2, replicas=2) as made:
        made.load(A, B)
        yield made


def version(payload: bytes) -> int:
    return int.from_bytes(payload[-FOOTER_SIZE:][:2], "little")


@pytest.mark.parametrize("flag", [[], ["--portable"]], ids=["", "portable"])
def test_of_nodes(asadm: Asadm, fleet: ValkeyFleet, tmp_path: Path, flag: list[str]) -> None:
    seed = ("-h", fleet[0].name, "--discover")
    told = asadm(*seed, "fn", "dump", *flag, "--out", "all.dump")
    assert (told.code, told.out, told.err) == (0, "", "")
    payload = (tmp_path / "all.dump").read_bytes()
    assert (version(payload), set(restored(payload))) == (10, {A, B})
    assert asadm(*seed, "fn", "dump", *flag).raw == payload
    assert asadm(*seed, "fn", "dump", *flag, "--out", "-").raw == payload
    assert asadm(*seed, "--json", "fn", "dump", *flag, "--out", "-").code == 2
    assert not (tmp_path / "-").exists()
    fleet[1].load(A)
    differing = asadm(*seed, "fn", "dump", *flag)
    assert differing.code == 1
    assert "the nodes differ in b: choose one with --from NODE" in differing.err
    one = asadm(*seed, "fn", "dump", *flag, "--from", fleet[1].name)
    assert list(restored(one.raw)) == [A]


@pytest.mark.parametrize(
    "content",
    [dump([A, B], VERSION_9_1, compressed=True), dump([A, B]), rdb_file([A, B])],
    ids=["9.1", "portable already", "rdb"],
)
def test_of_a_file_no_node_is_asked(asadm: Asadm, fleet: ValkeyFleet, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "nine.dump").write_bytes(content)
    hosts = ("-h", fleet.hosts)
    told = asadm(*hosts, "fn", "dump", "--portable", "nine.dump", "--out", "ten.dump", "--json").document
    assert (told["code"], told["file"], told["libraries"], told["nodes"]) == (0, "ten.dump", 2, [])
    payload = (tmp_path / "ten.dump").read_bytes()
    assert (version(payload), list(restored(payload))) == (10, [A, B])
    assert asadm(*hosts, "fn", "dump", "--portable", "nine.dump").raw == payload
    assert fleet.count(b"") == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["nine.dump"], "to write the payload nine.dump anew, give --portable"),
        (["--portable", "nine.dump", "--from", "x"], "--portable FILE asks no node"),
        (["--portable", "nine.dump", "with", "x"], "--portable FILE asks no node"),
        (["--portable", "none.dump"], "none.dump: No such file or directory"),
        (["--portable", "torn.dump"], "torn.dump: is no payload of FUNCTION DUMP and no RDB file"),
        (["--portable", "empty.dump"], "empty.dump: has no library in it"),
        (["--portable", "nine.dump", "--out", "none/f"], "none/f: "),
        (["--portable", "nine.dump", "--json"], "give --out FILE"),
    ],
)
def test_wrong_usage(asadm: Asadm, tmp_path: Path, words: list[str], error: str) -> None:
    (tmp_path / "nine.dump").write_bytes(dump([A], VERSION_9_1))
    (tmp_path / "torn.dump").write_bytes(dump([A], VERSION_9_1)[:-1])
    (tmp_path / "empty.dump").write_bytes(dump([]))
    told = asadm("fn", "dump", *words)
    assert told.code == 2
    assert error in told.err
