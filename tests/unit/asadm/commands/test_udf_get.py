"""``asadm udf get`` and ``udf diff``: the bytes of a module, whose, and how two nodes differ."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fleet import FAULTS, Fleet
from tests.unit.asadm.conftest import Asadm

SOURCE = b"-- caf\xc3\xa9, and no UTF-8: \xff\r\nreturn '\x1b[2J'"


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Three nodes with the same a.lua."""
    with Fleet(3) as fleet:
        fleet.load(b"a.lua", SOURCE)
        yield fleet


def test_byte_for_byte(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua")
    assert (result.code, result.err, result.raw) == (0, "", SOURCE)
    assert fleet.count(b"udf-get") == 1
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "-o", "-").raw == SOURCE


def test_into_a_file(asadm: Asadm, fleet: Fleet, tmp_path: Path) -> None:
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua", "-o", "x.lua")
    assert (result.code, result.raw, (tmp_path / "x.lua").read_bytes()) == (0, b"", SOURCE)
    (tmp_path / "x.lua").write_bytes(b"former")
    (tmp_path / "x.lua").chmod(0o640)
    (tmp_path / "link.lua").symlink_to("x.lua")
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "-o", "link.lua").code == 0
    assert (tmp_path / "link.lua").is_symlink()
    assert ((tmp_path / "x.lua").read_bytes(), (tmp_path / "x.lua").stat().st_mode & 0o777) == (SOURCE, 0o640)
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("x")) == ["x.lua"]
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "-o", "/dev/null").code == 0


def test_a_file_stays_when_there_is_nothing_to_put_into_it(
    asadm: Asadm, fleet: Fleet, tmp_path: Path
) -> None:
    (tmp_path / "x.lua").write_bytes(b"former")
    assert asadm("-h", fleet.hosts, "udf", "get", "no.lua", "-o", "x.lua").code == 1
    assert (tmp_path / "x.lua").read_bytes() == b"former"
    fleet.clear()
    for path in (".", "no/x.lua"):
        assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "-o", path).code == 2
    assert fleet.count(b"") == 0


def test_json_has_the_bytes(asadm: Asadm, fleet: Fleet) -> None:
    document = asadm("-j", "-h", fleet.hosts, "udf", "get", "a.lua").document
    assert (document["name"], document["hash"], document["from"], document["size"]) == (
        *("a.lua", fleet[0].hash(b"a.lua")),
        *(fleet[0].address, len(SOURCE)),
    )
    assert document["content"] == fleet[0].registry[b"a.lua"].decode()  # type: ignore[union-attr]  # it is there


def test_versions_need_a_node(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].hold(b"a.lua", b"other")
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua")
    assert (result.code, result.raw, fleet.count(b"udf-get")) == (1, b"", 0)
    assert [line.split() for line in result.err.splitlines()] == [
        ["asadm:", "the", "nodes", "hold", "2", "versions", "of", "a.lua:", "name", "one", "with", "--node"],
        ["asadm:", fleet[0].hash(b"a.lua"), f"{fleet[0].address},", fleet[1].address],
        ["asadm:", fleet[2].hash(b"a.lua"), fleet[2].address],
    ]
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "--node", fleet[2].address).raw == b"other"
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua", "--node", "127.*").code == 2
    document = asadm("-j", "-h", fleet.hosts, "udf", "get", "a.lua").document
    assert list(document["versions"].values()) == [[fleet[0].address, fleet[1].address], [fleet[2].address]]


def test_a_module_that_some_or_all_miss(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].hold(b"a.lua", None)
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua")
    assert (result.code, result.raw) == (0, SOURCE)
    assert result.err == f"asadm: a.lua is missing on {fleet[0].address}\n"
    result = asadm("-h", fleet.hosts, "udf", "get", "b.lua")
    assert (result.code, result.err) == (1, "asadm: no node lists b.lua\n")


