"""A plugin for pytest: nodes for tests of user-defined functions.

    def test_counter(udf, asudf_client):
        udf("udf/counter.lua")
        assert asudf_client.apply(("test", "demo", "k"), "counter", "increment", ["count", 5]) == 5

Fixtures: `asudf_node`, `asudf_cluster`, `asudf_client`, `udf`. Nodes start when the first test asks for one, and a process of
pytest-xdist has its own. Records are removed after each test that had a node, and the lines that the node has logged
meanwhile are in the report of a test that fails. Where no test asks for a node, this file is all that is imported.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from asudfd.node_process import NodeProcess
    from asudfd.udf_registration import UdfRegistration

OPTIONS = "asudf_node_options"
"""The setting of pytest that has options of `asudfd run-with` for all nodes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the setting."""
    parser.addini(
        OPTIONS,
        type="args",
        default=[],
        help="Options of `asudfd run-with` for the nodes of asudf_node and asudf_cluster.",
    )


@pytest.fixture(scope="session")
def asudf_node(request: pytest.FixtureRequest) -> Iterator[NodeProcess]:
    """A node in memory with `host`, `port` and `addresses`; it is there until the last test has ended."""
    yield from _running(request, 1)


@pytest.fixture(scope="session")
def asudf_cluster(request: pytest.FixtureRequest) -> Iterator[NodeProcess]:
    """Three nodes that are one cluster: `addresses`, and `host` and `port` of the first."""
    yield from _running(request, 3)


@pytest.fixture(scope="session")
def asudf_client(asudf_node: NodeProcess) -> Iterator[Any]:
    """A connected client of the library `aerospike` for `asudf_node`; tests are skipped where that is not installed."""
    aerospike = pytest.importorskip("aerospike", reason="the client library aerospike is not installed")
    client = aerospike.client({"hosts": asudf_node.addresses}).connect()
    yield client
    client.close()


@pytest.fixture
def udf(request: pytest.FixtureRequest) -> UdfRegistration:
    """Registers modules: `udf("udf/counter.lua")`, `udf("udf")` for a directory, `udf.text("m.lua", "function f() ...")`.

    A relative path is looked for beside the test's file, then in pytest's root directory. They are registered on
    `asudf_cluster` where the test has that, else on `asudf_node`.
    """
    from asudfd.udf_registration import UdfRegistration

    node = request.getfixturevalue(
        "asudf_cluster" if "asudf_cluster" in request.fixturenames else "asudf_node"
    )
    return UdfRegistration(node, (request.path.parent, request.config.rootpath))


def _running(request: pytest.FixtureRequest, nodes: int) -> Iterator[NodeProcess]:
    """A node while it runs; what happens around tests is looked at from now on."""
    from asudfd.node_process import NodeProcess

    plugins = request.config.pluginmanager
    with NodeProcess(nodes, request.config.getini(OPTIONS)) as node:
        assert request.fixturename is not None
        watch = _NodeWatch(node, frozenset({request.fixturename, "udf"}))
        plugins.register(watch)
        try:
            yield node
        finally:
            plugins.unregister(watch)


class _NodeWatch:
    """Removes records after each test that has one of ``fixtures``, and keeps the log's lines of one that fails."""

    def __init__(self, node: NodeProcess, fixtures: frozenset[str]) -> None:
        self._node = node
        self._fixtures = fixtures
        self._seen = node.log_size()  # bytes of the log that belong to no test, or to tests before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the lines that the node has logged."""
        report = yield
        if report.failed and self._concerns(item) and (lines := self._node.log_since(self._seen)):
            report.sections.append(("Log of asudfd", lines))
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Remove what the test has left."""
        try:
            return (yield)
        finally:
            if self._concerns(item):
                self._node.truncate()
                self._seen = self._node.log_size()

    def _concerns(self, item: pytest.Item) -> bool:
        """Whether the node runs and ``item`` had it."""
        return bool(self._node.addresses) and not self._fixtures.isdisjoint(getattr(item, "fixturenames", ()))
