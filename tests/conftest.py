"""Fixtures that several test folders share: real daemons on ports that the system chooses."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.processes import Daemon, log_path, spawn

StartDaemon = Callable[..., Daemon]

# The same examples in every run, so that a change is not refused for what was there before it, and without a deadline,
# because the machine may be busy. `--hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("same")

TESTS = Path(__file__).parent
APART = TESTS / "cluster"
"""The directory whose tests run one after the other: clusters of real processes would starve each other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what `pytest -n` keeps in one process: the tests of a file, and all with a cluster of real processes."""
    for item in items:
        assert " at 0x" not in item.name, (
            f"{item.nodeid}: another process has another name for this test; give it ids"
        )
        together = APART if item.path.is_relative_to(APART) else item.path
        item.add_marker(pytest.mark.xdist_group(str(together.relative_to(TESTS))))


@pytest.fixture
def start_daemon(tmp_path: Path) -> Iterator[StartDaemon]:
    """Starts daemons: ``start_daemon("--nodes", "3", work_directory=..., ENVIRONMENT=...)``; all end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, work_directory: Path | None = None, **environment: str) -> Daemon:
            directory = work_directory or tmp_path / "work"
            daemon = Daemon(spawn(directory, arguments, **environment), directory, log_path(directory))
            stack.callback(daemon.kill)
            return daemon

        yield start


@pytest.fixture(scope="session")
def asudfd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One real node for all tests that leave no trace in it; it must end cleanly."""
    directory = tmp_path_factory.mktemp("asudfd") / "work"
    daemon = Daemon(spawn(directory), directory, log_path(directory))
    try:
        yield daemon
        assert daemon.stop() == 0, daemon.log.read_text(errors="replace")
    finally:
        daemon.kill()
