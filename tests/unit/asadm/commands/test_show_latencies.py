"""``show latencies``: what is asked, and what of the answers is shown."""

from tests.fakes.node import FakeNode, refusing
from tests.unit.asadm.conftest import Asadm

LINE = "batch-index:msec,1.0,1.00,0.00;{test}-read:msec,2.0,1.00,0.00;{bar}-write:msec,3.0,1.00,0.00"
ANSWERS = {
    "latencies:": LINE,
    "namespaces": "test;bar",
    "latencies:hist={test}-benchmarks-read": "{test}-read-start:msec,2.0,0.00",
}


def shown(asadm: Asadm, node: FakeNode, words: str) -> list[tuple[str | None, str]]:
    """Namespace and kind of each row."""
    (table,) = asadm("--json", "-h", node.address, "-e", f"show latencies {words}").document["tables"]
    return [(row["namespace"], row["histogram"]) for row in table["rows"]]


def test_a_namespace_hides_the_histograms_of_the_whole_node(asadm: Asadm) -> None:
    with FakeNode(ANSWERS) as node:
        assert shown(asadm, node, "") == [(None, "batch-index"), ("bar", "write"), ("test", "read")]
        assert shown(asadm, node, "for te") == [("test", "read")]
        assert shown(asadm, node, "like ^re") == [("test", "read")]
        assert set(node.requests) == {b"latencies:\n"}


def test_benchmarks_are_asked_for_when_they_are_wanted(asadm: Asadm) -> None:
    with FakeNode(ANSWERS) as node:
        assert shown(asadm, node, "-v for test") == [("test", "read"), ("test", "read-start")]
        assert b"{bar}" not in b"".join(node.requests)
        assert len(node.requests) == 2


def test_nothing_that_matches_is_1_and_nothing_at_all_is_a_good_answer(asadm: Asadm) -> None:
    with FakeNode(ANSWERS) as node:
        result = asadm("-h", node.address, "-e", "show latencies like READ")
        assert result.code == 1
        assert "nothing matches 'READ'" in result.err
    with FakeNode({"latencies:": "{test}-read:"}) as node:
        result = asadm("-h", node.address, "-e", "show latencies")
        assert (result.code, result.err) == (0, "")
        assert "no requests since the nodes began" in result.out


def test_a_dead_node_is_a_row(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    with FakeNode(ANSWERS) as node:
        result = asadm("-h", f"{node.address},{dead}", "-e", "show latencies")
        assert result.code == 1
        assert f"{dead}" in result.out
        assert "= 1 of 2 nodes" in result.out


def test_thresholds_are_at_least_one(asadm: Asadm) -> None:
    for words in ("-e 0", "-b 0", "-b x", "for test bar", "foo", "like ["):
        assert asadm("-h", "127.0.0.1:9", "-e", f"show latencies {words}").code == 2, words
