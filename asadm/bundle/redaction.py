"""What does not go into a bundle: passwords, names of users, and what else a parameter holds that is secret."""

from __future__ import annotations

import re
from typing import Any

from asadm.configuration.secret_names import secret

REDACTED = "(redacted)"

USERS = frozenset({"user", "auth-user", "query-user-dn", "username"})
"""Parameters and fields whose values are names of users, by the last part of their names."""

TOLD = """\
passwords and what else a parameter holds that is secret (passphrases, keys, tokens), names of users, the values of records and the
sources of modules. Certificates and keys of TLS are not read; their file names are in it. Names and addresses of nodes, namespaces, sets,
indexes, bins and modules are in it.
"""
"""What a bundle says of itself."""

_PAIR = rb"(?P<before>^|[;:,\t])(?P<name>[A-Za-z0-9_.\[\]-]+)=(?P<value>[^%s]*)"
_OF_CONFIGURATION = re.compile(_PAIR % b";")
_OF_LISTS = re.compile(_PAIR % b";:,")


def hidden(name: str) -> bool:
    """Whether the value of the parameter or field ``name`` is left out."""
    return name.rpartition(".")[2] in USERS or secret(name)


def answer(command: str, said: bytes) -> bytes:
    """``said`` to ``command`` without what is hidden. Values of configuration may have colons and commas in them; in lists these separate."""
    pattern = _OF_CONFIGURATION if command.startswith("get-config") else _OF_LISTS
    return pattern.sub(_replaced, said)


def _replaced(found: re.Match[bytes]) -> bytes:
    if not found["value"] or found["value"] == b"null" or not hidden(found["name"].decode()):
        return found[0]
    return b"%s%s=%s" % (found["before"], found["name"], REDACTED.encode())


def inventory(value: Any, name: str = "") -> Any:
    """A part of an inventory without logins: passwords there are references, but may say much."""
    if isinstance(value, dict):
        return {key: inventory(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [inventory(each, name) for each in value]
    return REDACTED if value is not None and hidden(name) else value
