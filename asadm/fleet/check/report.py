"""What every check tells: nodes, findings about them, and how bad they are."""

from __future__ import annotations

from asadm.fleet.observed.grouping import gather, named

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asinfo.exchange import Endpoint

OK, WARNING, CRITICAL, UNKNOWN = range(4)
LEVELS = ("ok", "warning", "critical", "unknown")
"""As Nagios counts them."""

UNREACHABLE = "unreachable"
DRIFT = "drift"
DIRECTORY = "directory"
CACHE_OFF = "cache-off"
MARKER = "marker"
DAMAGED = "damaged"
POISONED = "poisoned"
CONFIG_DRIFT = "config-drift"
BASELINE = "baseline"
NOT_TOLD = "not-told"

LEVEL_OF = {
    UNREACHABLE: CRITICAL,
    DRIFT: CRITICAL,
    DAMAGED: CRITICAL,
    POISONED: CRITICAL,
    DIRECTORY: WARNING,
    CACHE_OFF: WARNING,
    MARKER: WARNING,
    CONFIG_DRIFT: WARNING,
    BASELINE: WARNING,
    NOT_TOLD: WARNING,
}
"""How bad each kind of finding is: calls that fail or do different things are worse than what only waits for a hand."""


class Finding:
    """One fault: its ``kind``, its ``subject``, a module or parameter (None for a node as a whole), the nodes, and a description."""

    __slots__ = ("detail", "kind", "nodes", "subject", "where")

    def __init__(
        self, kind: str, subject: str | None, nodes: Sequence[Endpoint], detail: str, where: str = ""
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.nodes = list(nodes)
        self.detail = detail
        self.where = where or ", ".join(node.name for node in nodes)

    @property
    def level(self) -> int:
        """How bad it is."""
        return LEVEL_OF[self.kind]

    def __str__(self) -> str:
        subject = "" if self.subject is None else f"{self.subject}: "
        return f"{self.kind}: {subject}{self.where}: {self.detail}"


class CheckReport:
    """The result of one check, whatever it is about.

    ``noun``      what is compared, a module or a parameter; ``subjects`` is how many there are
    ``answers``   of all nodes that were asked
    ``complete``  whether every node told all that it was asked
    ``seconds``   how long it took
    """

    def __init__(self, cluster: str, answers: Sequence[NodeAnswer], noun: str) -> None:
        self.cluster = cluster
        self.answers = list(answers)
        self.noun = noun
        self.nodes = [answer.node for answer in answers]
        self.findings: list[Finding] = []
        self.complete = all(answer.good for answer in answers)
        self.seconds = 0.0

    subjects = 0
    member = "module"
    """What JSON calls the subject of a finding."""

    long = False
    """Whether subjects are long: a narrow terminal shows them whole, and leaves out level and kind, which the detail tells too."""

    def figures(self, family: str) -> list[str]:  # noqa: ARG002 - of those that have some
        """Those of a Nagios plugin for the commands of ``family``, between that of nodes that were not read and the time."""
        return []

    def members(self) -> dict[str, object]:
        """Further members of the JSON document."""
        return {}

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return any(answer.status == "interrupted" for answer in self.answers)

    @property
    def read(self) -> int:
        """How many nodes told all they were asked."""
        return len(self.nodes) - self.count(UNREACHABLE)

    @property
    def level(self) -> int:
        """The worst."""
        return max((finding.level for finding in self.findings), default=OK)

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return self.level == OK

    def count(self, kind: str) -> int:
        """How many findings of a kind there are: nodes of those about nodes, modules or parameters of the others."""
        found = [finding for finding in self.findings if finding.kind == kind]
        if kind in {UNREACHABLE, CACHE_OFF, POISONED}:
            return len({node for finding in found for node in finding.nodes})
        return len({finding.subject for finding in found})

    def add(self, kind: str, subject: str | None, nodes: Sequence[Endpoint], detail: str) -> None:
        """One more finding, its nodes named together where they are many."""
        chosen = set(nodes)
        positions = [position for position, node in enumerate(self.nodes) if node in chosen]
        self.findings.append(Finding(kind, subject, nodes, detail, named(self.nodes, positions)))

    def note_unread(self) -> None:
        """A finding for each reason for which nodes were not read."""
        failed = [answer for answer in self.answers if not answer.good]
        for (status, reason), positions in gather((each.status, each.error) for each in failed).items():
            nodes = [failed[position].node for position in positions]
            self.add(UNREACHABLE, None, nodes, f"{reason} ({status})")

    def note_versions(
        self,
        kind: str,
        subject: str,
        versions: Mapping[str | None, Sequence[Endpoint]],
        *,
        missing: str = "missing",
        shown: int | None = None,
    ) -> None:
        """Findings about the nodes whose version of ``subject`` is not that of the most; with several of the same number, all are named.

        ``versions`` has the nodes of each, None where they have none; ``shown`` is how many characters of one are told.
        """
        size = max(map(len, versions.values()))
        usual = [version for version, nodes in versions.items() if len(nodes) == size]
        for version, nodes in versions.items():
            if len(usual) > 1 or version not in usual:
                has = missing if version is None else f"has {version[:shown]}"
                others = "" if len(usual) > 1 else f"; {size} have {(usual[0] or 'none')[:shown]}"
                self.add(kind, subject, nodes, has + others)
