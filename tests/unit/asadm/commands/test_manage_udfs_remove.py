"""``manage udfs remove``: from a node that has the module."""

from tests.fakes.modules import Store
from tests.unit.asadm.conftest import Asadm

REMOVE = "enable; manage udfs remove a.lua"


def test_removing_what_nobody_has_is_an_error(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one:
        result = asadm("-h", one.address, "-e", REMOVE)
        assert (result.code, result.err) == (1, "asadm: no node lists a module a.lua\n")
        assert store.removes == 0


def test_removing_asks_a_node_that_has_it(asadm: Asadm) -> None:
    without, having = Store(), Store()
    having.modules[b"a.lua"] = b"LQ=="
    with without.node() as one, having.node() as two:
        assert asadm("-h", f"{one.address},{two.address}", "-e", REMOVE).code == 0
        assert (without.removes, having.removes) == (0, 1)
