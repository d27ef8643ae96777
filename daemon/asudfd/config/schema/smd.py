"""Parameters of the context `smd`: where the nodes of a cluster keep what they share, the Lua modules above all.

All are our own: a real server's nodes keep it among themselves.
"""

from dataclasses import dataclass
from typing import Any

from asinfo.terminal.options import PORT_MAX
from asudfd.config.parameter import Value, parameter

LOCAL = "local"
ETCD = "etcd"


def endpoint(text: str) -> str:
    """``text`` as the base of a URL: http or https, a host, and a port if any. Raises ValueError."""
    scheme, separator, place = text.partition("://")
    place = place.removesuffix("/")
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon:
        host, port = place, "0"
    fits = host and host.isascii() and host.isprintable() and not set(host) & set("/?#@ ,;=")
    if scheme not in {"http", "https"} or not separator or not fits or not _is_port(port):
        raise ValueError(f"must be http://HOST:PORT or https://HOST:PORT, not {text!r}")
    return f"{scheme}://{place}"


def prefix(text: str) -> str:
    """``text`` as the beginning of keys: it starts with a slash, and does not end with one. Raises ValueError."""
    if not text.startswith("/") or not text.isprintable() or set(text) & set(";=, "):
        raise ValueError(f"must begin with / and hold no blanks ; = and comma, not {text!r}")
    return text.rstrip("/")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= PORT_MAX


def _own(default: Value, doc: str, **facts: Any) -> Any:
    return parameter(default, doc, effect=True, own=True, **facts)


@dataclass(slots=True)
class SmdConfig:
    """The storage of system metadata."""

    backend: str = _own(
        LOCAL,
        "Where metadata is kept: in files of this machine, or in etcd, which several machines share.",
        choices=(LOCAL, ETCD),
    )
    endpoint: tuple[str, ...] = _own(
        (), "URL of a member of etcd, such as http://10.0.0.1:2379; may repeat.", check=endpoint
    )
    prefix: str = _own(
        "/asudf",
        "What all keys in etcd begin with; the name of the cluster follows.",
        high=255,
        check=prefix,
    )
    user: str = _own("", "User of etcd; without one nothing is sent to log in.", high=255)
    password_file: str = _own("", "File whose first line is the password of this user.")
    tls_ca_file: str = _own("", "File with the certificates that etcd's own must be signed by, in PEM form.")
    tls_cert_file: str = _own("", "File with the certificate that is shown to etcd, in PEM form.")
    tls_key_file: str = _own("", "File with the key of this certificate, in PEM form.")
    lease_ttl: int = _own(
        5,
        "How long a node that is not heard of stays a member.",
        unit="seconds",
        low=2,
        high=600,
    )
