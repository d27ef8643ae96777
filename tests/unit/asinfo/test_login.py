"""Login, sessions, and nodes without security."""

from __future__ import annotations

import pytest

from asinfo.errors import UsageError
from asinfo.exchange import Endpoint, Reply, exchange
from asinfo.login import Login
from asinfo.wire import security
from tests.fakes.node import (
    Behaviour,
    FakeNode,
    Peer,
    after,
    answering,
    closing_at_once,
    dripping,
    frame,
    login_first,
    security_reply,
    sending,
    silent,
    without_security,
)

ANSWERS = {"build": "8"}
SECRET = b"$2a$10$7EqJtq98hPqEX7fNZaFWoOu7NRZ0i7m5NbgPBEsHTCoJzZDEKQRb."
"""The credential of the password ``secret``, as the specification gives it."""


def ask(node: Endpoint) -> Reply:
    return exchange([(node, b"build\n")], timeout=5)[0]


def at(fake: FakeNode, password: str = "secret", mode: str = "INTERNAL") -> Endpoint:
    return Endpoint(fake.host, fake.port, login=Login("operator", password, mode))


def failure(reply: Reply) -> tuple[str, str]:
    assert reply.failure is not None
    return reply.failure.kind, reply.failure.reason


def test_login() -> None:
    with FakeNode(behaviour=login_first(ANSWERS, credential=SECRET)) as fake:
        node = at(fake)
        assert ask(node).body == b"build\t8\n"
        assert node.session == b"token"
        assert ask(node).body == b"build\t8\n"
    first, second = map(security.unpack, fake.logins)
    assert (first.command, first.fields) == (security.LOGIN, {0: b"operator", 3: SECRET})
    assert (second.command, second.fields) == (security.AUTHENTICATE, {0: b"operator", 5: b"token"})


def test_expired_session_logs_in_again() -> None:
    with FakeNode(behaviour=login_first(ANSWERS, credential=SECRET)) as fake:
        node = at(fake)
        node.session = b"old"

        def one_more_login(peer: Peer) -> None:
            kind, _ = peer.frame()
            assert kind == 2
            peer.send(security_reply(66, command=0))
            login_first(ANSWERS, credential=SECRET)(peer)

        fake.behaviour = one_more_login
        assert ask(node).body == b"build\t8\n"
        assert node.session == b"token"


def test_wrong_password() -> None:
    with FakeNode(behaviour=login_first(ANSWERS, credential=SECRET)) as fake:
        kind, reason = failure(ask(at(fake, "wrong")))
    assert kind == "login"
    assert "'operator'" in reason
    assert "65" in reason


@pytest.mark.parametrize("result", [51, 52])
def test_without_security(result: int) -> None:
    with FakeNode(behaviour=without_security(ANSWERS, result=result)) as fake:
        reply = ask(at(fake))
    assert reply.body == b"build\t8\n"
    assert "security is not" in reply.note


def test_old_server_takes_the_credential() -> None:
    def behave(peer: Peer) -> None:
        while True:
            kind, body = peer.frame()
            if kind != 2:
                peer.send(frame(b"build\t8\n"))
            else:
                peer.send(security_reply(54 if body[2] == 20 else 0, command=body[2]))

    with FakeNode(behaviour=behave) as fake:
        assert ask(at(fake)).body == b"build\t8\n"


def test_external_and_pki_fields() -> None:
    assert Login("u", "secret", "EXTERNAL").fields() == {0: b"u", 3: SECRET, 4: b"secret"}
    assert Login("", "", "PKI").fields() == {}


@pytest.mark.parametrize("password", ["x" * 73, "a\0b", "é" * 40])
def test_passwords_that_bcrypt_refuses(password: str) -> None:
    with pytest.raises(UsageError):
        _ = Login("u", password).credential


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (closing_at_once, "closed"),
        (silent, "timeout-reply"),
        (sending(frame(b"build\t8\n"), first_read=False), "protocol"),
        (sending(frame(b"short", 2), first_read=False), "protocol"),
        (sending(frame(bytes(3) + b"\1" + bytes(12) + b"\0\0\0\x09\5a", 2), first_read=False), "protocol"),
        (sending(b"HTTP/1.1 200 OK\r\n", first_read=False), "protocol"),
        (sending(security_reply(81), first_read=False), "login"),
    ],
)
def test_ugly_security(behaviour: Behaviour, expected: str) -> None:
    with FakeNode(behaviour=behaviour) as fake:
        node = at(fake)
        (reply,) = exchange([(node, b"build\n")], timeout=2)
    assert failure(reply)[0] == expected


def test_dripping_login() -> None:
    def behave(peer: Peer) -> None:
        peer.frame()
        for byte in security_reply(0, {5: b"t"}):
            peer.send(bytes([byte]))
            peer.wait(0.001)
        dripping(ANSWERS)(peer)

    with FakeNode(behaviour=after(1, behave, answering(ANSWERS))) as fake:
        assert ask(at(fake)).body == b"build\t8\n"
