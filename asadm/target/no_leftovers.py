"""No temporary versions: the `asadm.target.interface.Leftovers` of a target that never sends any."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.target.results import Listing
    from asinfo.exchange import Endpoint


def held(
    listings: Sequence[Listing], known: Iterable[tuple[bytes, bytes]] = ()
) -> dict[bytes, list[Endpoint]]:
    """No node lists one."""
    return {}


def original(content: bytes) -> bytes | None:
    """No content is one."""
    return None


def content(hash_: str) -> bytes | None:
    """No hash is one's."""
    return None


def end(name: bytes, content: bytes) -> None:
    """Nothing was begun."""


def lines(found: Mapping[bytes, Sequence[Endpoint]]) -> Sequence[str]:
    """Nothing to tell."""
    return ()
