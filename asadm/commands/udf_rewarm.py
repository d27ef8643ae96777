"""``udf rewarm``: bring back the cache of real servers after ``udf-clear-cache:``.

A real server compiles a module anew for every call from then on, until a put that changes the module. So every module
is put twice on one node of each cluster: with a marker line, and as it should be. asudfd needs none of this.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asadm.cron.clear import WHO, real_server
from asadm.fleet import confirm, journal, notes
from asadm.fleet.fetch import Fetched, fetch
from asadm.fleet.groups import clusters as find_clusters
from asadm.fleet.guard import Guard, announce
from asadm.fleet.marker import unmarked
from asadm.fleet.mending import Mending, Row
from asadm.fleet.options import CHANGE, NOTE, WAIT_SECONDS
from asadm.fleet.shield import Shield
from asadm.fleet.show import failures
from asadm.fleet.survey import of
from asadm.modules import LIST, sendable
from asadm.outcome import FAILED, GOOD, Answer, Outcome, exit_code
from asinfo.render import Cell, Sheet
from asinfo.wire.info import text
from asinfo.wire.udf import base64, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.cluster import Cluster
    from asadm.fleet.survey import Survey
    from asadm.session import Session
    from asadm.statement import Arguments
    from asinfo.exchange import Node
    from asinfo.options import Values

    Tasks = dict[tuple[bytes, str], list[Node]]

OPTIONS = (*CHANGE, NOTE)

PENDING = 3

NOTES = """\
Every put changes the module, so every node of the cluster compiles it anew: once for the marker line, once without.
What remains is the module as it was, also when this is stopped in the middle.

