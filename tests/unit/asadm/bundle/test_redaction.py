"""What does not go into a bundle."""

from hypothesis import given
from hypothesis import strategies as st

from asadm.bundle import redaction
from tests.each import for_each_row


@for_each_row(
    ("command", "said", "kept"),
    [
        ("get-config:context=network", b"tls[0].key-file-password=a:b,c;tls[0].key-file=/k", b"tls[0].key-file-password=(redacted);tls[0].key-file=/k"),
        ("get-config:context=asudf", b"smd.user=ops;smd.password-file=/p;smd.prefix=/a", b"smd.user=(redacted);smd.password-file=/p;smd.prefix=/a"),
        ("get-config:context=service", b"vault-token-file=null;user=null", b"vault-token-file=null;user=null"),
        ("query-show", b"trid=1:user=bob:status=ok;trid=2:user=eve", b"trid=1:user=(redacted):status=ok;trid=2:user=(redacted)"),
        ("statistics", b"client_connections=5;uptime=7", b"client_connections=5;uptime=7"),
        ("sets", b"ns=test:set=users:objects=5", b"ns=test:set=users:objects=5"),
        ("udf-list", b"filename=password.lua,hash=1", b"filename=password.lua,hash=1"),
        ("namespace/test", b"\xff\x00=1;auth-user=\xff;x=2", b"\xff\x00=1;auth-user=(redacted);x=2"),
    ],
)  # fmt: skip
def test_answers(command: str, said: bytes, kept: bytes) -> None:
    assert redaction.answer(command, said) == kept


def test_an_inventory() -> None:
    said = {
        "nodes": [
            {
                "host": "a",
                "user": "ops",
                "password": "env:X",
                "tls": {"cafile": "/c", "keyfile-password": "file:p"},
            }
        ],
        "sentinel": {"user": "s", "password": None},
    }
    assert redaction.inventory(said) == {
        "nodes": [
            {
                "host": "a",
                "user": "(redacted)",
                "password": "(redacted)",
                "tls": {"cafile": "/c", "keyfile-password": "(redacted)"},
            }
        ],
        "sentinel": {"user": "(redacted)", "password": None},
    }


@given(st.binary(), st.sampled_from(["get-config:context=x", "y"]))
def test_whatever_a_node_says(said: bytes, command: str) -> None:
    assert b"hunter2" not in redaction.answer(command, said + b";a.password=hunter2")
