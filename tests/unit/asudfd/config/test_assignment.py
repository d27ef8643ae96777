"""Assignments to parameters on top of a configuration."""

from operator import itemgetter
from pathlib import Path

import pytest

from asinfo.errors import ConfigError
from asudfd.config.assignment import ParameterAssignment
from asudfd.config.load import embedded, load, load_text
from asudfd.config.schema import Config
from tests.each import for_each


def config(*pairs: str, namespaces: tuple[str, ...] = ("test", "bar")) -> Config:
    return embedded("/w", namespaces, [ParameterAssignment(*pair.split("=", 1)) for pair in pairs])


def test_parameters_of_contexts() -> None:
    made = config(
        "service.cluster-name=demo",
        "mod-lua.user-path=modules",
        "network.heartbeat.interval=250",
        "namespace.test.default-ttl=30d",
        "namespace.*.nsup-period=10",
        "namespace.bar.storage-engine.data-size=1G",
        "namespace.bar.set.people.default-ttl=5",
    )
    test, bar = made.namespaces
    assert (made.service.cluster_name, made.mod_lua.user_path) == ("demo", "/w/modules")
    assert made.network.heartbeat.interval == 250
    assert (test.default_ttl, test.nsup_period, bar.default_ttl, bar.nsup_period) == (30 * 86400, 10, 0, 10)
    assert (bar.storage_engine.kind, bar.storage_engine.data_size) == ("memory", 1 << 30)
    assert bar.sets[b"people"].default_ttl == 5


def test_what_fits_only_together_may_come_in_any_order() -> None:
    text = "namespace a {\n nsup-period 0\n}\n"
    pair = [
        ParameterAssignment("namespace.a.default-ttl", "5"),
        ParameterAssignment("namespace.a.nsup-period", "9"),
    ]
    assert load_text(text, "/w", pair).namespaces[0].default_ttl == 5
    assert load_text(text, "/w", pair[::-1]).namespaces[0].default_ttl == 5
    with pytest.raises(ConfigError, match="'default-ttl' needs an 'nsup-period'"):
        load_text(text, "/w", pair[:1])


def test_on_top_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("service {\n cluster-name one\n}\nnamespace a.b {\n nsup-period 5\n}\n")
    made = load(
        str(path),
        None,
        [
            ParameterAssignment("service.cluster-name", "two"),
            ParameterAssignment("namespace.a.b.default-ttl", "7s"),
        ],
    )
    assert (made.service.cluster_name, made.namespaces[0].default_ttl) == ("two", 7)


@for_each([
    ("servic.cluster-name=x", "'servic' is not a context whose parameters can be set so; did you mean 'service'?"),
    ("service.cluster-nam=x", "did you mean 'cluster-name'?"), ("service=x", "names no parameter"), ("=x", "names no parameter"),
    ("mod-lua.cache-enabled=x", "must be true or false"), ("logging.console=x", "can be set so"), ("security.x=y", "enterprise only"),
    ("namespace.tes.default-ttl=5", "there is no namespace 'tes'; did you mean 'test'?"), ("namespace=5", "names no parameter"),
    ("namespace.test=5", "names no parameter"), ("namespace.test.set.x=5", "needs a name"), ("network.service=5", "context"),
    ("service.cluster-name.x=5", "is a parameter, not a context"), ("namespace.test.storage-engine=nvme", "must be memory or device"),
], itemgetter(0))  # fmt: skip
def test_what_is_wrong(case: tuple[str, str]) -> None:
    pair, text = case
    with pytest.raises(ConfigError) as caught:
        config(pair)
    assert str(caught.value).startswith("--set: ")
    assert text in str(caught.value)


def test_what_is_wrong_in_every_namespace_is_told_once() -> None:
    with pytest.raises(ConfigError) as caught:
        config("namespace.*.default-ttl=x")
    assert len(caught.value.problems) == 1


def test_namespaces() -> None:
    made = config(namespaces=("a", "b.c"))
    assert [(each.name, each.nsup_period) for each in made.namespaces] == [("a", 120), ("b.c", 120)]
    for names in (("a", "a"), ("a:b",), ("x" * 40,), ("",)):
        with pytest.raises(ConfigError, match="--namespace: "):
            config(namespaces=names)
