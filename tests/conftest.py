"""Fixtures that several test folders share: real daemons on ports that the system chooses."""

import contextlib
import gc
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.processes import Daemon, log_path, running, spawn

StartDaemon = Callable[..., Daemon]

# The same examples in every run, so that a change is not refused for what was there before it, and without a deadline,
# because the machine may be busy. `--hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("same")

# A shell has what it starts in the background ignore Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

TOGETHER = ("tests/cluster/", "tests/function_fleet/", "tests/tidy/", "tests/process/asudfd/test_etcd_")
"""How the names of files begin whose tests run one after the other: clusters of real processes would starve each other,
the rules have read the source once for all of them, and there is one etcd for many."""


def scope_of(test: str) -> str:
    """What `pytest -n` keeps in one process, for the test of this name: its file, or several files."""
    file = test.partition("::")[0]
    return next((begin for begin in TOGETHER if file.startswith(begin)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `--dist loadfile`. Marks of groups would do, but xdist 3.8 loses them under pytest 9.2."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = scope_of
    return scheduler


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which would look again and again through what stays; nor does it later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        assert " at 0x" not in item.name, (
            f"{item.nodeid}: another process has another name for this test; give it ids"
        )


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
    with running(directory) as daemon:
        yield daemon
