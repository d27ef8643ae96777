"""One etcd for the files `test_etcd_*` whose tests neither stop nor change it; each test has a cluster name of its own."""

from collections.abc import Iterator

import pytest

from tests import etcd


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[etcd.Etcd]:
    with etcd.running(tmp_path_factory.mktemp("etcd")) as cluster:
        yield cluster
