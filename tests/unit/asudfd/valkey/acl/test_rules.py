"""Rules of ACL SETUSER, with the texts that the real server has."""

from __future__ import annotations

import hashlib

import pytest

from asudfd.valkey.acl.rules import RuleError, apply_rules
from asudfd.valkey.acl.user import AclUser
from tests.each import for_each_row


def user_of(*rules: bytes) -> AclUser:
    user = AclUser(b"v")
    apply_rules(user, rules)
    return user


@for_each_row(
    ("rules", "text"),
    [
        ((), b"user v off resetchannels -@all"),
        ((b"on", b"nopass", b"~*", b"&*", b"+@all"), b"user v on nopass ~* &* +@all"),
        ((b"+@all", b"-@all", b"+get", b"-get"), b"user v off resetchannels -@all -get"),
        ((b"+@all", b"-get", b"-config", b"+config|get"), b"user v off resetchannels +@all -get -config +config|get"),
        ((b"+@all", b"-config", b"+config|get", b"+config"), b"user v off resetchannels +@all +config"),
        ((b"+config|get", b"+config|set", b"-config|get"), b"user v off resetchannels -@all +config|set -config|get"),
        ((b"+@read", b"+@read", b"+@write", b"-@read"), b"user v off resetchannels -@all +@write -@read"),
        ((b"%RW~k", b"%R~l", b"%W~m", b"~k"), b"user v off ~k %R~l %W~m resetchannels -@all"),
        ((b"&a", b"&b", b"&a"), b"user v off resetchannels &a &b -@all"),
        ((b"+get|x", b"+select|0"), b"user v off resetchannels -@all +get|x +select|0"),
        ((b"(+set ~x*)", b"(%R~y", b"+get)"), b"user v off resetchannels -@all (~x* resetchannels -@all +set) (%R~y resetchannels -@all +get)"),
        ((b"(+set)", b"clearselectors"), b"user v off resetchannels -@all"),
        ((b"db=2,1",), b"user v off resetchannels db=1,2 -@all"),
        ((b"on", b"+@all", b"reset"), b"user v off resetchannels -@all"),
        ((b"sanitize-payload", b"+GET"), b"user v off resetchannels -@all +get"),
    ],
)  # fmt: skip
def test_rules_give_a_line_of_acl_list(rules: tuple[bytes, ...], text: bytes) -> None:
    assert user_of(*rules).text() == text


@for_each_row(
    ("rule", "reason"),
    [
        (b"bad", "Syntax error"),
        (b"", "Syntax error"),
        (b"+", "Syntax error"),
        (b"%X~k", "Syntax error"),
        (b"%~k", "Syntax error"),
        (b"~a b", "Syntax error"),
        (b"+@nosuch", "Unknown command or category name in ACL"),
        (b"+nosuch", "Unknown command or category name in ACL"),
        (b"+config|nosuch", "Unknown command or category name in ACL"),
        (b"-get|x", "Unknown command or category name in ACL"),
        (b"+get|x|y", "Allowing first-arg of a subcommand is not supported"),
        (b"<nosuch", "The password you are trying to remove from the user does not exist"),
        (b"#abc", "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"),
        (b"!abc", "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"),
        (b"(bad)", "Syntax error"),
    ],
)  # fmt: skip
def test_a_wrong_rule_says_what_is_wrong(rule: bytes, reason: str) -> None:
    with pytest.raises(RuleError) as raised:
        user_of(rule)
    assert str(raised.value) == f"Error in ACL SETUSER modifier '{rule.decode()}': {reason}"


def test_an_open_parenthesis_is_told() -> None:
    with pytest.raises(RuleError) as raised:
        user_of(b"(+get", b"~x")
    assert str(raised.value) == "Unmatched parenthesis in acl selector starting at '(+get'."


def test_a_pattern_behind_all_of_them_is_refused() -> None:
    for first, second in ((b"~*", b"~x"), (b"&*", b"&x")):
        with pytest.raises(RuleError, match="is not valid and does not have any effect"):
            user_of(first, second)


def test_passwords_are_kept_as_digests() -> None:
    user = user_of(b">one", b">two", b"<one")
    assert user.passwords == [hashlib.sha256(b"two").hexdigest().encode()]
    assert user.accepts(b"two")
    assert not user.accepts(b"one")
    assert user_of(b">one", b"nopass").accepts(b"anything")


def test_a_user_has_only_so_many_rules() -> None:
    with pytest.raises(RuleError, match="no more than"):
        user_of(*(b"~%d" % number for number in range(5000)))
