"""Files with the configuration that nodes should have: an aerospike.conf, and the same as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asadm.configuration import baseline
from asinfo.errors import ConfigError
from tests.each import for_each_row

if TYPE_CHECKING:
    from pathlib import Path

    from asadm.configuration.parameters import Settings

CONF = """
service { # as packages have it
    user root
    proto-fd-max 15K
    feature-key-file /a
    feature-key-file /b
    run-as-daemon
}
logging {
    file /var/log/a.log {
        context any info
        context migrate debug
    }
    console {
        context any warning
    }
}
network {
    heartbeat {
        mesh-seed-address-port 10.0.0.1 3002
        mesh-seed-address-port 10.0.0.2 3002
        interval 150
    }
    tls example {
        cert-file /c
    }
}
namespace test {
    default-ttl 30d
    storage-engine device {
        device /dev/a /dev/b
        device /dev/c
        defrag-lwm-pct 50
    }
    index-type flash {
        mount /mnt/0
    }
    set users {
        disable-eviction yes
    }
}
xdr {
    dc DC1 {
        node-address-port 10.1.0.1 3000
    }
    src-id 1
}
"""
YAML = """
service:
  user: root
  proto-fd-max: 15K
  feature-key-files: [/a, /b]
  run-as-daemon: true
logging:
  - {type: file, path: /var/log/a.log, contexts: {any: info, migrate: debug}}
  - {type: console, contexts: {any: warning}}
network:
  heartbeat:
    mesh-seed-address-ports: ["10.0.0.1 3002", "10.0.0.2 3002"]
    interval: 150
  tls: [{name: example, cert-file: /c}]
namespaces:
  - name: test
    default-ttl: 30d
    storage-engine: {type: device, devices: ["/dev/a /dev/b", /dev/c], defrag-lwm-pct: 50}
    index-type: {type: flash, mounts: [/mnt/0]}
    sets: [{name: users, disable-eviction: yes}]
xdr:
  src-id: 1
"""
WANTED: Settings = {
    "service": {
        "user": "root",
        "proto-fd-max": "15K",
        "feature-key-file": "/a,/b",
        "run-as-daemon": "true",
    },
    "logging 0": {"file": "/var/log/a.log", "any": "info", "migrate": "debug"},
    "logging 1": {"file": "stderr", "any": "warning"},
    "network": {
        "heartbeat.mesh-seed-address-port": "10.0.0.1:3002,10.0.0.2:3002",
        "heartbeat.interval": "150",
    },
    "namespace test": {
        "default-ttl": "30d",
        "storage-engine": "device",
        "storage-engine.device[0]": "/dev/a",
        "storage-engine.device[0].shadow": "/dev/b",
        "storage-engine.device[1]": "/dev/c",
        "storage-engine.defrag-lwm-pct": "50",
        "index-type": "flash",
        "index-type.mount[0]": "/mnt/0",
    },
    "namespace test set users": {"disable-eviction": "yes"},
    "xdr": {"src-id": "1"},
}


@pytest.mark.parametrize(("name", "text"), [("aerospike.conf", CONF), ("cluster.yaml", YAML)])
def test_the_names_are_those_that_a_node_tells(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert baseline.read(str(file)) == WANTED


@for_each_row(
    ("text", "line", "said"),
    [
        ("foo {\n}\n", 1, "there is no context 'foo'"),
        ("\nport 3000\n", 2, "'port' stands in no context"),
        ("namespace {\n}\n", 1, "the namespace has no name"),
        ("service {\n", 1, "is never closed"),
        ("service {\n}\n}\n", 3, "closes nothing"),
        ("service {\na \x01\n}\n", 2, "control character"),
    ],
)
def test_what_is_no_configuration_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    file = tmp_path / "a.conf"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        baseline.read(str(file))
    assert any(problem.line == line and said in problem.message for problem in raised.value.problems)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        baseline.read(str(tmp_path / "none.conf"))


def test_a_large_file_of_devices_is_read_in_one_pass(tmp_path: Path) -> None:
    """To count all devices for each of them took 13 s for 8000."""
    file = tmp_path / "a.conf"
    file.write_text("namespace t {\nstorage-engine device {\n" + "device /\n" * 60_000 + "}\n}\n")
    found = baseline.read(str(file))["namespace t"]
    assert (len(found), found["storage-engine.device[59999]"]) == (60_001, "/")
