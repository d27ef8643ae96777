"""The declarations: that they hold together, how values are spelled, and what may change at run time."""

from operator import itemgetter

import pytest

from asinfo.conf_grammar import number
from asudfd.config.change import named_set, plan
from asudfd.config.load import embedded
from asudfd.config.parameter import NUMBER_MAX, Parameter, listing, parameters, spell
from asudfd.config.schema import ModLua, NamespaceConfig, NetworkServiceConfig, ServiceConfig
from asudfd.config.schema.retired import RETIRED
from asudfd.config.walk import sections
from tests.each import for_each, for_each_row

ALL = [
    (f"{path}-{declared.name}", declared)
    for top in sections()
    for path, section in top.all()
    for declared in section.parameters
]


@for_each(ALL, itemgetter(0))
def test_a_declaration_holds_together(named: tuple[str, Parameter]) -> None:
    _, declared = named
    assert declared.doc.endswith(".")
    assert declared.name == declared.attribute.replace("_", "-")
    if isinstance(declared.default, int) and not isinstance(declared.default, bool):
        assert declared.low <= declared.default <= declared.high
        assert declared.parse(declared.size(declared.high)) == declared.high
    if declared.default not in {"", ()}:
        assert declared.parse(spell(declared.default)) == declared.default
    if declared.own:
        assert declared.effect
        assert not declared.shown


def test_names_do_not_collide() -> None:
    for kind, names in RETIRED.items():
        assert not names.keys() & parameters(kind).keys()
    assert parameters(NamespaceConfig)["strong-consistency"].enterprise


@for_each_row(
    ("text", "value"),
    [("0", 0), ("007", 7), ("4k", 4096), ("1M", 1 << 20), ("2g", 2 << 30), ("1T", 1 << 40), ("1p", 1 << 50)],
)
def test_sizes(text: str, value: int) -> None:
    declared = parameters(ModLua)["context-memory"]
    assert number(text, {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}) == value
    assert declared.size(64 << 20) == "64M"


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), ("30s", 30), ("2m", 120), ("1H", 3600), ("1d", 86400)]
)
def test_durations(text: str, value: int) -> None:
    declared = parameters(ServiceConfig)["migrate-fill-delay"]
    assert declared.parse(text) == value


@for_each_row("text", ["", "-", "x", "1x", "1 ", " 1", "1.5", "0x1", "1kk", "²", "٣", "+1", "--1", "9" * 21])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        parameters(ServiceConfig)["proto-fd-max"].parse(text)


@for_each_row("text", ["-1", "0", "1023", str(NUMBER_MAX + 1), "2147483648", "5G"])
def test_numbers_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="must be from 1024 to 2147483647"):
        parameters(ServiceConfig)["proto-fd-max"].parse(text)


@pytest.mark.parametrize("text", ["0", "1023", "1000001"])
def test_a_running_server_has_limits_of_its_own(text: str) -> None:
    with pytest.raises(ValueError, match="must be from 1024 to 1000000"):
        plan(embedded("/w").service, {"proto-fd-max": text})


def test_a_context_has_memory_enough_to_start() -> None:
    with pytest.raises(ValueError, match="must be from 16M to 1T"):
        parameters(ModLua)["context-memory"].parse("1M")


@for_each_row(
    "text",
    ["any", "localhost", "10.1.2.3", "::1", "fe80::1", "node-1.example.com", "eth0", "a_b", "x.", "1.a"],
)
def test_addresses(text: str) -> None:
    assert parameters(NetworkServiceConfig)["address"].parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "300.1.2.3",
        "1.2.3",
        "1.2.3.4.5",
        "not/an/addr",
        "",
        ".",
        "a..b",
        "-a",
        "a b",
        "::g",
        "[::1]",
        "1.2.3.4:5",
        "127.0.0.1\0",
        "\0:",
        "ä",
        "a" * 64,
        "a." * 127 + "a",
    ],
)
@pytest.mark.parametrize("name", ["address", "access-address", "alternate-access-address"])
def test_what_is_no_address(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="must be any, an IPv4 or IPv6 address or a host name"):
        parameters(NetworkServiceConfig)[name].parse(text)


def test_only_booleans_in_a_file_take_either_case() -> None:
    assert parameters(ServiceConfig)["log-millis"].parse("TRUE") is True
    for declared, text in (
        (parameters(NamespaceConfig)["write-commit-level-override"].parse, "Master"),
        (parameters(ServiceConfig)["enable-hist-info"].parse_live, "TRUE"),
    ):
        with pytest.raises(ValueError, match="must be"):
            declared(text)


@pytest.mark.parametrize("text", ["ANY", "Any", "Local"])
def test_words_for_addresses_have_small_letters(text: str) -> None:
    with pytest.raises(ValueError, match="in small letters"):
        parameters(NetworkServiceConfig)["address"].parse(text)


