"""The type of a parameter that is an address: `any`, `local`, an IPv4 or IPv6 address, or the name of a host."""

import string
from socket import AF_INET, AF_INET6, getaddrinfo, inet_pton, socket

HOST_NAME_SIZE_MAX = 253
LABEL_SIZE_MAX = 63
"""Limits of a host name. Source: RFC 1035, 2.3.4."""

KEYWORDS = {"any": "0.0.0.0", "local": "127.0.0.1"}
"""Words for addresses, and what a socket takes for them: every address of IPv4, and loopback."""

_LABEL = frozenset(string.ascii_letters + string.digits + "-_")


def address(text: str) -> str:
    """``text``, if it can be an address; whether there is such a host only a connection tells. Raises ValueError."""
    if text != text.lower() and text.lower() in KEYWORDS:
        raise ValueError(f"must be {text.lower()} in small letters, not {text!r}")
    labels = text.removesuffix(".").split(".")
    if ":" in text:
        fits = _is_ip(AF_INET6, text)
    elif labels[-1].isdigit():
        fits = _is_ip(AF_INET, text)  # no top-level domain is a number, so 300.1.2.3 is no name either
    else:
        fits = len(text) <= HOST_NAME_SIZE_MAX and all(map(_is_label, labels))
    if not fits:
        raise ValueError(f"must be any, an IPv4 or IPv6 address or a host name, not {text!r}")
    return text


def is_loopback(text: str) -> bool:
    """Whether an address is this machine alone, by how it is written."""
    return text == "local" or text.startswith(("127.", "localhost", "[::1]", "::1"))


def can_resolve(text: str) -> bool:
    """Whether an address is one, or the name of a host that is known here; asks for names only."""
    if text in KEYWORDS or _is_ip(AF_INET6, text) or _is_ip(AF_INET, text):
        return True
    try:
        return bool(getaddrinfo(text, None))
    except (OSError, UnicodeError):  # UnicodeError: a label too long for the domain name system
        return False


def can_listen(text: str) -> bool:
    """Whether this machine has the address, so that a socket can listen on it; names are not asked for."""
    for family in (AF_INET, AF_INET6):
        if _is_ip(family, text):
            with socket(family) as trial:
                try:
                    trial.bind((text, 0))
                except OSError:
                    return False
    return True


def _is_label(label: str) -> bool:
    return 0 < len(label) <= LABEL_SIZE_MAX and label[0] != "-" and _LABEL.issuperset(label)


def _is_ip(family: int, text: str) -> bool:
    try:
        inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a character that no address has
        return False
    return True
