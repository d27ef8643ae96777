"""`show statistics`: what every node counts, by context."""

from __future__ import annotations

from asadm.target.aerospike.views import data_centers, indexes, namespaces
from asadm.target.aerospike.views.asking import NAMESPACES, pairs
from asadm.target.aerospike.views.contexts import Context, each_namespace, follow_namespaces, said, whole

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.aerospike.views.contexts import PartSelection, Said

KIND = "statistics"


def _sets(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    found: dict[tuple[str, ...], Said] = {}
    for entry in info.entries("sets"):
        namespace, name = entry.pop("ns", ""), entry.pop("set", "")
        if entry and selection.outer(namespace) and selection.inner(name):
            found[namespace, name] = entry
    return found


class _SecondaryIndex:
    """One index as a node lists it: ``facts`` are its bin, type, state and the like."""

    __slots__ = ("command", "facts", "key")

    def __init__(self, entry: dict[str, str]) -> None:
        namespace, name = entry.get("ns", ""), entry.get("indexname", "")
        set_ = entry.get("set", "")
        self.key = (namespace, set_ if set_ != "NULL" else "", name)
        self.facts = {each: value for each, value in entry.items() if each not in {"ns", "set", "indexname"}}
        self.command = indexes.figures(namespace, name)


def _indexes(info: NodeInfo, selection: PartSelection) -> list[_SecondaryIndex]:
    found = [_SecondaryIndex(entry) for entry in info.entries(indexes.LIST) if entry.get("indexname")]
    return [each for each in found if selection.outer(each.key[0]) and selection.inner(each.key[2])]


def _of_indexes(info: NodeInfo, selection: PartSelection) -> list[str]:
    return [each.command for each in _indexes(info, selection)]


def _each_index(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """What the list says of each index, and its statistics."""
    found: dict[tuple[str, ...], Said] = {}
    for each in _indexes(info, selection):
        counted = said(info, each.command)
        found[each.key] = counted if isinstance(counted, str) else {**each.facts, **counted}
    return found


def _bins(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """From ``test:bin_names=2,bin_names_quota=65535,a,b;``."""
    found: dict[tuple[str, ...], Said] = {}
    for entry in (info.text("bins") or "").split(";"):
        namespace, colon, counted = entry.partition(":")
        if colon and selection.outer(namespace):
            found[namespace,] = pairs(counted, ",")
    return found


CONTEXTS = (
    Context("service", "Service Statistics", ("statistics",), whole("statistics"), usual=True),
    Context(
        "namespace",
        "{} Namespace Statistics",
        (NAMESPACES,),
        each_namespace(namespaces.statistics),
        keys=("namespace",),
        words=("NAMESPACE",),
        by_for=True,
        follow=follow_namespaces(namespaces.statistics),
        usual=True,
    ),
    Context(
        "sets",
        "{} Set Statistics",
        ("sets",),
        _sets,
        keys=("namespace", "set"),
        words=("NAMESPACE", "SET"),
        absent="sets: no node has a set",
        by_for=True,
        usual=True,
    ),
    Context(
        "sindex",
        "{} SIndex Statistics",
        (indexes.LIST,),
        _each_index,
        keys=("namespace", "set", "index"),
        words=("NAMESPACE", "INDEX"),
        absent="sindex: no node has a secondary index",
        by_for=True,
        follow=_of_indexes,
    ),
    Context(
        "bins",
        "{} Bin Statistics",
        ("bins",),
        _bins,
        keys=("namespace",),
        words=("NAMESPACE",),
        by_for=True,
        absent="bins: servers from 7.0 on have no limit of bin names, and do not count them",
        optional=True,
    ),
    Context(
        "xdr",
        "{} XDR Statistics",
        (data_centers.COMMAND,),
        data_centers.statistics,
        keys=("dc",),
        words=("DC",),
        by_for=True,
        follow=data_centers.of_data_centers(data_centers.STATISTICS),
        absent=f"xdr: {data_centers.ENTERPRISE}",
    ),
)
"""Which there are, in the order of their tables."""