@for_each_row(
    ("name", "text", "value"),
    [
        ("stop-writes-count", "5s", 5),
        ("stop-writes-count", "0x10", 0),
        ("stop-writes-count", "18446744073709551616", (1 << 63) - 1),
        ("stop-writes-size", "", 0),
        ("stop-writes-size", "1k", 1024),
        ("default-ttl", "-1", NUMBER_MAX),
        ("default-ttl", "", 0),
        ("default-ttl", "2h", 7200),
    ],
)
def test_sets_are_changed_as_the_real_server_reads_it(name: str, text: str, value: int) -> None:
    namespace = embedded("/w").namespaces[0]
    change = plan(named_set(namespace, "s"), {name: text})
    change.apply()
    assert getattr(namespace.sets[b"s"], change.attribute) == value


@pytest.mark.parametrize(
    ("name", "text"), [("default-ttl", "-2"), ("default-ttl", "3651d"), ("stop-writes-size", "5s")]
)
def test_values_of_sets_that_do_not_fit(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        plan(named_set(embedded("/w").namespaces[0], "s"), {name: text})


@pytest.mark.parametrize("name", ["", "x" * 64])
def test_a_set_has_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        named_set(embedded("/w").namespaces[0], name)


def test_of_several_parameters_the_first_in_order_is_changed() -> None:
    service = embedded("/w").service
    assert (
        plan(service, {"ticker-interval": "11", "migrate-threads": "2", "x": "1"}).name == "migrate-threads"
    )


@pytest.mark.parametrize(
    ("name", "text"), [("heartbeat.interval", "50"), ("heartbeat.connect-timeout-ms", "501")]
)
def test_a_connect_may_take_a_third_of_the_time_until_a_node_is_gone(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="more than a third"):
        plan(embedded("/w").network, {name: text})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("ticker-interval", "5m", 5 << 20), ("sindex-gc-period", "1K", 1024), ("min-cluster-size", "0", 0)],
)
def test_plain_seconds_have_the_suffixes_of_sizes(name: str, text: str, value: int) -> None:
    declared = parameters(ServiceConfig)[name]
    assert declared.parse(text) == declared.parse_live(text) == value
    with pytest.raises(ValueError, match="must be a whole number"):
        declared.parse("10s")


def test_a_pause_of_no_time_stands_only_in_a_file() -> None:
    declared = parameters(ServiceConfig)["transaction-retry-ms"]
    assert declared.parse("0") == 0
    with pytest.raises(ValueError, match="must be from 1"):
        declared.parse_live("0")


def test_parameters_of_another_storage_engine_are_unknown() -> None:
    with pytest.raises(ValueError, match="no parameter that can be changed"):
        plan(embedded("/w").namespaces[0], {"post-write-cache": "1M"})


def test_own_parameters_are_listed_apart() -> None:
    config = embedded("/w")
    assert "build" not in dict(listing(config.service))
    assert dict(listing(config.service, own=True)) == {
        "build": "8.1.2.0",
        "proto-buffer-max": str(256 << 20),
        "proto-backlog-max": str(1 << 20),
        "watchdog-seconds": "5",
    }


def test_a_change_has_effect_at_once() -> None:
    config = embedded("/w")
    service = config.service
    for values, name, text in (
        (config.service, "ticker-interval", "120"),
        (config.network, "heartbeat.interval", "200"),
        (config.namespaces[0], "defrag-lwm-pct", "40"),
        (config.namespaces[0], "defrag-sleep", "5"),
        (config.namespaces[0], "geo2dsphere-within-max-level", "7"),
    ):
        plan(values, {name: text}).apply()
    assert config.namespaces[0].geo2dsphere_within.max_level == 7
    assert service.ticker_interval == 120
    assert config.network.heartbeat.interval == 200
    assert config.namespaces[0].storage_engine.defrag_lwm_pct == 40
    assert config.namespaces[0].storage_engine.defrag_sleep == 5
    assert config.namespaces[1].storage_engine.defrag_sleep == 1000


@for_each_row(
    ("name", "text", "told"),
    [
        ("nope", "1", "no parameter that can be changed"),
        ("", "1", "no parameter that can be changed"),
        ("ticker_interval", "1", "no parameter that can be changed"),
        ("heartbeat.interval", "200", "no parameter that can be changed"),
        ("disable-udf-execution", "true", "no parameter that can be changed"),
        ("migrate-fill-delay", "1", "no parameter that can be changed"),
        ("ticker-interval", "x", "must be a whole number"),
        ("cluster-name", "a;b", "must be printable"),
    ],
)
def test_a_change_that_cannot_be(name: str, text: str, told: str) -> None:
    config = embedded("/w")
    with pytest.raises(ValueError, match=told):
        plan(config.service, {name: text})
    assert config.service == embedded("/w").service


def test_a_declaration_is_kept() -> None:
    assert isinstance(parameters(NetworkServiceConfig)["port"], Parameter)
    assert parameters(NetworkServiceConfig) is parameters(NetworkServiceConfig)