Exit codes: 0 done, or not needed; 1 a node or a module failed; 2 the command line is wrong and nothing was sent;
3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf rewarm --dry-run            what would be put, and where
  asadm udf rewarm --yes                after 'cache clear', in the same cron job
  asadm udf rewarm counter.lua --yes    just this module"""


def check(arguments: Arguments) -> None:
    """Raises UsageError for a name that cannot be sent, and when nobody could confirm the change."""
    for name in arguments.names:
        sendable(os.fsencode(name))
    confirm.require(arguments.options)


def run(session: Session, arguments: Arguments) -> Outcome:
    """Find the real servers, ask, put twice, tell."""
    options = arguments.options
    cluster = session.cluster(arguments)
    survey, real = _look(cluster)
    if any(answer.status == "interrupted" for answer in survey.answers):
        return Outcome(survey.answers)
    if not real:
        note = (
            "not needed: no node that answered is a real Aerospike server; asudfd fills its cache by itself"
        )
        return Outcome(survey.answers, failures(survey), messages=[note] if _any_read(survey) else [])
    clusters = find_clusters(cluster, real)
    names = [os.fsencode(name) for name in arguments.names]
    aim = Aim(survey, clusters, names)
    if options.flag("dry-run"):
        code = PENDING if aim.tasks else GOOD
        return Outcome(
            survey.answers,
            [_preview(aim.tasks), *failures(survey)],
            messages=aim.torn,
            code=FAILED if aim.torn or not survey.complete else code,
            extra=_document(aim.tasks),
        )
    if aim.tasks and not options.flag("yes"):
        announce(session, _preview(aim.tasks))
    if aim.tasks and not confirm.confirmed(options, f"Put {_count(aim.tasks)} twice?"):
        return Outcome(messages=["not confirmed: nothing was sent"], code=FAILED)
    return _rewarm(session, cluster, survey, aim, options)


def _look(cluster: Cluster) -> tuple[Survey, list[Node]]:
    """What the nodes list, and which of those that do are real servers."""
    answers = cluster.each([LIST, *WHO])
    lists = [
        Answer.of(answer.node, answer.answers[:1], answer.milliseconds).like(answer, [LIST])
        if answer.answers
        else answer
        for answer in answers
    ]
    survey = of(lists)
    real = [
        answer.node
        for answer, listing in zip(answers, survey.listings, strict=True)
        if listing.read and real_server(*answer.answers[1:])
    ]
    return survey, real


def _any_read(survey: Survey) -> bool:
    return any(listing.read for listing in survey.listings)


class Aim:
    """What is to be done.

    ``clusters``    the real servers, those of one cluster together
    ``tasks``       nodes by module and hash; all nodes of a cluster are in the same one
    ``torn``        modules for which that cannot be told, in words
    ``everything``  whether all modules are meant
    """

    def __init__(self, survey: Survey, clusters: Sequence[Sequence[Node]], names: Sequence[bytes]) -> None:
        self.clusters = clusters
        self.everything = not names
        self.tasks: Tasks = {}
        self.torn: list[str] = []
        self._listed = {listing.node: listing.modules or {} for listing in survey.listings}
        for name in names or survey.names():
            self._add(name)

    def _add(self, name: bytes) -> None:
        known = False
        for nodes in self.clusters:
            hashes = {self._listed[node].get(name) for node in nodes}
            known = known or hashes != {None}
            hash_ = next(iter(hashes))
            if len(hashes) > 1:
                members = ", ".join(node.name for node in nodes)
                self.torn.append(
                    f"{text(name)}: {members} do not agree on it; asadm udf repair {text(name)} comes first"
                )
            elif hash_ is not None:
                self.tasks.setdefault((name, hash_), []).extend(nodes)
        if not known and not self.everything:
            self.torn.append(f"{text(name)}: no real server lists it")


def _rewarm(session: Session, cluster: Cluster, survey: Survey, aim: Aim, options: Values) -> Outcome:
    wait = options.number("wait") or WAIT_SECONDS
    with Shield() as shield, Guard(cluster, aim.clusters, options, wait=wait, warn=session.warn) as guard:
        mending = Mending(cluster, aim.clusters, wait=wait, warn=session.warn)
        with mending.stoppable():
            sources = fetch(cluster, aim.tasks)
            for (name, hash_), nodes in aim.tasks.items():
                _one(mending, guard, mending.add(name, nodes, "cold?"), sources[name, hash_])
    if aim.everything and not aim.torn and not mending.stopped:
        _forget(mending, [node for nodes in aim.clusters for node in nodes])
    answers = mending.answers(survey)
    return Outcome(
        answers,
        [mending.sheet("Caches brought back"), *failures(survey)],
        messages=[*mending.alarms(), *aim.torn],
        code=shield.code or mending.stopped or (FAILED if aim.torn else exit_code(answers)),
        extra={"rewarmed": mending.document()},
    )


def _one(mending: Mending, guard: Guard, rows: Sequence[Row], found: Fetched) -> None:
    """One module: two puts, or one where what the nodes have is a marker version already."""
    name = rows[0].name
    if found.content is None:
        reason = f"no node serves what it lists: {found.reason}; asadm udf repair {text(name)} --verify"
        mending.skip(rows, "error", reason)
        return
    if mending.over(rows):
        return
    true = unmarked(found.content)
    if true is None:
        true = found.content
        mending.pair(name, true, rows)
    else:
        for row in rows:
            row.was = "marker version"
        mending.put(name, true, rows)
        if all(row.good for row in rows):
            journal.end(name, true)
    guard.record("rewarm", name, true, digest(name, base64(true)), rows)


def _forget(mending: Mending, real: Sequence[Node]) -> None:
    """Nodes on which all went well have nothing left to be remembered."""
    failed = {row.node for row in mending.rows if not row.good}
    notes.forget(node for node in real if node not in failed)


def _preview(tasks: Tasks) -> Sheet:
    rows = [
        [Cell(text(name)), Cell(hash_[:10]), Cell(", ".join(node.name for node in nodes))]
        for (name, hash_), nodes in tasks.items()
    ]
    return Sheet("To be put twice", ["Module", "Has", "Nodes"], rows)


def _document(tasks: Tasks) -> dict[str, object]:
    return {
        "rewarms": [
            {"module": text(name), "hash": hash_, "nodes": [node.name for node in nodes]}
            for (name, hash_), nodes in tasks.items()
        ]
    }


def _count(tasks: Tasks) -> str:
    modules = len({name for name, _ in tasks})
    nodes = len({node for nodes in tasks.values() for node in nodes})
    return f"{modules} module{'' if modules == 1 else 's'} on {nodes} node{'' if nodes == 1 else 's'}"
