"""Scripts and functions of the Valkey face as its clients see them: busy ones, the cache, statistics; and DEBUG."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asudfd.valkey.settings import ValkeySettings
from tests.recorded.valkey import ReplyStream, command
from tests.service.test_valkey_sessions import Served, serve, words

ENDLESS = "while true do end"
OVER = b"-OOM command not allowed when used memory > 'maxmemory'."


@pytest.fixture
def served() -> Iterator[Served]:
    yield from serve(ValkeySettings(values={"enable-debug-command": "yes", "busy-reply-threshold": "10"}))


def wait_until_busy(client: ReplyStream) -> None:
    while client.call(["PING"]) == b"+PONG\r\n":
        pass


def information(client: ReplyStream, field: str) -> str:
    lines = client.call(["INFO", "everything"]).decode().split("\r\n")
    return next((line.partition(":")[2] for line in lines if line.startswith(f"{field}:")), "")


def calls_of(client: ReplyStream, name: str) -> tuple[str, str, str]:
    """How often a command has run, was rejected and has failed."""
    fields = dict(each.split("=") for each in information(client, f"cmdstat_{name}").split(","))
    return fields["calls"], fields["rejected_calls"], fields["failed_calls"]


def test_what_comes_while_the_own_script_runs_is_answered_behind_it(served: Served) -> None:
    client, other = served.connect(), served.connect()
    client.send(command(["EVAL", ENDLESS, "0"]))
    wait_until_busy(other)
    client.send(command(["PING"]))
    assert other.call(["PING"]).startswith(b"-BUSY")
    assert other.call(words("SCRIPT KILL")) == b"+OK\r\n"
    assert client.read().startswith(b"-ERR Script killed by user with SCRIPT KILL.")
    assert client.read() == b"+PONG\r\n"


def test_a_client_that_waits_is_served_after_the_script(served: Served) -> None:
    waits, client, other = served.connect(), served.connect(), served.connect()
    assert client.call(words("DEBUG SET-DISABLE-DENY-SCRIPTS 1")) == b"+OK\r\n"
    waits.send(command(words("BLPOP x 0")))
    while information(other, "blocked_clients") == "0":
        pass
    body = "redis.call('lpush', 'x', 'y') while not redis.call('client', 'list'):find('name=end ') do end "
    client.send(command(["EVAL", f"{body} return redis.call('lpush', 'x', 'z')", "0"]))
    wait_until_busy(other)
    assert other.call(words("HELLO 2 SETNAME end"))
    assert client.read() == b":2\r\n"
    assert waits.read() == b"*2\r\n$1\r\nx\r\n$1\r\nz\r\n"


def test_function_stats_tells_of_a_busy_script_that_it_is_one(served: Served) -> None:
    client, other = served.connect(), served.connect()
    client.send(command(["EVAL", ENDLESS, "0"]))
    wait_until_busy(other)
    assert other.call(words("FUNCTION STATS")).startswith(b"-BUSY")
    other.call(words("SCRIPT KILL"))
    client.read()
    assert other.call(words("FUNCTION STATS")).startswith(b"*4\r\n$14\r\nrunning_script\r\n$-1\r\n")


@pytest.mark.parametrize(
    "bounds", ["-2, 2147483647", "0, 2147483647", "-2147483648, -2", "1, 7998", "-2147483648, 1e9"]
)
def test_unpack_of_too_many_is_an_error(served: Served, bounds: str) -> None:
    reply = served.connect().call(["EVAL", f"return {{unpack({{1, 2, 3}}, {bounds})}}", "0"])
    assert reply == b"-ERR user_script:1: too many results to unpack script: on @user_script:1.\r\n"


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ("{1, 2, 3}", 3),
        ("{1, 2, 3}, -1, 5", 7),
        ("{1}, -2147483648, -2147483646", 3),
        ("{1}, 2147483647, 2147483647", 1),
        ("{}, 1, 7997", 7997),
        ("{1, 2, 3}, 1, -1", 0),
        ("{1, 2}, '1', 2.9", 2),
    ],
)
def test_unpack_gives_what_there_is(served: Served, arguments: str, count: int) -> None:
    assert (
        served.connect().call(["EVAL", f"return select('#', unpack({arguments}))", "0"]) == b":%d\r\n" % count
    )


def test_scripts_of_eval_are_evicted_and_loaded_ones_stay(served: Served) -> None:
    client = served.connect()
    loaded = client.call(words("SCRIPT LOAD return'loaded'")).split(b"\r\n")[1].decode()
    digests = {}
    for number in range(502):
        client.call(["EVAL", f"return {number}", "0"])
        digests[number] = (
            client.call(["EVAL", f"return redis.sha1hex('return {number}')", "0"]) if number < 2 else b""
        )
        if number:
            client.call(["EVAL", "return 0", "0"])  # used all the time
    first, second = (digests[number].split(b"\r\n")[1].decode() for number in (0, 1))
    assert client.call(["EVALSHA", first, "0"]) == b":0\r\n"
    assert client.call(["EVALSHA", second, "0"]) == b"-NOSCRIPT No matching script.\r\n"
    assert client.call(["EVALSHA", loaded, "0"]) == b"$6\r\nloaded\r\n"
    assert information(client, "number_of_cached_scripts") == "501"
    assert information(client, "evicted_scripts") == "4"
    client.call(words("SCRIPT FLUSH"))
    assert information(client, "number_of_cached_scripts") == "0"


def test_an_error_inside_a_script_is_counted_once(served: Served) -> None:
    client = served.connect()
    for body, calls in (
        ("return redis.call('select', 99)", ("1", "0", "1")),
        ("return redis.pcall('select', 99)", ("1", "0", "1")),
        ("return redis.pcall('select', 99).err", ("1", "0", "0")),
    ):
        client.call(words("CONFIG RESETSTAT"))
        client.call(["EVAL", body, "0"])
        assert information(client, "errorstat_ERR") == "count=1"
        assert information(client, "total_error_replies") == "1"
        assert calls_of(client, "select") == ("1", "0", "1")
        assert calls_of(client, "eval") == calls


def test_a_command_that_is_not_run_is_rejected(served: Served) -> None:
    client = served.connect()
    client.call(words("CONFIG RESETSTAT"))
    client.call(words("CONFIG SET maxmemory 1"))
    assert client.call(["EVAL", "return redis.call('set', 'x', 1)", "1", "x"]).startswith(OVER)
    assert client.call(words("SET x 1")).startswith(OVER)
    client.call(["GET"])
    client.call(words("CONFIG GET"))
    assert calls_of(client, "set") == ("0", "2", "0")
    assert calls_of(client, "get") == calls_of(client, "config|get") == ("0", "1", "0")
    client.call(["EVAL", "return redis.error_reply('MY_CODE x')", "0"])
    assert information(client, "errorstat_MY_CODE") == "count=1"


def test_flags_may_be_none(served: Served) -> None:
    assert served.connect().call(["EVAL", "#!lua flags=\nreturn 1", "0"]) == b":1\r\n"


def test_a_reload_keeps_keys_times_and_libraries(served: Served) -> None:
    client = served.connect()
    client.call(words("APPEND a 12"))
    client.call(words("SET b x PXAT 99999999999999"))
    client.call(["FUNCTION", "LOAD", "#!lua name=l\nserver.register_function('f', function() return 1 end)"])
    digest = client.call(words("DEBUG DIGEST"))
    assert client.call(words("DEBUG RELOAD")) == b"+OK\r\n"
    assert client.call(words("DEBUG RELOAD NOSAVE NOFLUSH MERGE")) == b"+OK\r\n"
    assert client.call(words("DEBUG RELOAD NOFLUSH")).startswith(b"-ERR Error trying to load the RDB dump")
    assert client.call(words("DEBUG RELOAD NOW")).startswith(b"-ERR DEBUG RELOAD only supports")
    assert client.call(words("DEBUG DIGEST")) == digest
    assert client.call(words("PEXPIRETIME b")) == b":99999999999999\r\n"
    assert client.call(words("FCALL f 0")) == b":1\r\n"
    assert client.call(words("OBJECT ENCODING a")) == b"$3\r\nint\r\n"


@pytest.mark.parametrize(
    ("fill", "again"),
    [
        ("SET k v", "SET other v"),
        ("RPUSH k a b", "RPUSH other a b"),
        ("SADD k a b 1", "SADD other 1 b a"),
        ("HSET k a 1 b 2", "HSET other b 2 a 1"),
        ("ZADD k 1 a 2.5 b", "ZADD other 2.5 b 1 a"),
        ("XADD k 1-1 a 1", "XADD other 1-1 a 1"),
    ],
)
def test_equal_values_have_the_same_digest(served: Served, fill: str, again: str) -> None:
    client = served.connect()
    client.call(words(fill))
    client.call(words(again))
    _, first, second, missing, _ = client.call(words("DEBUG DIGEST-VALUE k other nokey")).split(b"\r\n")
    assert first == second != missing
    assert b"encoding:" in client.call(words("DEBUG OBJECT k"))


def test_the_object_of_a_long_list_tells_how_it_is_kept(served: Served) -> None:
    client = served.connect()
    client.call(words("CONFIG SET list-max-listpack-size 2 list-compress-depth 3"))
    client.call(words("RPUSH k a b c"))
    assert client.call(words("DEBUG OBJECT k")).endswith(b" ql_listpack_max:2 ql_compressed:1\r\n")


def test_a_key_whose_time_is_over_stays_while_nobody_looks(served: Served) -> None:
    client = served.connect()
    client.call(words("DEBUG SET-ACTIVE-EXPIRE 0"))
    client.call(words("SET k v PX 1"))
    client.call(words("DEBUG SLEEP 0.25"))
    assert client.call(words("DEBUG OBJECT k")).startswith(b"+Value at:")
    assert client.call(words("EXISTS k")) == b":0\r\n"
    assert client.call(words("DEBUG OBJECT k")) == b"-ERR no such key\r\n"


def test_scripts_see_every_kind_of_reply(served: Served) -> None:
    client = served.connect(3)
    client.call(words("DEBUG SET-DISABLE-DENY-SCRIPTS 1"))
    for kind, reply in (
        ("bignum", b"("),
        ("attrib", b"$39"),
        ("verbatim", b"=29"),
        ("null", b"_"),
        ("true", b"#t"),
    ):
        body = "redis.setresp(3) return redis.call('debug', 'protocol', ARGV[1])"
        assert client.call(["EVAL", body, "0", kind]).startswith(reply)
    client.call(words("DEBUG SET-DISABLE-DENY-SCRIPTS 0"))
    assert client.call(["EVAL", "return redis.call('debug', 'jmap')", "0"]).startswith(
        b"-ERR This Valkey command"
    )


def test_debug_is_for_clients_of_the_machine_if_the_configuration_says_so() -> None:
    for who, allowed in (("yes", True), ("local", True), ("no", False)):
        for served in serve(ValkeySettings(values={"enable-debug-command": who})):
            assert (served.connect().call(words("DEBUG JMAP")) == b"+OK\r\n") is allowed


def test_nothing_is_written_without_the_replicas_that_are_wanted(served: Served) -> None:
    client, other = served.connect(), served.connect()
    missing = b"-NOREPLICAS Not enough good replicas to write."
    client.call(words("SET x 1"))
    client.call(["FUNCTION", "LOAD", "#!lua name=l\nserver.register_function('f', function() return 1 end)"])
    client.call(words("MULTI"))
    client.call(words("INCR x"))
    other.call(words("CONFIG SET min-replicas-to-write 1"))
    assert client.call(words("EXEC")).startswith(b"-EXECABORT Transaction discarded because of: NOREPLICAS")
    for refused in (["SET", "x", "2"], ["EVAL", "#!lua\nreturn 1", "0"], ["FCALL", "f", "0"]):
        assert client.call(refused) == missing + b"\r\n"
    assert client.call(["EVAL", "return redis.call('set', 'x', 1)", "0"]).startswith(missing)
    assert (
        client.call(["EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'x')", "0"]) == b"$1\r\n1\r\n"
    )
    client.call(words("MULTI"))
    assert client.call(words("SET x 2")).startswith(missing)
    client.call(words("DISCARD"))
    other.call(words("CONFIG SET min-replicas-to-write 0"))
    assert client.call(words("SET x 2")) == b"+OK\r\n"


@pytest.mark.parametrize("how", ["OFF", "SKIP"])
def test_who_asked_for_no_replies_gets_messages(served: Served, how: str) -> None:
    client, other = served.connect(), served.connect()
    for line in (f"CLIENT REPLY {how}", "SUBSCRIBE a"):
        client.send(command(words(line)))
    assert client.read() == b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
    other.call(words("PUBLISH a b"))
    assert client.read() == b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"
    client.send(command(words("UNSUBSCRIBE a")))
    assert client.read().startswith(b"*3\r\n$11\r\nunsubscribe\r\n")
