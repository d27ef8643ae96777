"""Which version of each module is the right one, and which nodes have another.

The directory decides, or a node that the user names, or else the majority of the nodes that were read. A marker
version counts as the content that it stands for, and is never right itself.
"""

from __future__ import annotations

from asadm.fleet.observed.fetch import fetch
from asadm.fleet.observed.survey import unknown
from asinfo.errors import Error, UsageError
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.observed.survey import Survey
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

MISSING = "missing"
OTHER = "other content"
MARKER = "marker version"
DAMAGED = "damaged file"
SAME = "same"

_SAY = "say what is right with --from NODE or --dir DIR"


class RightVersion:
    """One module: the right ``content`` with its ``hash``, or None and the ``reason`` why it cannot be told.

    ``states``  what is wrong with it, by node; ``same`` where nothing is
    """

    __slots__ = ("content", "hash", "name", "reason", "states")

    def __init__(
        self, name: bytes, content: bytes | None = None, hash_: str | None = None, reason: str = ""
    ) -> None:
        self.name = name
        self.content = content
        self.hash = hash_
        self.reason = reason
        self.states: dict[Endpoint, str] = {}

    @classmethod
    def of(cls, cluster: Target, name: bytes, content: bytes) -> RightVersion:
        """``content`` is right, or the true content that it stands for."""
        true = cluster.leftovers.original(content)
        content = content if true is None else true
        return cls(name, content, cluster.hash(name, content))

    @classmethod
    def undecided(cls, name: bytes, survey: Survey, reason: str) -> RightVersion:
        """The user has to say what is right, because of ``reason``; the nodes that list it have the states."""
        version = cls(name, reason=reason)
        for listing, hash_ in zip(survey.listings, survey.hashes(name), strict=True):
            if hash_ is not None:
                version.states[listing.node] = f"lists {hash_[:10]}"
        return version

    def compare(self, survey: Survey, markers: Iterable[Endpoint] = ()) -> None:
        """Note what each node that was read has."""
        held = set(markers)
        for listing in survey.listings:
            if listing.modules is not None:
                self.states[listing.node] = self._state(listing.modules.get(self.name), listing.node in held)

    def _state(self, listed: str | None, marker: bool) -> str:
        if listed == self.hash:
            return SAME
        if listed is None:
            return MISSING
        return MARKER if marker else OTHER

    @property
    def wrong(self) -> dict[Endpoint, str]:
        """The nodes that have not the right version, and what they have."""
        return {node: state for node, state in self.states.items() if state != SAME}


def by_directory(
    cluster: Target, survey: Survey, names: Sequence[bytes], directory: ModuleDirectory
) -> list[RightVersion]:
    """The directory's modules (or those of ``names``) are right. Raises UsageError for a name it has not."""
    for name in names:
        if name not in directory.sources:
            raise UsageError(f"{text(name)} is not in {directory.path}")
    chosen = [source for source in directory.sources.values() if not names or source.name in names]
    markers = cluster.leftovers.held(survey.listings, [(source.name, source.content) for source in chosen])
    versions = [RightVersion.of(cluster, source.name, source.content) for source in chosen]
    for version in versions:
        version.compare(survey, markers.get(version.name, ()))
    return versions


def by_nodes(
    cluster: Target,
    survey: Survey,
    names: Sequence[bytes],
    *,
    trusted: Endpoint | None = None,
    verify: bool = False,
) -> list[RightVersion]:
    """What most nodes list is right, or what ``trusted`` lists; contents come from the nodes.

    Without ``verify`` only modules about which the nodes disagree, or that are known to be a marker version, are
    looked into. Raises UsageError for a name that no node lists, or that ``trusted`` does not.
    """
    known = survey.names()
    for name in names:
        if name not in known:
            raise unlisted(survey, name)
    markers = cluster.leftovers.held(survey.listings)
    differing = set(survey.differing())
    wanted = [name for name in (names or known) if verify or name in markers or name in differing]
    if trusted is not None:
        for name in names:
            if not _listed(survey, trusted, name):
                raise UsageError(
                    f"{trusted.name} does not list {text(name)}; asadm udf remove {text(name)} removes it everywhere"
                )
    right = {name: _right(survey, name, markers.get(name, ()), trusted) for name in wanted}
    undecided = [
        RightVersion.undecided(name, survey, reason) for name, (_, reason) in right.items() if reason
    ]
    decided = {name: hash_ for name, (hash_, reason) in right.items() if not reason}
    return [*_contents(cluster, survey, decided, markers), *undecided]


def unlisted(survey: Survey, name: bytes, what: str = "node") -> Error:
    """For a name that no node lists; where no node could be read, the command line is not to blame."""
    if not survey.read:
        return Error(unknown(len(survey.listings)))
    missing = "" if survey.complete else f" ({survey.read} of {len(survey.listings)} nodes were read)"
    return UsageError(f"no {what} that was read lists {text(name)}{missing}")


def _listed(survey: Survey, node: Endpoint, name: bytes) -> str | None:
    for listing in survey.listings:
        if listing.node is node and listing.modules is not None:
            return listing.modules.get(name)
    return None


def _right(
    survey: Survey, name: bytes, markers: Iterable[Endpoint], trusted: Endpoint | None
) -> tuple[str, str]:
    """The right hash, or why it cannot be told."""
    if trusted is not None:
        listed = _listed(survey, trusted, name)
        return (listed, "") if listed else ("", f"{trusted.name} does not list it: {_remove(name)}")
    held = set(markers)
    votes: dict[str | None, int] = {}
    for listing in survey.listings:
        if listing.modules is not None and listing.node not in held:
            hash_ = listing.modules.get(name)
            votes[hash_] = votes.get(hash_, 0) + 1
    if not set(votes) - {None}:  # nothing but markers: they tell what they stand for
        return next(hash_ for hash_ in survey.hashes(name) if hash_), ""
    best = max(votes.values())
    winners = [hash_ for hash_, count in votes.items() if count == best]
    if len(winners) > 1:
        none = " (or none)" if None in winners else ""
        return "", f"{best} nodes each have one of {len(winners)} versions{none}: {_SAY}"
    if winners[0] is None:
        return "", f"{best} of {sum(votes.values())} nodes do not have it: {_remove(name)}, or {_SAY}"
    return winners[0], ""


def _remove(name: bytes) -> str:
    return f"asadm udf remove {text(name)} removes it everywhere"


def _contents(
    cluster: Target, survey: Survey, right: dict[bytes, str], markers: dict[bytes, list[Endpoint]]
) -> list[RightVersion]:
    wanted = {
        (name, hash_): [
            listing.node for listing in survey.listings if (listing.modules or {}).get(name) == hash_
        ]
        for name, hash_ in right.items()
    }
    fetched = fetch(cluster, wanted)
    versions = []
    for name, hash_ in right.items():
        found = fetched[name, hash_]
        content = cluster.leftovers.content(hash_) if found.content is None else found.content
        version = RightVersion(name) if content is None else RightVersion.of(cluster, name, content)
        held = set(markers.get(name, ()))
        if content is None:
            what = "no node could be read" if found.silent else "no node serves what it lists"
            version.reason = f"{what}: {found.reason}; asadm udf repair {text(name)} --dir DIR"
            version.hash = hash_
        elif version.hash != hash_:
            held.update(wanted[name, hash_])
        version.compare(survey, held)
        versions.append(version)
    return versions
