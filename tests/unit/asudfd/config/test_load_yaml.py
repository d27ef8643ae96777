"""The YAML form: the same Config as the other form, and the same errors."""

from pathlib import Path

import pytest

from asinfo.errors import ConfigError
from asudfd.config.load import load
from asudfd.config.schema import Config
from tests.each import for_each_row

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
    nsup-period: 2m
    storage-engine:
      type: device
      files: [/a.dat, /b.dat]
      filesize: 1G
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
	nsup-period 2m
	storage-engine device {
		file /a.dat
		file /b.dat
		filesize 1G
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
        "namespace:\n  a: {default-ttl: 5, nsup-period: 1}\n  b: {}\nlogging:\n  console: {contexts: {any: debug}}\n",
        "f.yml",
    )
    assert [(one.name, one.default_ttl) for one in config.namespaces] == [("a", 5), ("b", 0)]
    assert config.logging[0].path is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null"])
def test_an_empty_document_is_the_default(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).network == Config().network


@for_each_row(
    ("text", "told"),
    [
        ("service:\n  clustr-name: x\n", "2: 'clustr-name' is not a parameter of 'service'; did you mean"),
        ("service:\n  ticker-interval: [1, 2]\n", "2: 'ticker-interval' takes one value, not 2"),
        (
            "service:\n  ticker-interval: 1\n  ticker-interval: 2\n",
            "3: 'ticker-interval' is given again: it stands on line 2",
        ),
        ("service: {node-id: A1}\nservice: {}\n", "2: 'service' is given again: it stands on line 1"),
        ("namespaces: {a: {}, a: {}}\n", "1: 'a' is given again"),
        ("network: {service: {address: any, addresses: [any]}}\n", "1: 'addresses' is given again"),
        ("service: [1, 2]\n", "1: 'service' is a context: the mapping is missing"),
        ("service: [{node-id: A1}]\n", "1: 'service' cannot be a list of contexts"),
        ("namespaces: [a]\n", "1: 'namespace' is a context: the mapping is missing"),
        ("service:\n  advertise-ipv6: yes\n", "2: 'advertise-ipv6' must be true or false, not 'yes'"),
        ("service:\n  node-id:\n", "2: 'node-id' has no value"),
        ("service: 5\n", "1: 'service' is a context"),
        ("service: &x {}\n", "1: anchors and aliases are not supported"),
        ("service: *x\n", "1: anchors and aliases are not supported"),
        (
            "service: !!python/object:os.system {}\n",
            "1: the tag tag:yaml.org,2002:python/object:os.system is not",
        ),
        ("- a\n", "1: must be a mapping of contexts"),
        ("5", "1: must be a mapping of contexts"),
        ("service: {}\n---\nb: 2\n", "2: a second document"),
        ("mod-lua: {user-path: [a, ~]}\n", "1: 'user-path' has no value"),
        ('mod-lua: {cache-enabled: "true"}\n', "1: 'cache-enabled' must be true without quotes"),
        ("mod-lua: {context-count: '10'}\n", "1: 'context-count' must be 10 without quotes"),
        ("mod-lua: {user-path: 7}\n", "1: 'user-path' must be text: write '7' in quotes"),
        ("service: {build: 8.1}\n", "1: 'build' must be text: write '8.1' in quotes"),
        ("service: {cluster-name: true}\n", "1: 'cluster-name' must be text"),
        ("namespaces: [{name: 7}]\n", "1: 'name' must be text"),
        ("logging: [{type: file, path: 7}]\n", "1: 'path' must be text"),
        (
            "namespaces: [{name: a, storage-engine: {type: device, filesize: 1G, files: [/a, 7]}}]\n",
            "1: 'file' must be text",
        ),
        ("network: {service: {address: 300.1.2.3}}\n", "1: 'address' must be any, an IPv4 or IPv6 address"),
        ("namespaces: [{name: a, index-type: {type: flash}}]\n", "1: 'index-type' is enterprise only"),
        ("service: {[a]: b}\n", "1: a name must be plain text"),
        ("network: {service: [[a]]}\n", "1: a list inside a list"),
        ("a: {" * 17 + "b: 1" + "}" * 17, "1: contexts are nested more than 8 deep"),
        ("a: {\n", "2: is not YAML: "),
        ("a: 'x\n", "2: is not YAML: "),
        ("a:\n\t- b\n", "2: is not YAML: "),
        ("a: \x01\n", "0: is not YAML: "),
    ],
)
def test_a_fault_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert problem(tmp_path, text).startswith(told)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = """
service:
  node-id:
  ticker-interval: soon
  ticker-interval: 5
  [a, b]: {c: d}
  cluster-name: *x
namespaces:
  - name: test
    default-ttl: "30"
    storage-engine: {type: memory, files: [[a]]}
mod-lua: {user-path: 7, cache-enabled: "true"}
nonsense: {}
"""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5, 6, 7, 10, 11, 12, 12, 13]


def test_a_number_with_a_suffix_may_stand_in_quotes(tmp_path: Path) -> None:
    config = read(tmp_path, 'mod-lua: {context-memory: "64M"}\nservice: {node-id: "161"}\n')
    assert (config.mod_lua.context_memory, config.service.node_id) == (64 << 20, "161")


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested more than" in problem(tmp_path, "a: {" * 100000)
    with pytest.raises(ConfigError, match=r"a list inside a list(.|\n)*nested more than"):
        read(tmp_path, "a: " + "[" * 100000)
