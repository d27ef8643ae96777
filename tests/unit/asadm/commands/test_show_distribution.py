"""``show distribution``: which histograms are asked for."""

from tests.fakes.node import FakeNode
from tests.unit.asadm.conftest import Asadm

ANSWERS = {"namespaces": "test;bar"}


def asked(asadm: Asadm, words: str) -> set[str]:
    """What a node is asked of its namespaces."""
    with FakeNode(ANSWERS) as node:
        assert asadm("-h", node.address, "-e", f"show distribution {words}").code == 0
        first, second = node.requests
        assert first == b"namespaces\n"
        return set(second.decode().splitlines())


def test_only_what_the_tables_show_is_asked_for(asadm: Asadm) -> None:
    ttl, size = "histogram:namespace=test;type=ttl", "histogram:namespace=test;type=object-size"
    assert asked(asadm, "for ^test$") == {ttl, "namespace/test", f"{size}-linear"}
    assert asked(asadm, "time for test") == {ttl, "namespace/test"}
    assert asked(asadm, "obj for test -b -k 10") == {size}


def test_what_does_not_fit_is_a_mistake(asadm: Asadm) -> None:
    for words in ("-b", "time_to_live -b", "ttl_", "object_size for a b", "like x"):
        assert asadm("-h", "127.0.0.1:9", "-e", f"show distribution {words}").code == 2, words
