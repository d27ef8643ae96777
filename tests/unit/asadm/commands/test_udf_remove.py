"""udf remove: gone everywhere, or told where not."""

import pytest

from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm

ONE = b"return 1\n"


@pytest.mark.parametrize("clusters", [0, 1, 2])
def test_gone_everywhere(asadm: Asadm, clusters: int) -> None:
    with Fleet(4, clusters=clusters, delay=0.02 if clusters else 0.0) as fleet:
        fleet.load(b"a.lua", ONE)
        fleet.load(b"b.lua", ONE, fleet.nodes[:2])
        done = asadm("-h", fleet.hosts, "udf", "remove", "a.lua", "b.lua", "--yes")
        assert done.code == 0, done.err
        assert [node.names for node in fleet.nodes] == [[], [], [], []]


def test_absent_everywhere_is_said_and_no_error(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        done = asadm("-h", fleet.hosts, "udf", "remove", "a.lua", "--yes")
        assert done.code == 0
        assert "no node that was read lists a.lua" in done.out
        assert fleet.count(b"udf-remove") == 0


def test_a_node_that_keeps_it_is_told(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(b"a.lua", ONE)

        def keep(_: Server, command: bytes) -> bytes | None:
            return b"ok" if command.startswith(b"udf-remove") else None

        fleet[1].before = keep
        done = asadm("-h", fleet.hosts, "--json", "udf", "remove", "a.lua", "--yes", "--wait", "1")
        assert done.code == 1
        assert [node["status"] for node in done.document["nodes"]] == ["ok", "late"]


def test_dry_run_and_no_terminal(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet.load(b"a.lua", ONE)
        assert asadm("-h", fleet.hosts, "udf", "remove", "a.lua", "--dry-run").code == 3
        assert asadm("-h", fleet.hosts, "udf", "remove", "a.lua").code == 2
        assert asadm("-h", fleet.hosts, "udf", "remove", "a;lua", "--yes").code == 2
        assert asadm("-h", fleet.hosts, "udf", "remove", "--yes").code == 2
        assert fleet[0].names == [b"a.lua"]
