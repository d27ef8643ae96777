"""What users may run, and the log of what was denied."""

from __future__ import annotations

import pytest

from asudfd.valkey.acl.check import AclLog, AclLogEntry, denial
from asudfd.valkey.acl.rules import apply_rules
from asudfd.valkey.acl.user import AclUser
from asudfd.valkey.table import command_rows
from tests.unit.asudfd.valkey.conftest import TestedKeyspace


def denied(keyspace: TestedKeyspace, rules: str, command: str) -> str | None:
    user = AclUser(b"u")
    apply_rules(user, [rule.encode() for rule in rules.split()])
    arguments = [word.encode() for word in command.split()]
    name = arguments[0].decode()
    row = command_rows().get(f"{name}|{arguments[1].decode()}" if len(arguments) > 1 else name)
    found = denial(keyspace.engine, user, row or command_rows()[name], arguments, 0)
    return found.long_text() if found else None


@pytest.mark.parametrize(
    ("rules", "command", "text"),
    [
        ("+@all ~*", "get a", None),
        ("+get ~a*", "get a", None),
        ("+get ~a*", "get b", "User u has no permissions to access the 'b' key"),
        ("+get ~a*", "set a 1", "User u has no permissions to run the 'set' command"),
        ("+@all -config +config|get", "config get x", None),
        ("+@all -config +config|get", "config set x y", "User u has no permissions to run the 'config|set' command"),
        ("+@all %R~a", "get a", None),
        ("+@all %R~a", "set a 1", "User u has no permissions to access the 'a' key"),
        ("+@all %W~a", "set a 1", None),
        ("+@all %W~a", "get a", "User u has no permissions to access the 'a' key"),
        ("+@all %W~a", "set a 1 get", "User u has no permissions to access the 'a' key"),
        ("+@all ~a*", "mget a b", "User u has no permissions to access the 'b' key"),
        ("+@all ~a*", "eval x 1 b", "User u has no permissions to access the 'b' key"),
        ("+@all ~a*", "sort a store b", "User u has no permissions to access the 'b' key"),
        ("+@all ~d %R~a", "zunionstore d 1 a", None),
        ("+@all &c*", "publish c1 x", None),
        ("+@all &c*", "publish x y", "User u has no permissions to access the 'x' channel"),
        ("+@all &c*", "psubscribe c*", None),
        ("+@all &c*", "psubscribe c", "User u has no permissions to access the 'c' channel"),
        ("+@all -select +select|0", "select 0", None),
        ("+@all -select +select|0", "select 1", "User u has no permissions to run the 'select' command"),
        ("+@all ~* db=1", "select 0", "User u has no permissions to access database 0"),
        ("+@all ~* db=1", "get a", "User u has no permissions to access database 0"),
        ("-@all", "auth x", None),
        ("+get ~a (+set ~b)", "set b 1", None),
        ("+get ~a (+set ~b)", "set a 1", "User u has no permissions to access the 'a' key"),
    ],
)  # fmt: skip
def test_a_user_may_run_what_one_selector_allows(
    keyspace: TestedKeyspace, rules: str, command: str, text: str | None
) -> None:
    assert denied(keyspace, rules, command) == text


def test_the_log_counts_the_same_denial_and_forgets_the_oldest() -> None:
    log = AclLog()
    for name in (b"get", b"get", b"set", b"del"):
        log.add(AclLogEntry("command", "toplevel", name, b"u", b"id=1"), 2)
    assert [(entry.object, entry.count) for entry in log.entries] == [(b"del", 1), (b"set", 1)]
    assert log.counts["command"] == 4
