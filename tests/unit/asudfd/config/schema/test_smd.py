"""Where metadata is kept, and the port for supervisors: what a file may say about them."""

from pathlib import Path

import pytest
import yaml

from asinfo.errors import ConfigError
from asinfo.terminal.options import recognise
from asudfd.cli import OPTIONS
from asudfd.config.load import load
from asudfd.config.schema import Config

ROOT = Path(__file__).parents[5]

ETCD = """service {
  cluster-name demo
}
namespace test {
}
smd {
  backend etcd
  endpoint http://127.0.0.1:2379/
  endpoint https://[::1]:2381
  prefix /lab/
  user asudf
  password-file /etc/asudf/password
  tls-ca-file /etc/asudf/ca.pem
  lease-ttl 1m
}
network {
  http {
    port 9145
  }
}
"""


def loaded(tmp_path: Path, text: str, name: str = "asudfd.conf") -> Config:
    path = tmp_path / name
    path.write_text(text)
    return load(str(path))


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_metadata_in_etcd(tmp_path: Path) -> None:
    config = loaded(tmp_path, ETCD)
    assert config.warnings == []
    assert config.smd.backend == "etcd"
    assert config.smd.endpoint == ("http://127.0.0.1:2379", "https://[::1]:2381")
    assert (config.smd.prefix, config.smd.user, config.smd.lease_ttl) == ("/lab", "asudf", 60)
    assert (config.network.http.listen_address, config.network.http.port) == ("127.0.0.1", 9145)


def test_the_same_in_yaml(tmp_path: Path) -> None:
    text = """
service: {cluster-name: demo}
namespaces: [{name: test}]
smd:
  backend: etcd
  endpoints: ["http://127.0.0.1:2379", "https://[::1]:2381"]
  prefix: /lab
network:
  http: {address: any, port: 9145}
"""
    config = loaded(tmp_path, text, "asudfd.yaml")
    assert config.smd.endpoint == ("http://127.0.0.1:2379", "https://[::1]:2381")
    assert config.network.http.listen_address == "0.0.0.0"


def test_every_mistake_has_its_line(tmp_path: Path) -> None:
    text = """service {
}
smd {
  backend etcd
  user x
  password y
  endpoint ftp://a
  tls-key-file /k
  prefix asudf
  lease-ttl 0
}
"""
    assert problems(tmp_path, text) == [
        "asudfd.conf:4: 'backend etcd' needs an 'endpoint', such as http://127.0.0.1:2379",
        "asudfd.conf:4: 'backend etcd' needs a 'cluster-name' in 'service': its keys carry it",
        "asudfd.conf:5: 'user' needs 'password-file'",
        "asudfd.conf:6: 'password' is not a parameter of 'smd'; did you mean 'password-file'?",
        "asudfd.conf:7: 'endpoint' must be http://HOST:PORT or https://HOST:PORT, not 'ftp://a'",
        "asudfd.conf:8: 'tls-key-file' needs 'tls-cert-file'",
        "asudfd.conf:9: 'prefix' must begin with / and hold no blanks ; = and comma, not 'asudf'",
        "asudfd.conf:10: 'lease-ttl' must be from 2 to 600 seconds, not 0",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http://:2379",
        "127.0.0.1:2379",
        "http://a:b",
        "http://a:65536",
        "http://a/v3",
        "http://u@a:1",
    ],
)
def test_what_is_no_endpoint(tmp_path: Path, text: str) -> None:
    changed = ETCD.replace("http://127.0.0.1:2379/", text)
    assert problems(tmp_path, changed) == [
        f"asudfd.conf:8: 'endpoint' must be http://HOST:PORT or https://HOST:PORT, not '{text}'"
    ]


def test_a_word_of_etcd_without_etcd(tmp_path: Path) -> None:
    config = loaded(tmp_path, "namespace test {\n}\nsmd {\n  lease-ttl 9\n}\n")
    assert [str(each).partition(":4: ")[2] for each in config.warnings] == [
        "'lease-ttl' counts only with 'backend etcd'"
    ]


@pytest.mark.parametrize("name", ["asudfd-cluster.conf", "asudfd-compose.conf"])
def test_the_example_of_a_cluster_loads(name: str) -> None:
    config = load(str(ROOT / "config" / name))
    assert config.warnings == []
    assert config.smd.backend == "etcd"
    assert config.network.http.port == 9145


def test_an_address_that_other_machines_cannot_reach(tmp_path: Path) -> None:
    text = ETCD.replace("http://127.0.0.1:2379/", "http://10.0.0.1:2379")
    (warning,) = loaded(tmp_path, text).warnings
    assert "nodes of other machines will be told '127.0.0.1'" in str(warning)
    told = text.replace("network {", "network {\n  service {\n    access-address 10.0.0.7\n  }")
    assert loaded(tmp_path, told).warnings == []


def test_the_compose_file_starts_what_there_is() -> None:
    """Docker is not asked: what stands in the file is compared with what this project has."""
    compose = yaml.safe_load((ROOT / "config" / "compose.yaml").read_text())
    nodes = {name: service for name, service in compose["services"].items() if name != "etcd"}
    assert len(nodes) == 3
    ids = set()
    for service in nodes.values():
        arguments = recognise(service["command"], OPTIONS)
        assert arguments is not None
        assert arguments.text("config-file") == "/etc/asudf/asudfd.conf"
        ids.add(arguments.text("node-id"))
        assert (ROOT / "config" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        (mount,) = [each for each in service["volumes"] if each.endswith(":/etc/asudf/asudfd.conf:ro")]
        assert (ROOT / "config" / mount.partition(":")[0]).is_file()
    assert len(ids) == 3


def test_two_listeners_on_one_port(tmp_path: Path) -> None:
    text = "namespace test {\n}\nnetwork {\n  http {\n    port 3000\n  }\n}\n"
    assert problems(tmp_path, text) == ["asudfd.conf:5: 'http' and 'service' both use port 3000"]
