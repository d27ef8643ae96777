"""`show config`: the parameters of every node, by context."""

from __future__ import annotations

from asadm.target.aerospike.views import namespaces
from asadm.target.aerospike.views.asking import NAMESPACES
from asadm.target.aerospike.views.contexts import Context, each_namespace, follow_namespaces, said, whole
from asadm.target.aerospike.views.data_centers import ENTERPRISE, of_data_centers, with_data_centers

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.aerospike.views.contexts import Parts, PartSelection, Said

KIND = "config"

OWN = "get-config:context=asudf"
"""What a real server does not have, or does not tell; asudfd does."""


def _command(context: str) -> str:
    return f"get-config:context={context}"


def _sections(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """The network, of which names begin with the section."""
    found = said(info, _command("network"))
    if isinstance(found, str):
        return {(): found}
    kept = {name: value for name, value in found.items() if selection.outer(name.partition(".")[0])}
    return {(): kept} if kept else {}


def _own(section: str) -> Parts:
    """The parameters of one section of asudfd's own context."""

    def parts(info: NodeInfo, _: PartSelection) -> dict[tuple[str, ...], Said]:
        found = said(info, OWN)
        if isinstance(found, str):
            return {(): found}
        kept = {
            name.removeprefix(section): value for name, value in found.items() if name.startswith(section)
        }
        return {(): kept} if kept else {}

    return parts


def _sets(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """The parameters among what a node tells of its sets: their names have dashes, those of statistics have none."""
    found: dict[tuple[str, ...], Said] = {}
    for entry in info.entries("sets"):
        namespace, name = entry.get("ns", ""), entry.get("set", "")
        values = {each: value for each, value in entry.items() if "-" in each}
        if values and selection.outer(namespace) and selection.inner(name):
            found[namespace, name] = values
    return found


def _sinks(info: NodeInfo, selection: PartSelection) -> list[tuple[str, str]]:
    """Number and file of each log."""
    entries = (entry.partition(":") for entry in (info.text("logs") or "").split(";") if entry)
    return [(number, path) for number, _, path in entries if number and selection.outer(number)]


def _levels(info: NodeInfo, selection: PartSelection) -> list[str]:
    return [f"log/{number}" for number, _ in _sinks(info, selection)]


def _logs(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
    """The level of each context of the server in each log; the file of the log stands among them."""
    found: dict[tuple[str, ...], Said] = {}
    for number, path in _sinks(info, selection):
        answer = info.text(f"log/{number}")
        if answer is None:
            found[number,] = info.error(f"log/{number}") or ""
            continue
        levels = (level.partition(":") for level in answer.split(";"))
        found[number,] = {"file": path} | {name: level for name, colon, level in levels if colon}
    return found


CONTEXTS = (
    Context(
        "security",
        "Security Configuration",
        (_command("security"),),
        whole(_command("security")),
        absent=f"security: {ENTERPRISE}",
        usual=True,
    ),
    Context(
        "service", "Service Configuration", (_command("service"),), whole(_command("service")), usual=True
    ),
    Context(
        "network", "Network Configuration", (_command("network"),), _sections, words=("SECTION",), usual=True
    ),
    Context(
        "namespace",
        "{} Namespace Configuration",
        (NAMESPACES,),
        each_namespace(namespaces.configuration),
        keys=("namespace",),
        words=("NAMESPACE",),
        by_for=True,
        follow=follow_namespaces(namespaces.configuration),
        usual=True,
    ),
    Context(
        "sets",
        "{} Set Configuration",
        ("sets",),
        _sets,
        keys=("namespace", "set"),
        words=("NAMESPACE", "SET"),
        absent="sets: no node has a set that has parameters",
        by_for=True,
    ),
    Context(
        "xdr",
        "{} XDR Configuration",
        (_command("xdr"),),
        with_data_centers,
        keys=("dc",),
        words=("DC",),
        by_for=True,
        follow=of_data_centers(_command("xdr")),
        absent=f"xdr: {ENTERPRISE}",
    ),
    Context(
        "logging",
        "Logging Configuration, sink {}",
        ("logs",),
        _logs,
        keys=("sink",),
        words=("SINK",),
        follow=_levels,
    ),
    Context(
        "mod-lua",
        "mod-lua Configuration",
        (OWN,),
        _own("mod-lua."),
        absent="mod-lua: a real server does not tell its parameters: see its aerospike.conf; asudfd does",
        optional=True,
    ),
)
"""Which there are, in the order of their tables."""
