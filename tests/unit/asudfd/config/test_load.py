"""Files to Configs: what loads, and all that is told about what does not."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import ConfigError
from asudfd.config.load import check, embedded, load, load_text
from asudfd.config.schema import Config, Level, NamespaceConfig, TlsConfig
from tests.each import for_each_row

REAL = """
# a file of a production cluster
service {
	user root
	group root
	paxos-single-replica-limit 1 # gone since 4.4
	pidfile /var/run/aerospike/asd.pid
	proto-fd-max 15000
	cluster-name prod
	node-id bb9
	run-as-daemon
}

logging {
	file /var/log/aerospike/aerospike.log {
		context any info
		context migrate debug
	}
	syslog {
		facility local0
	}
}

network {
	service {
		address any
		access-address 10.1.2.3
		port 3000
	}
	heartbeat {
		mode mesh
		address any
		port 3002
		mesh-seed-address-port 10.1.2.4 3002
		mesh-seed-address-port 10.1.2.5 3002
		interval 150
		timeout 10
	}
	fabric {
		port 3001
	}
	info {
		port 3003
	}
}

namespace test {
	replication-factor 2
	memory-size 4G
	default-ttl 30d
	nsup-period 2m
	storage-engine memory
}

namespace bar {
	replication-factor 2
	allow-ttl-without-nsup true
	storage-engine device {
		file /opt/aerospike/data/bar.dat
		file /opt/aerospike/data/bar2.dat
		filesize 4G
		data-in-memory true
		commit-to-device TRUE
	}
	set demo {
		default-ttl 1h
		stop-writes-count 1000
	}
	geo2dsphere-within {
		max-cells 8
	}
}

