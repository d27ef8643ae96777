"""Real servers for the tests of function fleets: they are started once for all that leave them as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.function_fleet import topology

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.function_fleet.topology import Cluster, Group
    from tests.real_valkey import RealValkey


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with topology.cluster(tmp_path_factory.mktemp("cluster")) as group:
        yield group


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Three primaries and three replicas, whole and without libraries; a test that breaks something mends it."""
    shared_cluster.await_whole()
    shared_cluster.flush()
    return shared_cluster


@pytest.fixture(scope="session")
def shared_replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with topology.replicated(tmp_path_factory.mktemp("replicas")) as group:
        yield group


@pytest.fixture
def replicas(shared_replicas: Group) -> Group:
    """A primary and two replicas, without libraries."""
    shared_replicas.flush()
    return shared_replicas


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealValkey, Group]]:
    """A Sentinel, and the primary and replica that it watches."""
    with topology.watched(tmp_path_factory.mktemp("watched")) as found:
        yield found
