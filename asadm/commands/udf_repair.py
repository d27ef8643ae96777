"""``udf repair``: nodes that miss a module, or hold another version of it, get the right one.

A put is enough where the node takes it for a change. A real server does not where its cluster has agreed on just that
content, and a damaged file (``--verify``) is never mended by it: there the module is put with a marker line first, and
then as it should be, which is safe to interrupt; see `asadm.fleet.pair`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asadm.fleet import confirm, journal, verdict
from asadm.fleet.groups import clusters as find_clusters
from asadm.fleet.guard import Guard, announce
from asadm.fleet.mending import Mending
from asadm.fleet.options import CHANGE, NOTE, WAIT_SECONDS
from asadm.fleet.place import Item, Place
from asadm.fleet.shield import Shield
from asadm.fleet.show import failures
from asadm.fleet.survey import survey
from asadm.fleet.verify import verify
from asadm.modules import sendable
from asadm.outcome import FAILED, Outcome, exit_code
from asinfo.errors import UsageError
from asinfo.options import Option
from asinfo.render import Cell, Sheet
from asinfo.wire.info import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.cluster import Cluster
    from asadm.fleet.survey import Survey
    from asadm.fleet.verdict import Verdict
    from asadm.session import Session
    from asadm.statement import Arguments
    from asinfo.exchange import Node
    from asinfo.options import Values

FROM = Option("from", metavar="NODE", help="What this node lists is right, whatever the others have.")
DIRECTORY = Option("dir", metavar="DIR", help="The modules in this directory are right.")
LOOK = Option(
    "verify",
    kind="flag",
    help="Read every module from every node, before and after: finds damaged files too.",
)
OPTIONS = (FROM, DIRECTORY, LOOK, *CHANGE, NOTE)

PLAIN_SECONDS = 3.0
"""How long a put is given where it may be taken for no change; then comes the marker."""

PENDING = 3

NOTES = """\
What is right: what the directory has (--dir), what a node has (--from), or what most nodes list. When no version has
the most nodes, or most nodes do not have the module, nothing is sent and you have to say it.
A real server takes an identical put for no change; where that stands in the way, the module is put with a marker line
first and then as it should be. What remains is the true content, also when this is stopped in the middle.

