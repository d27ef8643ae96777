"""The type of a parameter that is an address: `any`, an IPv4 or IPv6 address, or the name of a host or interface."""

import string
from socket import AF_INET, AF_INET6, inet_pton

NAME_SIZE_MAX = 253
LABEL_SIZE_MAX = 63
"""Limits of a host name. Source: RFC 1035, 2.3.4."""

_LABEL = frozenset(string.ascii_letters + string.digits + "-_")


def address(text: str) -> str:
    """``text``, if it can be an address; whether there is such a host only a connection tells. Raises ValueError."""
    labels = text.removesuffix(".").split(".")
    if ":" in text:
        fits = _is_ip(AF_INET6, text)
    elif labels[-1].isdigit():
        fits = _is_ip(AF_INET, text)  # no top-level domain is a number, so 300.1.2.3 is no name either
    else:
        fits = len(text) <= NAME_SIZE_MAX and all(map(_is_label, labels))
    if not fits:
        raise ValueError(f"must be any, an IPv4 or IPv6 address or a host name, not {text!r}")
    return text


def _is_label(label: str) -> bool:
    return 0 < len(label) <= LABEL_SIZE_MAX and label[0] != "-" and _LABEL.issuperset(label)


def _is_ip(family: int, text: str) -> bool:
    try:
        inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a character that no address has
        return False
    return True
