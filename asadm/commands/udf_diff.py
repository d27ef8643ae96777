"""``udf diff``: one module as two nodes have it, line by line."""

from __future__ import annotations

import os

from asadm.fleet.difference import shown, unified
from asadm.fleet.fetch import fetch
from asadm.fleet.survey import survey
from asadm.modules import sendable
from asadm.outcome import FAILED, INTERRUPTED, PENDING, Outcome
from asinfo.errors import UsageError
from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.cluster import Cluster
    from asadm.session import Session
    from asadm.statement import Arguments
    from asinfo.exchange import Node

NOTES = """\
Exit codes: 0 both nodes have the same, 3 they differ (also when just one has the module), 1 a node could not be read
or neither has the module, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm udf diff counter.lua 10.0.0.1 10.0.0.2"""


def check(arguments: Arguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    sendable(os.fsencode(arguments.names[0]))


def run(session: Session, arguments: Arguments) -> Outcome:
    """Compare the hashes, and the content when they differ."""
    name = os.fsencode(arguments.names[0])
    cluster = session.cluster()
    nodes = [_one(cluster, word) for word in arguments.names[1:]]
    found = survey(cluster, nodes)
    answers = found.answers
    hashes = found.hashes(name)
    extra: dict[str, object] = {"name": text(name), "hashes": hashes}
    if any(answer.status == "interrupted" for answer in answers):
        return Outcome(answers, code=INTERRUPTED)
    if not found.complete:
        return Outcome(answers, extra=extra)
    if hashes == [None, None]:
        return Outcome(answers, messages=[f"neither node lists {text(name)}"], code=FAILED, extra=extra)
    if hashes[0] == hashes[1]:
        return Outcome(answers, extra={**extra, "diff": ""})
    wanted = {
        (name, digest): [node] for node, digest in zip(nodes, hashes, strict=True) if digest is not None
    }
    fetched = fetch(cluster, wanted)
    reasons = [f"{text(name)} on {each.node.name}: {each.reason}" for each in fetched.values() if each.reason]
    if reasons:
        return Outcome(answers, messages=reasons, code=FAILED, extra=extra)
    contents = [fetched[name, digest].content if digest is not None else None for digest in hashes]
    labels = [f"{text(name)} ({node.name})" for node in nodes]
    diff = unified(contents[0], contents[1], labels[0], labels[1])
    extra["diff"] = text(diff)
    return Outcome(answers, shown(session, diff), code=PENDING, extra=extra)


def _one(cluster: Cluster, word: str) -> Node:
    """The only node that ``word`` selects. Raises UsageError."""
    nodes = cluster.only([word]).nodes
    if len(nodes) > 1:
        raise UsageError(f"{word} means {len(nodes)} nodes: name one")
    return nodes[0]
