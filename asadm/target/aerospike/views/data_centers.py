"""The data centers that a node of the Enterprise Edition ships changes to: their configuration and statistics."""

from __future__ import annotations

from asadm.target.aerospike.views.contexts import said

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.aerospike.views.contexts import Follow, PartSelection, Said

ENTERPRISE = "no node has any of it: it is of the Enterprise Edition only"

COMMAND = "get-config:context=xdr"
"""Names the data centers, in ``dcs``."""

STATISTICS = "get-stats:context=xdr"


def _names(info: NodeInfo, selection: PartSelection) -> list[str]:
    named = info.fields(COMMAND).get("dcs", "")
    return [name for name in named.split(",") if name and selection.outer(name)]


def of_data_centers(command: str) -> Follow:
    """Asks ``command`` of each data center."""

    def follow(info: NodeInfo, selection: PartSelection) -> list[str]:
        return [f"{command};dc={name}" for name in _names(info, selection)]

    return follow


def with_data_centers(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """The configuration of all, and of each data center."""
    found: dict[tuple[str, ...], Said] = {}
    general = said(info, COMMAND)
    if general and selection.outer(""):
        found[()] = general
    return found | {(name,): said(info, f"{COMMAND};dc={name}") for name in _names(info, selection)}


def statistics(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """The statistics of each data center."""
    return {(name,): said(info, f"{STATISTICS};dc={name}") for name in _names(info, selection)}
