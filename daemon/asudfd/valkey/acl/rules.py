"""Rules of ACL SETUSER: what each does to a user."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from asudfd.valkey.acl.user import AclSelector, AclUser, KeyPattern
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CATEGORIES = (
    *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog"),
    *("geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection"),
    *("transaction", "scripting"),
)

RULES_MAX = 4096
"""Rules of one user, and its passwords: far more than anybody writes, so that a client cannot let them grow."""

_UNKNOWN = "Unknown command or category name in ACL"
_SYNTAX = "Syntax error"
_HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
_AFTER_ALL = (
    "Adding a pattern after the * pattern (or the '{}' flag) is not valid and does not have any effect. "
    "Try '{}' to start with an empty list of {}"
)


class RuleError(Exception):
    """A rule cannot be applied; the text says why."""


def apply_rules(user: AclUser, rules: Iterable[bytes]) -> None:
    """Apply rules to a user in order. Raises RuleError."""
    for rule in _joined(rules):
        try:
            _apply(user, rule)
        except ValueError as error:
            raise RuleError(f"Error in ACL SETUSER modifier '{rule.decode('latin-1')}': {error}") from None
        if (
            len(user.passwords)
            + sum(len(each.rules) + len(each.keys) + len(each.channels) for each in user.selectors)
            > RULES_MAX
        ):
            raise RuleError(f"a user has no more than {RULES_MAX} rules in asudfd")
    user.is_unrestricted = any(each.is_unrestricted for each in user.selectors)


def _joined(rules: Iterable[bytes]) -> Iterable[bytes]:
    """The rules with those in parentheses put together."""
    parts: list[bytes] = []
    for rule in rules:
        if parts or (rule.startswith(b"(") and not rule.endswith(b")")):
            parts.append(rule)
            if rule.endswith(b")"):
                yield b" ".join(parts)
                parts = []
        else:
            yield rule
    if parts:
        raise RuleError(f"Unmatched parenthesis in acl selector starting at '{parts[0].decode('latin-1')}'.")


def _apply(user: AclUser, rule: bytes) -> None:
    word = rule.lower()
    if word in _USER_WORDS:
        _USER_WORDS[word](user)
    elif rule[:1] in _PASSWORD_RULES and len(rule) > 0:
        _PASSWORD_RULES[rule[:1]](user, rule[1:])
    elif rule.startswith(b"(") and rule.endswith(b")"):
        selector = AclSelector()
        for each in rule[1:-1].split():
            _apply_to(selector, each)
        user.selectors.append(selector)
    else:
        _apply_to(user.root, rule)


def _clear_selectors(user: AclUser) -> None:
    del user.selectors[1:]


def _no_password(user: AclUser) -> None:
    user.nopass, user.passwords = True, []


def _reset_password(user: AclUser) -> None:
    user.nopass, user.passwords = False, []


def _reset(user: AclUser) -> None:
    user.take(AclUser(user.name))


def _enable(user: AclUser) -> None:
    user.enabled = True


def _disable(user: AclUser) -> None:
    user.enabled = False


def _nothing(_user: AclUser) -> None:
    """A rule that is taken and changes nothing: payloads are always checked."""


_USER_WORDS: dict[bytes, Callable[[AclUser], None]] = {
    b"on": _enable,
    b"off": _disable,
    b"nopass": _no_password,
    b"resetpass": _reset_password,
    b"reset": _reset,
    b"clearselectors": _clear_selectors,
    b"sanitize-payload": _nothing,
    b"skip-sanitize-payload": _nothing,
}


def _add_hash(user: AclUser, digest: bytes) -> None:
    if not re.fullmatch(rb"[0-9a-f]{64}", digest):
        raise ValueError(_HASH)
    user.nopass = False
    if digest not in user.passwords:
        user.passwords.append(digest)


def _remove_hash(user: AclUser, digest: bytes) -> None:
    if not re.fullmatch(rb"[0-9a-f]{64}", digest):
        raise ValueError(_HASH)
    if digest not in user.passwords:
        raise ValueError("The password you are trying to remove from the user does not exist")
    user.passwords.remove(digest)


def _hashed(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()


_PASSWORD_RULES: dict[bytes, Callable[[AclUser, bytes], None]] = {
    b">": lambda user, password: _add_hash(user, _hashed(password)),
    b"<": lambda user, password: _remove_hash(user, _hashed(password)),
    b"#": _add_hash,
    b"!": _remove_hash,
}


def _apply_to(selector: AclSelector, rule: bytes) -> None:
    word = rule.lower()
    if word in {b"allcommands", b"+@all"}:
        selector.commands, selector.all_commands = set(command_rows()), True
        selector.rules, selector.first_arguments = [], {}
    elif word in {b"nocommands", b"-@all"}:
        selector.commands, selector.all_commands = set(), False
        selector.rules, selector.first_arguments = [], {}
    elif word in {b"allkeys", b"~*"}:
        selector.all_keys, selector.keys = True, []
    elif word == b"resetkeys":
        selector.all_keys, selector.keys = False, []
    elif word in {b"allchannels", b"&*"}:
        selector.all_channels, selector.channels = True, []
    elif word == b"resetchannels":
        selector.all_channels, selector.channels = False, []
    elif word == b"alldbs":
        selector.databases = None
    elif word == b"resetdbs":
        selector.databases = ()
    elif word.startswith(b"db="):
        selector.databases = _databases(word[3:])
    else:
        _apply_pattern(selector, rule)


def _databases(text: bytes) -> tuple[int, ...]:
    if not re.fullmatch(rb"\d{1,9}(,\d{1,9})*", text):
        raise ValueError(_SYNTAX)
    return tuple(sorted({int(each) for each in text.split(b",")}))


def _apply_pattern(selector: AclSelector, rule: bytes) -> None:
    if re.search(rb"[\s\0]", rule):
        raise ValueError(_SYNTAX)
    if rule.startswith((b"+", b"-")) and len(rule) > 1:
        _apply_command(selector, rule[1:].lower(), allowed=rule.startswith(b"+"))
    elif rule.startswith(b"&"):
        if selector.all_channels:
            raise ValueError(_AFTER_ALL.format("allchannels", "resetchannels", "channels"))
        if rule[1:] not in selector.channels:
            selector.channels.append(rule[1:])
    elif found := re.fullmatch(rb"(?:%([RrWw]{1,2}))?~(.*)", rule, re.DOTALL):
        _add_key(selector, found[2], (found[1] or b"RW").upper())
    else:
        raise ValueError(_SYNTAX)


def _add_key(selector: AclSelector, pattern: bytes, permissions: bytes) -> None:
    if selector.all_keys:
        raise ValueError(_AFTER_ALL.format("allkeys", "resetkeys", "patterns"))
    if pattern == b"*" and set(permissions) == {*b"RW"}:
        selector.all_keys, selector.keys = True, []
        return
    added = KeyPattern(pattern, b"R" in permissions, b"W" in permissions)
    if added not in selector.keys:
        selector.keys.append(added)


def _apply_command(selector: AclSelector, name: bytes, *, allowed: bool) -> None:
    text = name.decode("latin-1")
    sign = b"+" if allowed else b"-"
    if text.startswith("@"):
        _allow(selector, _of_category(text[1:]), allowed=allowed)
        _replace_rule(selector, sign, name, lambda rule: rule[1:] == name)
        return
    rows = command_rows()
    if text in rows:
        inner = {text, *(each for each in rows if each.startswith(f"{text}|"))}
        _allow(selector, inner, allowed=allowed)
        for each in inner:
            selector.first_arguments.pop(each, None)
        _replace_rule(selector, sign, name, lambda rule: rule[1:] == name or rule[1:].startswith(name + b"|"))
        return
    _apply_first_argument(selector, text, allowed=allowed)
    _replace_rule(selector, sign, name, lambda rule: rule[1:] == name)


def _apply_first_argument(selector: AclSelector, text: str, *, allowed: bool) -> None:
    command, _, word = text.partition("|")
    rows = command_rows()
    if command not in rows or not word or not allowed:
        raise ValueError(_UNKNOWN)
    if "|" in word:
        raise ValueError("Allowing first-arg of a subcommand is not supported")
    if any(each.startswith(f"{command}|") for each in rows):
        raise ValueError(_UNKNOWN)
    selector.first_arguments.setdefault(command, set()).add(word.encode("latin-1"))


def _of_category(category: str) -> set[str]:
    if category not in CATEGORIES:
        raise ValueError(_UNKNOWN)
    return {name for name, row in command_rows().items() if category in row.categories}


def _allow(selector: AclSelector, names: set[str], *, allowed: bool) -> None:
    if allowed:
        selector.commands |= names
    else:
        selector.commands -= names


def _replace_rule(selector: AclSelector, sign: bytes, name: bytes, covered: Callable[[bytes], bool]) -> None:
    selector.rules = [rule for rule in selector.rules if not covered(rule)]
    selector.rules.append(sign + name)