Exit codes: 0 done, or nothing to repair; 1 a node failed or could not be read; 2 the command line is wrong, or you have
to decide; 3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf repair --dry-run             who has what, and what it would get
  asadm udf repair counter.lua --from n1 n1 is right
  asadm udf repair --dir udf --yes       as in the directory
  asadm udf repair --verify --yes        damaged files too, which no list shows"""


def check(arguments: Arguments) -> None:
    """Raises UsageError for flags that make no sense, and when nobody could confirm the change."""
    options = arguments.options
    for name in arguments.names:
        sendable(os.fsencode(name))
    if options.text("from") and options.text("dir"):
        raise UsageError("--from and --dir each say what is right: give one of them")
    confirm.require(options)


def run(session: Session, arguments: Arguments) -> Outcome:
    """Look, ask, mend, tell. Exit code 0, 1, 2, 3 for a dry run with something to do, or that of a signal."""
    options = arguments.options
    cluster = session.cluster(arguments)
    seen = survey(cluster)
    if any(answer.status == "interrupted" for answer in seen.answers):
        return Outcome(seen.answers)
    verdicts = _verdicts(cluster, seen, [os.fsencode(name) for name in arguments.names], options)
    if options.flag("verify"):
        _look_at_files(cluster, seen, verdicts)
    wrong = [each for each in verdicts if each.wrong or each.reason]
    if not wrong:
        note = f"nothing to repair: {len(verdicts) or len(seen.names())} modules"
        return Outcome(seen.answers, failures(seen), messages=[note])
    if options.flag("dry-run"):
        code = FAILED if not seen.complete or any(each.reason for each in wrong) else PENDING
        return Outcome(
            seen.answers,
            [_preview(wrong), *failures(seen)],
            messages=_remarks(wrong),
            code=code,
            extra={"repairs": _document(wrong)},
        )
    return _mend(session, cluster, seen, wrong, options)


def _verdicts(cluster: Cluster, seen: Survey, names: Sequence[bytes], options: Values) -> list[Verdict]:
    path = options.text("dir")
    if path is not None:
        from asadm.fleet import directory, plan

        found = directory.read(path)
        plan.permit(cluster, found)
        return verdict.by_directory(seen, names, found)
    return verdict.by_nodes(
        cluster, seen, names, trusted=_trusted(cluster, seen, options), verify=options.flag("verify")
    )


def _trusted(cluster: Cluster, seen: Survey, options: Values) -> Node | None:
    """The node of --from. Raises UsageError when it is not one, or could not be read."""
    name = options.text("from")
    if name is None:
        return None
    members = cluster.only([name]).members
    if len(members) != 1:
        raise UsageError(f"--from {name} means {len(members)} nodes: name one")
    for listing in seen.listings:
        if listing.node is members[0].node and not listing.read:
            raise UsageError(f"--from {name}: the node could not be read: {listing.answer.error}")
    return members[0].node


def _look_at_files(cluster: Cluster, seen: Survey, verdicts: Sequence[Verdict]) -> None:
    """Where a node lists the right version, see whether it serves it."""
    import time

    items = [Item(each.name, each.content) for each in verdicts if each.content is not None]
    places = [Place(listing, items) for listing in seen.listings]
    verify(cluster, items, places, time.monotonic() + WAIT_SECONDS)
    for each in verdicts:
        for place in places:
            cell = place.cells.get(each.name)
            if cell is not None and cell.status == "unverified":
                each.states[place.node] = verdict.DAMAGED


def _mend(
    session: Session, cluster: Cluster, seen: Survey, wrong: Sequence[Verdict], options: Values
) -> Outcome:
    wait = options.number("wait") or WAIT_SECONDS
    nodes = [listing.node for listing in seen.listings if listing.read]
    clusters = find_clusters(cluster, nodes)
    if not options.flag("yes"):
        announce(session, _preview(wrong))
        if not confirm.confirmed(options, f"Repair {_count(wrong)}?"):
            return Outcome(messages=["not confirmed: nothing was sent"], code=FAILED)
    with Shield() as shield, Guard(cluster, clusters, options, wait=wait, warn=session.warn) as guard:
        guard.keep(seen, [each.name for each in wrong])
        mending = Mending(cluster, clusters, wait=wait, warn=session.warn)
        with mending.stoppable():
            for each in wrong:
                _mend_one(mending, guard, each)
            if options.flag("verify") and not mending.stopped:
                _verify_after(mending, cluster, seen, wrong)
    answers = mending.answers(seen)
    return Outcome(
        answers,
        [mending.sheet("Repair"), *failures(seen)],
        messages=[*mending.alarms(), *_remarks(wrong)],
        code=shield.code
        or mending.stopped
        or (FAILED if any(each.reason for each in wrong) else exit_code(answers)),
        extra={"repairs": mending.document()},
    )


def _mend_one(mending: Mending, guard: Guard, each: Verdict) -> None:
    """One module: a put where that may do, and a marker put for the rest."""
    rows = [row for node, was in each.wrong.items() for row in mending.add(each.name, [node], was)]
    if each.content is None or each.hash is None:
        mending.skip(rows, "undecided", each.reason)
        return
    if mending.over(rows):
        return
    plain = [row for row in rows if row.was != verdict.DAMAGED]
    if plain:
        agreed = any(state in {verdict.SAME, verdict.DAMAGED} for state in each.states.values())
        mending.put(each.name, each.content, plain, PLAIN_SECONDS if agreed else None)
    left = [row for row in rows if row.was == verdict.DAMAGED or row.status == "late"]
    if left and not mending.over(left):
        mending.pair(each.name, each.content, left)
    if all(row.good for row in rows) and any(row.was == verdict.MARKER for row in rows):
        journal.end(each.name, each.content)
    guard.record("repair", each.name, each.content, each.hash, rows)


def _verify_after(mending: Mending, cluster: Cluster, seen: Survey, wrong: Sequence[Verdict]) -> None:
    """Prove that the mended nodes serve what they list now."""
    items = [Item(each.name, each.content) for each in wrong if each.content is not None]
    places = [Place(listing, items) for listing in survey(cluster, seen.nodes()).listings]
    verify(cluster, items, places, mending.deadline)
    for place in places:
        for row in mending.rows:
            cell = place.cells.get(row.name)
            if row.node is place.node and row.good and cell is not None and cell.status == "unverified":
                row.end("unverified", cell.error, mending.milliseconds)


def _preview(wrong: Sequence[Verdict]) -> Sheet:
    rows = [
        [Cell(text(each.name)), Cell(node.name), Cell(state, "bad"), Cell((each.hash or "?")[:10])]
        for each in wrong
        for node, state in each.wrong.items()
    ]
    return Sheet("To repair", ["Module", "Node", "Has", "Gets"], rows)


def _document(wrong: Sequence[Verdict]) -> list[dict[str, object]]:
    return [
        {"module": text(each.name), "node": node.name, "was": state, "hash": each.hash}
        for each in wrong
        for node, state in each.wrong.items()
    ]


def _remarks(wrong: Sequence[Verdict]) -> list[str]:
    return [f"{text(each.name)}: {each.reason}" for each in wrong if each.reason]


def _count(wrong: Sequence[Verdict]) -> str:
    nodes = {node for each in wrong for node in each.wrong}
    return f"{len(wrong)} module{'' if len(wrong) == 1 else 's'} on {len(nodes)} node{'' if len(nodes) == 1 else 's'}"
