"""``udf diff``: one module as two nodes have it, line by line."""

from __future__ import annotations

import os

from asadm.fleet.observed.fetch import served
from asadm.fleet.observed.survey import survey
from asadm.fleet.plan.unified_diff import shown, unified
from asadm.outcome import FAILED, GOOD, INTERRUPTED, PENDING, CommandOutcome
from asinfo.errors import UsageError
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.fetch import FetchedModule
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

NOTES = """\
The bytes that both nodes serve are read and compared, whatever the nodes list.

Exit codes: 0 both nodes have the same, 3 they differ (also when just one has the module) or one does not serve what it
lists, 1 a node could not be read or neither has the module, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm udf diff counter.lua 10.0.0.1 10.0.0.2"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    arguments.rules.sendable(os.fsencode(arguments.names[0]))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read the module from both, and compare the bytes; what a node lists may not be what it serves."""
    name = os.fsencode(arguments.names[0])
    cluster = session.cluster(arguments)
    nodes = [_one(cluster, word) for word in arguments.names[1:]]
    found = survey(cluster, nodes)
    answers = found.answers
    hashes = found.hashes(name)
    extra: dict[str, object] = {"name": text(name), "hashes": hashes}
    if any(answer.status == "interrupted" for answer in answers):
        return CommandOutcome(answers, code=INTERRUPTED)
    if not found.complete:
        return CommandOutcome(answers, extra=extra)
    if hashes == [None, None]:
        return CommandOutcome(
            answers, messages=[f"neither node lists {text(name)}"], code=FAILED, extra=extra
        )
    versions = _read(cluster, name, nodes, hashes)
    lost = [each for each in versions if each is not None and each.silent]
    if lost:
        failed = [f"{text(name)} on {each.node.name}: {each.reason}" for each in lost]
        return CommandOutcome(answers, messages=failed, code=FAILED, extra=extra)
    one, other = (each.content if each else None for each in versions)
    diff = unified(one, other, *(f"{text(name)} ({node.name})" for node in nodes))
    extra |= {"served": [each.hash if each else None for each in versions], "diff": text(diff)}
    told = [
        f"{text(name)} on {each.node.name}: {_wrong(each, listed)}"
        for each, listed in zip(versions, hashes, strict=True)
        if each is not None and each.hash != listed
    ]
    code = PENDING if told or one != other else GOOD
    return CommandOutcome(answers, shown(session, diff), messages=told, code=code, extra=extra)


def _read(
    cluster: Target, name: bytes, nodes: Sequence[Endpoint], hashes: Sequence[str | None]
) -> list[FetchedModule | None]:
    """What each node that lists the module serves; one that cannot tell counts as silent. Raises KeyboardInterrupt."""
    listing = [node for node, listed in zip(nodes, hashes, strict=True) if listed is not None]
    answers = iter(cluster.each([cluster.get_command(name)], nodes=listing))
    found: list[FetchedModule | None] = []
    for listed in hashes:
        if listed is None:
            found.append(None)
            continue
        answer = next(answers)
        if answer.status == "interrupted":
            raise KeyboardInterrupt
        version = served(cluster, answer, 0, name)
        version.silent = version.content is None and not version.absent
        found.append(version)
    return found


def _wrong(version: FetchedModule, listed: str | None) -> str:
    """How what a node serves is not what it lists."""
    if version.content is None:
        return f"it lists {listed}, but serves nothing: {version.reason}"
    return f"what it serves has the hash {version.hash}, but it lists {listed}"


def _one(cluster: Target, word: str) -> Endpoint:
    """The only node that ``word`` selects. Raises UsageError."""
    nodes = cluster.only([word]).nodes
    if len(nodes) > 1:
        raise UsageError(f"{word} means {len(nodes)} nodes: name one")
    return nodes[0]