mod-lua {
	cache-enabled true
	user-path /opt/aerospike/usr/udf/lua
	system-path /opt/aerospike/sys/udf/lua
}
"""


def read(tmp_path: Path, text: str, name: str = "f.conf") -> Config:
    path = tmp_path / name
    path.write_text(text)
    return load(str(path))


def problems(tmp_path: Path, text: str, name: str = "f.conf") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, name)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_a_real_file_loads(tmp_path: Path) -> None:
    config = read(tmp_path, REAL)
    assert config.service.cluster_name == "prod"
    assert config.service.node_id == "BB9"
    assert config.service.run_as_daemon
    assert config.network.service.listen_address == "0.0.0.0"
    assert config.network.service.access_address == "10.1.2.3"
    assert config.network.heartbeat.mesh_seed_address_port == ("10.1.2.4 3002", "10.1.2.5 3002")
    test, bar = config.namespaces
    assert (test.name, test.default_ttl, test.nsup_period) == ("test", 30 * 86400, 120)
    assert bar.storage_engine.kind == "device"
    assert bar.storage_engine.file == ("/opt/aerospike/data/bar.dat", "/opt/aerospike/data/bar2.dat")
    assert bar.storage_engine.filesize == 4 << 30
    assert bar.storage_engine.commit_to_device
    assert [(one.name, one.default_ttl, one.stop_writes_count) for one in bar.sets.values()] == [
        ("demo", 3600, 1000)
    ]
    assert bar.geo2dsphere_within.max_cells == 8
    (sink,) = config.logging
    assert sink.path == "/var/log/aerospike/aerospike.log"
    assert (sink.levels["udf"], sink.levels["migrate"]) == (Level.INFO, Level.DEBUG)


def test_a_log_file_that_cannot_be_opened_here_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "f.conf"
    sinks = "".join(f"file {name} {{\n}}\n" for name in (tmp_path, "/nowhere/x.log", "here.log", "x" * 300))
    path.write_text(f"logging {{\n{sinks}}}\nnamespace test {{\n}}\n")
    told = [str(warning).removeprefix(f"{path}:") for warning in check(str(path))]
    assert told == [
        f"2: the log file {tmp_path} is a directory: no start here",
        "4: the log file /nowhere/x.log is in a directory that is not there: no start here",
    ]


@pytest.mark.parametrize(
    ("files", "line"),
    [(("a.dat", "a.dat"), 4), (("a.dat", "b.dat"), 0), (("./a.dat", "a.dat"), 4)],
)
def test_a_file_of_records_has_one_place(files: tuple[str, str], line: int, tmp_path: Path) -> None:
    engine = "storage-engine device {{\n{}filesize 128M\n}}\n"
    lines = [f"file {name}\n" for name in files]
    one = "namespace a {\n" + engine.format("".join(lines)) + "}\n"
    two = "".join(
        f"namespace {name} {{\n{engine.format(file)}}}\n" for name, file in zip("ab", lines, strict=True)
    )
    path = tmp_path / "f.conf"
    for text, at in ((one, line), (two, line and 9)):
        path.write_text(text)
        if line:
            with pytest.raises(ConfigError, match=f":{at}: 'file' .* stands twice"):
                check(str(path))
        else:
            check(str(path))


def test_what_is_retired_or_useless_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "f.conf"
    path.write_text(REAL)
    told = [str(warning).removeprefix(f"{path}:") for warning in check(str(path))]
    assert "6: 'paxos-single-replica-limit' no longer exists and is ignored" in told
    assert any("'system-path' is ignored: the library for Lua is built in" in line for line in told)
    assert any("'memory-size' now is data-size" in line for line in told)
    assert any("'syslog' is not served" in line for line in told)
    assert any("without effect here: service.user" in line for line in told)
    assert "63: 'commit-to-device' is enterprise only on a real server; here it works" in told
    assert "60: all records go to the first file, /opt/aerospike/data/bar.dat" in told
    assert any("'info' no longer exists and is ignored" in line for line in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("service {\nticker-interval 1 2\n}", "2: '2' is more than 'ticker-interval' takes: it is ignored"),
        ("service x {\n}", "1: 'x' is more than 'service' takes: it is ignored"),
        ("namespace a b {\n}", "1: 'b' is more than 'namespace' takes: it is ignored"),
        ("namespace a {\nset s t u v w {\n}\n}", "2: 't' is more than 'set' takes: it is ignored"),
        (
            "namespace a {\nstorage-engine memory x\n}",
            "2: 'x' is more than 'storage-engine' takes: it is ignored",
        ),
        ("logging {\nconsole x {\n}\n}", "2: 'x' is more than 'console' takes: it is ignored"),
        (
            "logging {\nconsole {\ncontext any info x\n}\n}",
            "3: 'x' is more than 'context' takes: it is ignored",
        ),
        ("network {\ninfo {\nnosuch 1\n}\n}", "2: 'info' no longer exists and is ignored"),
    ],
)
def test_what_nobody_reads_is_a_warning(tmp_path: Path, text: str, told: str) -> None:
    assert told in [f"{one.line}: {one.message}" for one in read(tmp_path, text).warnings]


def test_a_set_may_have_several_blocks(tmp_path: Path) -> None:
    text = "namespace a {\nset s {\ndisable-eviction true\n}\nset s {\nstop-writes-count 10G\n}\n}"
    (one,) = read(tmp_path, text).namespaces[0].sets.values()
    assert (one.name, one.disable_eviction, one.stop_writes_count) == ("s", True, 10 << 30)


def test_the_time_to_live_of_a_set_may_be_for_ever(tmp_path: Path) -> None:
    config = read(tmp_path, "namespace a {\nset s {\ndefault-ttl -1\n}\n}")
    assert config.namespaces[0].sets[b"s"].default_ttl == 0xFFFFFFFF


@for_each_row(
    ("text", "told"),
    [
        (
            "service {\nclustr-name x\n}",
            "2: 'clustr-name' is not a parameter of 'service'; did you mean 'cluster-name'?",
        ),
        ("servce {\n}", "1: 'servce' is not a context of the file; did you mean 'service'?"),
        ("service {\nticker-interval abc\n}", "2: 'ticker-interval' must be a whole number"),
        (
            "service {\nquery-max-done 10001\n}",
            "2: 'query-max-done' must be from 0 to 10000, not 10001",
        ),
        ("network {\nservice {\nport 80\n}\n}", "3: 'port' must be from 1024 to 65535, or 0, not 80"),
        ("network {\nservice {\naddress 192.0.2.1\n}\n}", "3: 'address' is no address of this machine"),
        ("network {\nhttp {\naddress 2001:db8::1\n}\n}", "3: 'address' is no address of this machine"),
        (f"mod-lua {{\nuser-path {Path(__file__).resolve()}\n}}", "2: 'user-path' is no directory"),
        (
            "network {\nheartbeat {\ninterval 100\n}\n}",
            "3: 'connect-timeout-ms' is more than a third of 'interval' times 'timeout'",
        ),
        (
            "network {\nfabric {\nchannel-rw-recv-pools 3\n}\n}",
            "3: 'channel-rw-recv-threads' is no multiple of 'channel-rw-recv-pools'",
        ),
        (
            "namespace a {\npartition-tree-sprigs 300\n}",
            "2: 'partition-tree-sprigs' must be a power of two, not 300",
        ),
        ("service {\nticker-interval\n}", "2: 'ticker-interval' has no value"),
        (
            "service {\nticker-interval 10s\n}",
            "2: 'ticker-interval' must be a whole number, with k m g t p as suffix",
        ),
        ("service {\nfeature-key-file /x\n}", "2: 'feature-key-file' is enterprise only"),
        ("network {\nservice {\ntls-port 0\n}\n}", "3: 'tls-port' is enterprise only"),
        ("network {\nservice {\naddress ANY\n}\n}", "3: 'address' must be any in small letters"),
        (
            "network {\nservice {\naccess-address a.invalid\n}\n}",
            "3: 'access-address' is not the name of a host that is known here: a.invalid",
        ),
        ("service {\nticker-interval {\n}\n}", "2: 'ticker-interval' is a parameter, not a context"),
        ("service {\nadvertise-ipv6 yes\n}", "2: 'advertise-ipv6' must be true or false, not 'yes'"),
        ("service {\nnode-id 0\n}", "2: 'node-id' must be 1 to 16 hexadecimal digits"),
        ("service {\nnode-id 12345678901234567\n}", "2: 'node-id' must be 1 to 16 hexadecimal digits"),
        ("service {\nbuild eight\n}", "2: 'build' must be 2 to 5 numbers joined by dots"),
        ("service {\ncluster-name a;b\n}", "2: 'cluster-name' must be printable"),
        ("service", "1: 'service' is a context: '{' is missing"),
        ("network {\nservice {\nport 65536\n}\n}", "3: 'port' must be from 1024 to 65535, or 0, not 65536"),
        ("network {\nservice\n}", "2: 'service' is a context: '{' is missing"),
        ("network {\nheartbeat {\nmode ring\n}\n}", "3: 'mode' must be mesh or multicast, not 'ring'"),
        ("network {\ntls x {\n}\n}", "2: 'tls' is enterprise only"),
        (
            "network {\nresp {\ntls-name x\n}\ntls y {\n}\ntls x {\ncert-file a\nkey-file a\nca-file a\n}\n}",
            "5: 'tls' is enterprise only",
        ),
        ("network {\nresp {\ntls-port 0\n}\n}", "3: 'tls-port' needs a 'tls-name'"),
        (
            "network {\nresp {\ntls-port 0\ntls-name x\n}\n}",
            "3: there is no context 'tls x' in 'network'",
        ),
        (
            "network {\nresp {\ntls-name x\n}\ntls x {\nkey-file a\nca-file a\n}\n}",
            "5: 'tls x' needs a 'cert-file'",
        ),
        (
            "network {\nresp {\ntls-name x\n}\ntls x {\ncert-file a\nca-file a\n}\n}",
            "5: 'tls x' needs a 'key-file'",
        ),
        (
            "network {\nresp {\ntls-name x\n}\ntls x {\ncert-file a\nkey-file a\n}\n}",
            "5: 'tls x' needs a 'ca-file'",
        ),
        (
            "network {\nresp {\ntls-auth-clients maybe\n}\n}",
            "3: 'tls-auth-clients' must be yes or no or optional",
        ),
        ("network {\nresp {\nport -2\n}\n}", "3: 'port' must be from -1 to 65535, not -2"),
        ("network {\nresp {\nport 65536\n}\n}", "3: 'port' must be from -1 to 65535, not 65536"),
        ("resp {\nport 6379\n}", "2: 'port' belongs in 'network { resp {'"),
        ("network {\nresp {\nmaxmemory 1G\n}\n}", "3: 'maxmemory' belongs in 'resp {'"),
        ("network {\nresp {\nport 3000\n}\n}", "3: 'resp' and 'service' both use port 3000"),
        ("network {\nresp {\naddress 192.0.2.1\n}\n}", "3: 'address' is no address of this machine"),
        ("network {\nfabric {\nport 3000\n}\n}", "3: 'fabric' and 'service' both use port 3000"),
        ("security {\n}", "1: 'security' is enterprise only"),
        ("xdr {\n}", "1: 'xdr' is enterprise only"),
        ("namespace {\n}", "1: 'namespace' needs a name"),
        (f"namespace {'n' * 32} {{\n}}", "1: a name has 1 to 31 bytes"),
        ("namespace a=b {\n}", "1: 'a=b' cannot be a name"),
        ("namespace a {\n}\nnamespace a {\n}", "3: the namespace 'a' is declared twice"),
        ("namespace a {\nset s\n}", "2: 'set' is a context: '{' is missing"),
        ("namespace a {\nset {\n}\n}", "2: 'set' needs a name"),
        ("namespace a {\nstorage-engine tape\n}", "2: 'storage-engine' must be memory or device"),
        ("namespace a {\nstorage-engine pmem {\n}\n}", "2: 'storage-engine' is enterprise only"),
        ("namespace a {\nindex-type flash {\nmount /x\n}\n}", "2: 'index-type' is enterprise only"),
        ("namespace a {\nsindex-type pmem\n}", "2: 'sindex-type' is enterprise only"),
        (
            "network {\nservice {\naddress 300.1.2.3\n}\n}",
            "3: 'address' must be any, an IPv4 or IPv6 address",
        ),
        ("network {\nservice {\naccess-address not/an/addr\n}\n}", "3: 'access-address' must be any"),
        ("mod-lua {\ncontext-memory 1M\n}", "2: 'context-memory' must be from 16M to 1T bytes, not 1M"),
        ("service {\nproto-fd-max 0\n}", "2: 'proto-fd-max' must be from 1024 to 2147483647, not 0"),
        (
            "namespace a {\nstorage-engine device {\n}\n}",
            "2: the namespace 'a' has a device without a 'file'",
        ),
        ("namespace a {\nstorage-engine device {\nfile a\n}\n}", "3: a 'file' needs a 'filesize'"),
        (
            "namespace a {\nstorage-engine device {\nfile a\nfilesize 1M\n}\n}",
            "4: 'filesize' must be from 128M to 2T bytes",
        ),
        (
            "namespace a {\nstorage-engine device {\ndevice /dev/x\nfilesize 1G\n}\n}",
            "3: block devices are not served",
        ),
        (
            "namespace a {\nstorage-engine device {\nfile a\nfilesize 1G\ndata-size 1G\n}\n}",
            "5: 'data-size' is a parameter of storage-engine memory only",
        ),
        (
            "namespace a {\nstorage-engine memory {\nfile a\nfilesize 1G\ndata-size 1G\n}\n}",
            "5: 'data-size' cannot stand beside a 'file'",
        ),
        ("namespace a {\nstorage-engine memory {\nflush-size 1M\n}\n}", "3: 'flush-size' needs a 'file'"),
        (
            "namespace a {\nstorage-engine memory\nstorage-engine memory\n}",
            "3: there is a 'storage-engine' already, in line 2",
        ),
        ("namespace a {\ndefault-ttl 1d\n}", "2: 'default-ttl' needs an 'nsup-period' that is not 0"),
        ("namespace a {\nset s {\ndefault-ttl 1d\n}\n}", "3: 'default-ttl' needs an 'nsup-period'"),
        (
            "network {\nheartbeat {\nmesh-seed-address-port a\n}\n}",
            "3: 'mesh-seed-address-port' must be an address and a port from 1024",
        ),
        ("namespace a {\nstrong-consistency true\n}", "2: 'strong-consistency' is enterprise only"),
        ("".join(f"namespace n{n} {{\n}}\n" for n in range(33)), "65: there are more than 32 namespaces"),
        ("logging {\n" + "console {\n}\n" * 17 + "}", "0: there are more than 16 log sinks"),
        (
            "network {\nheartbeat {\n" + "mesh-seed-address-port a 3002\n" * 129 + "}\n}",
            "131: 'mesh-seed-address-port' is given more than 128 times",
        ),
        ("mod-lua {\ncontext-max 5\n}", "2: 'context-max' 5 must not be below 'context-count' 10"),
        (f"mod-lua {{\nuser-path /{'x' * 255}\n}}", "2: 'user-path' is longer than 255 bytes"),
        (f"service {{\nwork-directory /{'x' * 250}\n}}", "0: 'user-path' is longer than 255 bytes"),
        ("logging {\nconsole {\nformat json\n}\n}", "3: 'format' must be aerospike or valkey, not 'json'"),
        ("logging {\nconsole {\nformat\n}\n}", "3: 'format' must be aerospike or valkey, not ''"),
        ("logging {\nconsole {\nformat valkey {\n}\n}\n}", "3: a sink takes lines of the form"),
        ("logging {\nfile {\n}\n}", "2: a sink is 'file PATH {' or 'console {'"),
        ("logging {\nconsole\n}", "2: 'console' is a context: '{' is missing"),
        ("logging {\nfil x {\n}\n}", "2: 'fil' is not a log sink; did you mean 'file'?"),
        ("logging {\nconsole {\ncontext\n}\n}", "3: a sink takes lines of the form 'context NAME LEVEL'"),
        ("logging {\nconsole {\ncontext any loud\n}\n}", "3: 'loud' is not a level: critical, warning, info"),
        (
            "logging {\nconsole {\ncontext upf info\n}\n}",
            "3: 'upf' is not a log context; did you mean 'udf'?",
        ),
    ],
)
def test_a_fault_is_told(tmp_path: Path, text: str, told: str) -> None:
    (line,) = problems(tmp_path, text)
    assert line.startswith(told)


def test_all_faults_of_a_file_are_told_in_order(tmp_path: Path) -> None:
    told = problems(tmp_path, "service {\na 1\nnode-id xyz\n}\nfoo\n}\n")
    assert [line.partition(":")[0] for line in told] == ["2", "3", "5", "6"]


@pytest.mark.parametrize("text", ["x\n", "service {\n" + "x\n" * 200 + "}\n", "}\n"])
def test_the_number_of_problems_told_is_limited(tmp_path: Path, text: str) -> None:
    told = problems(tmp_path, text * 200)
    assert len(told) == 101
    assert told[-1] == "0: there are more problems"


def test_the_last_of_two_counts_with_a_warning(tmp_path: Path) -> None:
    config = read(tmp_path, "service {\nnode-id A\nnode-id B\n}\nnamespace a {\n}")
    assert config.service.node_id == "B"
    assert [str(one.message) for one in config.warnings] == [
        "'node-id' is given again: line 2 no longer counts"
    ]


def test_the_same_port_on_two_addresses_is_no_clash(tmp_path: Path) -> None:
    config = read(
        tmp_path, "network {\nservice {\naddress 127.0.0.1\n}\nadmin {\naddress 127.0.0.2\nport 3000\n}\n}"
    )
    assert config.network.admin.port == 3000


def test_a_sink_without_lines_takes_info(tmp_path: Path) -> None:
    (sink,) = read(tmp_path, "logging {\nconsole {\n}\n}").logging
    assert set(sink.levels.values()) == {Level.INFO}
    assert sink.path is None


def test_a_sink_with_lines_takes_only_what_they_name(tmp_path: Path) -> None:
    (sink,) = read(tmp_path, "logging {\nconsole {\ncontext udf Detail\n}\n}").logging
    assert (sink.levels["udf"], sink.levels["info"]) == (Level.DETAIL, Level.CRITICAL)


def test_where_modules_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, "").mod_lua.user_path == "/opt/aerospike/usr/udf/lua"
    assert read(tmp_path, "service {\nwork-directory /w\n}").mod_lua.user_path == "/w/usr/udf/lua"
    assert (
        read(tmp_path, "service {\nwork-directory /w\n}\nmod-lua {\nuser-path m\n}").mod_lua.user_path
        == "/w/m"
    )
    assert read(tmp_path, "mod-lua {\nuser-path /m\n}").mod_lua.user_path == "/m"


def test_the_work_directory_of_the_command_line_counts(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("service {\nwork-directory /w\n}")
    config = load(str(tmp_path / "f"), "/v")
    assert (config.service.work_directory, config.mod_lua.user_path) == ("/v", "/v/usr/udf/lua")


def test_a_work_directory_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    assert load(str(tmp_path / "f"), "/\udcff").mod_lua.user_path == "/\udcff/usr/udf/lua"


def test_the_embedded_configuration() -> None:
    config = embedded("/state")
    assert [namespace.name for namespace in config.namespaces] == ["test", "bar"]
    assert (config.service.node_id, config.service.cluster_name) == ("A1", "null")
    assert (config.network.service.address, config.network.service.port) == ("127.0.0.1", 3000)
    assert config.mod_lua.user_path == "/state/usr/udf/lua"
    assert config.service.work_directory == "/state"


def test_two_configurations_share_nothing() -> None:
    one, other = embedded("/a"), embedded("/b")
    one.namespaces[0].default_ttl = 5
    one.logging[0].levels["udf"] = Level.DETAIL
    assert other.namespaces[0] == NamespaceConfig("test", nsup_period=120)
    assert other.logging[0].levels["udf"] is Level.INFO


@pytest.mark.parametrize("name", ["missing", "", "a\0b", "x" * 300])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / name) if name else "")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "f").touch(0o000)
    with pytest.raises(ConfigError, match="Permission denied"):
        load(str(tmp_path / "f"))


def test_an_endless_file() -> None:
    with pytest.raises(ConfigError, match="/dev/zero: cannot be read: is a device, not a file"):
        load("/dev/zero")


WORDS = [word.encode() for word in sorted(set(REAL.split()))]
PIECES = st.sampled_from([*WORDS, b"{", b"}", b"\n", b" ", b"#", b"\0", b"\xff", b"-1", b"9" * 30, b"1x"])


@given(st.one_of(st.binary(), st.lists(PIECES).map(b" ".join)), st.sampled_from(["f.conf", "f.yaml"]))
def test_any_bytes_give_a_config_or_its_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with suppress(ConfigError):
        assert isinstance(load(str(path)), Config)


@given(st.integers(0, len(REAL)))
def test_a_truncated_file_never_loads_by_half(tmp_path_factory: pytest.TempPathFactory, end: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.conf"
    path.write_text(REAL[:end])
    opened = sum(line.split("#")[0].rstrip().endswith("{") for line in REAL[:end].splitlines())
    closed = sum(line.strip() == "}" for line in REAL[:end].splitlines())
    if opened != closed:
        with pytest.raises(ConfigError):
            load(str(path))


TLS = """\
network {
    resp {
        tls-port 0
        tls-name x
        tls-auth-clients optional
    }
    tls x {
        cert-file /cert
        key-file /key
    }
    tls x {
        ca-file /ca
    }
}
namespace a {
}
"""


def test_tls_of_the_port_for_valkey(tmp_path: Path) -> None:
    config = load_text(TLS, str(tmp_path))
    assert config.network.resp.is_asked_for
    assert config.network.tls == TlsConfig("/cert", "/key", "/ca")
    assert config.warnings == []
    without_port = load_text(TLS.replace("tls-port 0", ""), str(tmp_path))
    assert not without_port.network.resp.is_asked_for
    assert "'tls-name' counts only with a 'tls-port'" in str(without_port.warnings[0])


def test_port_0_of_resp_asks_for_a_port(tmp_path: Path) -> None:
    for text, asked in (("", False), ("port 0", True), ("port 6379", True), ("address any", False)):
        config = load_text(f"network {{\nresp {{\n{text}\n}}\n}}\nnamespace a {{\n}}", str(tmp_path))
        assert config.network.resp.is_asked_for == asked


def test_the_form_of_a_sink(tmp_path: Path) -> None:
    text = "logging {\nfile a {\nformat valkey\ncontext udf debug\n}\nconsole {\nformat valkey\n}\nconsole {\n}\n}"
    sinks = load_text(f"{text}\nnamespace a {{\n}}", str(tmp_path)).logging
    assert [sink.form for sink in sinks] == ["valkey", "valkey", "aerospike"]
    assert (sinks[0].levels["udf"], sinks[0].levels["info"]) == (Level.DEBUG, Level.CRITICAL)
    assert sinks[1].levels["info"] == Level.INFO
