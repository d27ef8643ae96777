"""etcd's HTTP/JSON gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for connections with TLS, in PEM; empty: the system's authorities, and no certificate of our own."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class Gateway:
    """A client of the etcd at ``endpoints`` (URLs, http or https). Raises StartError when a file cannot be used."""

    def __init__(
        self, endpoints: Sequence[str], *, user: str = "", password: str = "", tls: Tls | None = None
    ) -> None:
        raise NotImplementedError
