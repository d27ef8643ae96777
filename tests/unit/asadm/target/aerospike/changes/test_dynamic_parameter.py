"""A parameter: its names and values in the words of a node, and where a file has to say it."""

import pytest

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.changes.dynamic_parameter import DynamicParameter
from asadm.target.aerospike.views.asking import NodeInfo
from asinfo.dialogue import Endpoint
from asinfo.errors import UsageError
from tests.each import for_each_row

SERVICE = DynamicParameter("service", "x")


def info(**said: str) -> NodeInfo:
    return NodeInfo(
        NodeAnswer(Endpoint("n"), "ok"), {name.encode(): text.encode() for name, text in said.items()}
    )


@for_each_row(
    ("one", "other", "expected"),
    [
            ("3", "3", True), ("3", "4", False), ("1K", "1024", True), ("1k", "1024", True), ("1K", "1", False),
            ("4G", "4294967296", True), ("2m", "120", True), ("2M", "2097152", True), ("1d", "86400", True), ("10S", "10", True),
            ("true", "yes", True), ("false", "no", True), ("true", "false", False), ("1", "true", False),
            ("-1", "4294967295", True), ("-1", "18446744073709551615", True), ("-1", "1", False),
            ("null", "null", True), ("a", "A", True), ("", "", True), ("9" * 30, "9" * 30, True), ("\u0663", "3", False), ("K", "1024", False),
            ("10%", "10", False),
        ],
)  # fmt: skip
def test_the_same_value_in_other_words(one: str, other: str, expected: bool) -> None:
    assert SERVICE.same(one, other) is expected
    assert SERVICE.same(other, one) is expected


def test_nothing_is_not_empty() -> None:
    assert SERVICE.same(None, None)
    assert not SERVICE.same(None, "")
    assert DynamicParameter("logging", "udf").same("DEBUG", "debug")


def test_levels_of_several_logs() -> None:
    parameter = DynamicParameter("logging", "udf")
    said = info(**{"logs": "0:a;1:b", "log/0": "misc:INFO;udf:INFO", "log/1": "misc:INFO;udf:DEBUG"})
    assert parameter.follow(said) == ["log/0", "log/1"]
    assert parameter.known(said) == {"misc": "INFO", "udf": "INFO/DEBUG", "any": "misc:INFO,udf:INFO/DEBUG"}
    assert parameter.orders(said, "debug") == [b"log-set:id=0;udf=debug", b"log-set:id=1;udf=debug"]
    one = DynamicParameter("logging", "any", file="b")
    assert one.orders(said, "misc:INFO,udf:DEBUG") == [b"log-set:id=1;misc=INFO", b"log-set:id=1;udf=DEBUG"]


NAMESPACE = {
    "get-config:context=namespace;namespace=test": "nsup-period=1;storage-engine=device;storage-engine.defrag-lwm-pct=50"
}


@for_each_row(
    ("parameter", "answers", "expected"),
    [
        (DynamicParameter("service", "migrate-threads"), {}, "service { migrate-threads 3 }"),
        (DynamicParameter("network", "interval", sub="heartbeat"), {"get-config:context=network": "heartbeat.interval=150"},
         "network { heartbeat { interval 3 } }"),
        (DynamicParameter("namespace", "nsup-period", namespace="test"), NAMESPACE, "namespace test { nsup-period 3 }"),
        (DynamicParameter("namespace", "defrag-lwm-pct", namespace="test"), NAMESPACE,
         "namespace test { storage-engine device { defrag-lwm-pct 3 } }"),
        (DynamicParameter("namespace", "default-ttl", namespace="test", set_="s"), {}, "namespace test { set s { default-ttl 3 } }"),
        (DynamicParameter("logging", "udf", file="/a.log"), {}, "logging { file /a.log { context udf 3 } }"),
    ],
)  # fmt: skip
def test_where_a_file_has_to_say_it(
    parameter: DynamicParameter, answers: dict[str, str], expected: str
) -> None:
    assert parameter.section(info(**answers), "3") == expected


@pytest.mark.parametrize("word", ["a;b", "a\nb", "a\0b", "a\tb"])
def test_what_would_end_a_command(word: str) -> None:
    with pytest.raises(UsageError):
        DynamicParameter("service", word)
    with pytest.raises(UsageError):
        DynamicParameter("namespace", "x", namespace=word)
    with pytest.raises(UsageError):
        DynamicParameter("namespace", "x", namespace="n", set_=word)
    with pytest.raises(UsageError):
        SERVICE.orders(info(), word)


def test_secrets_by_their_names() -> None:
    assert DynamicParameter("service", "ldap-password").secret
    assert not DynamicParameter("service", "vault-token-file").secret


def test_an_entry_of_the_history_that_is_damaged() -> None:
    with pytest.raises(UsageError):
        DynamicParameter.of({"context": 1})
    parameter = DynamicParameter("namespace", "x", namespace="n", set_="s")
    assert DynamicParameter.of(parameter.what()).what() == parameter.what()
