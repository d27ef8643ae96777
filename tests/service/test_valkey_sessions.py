"""What clients of the Valkey face do beyond the recorded rows, with a server in this process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.slots import StaticClusterView
from tests.processes import READY_SECONDS
from tests.recorded.valkey import ReplyStream, command
from tests.waiting import wait_for


class Served(NamedTuple):
    """A server, where it listens, and the connections to it, which end with the test."""

    server: ValkeyServer
    address: tuple[str, int]
    streams: list[ReplyStream]

    def connect(self, protocol: int = 2) -> ReplyStream:
        self.streams.append(ReplyStream(self.address, protocol, READY_SECONDS))
        return self.streams[-1]


def serve(settings: ValkeySettings | None = None, view: StaticClusterView | None = None) -> Iterator[Served]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    warnings: list[str] = []
    server = ValkeyServer(settings or ValkeySettings(), warnings.append)
    if view is not None:
        server.state.join(view)
    server.listen(listening)
    server.start()
    server.accept()
    served = Served(server, listening.getsockname(), [])
    try:
        yield served
    finally:
        for stream in served.streams:
            stream.close()
        server.stop()
    assert not [text for text in warnings if "a fault" in text or "failed" in text]


@pytest.fixture
def served() -> Iterator[Served]:
    yield from serve()


def words(text: str) -> list[str]:
    return text.split()


def test_a_password_is_needed_until_it_is_given(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    admin.call(words("CONFIG SET requirepass pw"))
    stranger = served.connect()
    for line in ("PING", "GET", "NOSUCH", "CLIENT BAD"):
        assert stranger.call(words(line)) == b"-NOAUTH Authentication required.\r\n"
    assert stranger.call(words("HELLO 3")).startswith(b"-NOAUTH HELLO must be called")
    assert stranger.call(words("AUTH x")).startswith(b"-WRONGPASS")
    assert stranger.call(words("AUTH pw")) == b"+OK\r\n"
    assert stranger.call(words("PING")) == b"+PONG\r\n"
    assert client.call(words("PING")) == b"+PONG\r\n"  # who was there before stays logged in
    assert b"(redacted)" not in stranger.call(words("ACL LIST"))


def test_a_stranger_may_send_only_little(served: Served) -> None:
    served.connect().call(words("CONFIG SET requirepass pw"))
    many, large = served.connect(), served.connect()
    many.send(b"*11\r\n")
    assert many.read() == b"-ERR Protocol error: unauthenticated multibulk length\r\n"
    assert many.ends()
    large.send(b"*2\r\n$4\r\nAUTH\r\n$16385\r\n")
    assert large.read() == b"-ERR Protocol error: unauthenticated bulk length\r\n"
    both = served.connect()
    both.send(command(["AUTH", "pw"]) + command(["ECHO", *["x" * 20000]]))
    assert both.read() == b"+OK\r\n"
    assert len(both.read()) > 20000


def test_rights_hold_in_transactions_and_scripts(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    admin.call(words("ACL SETUSER u on nopass +@all -get ~a* &c*"))
    assert client.call(words("AUTH u x")) == b"+OK\r\n"
    assert client.call(words("GET a")) == b"-NOPERM User u has no permissions to run the 'get' command\r\n"
    assert client.call(words("SET b 1")) == b"-NOPERM No permissions to access a key\r\n"
    assert client.call(words("PUBLISH x y")) == b"-NOPERM No permissions to access a channel\r\n"
    client.call(words("MULTI"))
    client.call(words("SET b 1"))
    assert client.call(words("EXEC")).startswith(b"-EXECABORT")
    script = "return redis.call('SET','b',1)"
    assert client.call(["EVAL", script, "0"]).startswith(
        b"-ERR ACL failure in script: No permissions to access a key script:"
    )
    assert client.call(["EVAL", "return redis.acl_check_cmd('GET','a')", "0"]) == b"$-1\r\n"
    assert client.call(["EVAL", "return redis.call('SET','a',1)", "0"]) == b"+OK\r\n"
    admin.call(words("ACL SETUSER u +get"))
    assert client.call(words("GET a")) == b"$1\r\n1\r\n"
    assert admin.call(words("ACL DELUSER u")) == b":1\r\n"
    assert client.ends()


def test_rights_that_are_taken_count_at_once(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    assert client.call(words("SET a 1")) == b"+OK\r\n"
    admin.call(words("ACL SETUSER default -set"))
    assert client.call(words("SET a 1")).startswith(b"-NOPERM")
    assert client.call(words("GET a")) == b"$1\r\n1\r\n"


def test_messages_take_their_place_among_replies(served: Served) -> None:
    client, other = served.connect(3), served.connect()
    client.call(words("SUBSCRIBE c"))
    client.send(command(words("PUBLISH c one")) + command(words("ECHO two")))
    assert client.read() == b":1\r\n"
    assert client.read() == b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\none\r\n"
    assert client.read() == b"$3\r\ntwo\r\n"
    assert other.call(["EVAL", "return redis.call('PUBLISH','c','x')", "0"]) == b":1\r\n"
    assert client.read() == b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
    assert other.call(words("PUBSUB NUMSUB c d")) == b"*4\r\n$1\r\nc\r\n:1\r\n$1\r\nd\r\n:0\r\n"
    client.close()
    other.call(words("PUBSUB CHANNELS"))


def test_a_subscriber_of_patterns_gets_what_matches(served: Served) -> None:
    client, other = served.connect(), served.connect()
    client.call(words("PSUBSCRIBE news.*"))
    assert other.call(words("PUBLISH news.a hi")) == b":1\r\n"
    assert other.call(words("PUBLISH olds.a hi")) == b":0\r\n"
    assert client.read() == b"*4\r\n$8\r\npmessage\r\n$6\r\nnews.*\r\n$6\r\nnews.a\r\n$2\r\nhi\r\n"
    assert client.call(words("RESET")) == b"+RESET\r\n"
    assert other.call(words("PUBLISH news.a hi")) == b":0\r\n"


def test_replies_can_be_turned_off(served: Served) -> None:
    client = served.connect()
    client.send(b"CLIENT REPLY OFF\r\nSET a 1\r\nNOSUCH\r\nCLIENT REPLY ON\r\nGET a\r\n")
    assert client.read() == b"+OK\r\n"
    assert client.read() == b"$1\r\n1\r\n"
    client.send(b"CLIENT REPLY SKIP\r\nSET a 2\r\nGET a\r\n")
    assert client.read() == b"$1\r\n2\r\n"


def test_a_pause_holds_commands_until_it_ends(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    client.call(words("SET a 1"))
    assert admin.call(words("CLIENT PAUSE 100000 WRITE")) == b"+OK\r\n"
    assert client.call(words("GET a")) == b"$1\r\n1\r\n"
    client.send(command(words("SET a 2")) + command(words("GET a")))
    assert admin.call(words("GET a")) == b"$1\r\n1\r\n"
    assert admin.call(words("CLIENT UNPAUSE")) == b"+OK\r\n"
    assert client.read() == b"+OK\r\n"
    assert client.read() == b"$1\r\n2\r\n"


def test_a_client_that_goes_during_a_pause_waits_no_more(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    number = client.call(words("CLIENT ID"))[1:-2].decode()
    assert admin.call(words("CLIENT PAUSE 100000 WRITE")) == b"+OK\r\n"
    client.send(command(words("SET a 1")))
    wait_for(lambda: b"blocked_clients:1\r" in admin.call(words("INFO clients")))
    assert admin.call(["CLIENT", "KILL", "ID", number]) == b":1\r\n"
    assert client.ends()
    assert b"blocked_clients:0\r" in admin.call(words("INFO clients"))


def test_a_client_can_be_ended_by_filters(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    client.call(words("CLIENT SETNAME victim"))
    number = client.call(words("CLIENT ID"))[1:-2].decode()
    assert f"id={number} " in admin.call(["CLIENT", "LIST", "ID", number]).decode()
    assert admin.call(["CLIENT", "KILL", "ID", number, "TYPE", "pubsub"]) == b":0\r\n"
    assert admin.call(["CLIENT", "KILL", "ID", number]) == b":1\r\n"
    assert client.ends()
    assert admin.call(words("CLIENT KILL SKIPME no")) == b":1\r\n"
    assert admin.ends()


def test_a_client_that_waits_can_be_let_go(served: Served) -> None:
    admin, client = served.connect(), served.connect()
    number = client.call(words("CLIENT ID"))[1:-2].decode()
    client.send(command(words("BLPOP none 0")) + command(words("PING")))
    while b"flags=b" not in admin.call(["CLIENT", "LIST", "ID", number]):
        pass
    assert admin.call(["CLIENT", "UNBLOCK", number, "ERROR"]) == b":1\r\n"
    assert client.read() == b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
    assert client.read() == b"+PONG\r\n"


def test_a_monitor_sees_commands_without_passwords(served: Served) -> None:
    monitor, client = served.connect(), served.connect()
    assert monitor.call(words("MONITOR")) == b"+OK\r\n"
    client.call(["SET", "a", 'q"\n'])
    assert monitor.read().endswith(b'"SET" "a" "q\\"\\n"\r\n')
    client.call(words("AUTH default secret"))
    assert monitor.read().endswith(b'"AUTH" "(redacted)" "(redacted)"\r\n')


def test_slow_commands_are_kept(served: Served) -> None:
    client = served.connect()
    client.call(words("CONFIG SET slowlog-log-slower-than 0"))
    client.call(["SET", "a", "x" * 200])
    client.call(words("CONFIG SET slowlog-log-slower-than -1"))
    assert b"x" * 128 + b"... (72 more bytes)" in client.call(words("SLOWLOG GET"))
    client.call(words("SLOWLOG RESET"))
    assert client.call(words("SLOWLOG LEN")) == b":0\r\n"


def test_a_transaction_that_needs_memory_is_given_up(served: Served) -> None:
    client = served.connect()
    client.call(words("MULTI"))
    client.call(words("SET a 1"))
    served.connect().call(words("CONFIG SET maxmemory 1"))
    assert client.call(words("EXEC")) == (
        b"-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n"
    )
    client.call(words("MULTI"))
    assert client.call(words("SET a 1")).startswith(b"-OOM")


def test_a_page_in_a_browser_gets_nothing(served: Served) -> None:
    client = served.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n")
    assert client.ends()
    assert client.rest == b""
    assert served.connect().call(words("GET a")) == b"$-1\r\n"


def test_the_node_is_asked_to_stop(served: Served) -> None:
    asked = []
    served.server.state.shutdown = lambda: asked.append(1)
    client = served.connect()
    client.send(command(words("SHUTDOWN NOSAVE")))
    assert client.ends()
    assert asked == [1]


OWN, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def clustered() -> Iterator[Served]:
    view = StaticClusterView(OWN, {OWN: ("127.0.0.1", 7001), OTHER: ("127.0.0.1", 7002)}, 3)
    yield from serve(view=view)


def test_keys_of_others_are_elsewhere(clustered: Served) -> None:
    client = clustered.connect()
    moved = b"-MOVED 12182 127.0.0.1:7002\r\n"
    assert client.call(words("SET bar 1")) == b"+OK\r\n"
    assert client.call(words("GET foo")) == moved
    assert client.call(words("EVAL return(1) 1 foo")) == moved
    assert client.call(words("SSUBSCRIBE foo")) == moved
    assert client.call(words("MGET foo bar")) == b"-CROSSSLOT Keys in request don't hash to the same slot\r\n"
    client.call(words("MULTI"))
    assert client.call(words("GET foo")) == moved
    assert client.call(words("EXEC")).startswith(b"-EXECABORT")
    client.call(words("MULTI"))
    client.call(words("GET bar"))
    client.call(words("GET hello"))
    assert client.call(words("EXEC")).startswith(b"-CROSSSLOT")


def test_scripts_keep_to_their_slot(clustered: Served) -> None:
    client = clustered.connect()
    assert client.call(["EVAL", "return redis.call('GET','foo')", "1", "bar"]).startswith(
        b"-ERR Attempted to access a non local key in a cluster node script:"
    )
    code = "#!lua\nredis.call('GET','bar') return redis.call('GET','hello')"
    assert client.call(["EVAL", code, "0"]).startswith(
        b"-ERR Script attempted to access keys that do not hash to the same slot script:"
    )
    code = "return redis.call('MGET','bar','hello')"
    wrong = b"-ERR Command 'mget' in script attempted to access keys that don't hash to the same slot script:"
    for _ in range(2):  # one release of the real server answers everything so after that
        assert client.call(["EVAL", code, "0"]).startswith(wrong)
        assert client.call(["EVAL", "return redis.call('GET','bar')", "0"]) == b"$-1\r\n"


def test_the_cluster_is_told_in_all_its_forms(clustered: Served) -> None:
    client = clustered.connect()
    nodes = client.call(words("CLUSTER NODES")).decode()
    assert f"{OWN} 127.0.0.1:7001@17001 myself,master - 0 0 3 connected 0-8191\n" in nodes
    assert f"{OTHER} 127.0.0.1:7002@17002 master - 0 0 3 connected 8192-16383\n" in nodes
    assert b":8192\r\n:16383\r\n" in client.call(words("CLUSTER SLOTS"))
    assert b"cluster_known_nodes:2\r\n" in client.call(words("CLUSTER INFO"))
    assert client.call(words("CLUSTER MYID")) == b"$40\r\n%s\r\n" % OWN.encode()


@pytest.fixture
def old() -> Iterator[Served]:
    yield from serve(ValkeySettings(version="8.1"))


def test_the_wording_of_8_1(old: Served) -> None:
    client = old.connect()
    assert b"8.1.8" in client.call(words("HELLO 2"))
    assert client.call(words("MODULE LIST")) == b"*0\r\n"
    assert client.call(words("CLUSTER KEYSLOT a")).startswith(b"-ERR This instance")
    client.call(words("MULTI"))
    assert client.call(words("MULTI")) == b"-ERR Command not allowed inside a transaction\r\n"
    client.call(words("DISCARD"))
    client.send(b'ECHO "a"b\r\n')
    assert client.read() == b"-ERR Protocol error: unbalanced quotes in request\r\n"


def test_what_is_sent_and_received_is_counted(served: Served) -> None:
    client, other = served.connect(), served.connect()
    other.call(["ECHO", "x" * 1000])
    other.close()
    client.call(["ECHO", "x" * 1000])
    lines = client.call(words("INFO stats")).decode().splitlines()
    figures = dict(line.split(":") for line in lines if ":" in line)
    assert int(figures["total_net_input_bytes"]) > 2000
    assert int(figures["total_net_output_bytes"]) > 2000
    assert "tot-net-in=10" in client.call(words("CLIENT INFO")).decode()


def test_a_transaction_takes_no_more_than_a_request(served: Served) -> None:
    client = served.connect()
    client.call(words("CONFIG SET client-query-buffer-limit 1048576"))
    client.call(words("MULTI"))
    text = "x" * 500_000
    assert client.call(["ECHO", text]) == b"+QUEUED\r\n"
    assert client.call(["ECHO", text]) == b"+QUEUED\r\n"
    assert client.call(["ECHO", text]).startswith(b"-ERR the transaction is too large")
    assert client.call(words("EXEC")).startswith(b"-EXECABORT")


def test_a_request_that_never_ends_is_not_kept(served: Served) -> None:
    client = served.connect()
    client.call(words("CONFIG SET client-query-buffer-limit 1048576"))
    client.send(b"*2\r\n$4\r\nECHO\r\n$4000000\r\n" + b"x" * 2_000_000)
    assert client.ends()


def test_who_does_not_take_messages_is_cut_off(served: Served) -> None:
    idle, client = served.connect(), served.connect()
    client.call([*words("CONFIG SET client-output-buffer-limit"), "pubsub 1000000 0 0"])
    idle.call(words("SUBSCRIBE c"))
    sent = [client.call(["PUBLISH", "c", "x" * 200_000]) for _ in range(100)]
    assert sent[0] == b":1\r\n"
    assert sent[-1] == b":0\r\n"


def test_garbage_gets_an_error_and_the_others_are_served(served: Served) -> None:
    client = served.connect()
    for data in (b"*1\r\n$-5\r\n", b"*1\r\n$99999999999\r\n", b"*99999999\r\n", b"\x00" * 70000, b"'\r\n"):
        bad = served.connect()
        bad.send(data)
        assert bad.read().startswith(b"-ERR ")
        assert client.call(words("PING")) == b"+PONG\r\n"


def test_replies_that_nobody_takes_are_not_made(served: Served) -> None:
    client, idle = served.connect(), served.connect()
    client.call(["SET", "large", "x" * 1_000_000])
    before = served.server.state.statistics.commands
    idle.send(b"GET large\r\n" * 5000)
    for _ in range(3):
        client.call(words("PING"))
    assert served.server.state.statistics.commands - before < 100
    assert idle.read()[:10] == b"$1000000\r\n"


def test_requests_go_on_when_their_replies_are_taken(served: Served) -> None:
    client = served.connect()
    client.call(["SET", "large", "x" * 400_000])
    client.send(b"GET large\r\n" * 30 + b"ECHO end\r\n")
    for _ in range(30):
        assert len(client.read()) == 400_011
    assert client.read() == b"$3\r\nend\r\n"


def test_a_transaction_with_too_large_replies_is_run_and_its_client_cut_off(served: Served) -> None:
    client, other = served.connect(), served.connect()
    client.call([*words("CONFIG SET client-output-buffer-limit"), "normal 3000000 0 0"])
    client.call(["SET", "large", "x" * 1_000_000])
    client.call(words("MULTI"))
    for line in ("GET large", "GET large", "GET large", "GET large", "SET done 1"):
        client.call(words(line))
    client.send(command(["EXEC"]))
    assert client.ends()
    assert other.call(words("GET done")) == b"$1\r\n1\r\n"


def test_without_a_journal_there_is_none_to_write_anew(served: Served) -> None:
    client = served.connect()
    assert client.call(words("BGREWRITEAOF")).startswith(b"-ERR asudfd keeps the data in memory only")
    assert client.call(words("CONFIG SET save 60")) == (
        b"-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters\r\n"
    )
    assert b"asudfd writes no RDB files" in client.call(["CONFIG", "SET", "save", "60 1"])
    assert client.call(["CONFIG", "SET", "save", ""]) == b"+OK\r\n"


def test_the_level_of_the_log(served: Served) -> None:
    logged: list[tuple[int, bytes]] = []
    served.server.state.log = lambda level, text: logged.append((level, text))
    client = served.connect()
    for level in ("debug", "notice", "warning", "nothing"):
        client.call(["CONFIG", "SET", "loglevel", level])
        for number in range(4):
            client.call(["EVAL", f"redis.log({number}, '{level}')", "0"])
    assert [number for number, text in logged if text == b"debug"] == [0, 1, 2, 3]
    assert [number for number, text in logged if text == b"notice"] == [2, 3]
    assert [number for number, text in logged if text == b"warning"] == [3]
    assert len(logged) == 7


def test_a_client_that_sends_no_more_gets_the_reply_of_the_script_that_runs(served: Served) -> None:
    """Also what it has sent behind it, when the end of its stream is seen while the script is busy."""
    client, other = served.connect(), served.connect()
    assert other.call(words("CONFIG SET busy-reply-threshold 1")) == b"+OK\r\n"
    client.send(command(["EVAL", "while not server.pcall('PING').err do end return 1", "0"]))
    while not other.call(["GET", "k"]).startswith(b"-BUSY"):
        pass
    client.send(command(["ECHO", "behind"]))
    client.sends_no_more()
    assert other.call(["GET", "k"]).startswith(b"-BUSY")
    assert other.call(words("SCRIPT KILL")) == b"+OK\r\n"
    assert client.read().startswith(b"-ERR Script killed by user")
    assert client.read() == b"$6\r\nbehind\r\n"
    assert client.ends()


def test_a_client_that_sends_no_more_and_waits_for_a_key_is_let_go(served: Served) -> None:
    """As on the real server: nobody can say whether there will ever be a reply."""
    client, other = served.connect(), served.connect()
    client.send(command(["PING"]) + command(words("BLPOP k 0")) + command(["PING"]))
    client.sends_no_more()
    assert client.read() == b"+PONG\r\n"
    assert client.ends()
    assert other.call(words("RPUSH k 1")) == b":1\r\n"
    assert other.call(words("LLEN k")) == b":1\r\n"


def test_a_client_that_sends_no_more_during_a_pause_is_answered_after_it(served: Served) -> None:
    client, other = served.connect(), served.connect()
    assert other.call(words("CLIENT PAUSE 600000 WRITE")) == b"+OK\r\n"
    client.send(command(words("SET k 1")) + command(words("GET k")))
    client.sends_no_more()
    assert other.call(words("GET k")) == b"$-1\r\n"
    assert other.call(words("CLIENT UNPAUSE")) == b"+OK\r\n"
    assert [client.read(), client.read()] == [b"+OK\r\n", b"$1\r\n1\r\n"]
    assert client.ends()
