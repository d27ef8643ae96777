"""A node with a namespace in memory, and the real clients connected to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.patience import policies
from tests.processes import Daemon, running

CONFIG = """\
service {
    cluster-name docker
}
namespace test {
    storage-engine memory
    nsup-period 120
}
"""
"""The cluster's name is that of the documented example; without an expiry worker a time to live is refused."""


@pytest.fixture(scope="session")
def clients_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clients") / "asudfd.conf"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def records_node(tmp_path_factory: pytest.TempPathFactory, clients_config: Path) -> Iterator[Daemon]:
    """One real node with a fresh state; it must end cleanly."""
    directory = tmp_path_factory.mktemp("node") / "work"
    arguments = ["--config-file", str(clients_config)]
    with running(directory, arguments) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def client_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client library keeps its copies of the modules."""
    return tmp_path_factory.mktemp("client-modules")


@pytest.fixture(scope="session")
def client(records_node: Daemon, client_modules: Path) -> Iterator[Any]:
    """The real Python client, connected to `records_node`."""
    aerospike = pytest.importorskip(
        "aerospike", reason="the client library is not installed: make test installs it"
    )
    config = {
        "hosts": records_node.addresses,
        "lua": {"user_path": str(client_modules)},
        "policies": policies(),
    }
    connected = aerospike.client(config).connect()
    yield connected
    connected.close()