def test_what_comes_must_be_what_is_listed(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].files[b"a.lua"] = b"damaged"
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua").raw == SOURCE, "the next node has it"
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua", "--node", fleet[0].address)
    assert (result.code, result.raw) == (1, b"")
    assert f"a.lua on {fleet[0].address}: what it serves has the hash " in result.err


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if not fault.startswith("timeout")])
def test_an_ugly_node(asadm: Asadm, fleet: Fleet, fault: str) -> None:
    fleet[0].fault = fault
    result = asadm("-h", fleet.hosts, "--timeout", "0.3", "udf", "get", "a.lua")
    assert (result.code, result.raw) == (1, SOURCE), "a node failed, and another has it"
    assert result.err.startswith(f"asadm: {fleet[0].address}: ")


def test_a_node_that_fails_between_list_and_get(asadm: Asadm, fleet: Fleet) -> None:
    def refuse(server: object, command: bytes) -> bytes | None:
        return b"ERROR:81:role violation" if server is fleet[0] and command.startswith(b"udf-get") else None

    fleet[0].before = refuse
    assert asadm("-h", fleet.hosts, "udf", "get", "a.lua").raw == SOURCE
    result = asadm("-h", fleet.hosts, "udf", "get", "a.lua", "--node", fleet[0].address)
    assert result.code == 1
    assert "role violation" in result.err


def test_two_nodes_with_the_same(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "udf", "diff", "a.lua", fleet[0].address, fleet[2].address)
    assert (result.code, result.raw, result.err) == (0, b"", "")
    assert fleet.count(b"udf-get") == 2
    assert fleet[1].commands == []


def test_two_nodes_that_differ(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].hold(b"a.lua", b"other\n")
    words = ["udf", "diff", "a.lua", fleet[2].address, fleet[0].address]
    result = asadm("-h", fleet.hosts, *words)
    assert result.code == 3
    old, new = (f"a.lua ({fleet[number].address})".encode() for number in (2, 0))
    assert result.raw.startswith(b"--- %b\n+++ %b\n@@ -1 +1,2 @@\n-other\n+-- caf\xc3\xa9" % (old, new))
    document = asadm("-j", "-h", fleet.hosts, *words).document
    assert document["diff"].startswith("--- a.lua")
    assert document["hashes"] == [fleet[2].hash(b"a.lua"), fleet[0].hash(b"a.lua")]


def test_only_one_of_two_has_it(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].hold(b"a.lua", None)
    result = asadm("-h", fleet.hosts, "udf", "diff", "a.lua", fleet[2].address, fleet[0].address)
    assert (result.code, result.raw[:14]) == (3, b"--- /dev/null\n")
    result = asadm("-h", fleet.hosts, "udf", "diff", "b.lua", fleet[2].address, fleet[0].address)
    assert (result.code, result.err) == (1, "asadm: neither node lists b.lua\n")


def test_diff_with_a_node_that_cannot_be_read(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].fault = "refuses"
    result = asadm("-h", fleet.hosts, "udf", "diff", "a.lua", fleet[2].address, fleet[0].address)
    assert result.code == 1
    assert "nobody listens there" in result.err
    fleet[2].fault = ""
    fleet[2].hold(b"a.lua", b"other\n")
    fleet[2].files[b"a.lua"] = b"damaged\n"
    result = asadm("-h", fleet.hosts, "udf", "diff", "a.lua", fleet[2].address, fleet[0].address)
    assert (result.code, "but it lists" in result.err) == (3, True)
    assert b"-other" not in result.raw
    assert b"damaged" in result.raw


@pytest.mark.parametrize(
    "words", [["a.lua"], ["a.lua", "127.*", "127.*"], ["a.lua", "x", "y"], ["a;b", "x", "y"]]
)
def test_usage_of_diff(asadm: Asadm, fleet: Fleet, words: list[str]) -> None:
    result = asadm("-h", fleet.hosts, "udf", "diff", *words)
    assert (result.code, result.raw, fleet.count(b"")) == (2, b"", 0)
