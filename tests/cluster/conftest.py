"""One etcd of one member and three nodes for the tests of a file; each leaves them whole, with whatever modules it put."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests import cluster_processes, etcd
from tests.cluster.ledger import Ledger, agree
from tests.cluster_processes import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_processes import Cluster
    from tests.etcd import Etcd

SEED = "STORM_SEED"
"""Environment variable with the seed of a run to repeat; threads and processes still have a say."""


@pytest.fixture
def seed() -> int:
    return int(os.environ.get(SEED, time.time_ns()))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    with etcd.running(tmp_path_factory.mktemp("etcd")) as running:
        yield running


@pytest.fixture(scope="module")
def lease() -> int:
    """Seconds after which a node that says nothing counts as gone."""
    return LEASE_SECONDS


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, store: Etcd, lease: int
) -> Iterator[tuple[Cluster, Ledger]]:
    directory = tmp_path_factory.mktemp("nodes")
    with cluster_processes.running(directory, store.endpoints, 3, lease=lease) as cluster:
        yield cluster, Ledger()


@pytest.fixture
def trio(shared: tuple[Cluster, Ledger], store: Etcd) -> Iterator[Cluster]:
    """Three nodes; after the test they agree, and have all that was acknowledged."""
    cluster, ledger = shared
    yield cluster
    cluster.start()
    agree(cluster, store, ledger)


@pytest.fixture
def ledger(shared: tuple[Cluster, Ledger]) -> Ledger:
    """What was asked of ``trio``."""
    return shared[1]
