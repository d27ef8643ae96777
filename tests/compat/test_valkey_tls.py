"""Ordinary clients of Valkey and Redis over TLS: one node, and a cluster."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.valkey_library import CODE, NAME
from tests.processes import READY_SECONDS, Daemon, running

if TYPE_CHECKING:
    from collections.abc import Iterator

redis = pytest.importorskip("redis", reason="the client library is not installed: make test installs it")
valkey = pytest.importorskip("valkey", reason="the client library is not installed: make test installs it")

FILES = Path(__file__).parents[1] / "fakes/tls"
CERTIFICATES = {
    "ssl": True,
    "ssl_ca_certs": str(FILES / "authority.pem"),
    "ssl_certfile": str(FILES / "client.pem"),
    "ssl_keyfile": str(FILES / "client.pem"),
}
CONFIG = f"""\
network {{
    resp {{
        tls-port 0
        tls-name valkey
    }}
    tls valkey {{
        cert-file {FILES / "node.pem"}
        key-file {FILES / "node.pem"}
        ca-file {FILES / "authority.pem"}
    }}
}}
namespace test {{
}}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Three nodes with no other port for Valkey than that for TLS."""
    directory = tmp_path_factory.mktemp("valkey-tls") / "work"
    config = directory.with_name("asudfd.conf")
    config.write_text(CONFIG)
    arguments = ("--config-file", str(config), "--nodes", "3")
    with running(directory, arguments) as daemon:
        yield daemon


def test_the_log_tells_the_port(node: Daemon) -> None:
    ports = re.findall(r"listens on 127.0.0.1:(\d+) for resp over TLS", node.log.read_text())
    assert [("127.0.0.1", int(port)) for port in ports] == node.resp_addresses


@pytest.mark.parametrize("library", [valkey.ValkeyCluster, redis.RedisCluster])
def test_a_cluster_client_loads_and_calls(node: Daemon, library: Any) -> None:
    host, port = node.resp_addresses[0]
    with library(host=host, port=port, socket_timeout=READY_SECONDS, **CERTIFICATES) as client:
        client.function_load(CODE, replace=True)
        for number in range(20):  # some of them on each node
            assert client.fcall("put", 1, f"book{number}", "title", "x" * 100_000) is not None
            assert client.hget(f"book{number}", "title") == b"x" * 100_000
        assert client.function_delete(NAME)


def test_the_command_line_of_redis(node: Daemon) -> None:
    program = shutil.which("redis-cli")
    if program is None:
        pytest.skip("redis-cli is not installed")
    host, port = node.resp_addresses[0]
    files = {"--cacert": "authority.pem", "--cert": "client.pem", "--key": "client.pem"}
    options = [word for name, value in files.items() for word in (name, str(FILES / value))]
    command = [program, "--tls", *options, "-c", "-h", host, "-p", str(port)]
    said = subprocess.run(
        [*command, "-x", "FUNCTION", "LOAD", "REPLACE"],
        input=CODE,
        capture_output=True,
        text=True,
        check=False,
    )
    if "Unrecognized option" in said.stdout + said.stderr:
        pytest.skip("redis-cli was built without TLS")
    assert said.stdout == f"{NAME}\n"
    for key in ("a", "b", "c"):  # two of them are on other nodes
        said = subprocess.run(
            [*command, "FCALL", "put", "1", key, "f", "v"], capture_output=True, text=True, check=False
        )
        assert said.stdout == "1\n", said.stderr


@pytest.mark.parametrize(
    ("library", "once"),
    [
        (valkey.Valkey, valkey.retry.Retry(valkey.backoff.NoBackoff(), 0)),
        (redis.Redis, redis.retry.Retry(redis.backoff.NoBackoff(), 0)),
    ],
)
def test_a_client_without_a_certificate_or_without_tls_is_refused(
    node: Daemon, library: Any, once: Any
) -> None:
    host, port = node.resp_addresses[0]
    wrong: tuple[dict[str, Any], ...] = ({}, {name: CERTIFICATES[name] for name in ("ssl", "ssl_ca_certs")})
    for options in wrong:
        with (
            library(host=host, port=port, socket_timeout=READY_SECONDS, retry=once, **options) as client,
            pytest.raises(Exception, match=r"(?i)connection|ssl|closed|reset"),
        ):
            client.ping()
