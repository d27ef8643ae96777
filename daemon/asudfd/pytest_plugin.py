"""A plugin for pytest: nodes for tests of user-defined functions.

    def test_counter(udf, asudf_client):
        udf("udf/counter.lua")
        assert asudf_client.apply(("test", "demo", "k"), "counter", "increment", ["count", 5]) == 5

Fixtures: `asudf_node`, `asudf_cluster`, `asudf_client`, `udf`. Nodes start when the first test asks for one, and a process of
pytest-xdist has its own. Records are removed after each test that had a node, and the lines that the node has logged
meanwhile are in the report of a test that fails. Where no test asks for a node, this file is all that is imported.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from asudfd.lua_coverage import LuaCoverage
    from asudfd.node_process import NodeProcess
    from asudfd.udf_registration import UdfRegistration

OPTIONS = "asudf_node_options"
"""The setting of pytest that has options of `asudfd run-with` for all nodes."""

REGISTER_MS = 30_000
"""What `udf_put` of a client may take; its own limit is a second, which the first one may need on a machine that runs many tests."""

COVERAGE_DIRECTORY = "asudf_coverage_directory"
"""What pytest-xdist calls the directory, among what it hands to its workers, where all processes leave what they know of lines."""

COVERAGE: pytest.StashKey[LuaCoverage] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the setting, and the options of coverage."""
    group = parser.getgroup("asudf", "user-defined functions")
    group.addoption(
        "--lua-coverage", action="store_true", help="Report which lines of Lua modules the tests have run."
    )
    group.addoption(
        "--lua-coverage-lcov",
        metavar="FILE",
        help="The same as a file in the form of LCOV, which `genhtml` makes pages of.",
    )
    parser.addini(
        OPTIONS,
        type="args",
        default=[],
        help="Options of `asudfd run-with` for the nodes of asudf_node and asudf_cluster.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note lines, where that is asked for."""
    path = config.option.lua_coverage_lcov
    if path and not Path(path).parent.is_dir():
        raise pytest.UsageError(f"--lua-coverage-lcov: there is no directory {Path(path).parent}")
    if config.option.lua_coverage or path:
        config.pluginmanager.register(_CoverageReport(config), "asudf-coverage")


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
    config = {"hosts": asudf_node.addresses, "policies": {"info": {"timeout": REGISTER_MS}}}
    client = aerospike.client(config).connect()
    yield client
    client.close()


@pytest.fixture
def udf(request: pytest.FixtureRequest) -> UdfRegistration:
    """Registers modules: `udf("udf/counter.lua")`, `udf("udf")` for a directory, `udf.text("m.lua", "function f() ...")`.

    A relative path is looked for beside the test's file, in pytest's root directory, and where pytest was started. They are registered on
    `asudf_cluster` where the test has that, else on `asudf_node`.
    """
    from asudfd.udf_registration import UdfRegistration

    node = request.getfixturevalue(
        "asudf_cluster" if "asudf_cluster" in request.fixturenames else "asudf_node"
    )
    coverage = request.config.stash.get(COVERAGE, None)
    directories = request.path.parent, request.config.rootpath, request.config.invocation_params.dir
    return UdfRegistration(
        node, tuple(dict.fromkeys(directories)), *([coverage.registered] if coverage is not None else [])
    )


def _running(request: pytest.FixtureRequest, nodes: int) -> Iterator[NodeProcess]:
    """A node while it runs; what happens around tests is looked at from now on."""
    from asudfd.node_process import NodeProcess

    plugins = request.config.pluginmanager
    coverage = request.config.stash.get(COVERAGE, None)
    options = [*request.config.getini(OPTIONS), *(coverage.node_options if coverage is not None else ())]
    with NodeProcess(nodes, options) as node:
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
                self._node.mark_log("a test has ended")  # the next one may fail in the same way
                self._seen = self._node.log_size()

    def _concerns(self, item: pytest.Item) -> bool:
        """Whether the node runs and ``item`` had it."""
        return bool(self._node.addresses) and not self._fixtures.isdisjoint(getattr(item, "fixturenames", ()))


class _CoverageReport:
    """Notes lines in this process and its nodes, and reports those of all processes in the first one."""

    def __init__(self, config: pytest.Config) -> None:
        from tempfile import mkdtemp

        given = getattr(config, "workerinput", {}).get(COVERAGE_DIRECTORY)  # in a worker of pytest-xdist
        self._is_worker = given is not None
        self._directory = Path(given or mkdtemp(prefix="asudf-coverage-"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to write."""
        node.workerinput[COVERAGE_DIRECTORY] = str(self._directory)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Note lines from here on."""
        from asudfd.lua_coverage import LuaCoverage

        session.config.stash[COVERAGE] = LuaCoverage(self._directory)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what this process knows; its nodes have stopped."""
        session.config.stash[COVERAGE].write()

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Show the report, and write the file that was asked for."""
        from asudfd.lua_coverage import covered, lcov, table

        files = covered(self._directory)
        if config.option.lua_coverage:
            terminalreporter.section("coverage of Lua modules")
            for line in table(files, config.rootpath):
                terminalreporter.write_line(line)
        if path := config.option.lua_coverage_lcov:
            try:
                Path(path).write_text(lcov(files), encoding="utf-8")
            except OSError as error:
                terminalreporter.write_line(f"--lua-coverage-lcov: cannot write {path}: {error.strerror}")

    def pytest_unconfigure(self) -> None:
        """Remove what the processes have left."""
        if not self._is_worker:
            shutil.rmtree(self._directory, ignore_errors=True)
