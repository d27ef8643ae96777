"""TLS in memory over the exchange; what is refused and why."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from asinfo.errors import UsageError
from asinfo.exchange import Endpoint, Reply, exchange
from asinfo.login import Login
from asinfo.tls import TlsSettings, protocols
from tests.each import for_each_row
from tests.fakes.node import Behaviour, FakeNode, Peer, answering, closing, silent, without_security

FILES = Path(__file__).parents[2] / "fakes" / "tls"
AUTHORITY = str(FILES / "authority.pem")
ANSWERS = {"build": "8", "big": "x" * 300_000}


def over_tls(
    inner: Behaviour, *, client_needed: bool = False, most: ssl.TLSVersion | None = None
) -> Behaviour:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / "node.pem")
    if client_needed:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(AUTHORITY)
    if most is not None:
        context.maximum_version = most

    def behave(peer: Peer) -> None:
        with (
            suppress(ssl.SSLError, OSError),
            context.wrap_socket(peer.connection.dup(), server_side=True) as wrapped,
        ):
            peer.connection = wrapped
            inner(peer)

    return behave


def ask(fake: FakeNode, settings: TlsSettings, name: str | None = None, login: Login | None = None) -> Reply:
    node = Endpoint(fake.host, fake.port, tls=settings, tls_name=name, login=login)
    return exchange([(node, b"build\nbig\n")], timeout=5)[0]


@pytest.mark.parametrize("name", [None, "node.test"])
def test_answer(name: str | None) -> None:
    with FakeNode(behaviour=over_tls(answering(ANSWERS))) as fake:
        reply = ask(fake, TlsSettings(cafile=AUTHORITY), name)
    assert reply.failure is None
    assert reply.body == b"build\t8\nbig\t" + b"x" * 300_000 + b"\n"


def test_login_inside() -> None:
    with FakeNode(behaviour=over_tls(without_security(ANSWERS))) as fake:
        reply = ask(fake, TlsSettings(cafile=AUTHORITY), login=Login("u", "p"))
    assert reply.body is not None
    assert "security is not supported" in reply.note


@pytest.mark.parametrize(
    ("settings", "name", "word"),
    [
        (TlsSettings(), None, "unable to get local issuer certificate"),
        (TlsSettings(cafile=AUTHORITY), "other.test", "other.test"),
    ],
)
def test_certificate_refused(settings: TlsSettings, name: str | None, word: str) -> None:
    with FakeNode(behaviour=over_tls(answering(ANSWERS))) as fake:
        reply = ask(fake, settings, name)
    assert reply.failure is not None
    assert reply.failure.kind == "tls"
    assert word in reply.failure.reason


@pytest.mark.parametrize(
    "settings",
    [
        TlsSettings(cafile=AUTHORITY, certfile=str(FILES / "client.pem")),
        TlsSettings(
            cafile=AUTHORITY, certfile=str(FILES / "client-encrypted.pem"), keyfile_password="sesame"
        ),
    ],
)
def test_client_certificate(settings: TlsSettings) -> None:
    with FakeNode(behaviour=over_tls(answering(ANSWERS), client_needed=True)) as fake:
        assert ask(fake, settings).failure is None
        without = ask(fake, TlsSettings(cafile=AUTHORITY))
    assert without.failure is not None
    assert without.failure.kind in {"tls", "closed"}


def test_protocol_versions_must_meet() -> None:
    with FakeNode(behaviour=over_tls(answering(ANSWERS), most=ssl.TLSVersion.TLSv1_2)) as fake:
        assert ask(fake, TlsSettings(cafile=AUTHORITY)).failure is None
        reply = ask(fake, TlsSettings(cafile=AUTHORITY, protocols="TLSv1.3"))
    assert reply.failure is not None
    assert reply.failure.kind == "tls"


def test_peers_without_tls() -> None:
    with FakeNode(ANSWERS) as fake:
        plain = exchange([(Endpoint(fake.host, fake.port, tls=TlsSettings()), b"build\n")], timeout=0.3)[0]
    with FakeNode(behaviour=closing) as fake:
        gone = ask(fake, TlsSettings())
    with FakeNode(behaviour=silent) as fake:
        mute = exchange([(Endpoint(fake.host, fake.port, tls=TlsSettings()), b"build\n")], timeout=0.1)[0]
    kinds = [reply.failure.kind for reply in (plain, gone, mute) if reply.failure]
    assert kinds[1:] == ["tls", "timeout-reply"]
    assert mute.failure is not None
    assert "does it speak TLS there?" in mute.failure.reason
    assert kinds[0] in {"tls", "closed", "timeout-reply"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TLSv1.2", ["TLSv1_2"]),
        ("+TLSv1.2 +TLSv1.3", ["TLSv1_2", "TLSv1_3"]),
        ("all -TLSv1 -TLSv1.1", ["TLSv1_2", "TLSv1_3"]),
        ("ALL -TLSv1.3", ["TLSv1", "TLSv1_1", "TLSv1_2"]),
    ],
)
def test_protocols(text: str, expected: list[str]) -> None:
    assert [version.name for version in protocols(text)] == expected


@for_each_row(
    "settings",
    [
        TlsSettings(protocols="SSLv2"),
        TlsSettings(protocols="all -all"),
        TlsSettings(protocols="+"),
        TlsSettings(cafile="/nonexistent"),
        TlsSettings(cafile="a\0b"),
        TlsSettings(
            cafile=AUTHORITY, certfile=str(FILES / "client-encrypted.pem"), keyfile_password="x" * 2000
        ),
        TlsSettings(cafile=__file__),
        TlsSettings(cafile=AUTHORITY, keyfile=AUTHORITY),
        TlsSettings(cafile=AUTHORITY, certfile="/nonexistent"),
        TlsSettings(cafile=AUTHORITY, certfile=AUTHORITY),
        TlsSettings(cafile=AUTHORITY, certfile=str(FILES / "client-encrypted.pem"), keyfile_password="wrong"),
        TlsSettings(cafile=AUTHORITY, certfile=str(FILES / "client-encrypted.pem")),
        TlsSettings(cafile=AUTHORITY, cipher_suite="NONSENSE"),
    ],
)
def test_wrong_settings_stop_before_anything_is_sent(settings: TlsSettings) -> None:
    with FakeNode(ANSWERS) as fake, pytest.raises(UsageError, match="--tls-"):
        ask(fake, settings)
    assert fake.connections == 0


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, ".", "\udcff"])
def test_names_that_no_certificate_can_carry(name: str) -> None:
    with FakeNode(ANSWERS) as fake, pytest.raises(UsageError, match="cannot be a TLS name"):
        ask(fake, TlsSettings(cafile=AUTHORITY), name)
    assert fake.connections == 0
