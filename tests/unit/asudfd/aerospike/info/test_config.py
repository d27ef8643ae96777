"""get-config and set-config, answer by answer; the long lines as a real server 8.1.2.0 gave them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asudfd.aerospike.info.config import ROWS
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoTable
from asudfd.config.load import embedded, load
from asudfd.config.schema import Config
from asudfd.errors import CommandError
from asudfd.network.session import ClientSession

MEASURED = dict(
    line.split("\t") for line in (Path(__file__).parent / "get_config_8_1_2.txt").read_text().splitlines()
)

REFERENCE = """
service {
	batch-index-threads 2
	service-threads 2
	cluster-name ref
	pidfile /run/asd.pid
	proto-fd-max 4000
	run-as-daemon false
	work-directory /run/work
}
network {
	service {
		port 3100
		access-address 127.0.0.1
	}
	admin {
		port 3103
		address 127.0.0.1
	}
	heartbeat {
		port 3102
		address 127.0.0.1
	}
	fabric {
		port 3101
		address 127.0.0.1
	}
}
namespace test {
	nsup-period 120
	storage-engine memory {
		data-size 512M
	}
}
"""


INVALID = b"ERROR:4:invalid set-config parameter"


class FakeLog:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, context: str, text: str) -> None:
        self.lines.append((context, text))

    warning = info


def fake_node(config: Config) -> Any:
    return SimpleNamespace(
        id="A1",
        config=config,
        log=FakeLog(),
        cluster=SimpleNamespace(here={"A1", "A2"}, members={"A1", "A2"}),
    )


@pytest.fixture
def node() -> Any:
    return fake_node(embedded("/w"))


def ask(node: Any, command: bytes) -> bytes:
    rows = InfoTable([ROWS]).rows
    name, _, parameters = command.partition(b":")
    try:
        answer = rows[name].handler(node, Request(name, parameters, ClientSession()))
        assert isinstance(answer, bytes)
    except CommandError as error:
        return error.answer
    return answer


@pytest.mark.parametrize("command", [command for command in MEASURED if command.startswith("get-config")])
def test_lines_of_the_real_server(tmp_path: Path, command: str) -> None:
    path = tmp_path / "f"
    path.write_text(REFERENCE)
    assert ask(fake_node(load(str(path))), command.encode()).decode().split(";") == MEASURED[command].split(
        ";"
    )


def test_without_a_context_service_and_network(node: Any) -> None:
    both = ask(node, b"get-config:context=service") + b";" + ask(node, b"get-config:context=network")
    assert ask(node, b"get-config") == ask(node, b"get-config:") == ask(node, b"config-get") == both


def test_a_namespace_under_both_spellings(node: Any) -> None:
    line = ask(node, b"get-config:context=namespace;id=bar")
    assert line.startswith(b"active-rack=0;")
    assert ask(node, b"get-config:namespace=bar;context=namespace") == line


def test_files_of_a_device(node: Any) -> None:
    engine = node.config.namespaces[0].storage_engine
    engine.kind, engine.file = "device", ("/a", "/b")
    line = ask(node, b"get-config:context=namespace;id=test")
    assert b";storage-engine=device;storage-engine.file[0]=/a;storage-engine.file[1]=/b;" in line
    assert b"stripe" not in line


def test_our_own_parameters(node: Any) -> None:
    answer = ask(node, b"get-config:context=asudf")
    assert answer.startswith(
        b"mod-lua.cache-enabled=true;mod-lua.user-path=/w/usr/udf/lua;mod-lua.allow-unsafe-lua=false;"
        b"mod-lua.context-count=10;mod-lua.context-max=128;mod-lua.context-memory=100663296;mod-lua.body-max-ms=1000;"
    )
    others, resp, valkey = answer.partition(b";resp.")
    assert resp
    assert b";resp." in valkey
    assert others.endswith(
        b";service.build=8.1.2.0;service.proto-buffer-max=268435456;service.proto-backlog-max=1048576;service.watchdog-seconds=5;"
        b"network.http.address=127.0.0.1;network.http.port=0;network.resp.address=127.0.0.1;network.resp.port=-1;network.resp.tls-port=-1;network.resp.tls-name=null;network.resp.tls-auth-clients=yes;"
        b"smd.backend=local;smd.endpoint=null;smd.prefix=/asudf;smd.user=null;smd.password-file=null;"
        b"smd.tls-ca-file=null;smd.tls-cert-file=null;smd.tls-key-file=null;smd.lease-ttl=5"
    )


def test_a_directory_that_is_not_utf8() -> None:
    assert b"work-directory=/\xff" in ask(fake_node(embedded("/\udcff")), b"get-config:context=service")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"get-config:context=namespace", b"ERROR:20:missing 'namespace'"),
        (b"get-config:context=namespace;id=nope", b"ERROR:20:namespace not found on node"),
        (b"get-config:context=namespace;id=", b"ERROR:20:missing 'namespace' value"),
        (b"get-config:context=security", b""),
        (b"get-config:context=xdr", b""),
        (b"get-config:context=mod-lua", b"ERROR:4:invalid context"),
        (b"get-config:context=logging", b"ERROR:4:invalid context"),
        (b"get-config:context=", b"ERROR:4:missing 'context' value"),
        (b"get-config:context", b"ERROR:4:missing 'context'"),
        (b"get-config:foo=bar", b"ERROR:4:missing 'context'"),
        (b"get-config:context=network.heartbeat", b"ERROR:4:invalid context"),
        (b"get-config:context=udf", b"ERROR:4:invalid context"),
        (b"set-config", b"ERROR:4:missing 'context'"),
        (b"set-config:", b"ERROR:4:missing 'context'"),
        (b"set-config:context=service", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=service;foo=1", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=service;ticker-interval", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=service;\xff=1", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=nope;a=b", b"ERROR:4:invalid context"),
        (b"set-config:context=asudf;mod-lua.context-max=1", b"ERROR:4:invalid context"),
        (b"set-config:context=service;ticker-interval=10", b"ok"),
        (b"set-config:context=service;ticker-interval=abc", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=service;info-max-ms=10000", b"ok"),
        (b"set-config:context=service;info-max-ms=1", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=namespace;id=test;default-ttl=0", b"ok"),
        (b"set-config:context=namespace;id=nope;default-ttl=0", b"ERROR:20:namespace not found on node"),
        (b"set-config:context=namespace;default-ttl=0", b"ERROR:20:missing 'namespace'"),
        (b"set-config:context=network;heartbeat.interval=150", b"ok"),
        (b"set-config:context=mod-lua;cache-enabled=true", b"ERROR:4:invalid context"),
        (b"set-config:context=security;x=1", b"ERROR:25:enterprise only"),
        (b"set-config:context=xdr;x=1", b"ERROR:25:enterprise only"),
        (b"set-config:context=service;transaction-max-ms=1000", b"ok"),
        (b"set-config:context=service;disable-udf-execution=false", b"ERROR:4:invalid set-config parameter"),
        (b"set-config:context=service;enable-hist-info=true", b"ok"),
        (b"config-set:context=service;ticker-interval=10", b"ok"),
    ],
)
def test_an_answer(node: Any, command: bytes, answer: bytes) -> None:
    assert ask(node, command) == answer


def test_a_change_is_seen_and_logged(node: Any) -> None:
    assert ask(node, b"set-config:context=service;ticker-interval=60") == b"ok"
    assert node.config.service.ticker_interval == 60
    assert b";ticker-interval=60;" in ask(node, b"get-config:context=service")
    assert node.log.lines == [("config", "node A1: set-config: ticker-interval is now 60")]


def test_of_several_changes_the_first_in_order_is_made_and_the_log_tells_what_is_not(node: Any) -> None:
    assert ask(node, b"set-config:context=service;ticker-interval=60;info-max-ms=900;no\x1bpe=5") == b"ok"
    assert (node.config.service.ticker_interval, node.config.service.info_max_ms) == (10, 900)
    assert node.log.lines[-1][1].endswith("changes one parameter, ignored: 'ticker-interval, no\\x1bpe'")


def test_a_set_is_made_even_by_a_line_that_is_refused(node: Any) -> None:
    place = b"set-config:context=namespace;namespace=test;set=s;"
    assert ask(node, place + b"default-ttl=x") == b"ERROR:4:invalid set-config parameter"
    assert ask(node, place + b"default-ttl=-1") == b"ok"
    assert node.config.namespaces[0].sets[b"s"].default_ttl == 0xFFFFFFFF


def test_a_cluster_cannot_be_demanded_larger_than_it_is(node: Any) -> None:
    line = b"set-config:context=service;min-cluster-size="
    assert ask(node, line + b"3") == b"ERROR:4:invalid set-config parameter"
    assert ask(node, line + b"2") == b"ok"


def test_more_clients_than_the_system_has_files_for(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _which: (4100, 4100))
    monkeypatch.setattr(
        "resource.setrlimit", lambda *_: pytest.fail("a node changes no limit of its process")
    )
    assert (
        ask(node, b"set-config:context=service;proto-fd-max=2001") == b"ERROR:4:invalid set-config parameter"
    )
    assert node.config.service.proto_fd_max == 15000
    assert ask(node, b"set-config:context=service;proto-fd-max=2000") == b"ok"
    assert ask(node, b"set-config:context=service;proto-fd-max=0") == b"ERROR:4:invalid set-config parameter"
    assert node.config.service.proto_fd_max == 2000


def test_records_get_a_time_to_live_only_where_they_are_removed(node: Any) -> None:
    namespace = node.config.namespaces[0]
    in_namespace = b"set-config:context=namespace;namespace=test;default-ttl="
    in_set = b"set-config:context=namespace;namespace=test;set=s;default-ttl="
    namespace.nsup_period = 0
    assert ask(node, in_namespace + b"10") == ask(node, in_set + b"10") == INVALID
    assert ask(node, in_namespace + b"0") == ask(node, in_set + b"-1") == b"ok"
    namespace.allow_ttl_without_nsup = True
    assert ask(node, in_namespace + b"10") == ask(node, in_set + b"10") == b"ok"


def test_the_unit_of_histograms_is_not_changed_while_there_are_some(node: Any) -> None:
    line = b"set-config:context=service;microsecond-histograms=true"
    node.config.namespaces[1].enable_benchmarks_read = True
    assert ask(node, line) == INVALID
    node.config.namespaces[1].enable_benchmarks_read = False
    assert ask(node, line) == b"ok"
