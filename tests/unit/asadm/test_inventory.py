"""The inventory: what is understood, every fault with its line, and the cache."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm import inventory
from asadm.inventory_file import parse
from asinfo.errors import ConfigError, UsageError
from tests.each import for_each_row

ROOT = Path(__file__).parents[3]

WHOLE = b"""\
default: two
defaults: {port: 3100, user: ops, password: env:SECRET, timeout: 7, labels: {site: a}}
clusters:
  one:
    nodes: [10.0.0.1]
  two:
    defaults: {port: 3200, auth: external, tls: {name: db, cafile: ca.pem}, labels: {rack: r1}}
    nodes:
      - 10.0.0.2:tls2:3300
      - "[::1]:3001"
      - {name: last, host: 10.0.0.4, port: 4000, user: other, labels: {rack: r2, own: x}, tls: false}
"""


def node(**said: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "tls_name": None,
        "user": None,
        "password": None,
        "auth": None,
        "tls": None,
        "labels": {},
    }
    return {**usual, **said}


def test_defaults_overrides_and_labels() -> None:
    found = parse(WHOLE, "f")
    tls = {"name": "db", "cafile": "ca.pem"}
    ops = {"user": "ops", "password": "env:SECRET"}
    assert found["default"] == "two"
    assert found["clusters"]["one"] == {
        "timeout": 7.0,
        "nodes": [node(name="10.0.0.1:3100", host="10.0.0.1", port=3100, labels={"site": "a"}, **ops)],
    }
    labels = {"site": "a", "rack": "r1"}
    both = {"auth": "EXTERNAL", "tls": tls}
    assert found["clusters"]["two"]["nodes"] == [
        node(name="10.0.0.2:3300", host="10.0.0.2", port=3300, tls_name="tls2", labels=labels, **ops, **both),
        node(name="[::1]:3001", host="::1", port=3001, tls_name="db", labels=labels, **ops, **both),
        node(
            name="last",
            host="10.0.0.4",
            port=4000,
            user="other",
            password="env:SECRET",
            auth="EXTERNAL",
            labels={"site": "a", "rack": "r2", "own": "x"},
        ),
    ]


FAULTS = [
    (b"", ["f: the file is empty; it needs clusters"]),
    (b"[1, 2]", ["f:1: the file must be a mapping (key: value)", "f:1: clusters is missing"]),
    (b"clusters: [\n", ["f:2: not YAML: "]),
    (b"a: 1\n\xff: 2\n", ["f:2: the file is not UTF-8 text"]),
    (b"clusters: {}\n", ["f:1: clusters has no cluster"]),
    (
        b"clusters:\n  a: 1\n",
        ["f:2: cluster a must be a mapping (key: value)", "f:2: cluster a has no nodes"],
    ),
    (b"clusters: {a: {nodes: []}}\n", ["f:1: nodes must be a list of at least one node"]),
    (b"clusters: {a: {nodes: [x]}}\nextra: 1\n", ["f:2: the file has no setting 'extra'; it has default, "]),
    (b"clusters: {a: {nodes: [x]}}\nclusters: {}\n", ["f:2: clusters stands twice in the file"]),
    (b"clusters: {a: {nodes: [x]}}\ndefault: b\n", ["f:2: default names no cluster: 'b'; there are a"]),
    (
        b"""defaults: {port: 0, timeout: no, password: hunter2, auth: kerberos, labels: [x], tls: {cafil: x}}
clusters: {a: {nodes: [x]}}
""",
        [
            "f:1: port must be a number from 1 to 65535",
            "f:1: timeout must be a number",
            "f:1: password must be env:VARIABLE or file:PATH; a literal one is not accepted",
            "f:1: auth must be one of INTERNAL, EXTERNAL, EXTERNAL_INSECURE, PKI",
            "f:1: labels must be a mapping (key: value)",
            "f:1: tls has no setting 'cafil'; it has name, cafile",
        ],
    ),
    (
        b"""clusters:
  a:
    nodes:
      - x
      - {host: y, port: 70000}
      - {name: z}
      - x
      - {name: q, host: x}
      - 'a b'
      - [x]
      - {host: y, timeout: 3}
