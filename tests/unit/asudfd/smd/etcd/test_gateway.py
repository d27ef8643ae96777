"""The client of etcd's gateway, against scripted ones: older versions, garbage, halves, silence, other clusters."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from asudfd.errors import StartError
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.gateway import Gateway, Tls
from asudfd.smd.etcd.wire import (
    AccessDenied,
    EtcdError,
    EtcdRefused,
    EtcdUnreachable,
    LeaseExpired,
    ReplyTooLarge,
    RevisionCompacted,
)
from tests.fakes.gateway import HEADER, error, fake, reply
from tests.fakes.metadata import run, until

GOOD = reply({"header": HEADER, "kvs": [{"key": "YQ==", "value": "MQ==", "mod_revision": "5"}], "count": "1"})


def good(path: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
    return GOOD


async def fetch(gateway: Gateway, seconds: float = 5.0) -> bytes:
    found = await gateway.range(b"a", b"b", seconds=seconds)
    return found.keys[0].value


@pytest.mark.parametrize(
    ("version", "prefix"),
    [("3.2.32", "/v3alpha"), ("3.3.25", "/v3beta"), ("3.4.23", "/v3"), ("3.6.1", "/v3"), ("4.0.0", "/v3")],
)
def test_the_prefix_is_that_of_the_version(version: str, prefix: str) -> None:
    async def scenario() -> None:
        async with fake(good, version) as server:
            gateway = Gateway([server.url])
            assert await fetch(gateway) == b"1"
            assert server.paths == [f"{prefix}/kv/range"]
            with pytest.raises(EtcdError):
                async with aclosing(gateway.watch(b"a", b"b", 1)) as stream:
                    await anext(stream)
            create = server.requests[-1][1]["create_request"]
            assert create.get("fragment", False) is (prefix == "/v3")
            assert server.requests[-1][2]["grpc-metadata-hasleader"] == "true"
            await gateway.close()

    run(scenario())


BAD = {
    "empty": reply(b""),
    "text": reply(b"hello"),
    "page": reply(b"<html>", 502),
    "list": reply([]),
    "deep": reply(b"[" * 100_000),
    "half": reply(b'{"header": {"revision": "5"}').replace(b"Length: 2", b"Length: 9"),
    "no http": b"220 smtp\r\n",
    "nothing": b"",
    "kvs": reply({"header": HEADER, "kvs": {"key": "YQ=="}}),
    "kv": reply({"header": HEADER, "kvs": ["YQ=="]}),
    "base64": reply({"header": HEADER, "kvs": [{"key": "Y", "value": "M"}]}),
    "number": reply({"header": {"revision": "five"}, "kvs": []}),
    "truth": reply({"header": {"revision": True}, "kvs": []}),
    "long number": reply({"header": {"revision": "1" * 5000}, "kvs": []}),
    "moved": b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "no leader": error("etcdserver: no leader", 14, 503),
    "time": error("etcdserver: request timed out", 14, 503),
    "error without code": reply({"error": []}, 500),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_an_endpoint_that_makes_no_sense_is_left_for_the_next(bad: bytes) -> None:
    async def scenario() -> None:
        async with fake(lambda *_: bad) as first, fake(good) as second:
            gateway = Gateway([first.url, second.url])
            assert await fetch(gateway) == b"1"
            assert await fetch(gateway) == b"1"
            assert len(first.requests) == 1
            await gateway.close()
            alone = Gateway([first.url])
            with pytest.raises(EtcdUnreachable):
                await fetch(alone)
            await alone.close()

    run(scenario())


def test_an_endpoint_that_says_nothing_costs_its_share_of_the_time_once() -> None:
    async def scenario() -> None:
        async with fake(lambda *_: None) as first, fake(good) as second:
            gateway = Gateway([first.url, second.url])
            assert await fetch(gateway, 8.0) == b"1"  # hence the first had no more than its share
            assert (len(first.requests), len(second.requests)) == (1, 1)
            assert await fetch(gateway, 8.0) == b"1"
            assert (len(first.requests), len(second.requests)) == (1, 2)
            await gateway.close()

    run(scenario())


def test_what_was_not_sent_is_known_as_such() -> None:
    async def scenario() -> None:
        async with fake(good) as server:
            url = server.url
        gateway = Gateway([url])  # nobody listens there any more
        with pytest.raises(EtcdUnreachable) as refused:
            await fetch(gateway)
        assert not refused.value.maybe
        await gateway.close()
        async with fake(lambda *_: b"") as server:
            gateway = Gateway([server.url])
            with pytest.raises(EtcdUnreachable) as lost:
                await fetch(gateway)
            assert lost.value.maybe
            await gateway.close()

    run(scenario())


def test_an_endpoint_of_another_cluster_is_not_asked() -> None:
    async def scenario() -> None:
        async with fake(good) as first, fake(good) as second:
            gateway = Gateway([first.url, second.url])
            gateway.cluster_id = 8
            with pytest.raises(EtcdUnreachable, match="another etcd cluster"):
                await fetch(gateway)
            assert first.requests == second.requests == []
            await gateway.close()

    run(scenario())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("etcdserver: requested lease not found", 5, 404), LeaseExpired),
        (error("etcdserver: mvcc: required revision has been compacted", 11), RevisionCompacted),
        (error("etcdserver: permission denied", 7, 403), AccessDenied),
        (error("etcdserver: user name is empty", 3), AccessDenied),
        (error("etcdserver: request is too large", 3), EtcdRefused),
        (error("etcdserver: mvcc: database space exceeded", 8, 429), EtcdRefused),
    ],
)
def test_errors_of_etcd_itself_are_no_reason_to_ask_another(answer: bytes, kind: type[EtcdError]) -> None:
    async def scenario() -> None:
        async with fake(lambda *_: answer) as first, fake(good) as second:
            gateway = Gateway([first.url, second.url])
            with pytest.raises(kind):
                await fetch(gateway)
            assert second.requests == []
            await gateway.close()

    run(scenario())


def test_a_reply_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.endpoint_reply.REPLY_SIZE_MAX", 10_000)

    async def scenario() -> None:
        async with fake(lambda *_: reply(b" " * 20_000)) as server:
            gateway = Gateway([server.url])
            with pytest.raises(ReplyTooLarge):
                await fetch(gateway)
            with pytest.raises(ReplyTooLarge):
                async with aclosing(gateway.watch(b"a", b"b", 1)) as stream:
                    await anext(stream)
            await gateway.close()

    run(scenario())


class LogIn:
    """Gives out tokens and takes the last one only."""

    def __init__(self) -> None:
        self.tokens = 0

    def __call__(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        if path.endswith("/auth/authenticate"):
            if body != {"name": "node", "password": "secret"}:
                return error("etcdserver: authentication failed, invalid user ID or password", 3)
            self.tokens += 1
            return reply({"header": HEADER, "token": f"t{self.tokens}"})
        if headers.get("authorization") != f"t{self.tokens}":
            return error("etcdserver: invalid auth token", 16, 401)
        return GOOD


def test_a_token_is_fetched_once_and_renewed_when_it_has_ended() -> None:
    async def scenario() -> None:
        log_in = LogIn()
        async with fake(log_in) as server:
            gateway = Gateway([server.url], user="node", password="secret")
            assert set(await asyncio.gather(*(fetch(gateway) for _ in range(5)))) == {b"1"}
            assert log_in.tokens == 1
            log_in.tokens += 1  # the server has forgotten the one it gave
            assert set(await asyncio.gather(*(fetch(gateway) for _ in range(5)))) == {b"1"}
            assert log_in.tokens == 3
            await gateway.close()
            gateway = Gateway([server.url], user="node", password="wrong")
            with pytest.raises(AccessDenied, match="invalid user ID or password"):
                await fetch(gateway)
            await gateway.close()

    run(scenario())


def test_an_etcd_without_users_is_used_without_one() -> None:
    def script(path: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        if path.endswith("/auth/authenticate"):
            return error("etcdserver: authentication is not enabled", 9, 412)
        return GOOD

    async def scenario() -> None:
        async with fake(script) as server:
            gateway = Gateway([server.url], user="node", password="secret")
            assert await fetch(gateway) == await fetch(gateway) == b"1"
            assert len([path for path in server.paths if "authenticate" in path]) == 1
            await gateway.close()

    run(scenario())


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"result": {"canceled": True, "compact_revision": "9"}}, RevisionCompacted),
        ({"result": {"canceled": True, "cancel_reason": "etcdserver: permission denied"}}, AccessDenied),
        ({"result": {"canceled": True, "cancel_reason": "etcdserver: no leader"}}, EtcdError),
        ({"error": {"grpc_code": 14, "message": "etcdserver: no leader"}}, EtcdError),
        (
            {"result": {"events": [{"type": "DELETE", "kv": {"key": "YQ==", "version": "1"}}]}},
            EtcdUnreachable,
        ),
        ({"result": []}, EtcdUnreachable),
        (b"garbage", EtcdUnreachable),
    ],
)
def test_a_watch_ends_with_its_reason(line: Any, kind: type[EtcdError]) -> None:
    async def scenario() -> None:
        body = line if isinstance(line, bytes) else reply(line).partition(b"\r\n\r\n")[2]
        async with fake(lambda *_: reply(body + b"\n")) as server:
            gateway = Gateway([server.url])
            with pytest.raises(kind):
                async with aclosing(gateway.watch(b"a", b"b", 1)) as stream:
                    await anext(stream)
            await gateway.close()

    run(scenario())


def test_a_watch_that_does_not_begin_is_given_up() -> None:
    async def scenario() -> None:
        async with fake(lambda *_: None) as server:
            gateway = Gateway([server.url])
            with pytest.raises(EtcdUnreachable, match="does not answer"):
                async with aclosing(gateway.watch(b"a", b"b", 1)) as stream:
                    await anext(stream)
            await gateway.close()

    run(scenario())


def test_files_that_cannot_be_used_are_told_at_the_start(tmp_path: Any) -> None:
    missing = tmp_path / "missing.pem"
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    for tls in (Tls(ca_file=str(missing)), Tls(ca_file=str(garbage)), Tls(cert_file=str(garbage))):
        with pytest.raises(StartError, match="certificates for etcd"):
            Gateway(["https://127.0.0.1:1"], tls=tls)


def test_the_end_of_a_prefix() -> None:
    assert wire.range_end(b"/asudf/c/") == b"/asudf/c0"
    assert wire.range_end(b"a\xff\xff") == b"b"


def test_a_text_fits_into_an_answer() -> None:
    assert str(EtcdError("a;b\nc" + "x" * 500)) == "a,b c" + "x" * 195


def test_an_endpoint_that_fails_for_another_while_one_waits_to_log_in() -> None:
    """What is known of it is dropped then; who waits knows it already."""

    def answer(path: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        return reply({"token": "t1"}) if path.endswith("/auth/authenticate") else GOOD

    async def scenario() -> None:
        async with fake(answer) as server:
            gateway = Gateway([server.url], user="node", password="pass")
            async with gateway._login:
                fetching = asyncio.ensure_future(fetch(gateway))
                await until(lambda: gateway._prefixes)
                gateway._turn_from(server.url)
            assert await fetching == b"1"
            await gateway.close()

    run(scenario())
