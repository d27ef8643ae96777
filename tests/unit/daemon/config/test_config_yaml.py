"""The YAML form: the same Config as the other form, and the same errors."""

from pathlib import Path

import pytest

from asinfo.errors import ConfigError
from daemon.config.load import load
from daemon.config.schema import Config

YAML = """
service:
  cluster-name: prod
  proto-fd-max: 20000
  log-millis: true
logging:
  - type: file
    path: /var/log/a.log
    contexts: {any: info, udf: debug}
  - type: console
network:
  service:
    addresses: [127.0.0.5]
    port: 3100
  heartbeat:
    mesh-seed-address-ports:
      - 10.0.0.1 3002
      - "10.0.0.2 3002"
namespaces:
  - name: test
    default-ttl: 30d
    storage-engine:
      type: device
      files: [/a.dat, /b.dat]
    sets:
      - name: demo
        default-ttl: 5
  - name: bar
    storage-engine: memory
mod-lua:
  cache-enabled: false
  user-path: "/with blanks # and this"
"""

CONF = """
service {
	cluster-name prod
	proto-fd-max 20000
	log-millis true
}
logging {
	file /var/log/a.log {
		context any info
		context udf debug
	}
	console {
	}
}
network {
	service {
		address 127.0.0.5
		port 3100
	}
	heartbeat {
		mesh-seed-address-port 10.0.0.1 3002
		mesh-seed-address-port 10.0.0.2 3002
	}
}
namespace test {
	default-ttl 30d
	storage-engine device {
		file /a.dat
		file /b.dat
	}
	set demo {
		default-ttl 5
	}
}
namespace bar {
	storage-engine memory
}
mod-lua {
	cache-enabled false
	user-path /p
}
"""


def read(tmp_path: Path, text: str, name: str = "f.yaml") -> Config:
    path = tmp_path / name
    path.write_text(text)
    return load(str(path))


def problem(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    (only,) = caught.value.problems
    return f"{only.line}: {only.message}"


def test_both_forms_give_the_same(tmp_path: Path) -> None:
    config, same = read(tmp_path, YAML), read(tmp_path, CONF, "f.conf")
    assert config.mod_lua.user_path == "/with blanks # and this"
    config.mod_lua.user_path = same.mod_lua.user_path
    config.warnings = same.warnings = []
    assert config == same


def test_namespaces_by_name(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "namespace:\n  a: {default-ttl: 5}\n  b: {}\nlogging:\n  console: {contexts: {any: debug}}\n",
        "f.yml",
    )
    assert [(one.name, one.default_ttl) for one in config.namespaces] == [("a", 5), ("b", 0)]
    assert config.logging[0].path is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null"])
def test_an_empty_document_is_the_default(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).network == Config().network


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("service:\n  clustr-name: x\n", "2: 'clustr-name' is not a parameter of 'service'; did you mean"),
        (
            "service:\n  ticker-interval: [1, 2]\n  ticker-interval: x",
            "3: 'ticker-interval' must be a whole number",
        ),
        ("service:\n  advertise-ipv6: yes\n", "2: 'advertise-ipv6' must be true or false, not 'yes'"),
        ("service:\n  node-id:\n", "2: 'node-id' has no value"),
        ("namespaces: [{name: a, sets: [{name: b}, {name: b}]}]", "1: the set 'b' is declared twice"),
        ("service: 5\n", "1: 'service' is a context"),
        ("service: &x {}\n", "1: anchors and aliases are not supported"),
        ("service: *x\n", "1: anchors and aliases are not supported"),
        (
            "service: !!python/object:os.system {}\n",
            "1: the tag tag:yaml.org,2002:python/object:os.system is not",
        ),
        ("- a\n", "1: must be a mapping of contexts"),
        ("5", "1: must be a mapping of contexts"),
        ("a: 1\n---\nb: 2\n", "2: a second document"),
        ("service: {[a]: b}\n", "1: a name must be plain text"),
        ("network: {service: [[a]]}\n", "1: a list inside a list"),
        ("a: {" * 9 + "b: 1" + "}" * 9, "1: contexts are nested more than 8 deep"),
        ("a: {\n", "2: is not YAML: "),
        ("a: 'x\n", "2: is not YAML: "),
        ("a:\n\t- b\n", "2: is not YAML: "),
        ("a: \x01\n", "0: is not YAML: "),
    ],
)
def test_a_fault_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert problem(tmp_path, text).startswith(told)


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested more than" in problem(tmp_path, "a: {" * 100000)
    assert "a list inside a list" in problem(tmp_path, "a: " + "[" * 100000)