""",
        [
            "f:5: port must be a number from 1 to 65535",
            "f:6: the node has no host",
            "f:7: there are two nodes called x:3000",
            "f:8: there are two nodes at x port 3000",
            "f:9: 'a b' is not an address",
            "f:10: a node must be a text",
            "f:11: a node has no setting 'timeout'",
        ],
    ),
    (b"clusters: {a: {nodes: [x]}}\ndefaults: {timeout: -1}\n", ["f:2: timeout must be above 0"]),
    (b"clusters: {a: {nodes: [x]}}\ndefaults: {timeout: [1]}\n", ["f:2: timeout must be a number"]),
    (b"clusters: {a: {nodes: [x]}}\ndefaults: {timeout: .nan}\n", ["f:2: timeout must be"]),
]


@for_each_row(("content", "faults"), FAULTS)
def test_every_fault_is_told_at_once(content: bytes, faults: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(content, "f")
    told = str(caught.value).splitlines()
    for fault in faults:
        assert any(line.startswith(fault) for line in told), (fault, told)
    assert "hunter2" not in str(caught.value)


@given(st.binary())
def test_any_bytes_are_understood_or_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(content, "f")


@given(st.text(alphabet="abc:{}[]-, \n'\"&*!|>%@`#?0"))
def test_anything_like_yaml_is_understood_or_refused(content: str) -> None:
    with pytest.raises(ConfigError):
        parse(content.encode(), "f")


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"[\n"])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(opening * 50_000, "f")


def test_an_alias_of_itself_is_refused() -> None:
    with pytest.raises(ConfigError):
        parse(b"clusters: &a {x: *a}", "f")


def test_the_example_file_is_understood() -> None:
    path = ROOT / "config" / "asadm.yaml"
    found = parse(path.read_bytes(), str(path))
    assert list(found["clusters"]) == ["development", "production"]
    assert [each["port"] for each in found["clusters"]["production"]["nodes"]] == [4333, 4333, 4433]


def test_which_cluster() -> None:
    found = parse(WHOLE, "f")
    assert inventory.cluster(found, "f", None)[0] == "two"
    assert inventory.cluster(found, "f", "one")[0] == "one"
    with pytest.raises(UsageError, match="f has no cluster 'x'; it has one, two"):
        inventory.cluster(found, "f", "x")
    with pytest.raises(UsageError, match="several clusters and no default"):
        inventory.cluster({**found, "default": None}, "f", None)


def test_the_only_cluster_needs_no_default() -> None:
    assert inventory.cluster(parse(b"clusters: {a: {nodes: [x]}}", "f"), "f", None)[0] == "a"


def cached(directory: Path) -> list[Path]:
    return list((directory / "asudf").iterdir()) if (directory / "asudf").exists() else []


def test_the_second_load_imports_no_yaml_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "asadm.yaml"
    path.write_bytes(WHOLE)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = inventory.load(str(path), environment)
    (cache,) = cached(tmp_path / "cache")
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    monkeypatch.setattr("asadm.inventory_file.read", lambda _: pytest.fail("parsed again"))
    assert inventory.load(str(path), environment) == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path.write_bytes(b"clusters: {a: {nodes: [x]}}")
    inventory.load(str(path), environment)
    replaced = tmp_path / "new"
    replaced.write_bytes(b"clusters: {b: {nodes: [x]}}")
    os.utime(replaced, ns=(0, path.stat().st_mtime_ns))
    replaced.replace(path)
    assert list(inventory.load(str(path), environment)["clusters"]) == ["b"]


def test_a_file_that_was_rewritten_in_place_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path.write_bytes(b"clusters: {a: {nodes: [x]}}")
    before = path.stat()
    inventory.load(str(path), environment)
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the clock of the file system has moved on
        path.write_bytes(b"clusters: {b: {nodes: [x]}}")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert list(inventory.load(str(path), environment)["clusters"]) == ["b"]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'{"key": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_cache_is_not_used(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    path.write_bytes(WHOLE)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = inventory.load(str(path), environment)
    (cache,) = cached(tmp_path / "cache")
    cache.write_bytes(content)
    assert inventory.load(str(path), environment) == first
    assert json.loads(cache.read_bytes())["inventory"] == first


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    path.write_bytes(WHOLE)
    (tmp_path / "file").write_bytes(b"")
    inventory.load(str(path), {"XDG_CACHE_HOME": str(tmp_path / "file")})


def test_a_faulty_file_is_not_cached(tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    path.write_bytes(b"clusters: 1")
    with pytest.raises(ConfigError):
        inventory.load(str(path), {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert cached(tmp_path / "cache") == []


def test_no_secret_is_in_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "asadm.yaml"
    path.write_bytes(WHOLE)
    inventory.load(str(path), {"XDG_CACHE_HOME": str(tmp_path / "cache"), "SECRET": "hunter2"})
    assert all(b"hunter2" not in each.read_bytes() for each in cached(tmp_path / "cache"))


@pytest.mark.parametrize("path", ["/nosuch/asadm.yaml", "/"])
def test_an_inventory_that_cannot_be_read(path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{path}: "):
        inventory.load(path, {"XDG_CACHE_HOME": str(tmp_path)})


def test_secrets_by_reference(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from file\nsecond line\n")
    where = str(tmp_path / "asadm.yaml")
    assert inventory.secret("env:X", where, {"X": "from environment"}) == "from environment"
    assert inventory.secret("file:secret", where, {}) == "from file"
    with pytest.raises(ConfigError, match="the environment variable X of the password is not set"):
        inventory.secret("env:X", where, {})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        inventory.secret("file:nosuch", where, {})


def test_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    (home / ".config" / "asudf").mkdir(parents=True)
    monkeypatch.chdir(here)
    environment = {"HOME": str(home)}
    (home / ".config" / "asudf" / "asadm.yaml").write_bytes(WHOLE)
    assert inventory.find(environment) == str(home / ".config" / "asudf" / "asadm.yaml")
    assert inventory.find({**environment, "XDG_CONFIG_HOME": "/nosuch"}) in {None, "/etc/asudf/asadm.yaml"}
    (here / "asadm.yaml").write_bytes(WHOLE)
    assert inventory.find(environment) == "asadm.yaml"


@pytest.mark.parametrize("kind", ["aerospike", "asudf"])
def test_what_the_nodes_of_a_cluster_are(kind: str) -> None:
    found = parse(f"clusters: {{a: {{type: {kind}, nodes: [h]}}}}".encode(), "f")
    assert found["clusters"]["a"]["type"] == kind


@for_each_row("kind", ["Aerospike", "real", "''", "[aerospike]", "1", "true"])
def test_a_type_that_there_is_not(kind: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f"clusters:\n  a:\n    type: {kind}\n    nodes: [h]\n".encode(), "f")
    assert str(error.value).startswith("f:3: type ")
