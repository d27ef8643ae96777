"""``udf get``: the source of a module, byte for byte, checked against the hash that the node lists."""

from __future__ import annotations

import os

from asadm.fleet.observed.fetch import ModuleFetcher
from asadm.fleet.observed.grouping import gather, named
from asadm.fleet.observed.survey import coverage, survey
from asadm.outcome import FAILED, INTERRUPTED, CommandOutcome
from asadm.save_file import file_or_output, save
from asadm.target.one_node import one_node
from asinfo.terminal.options import Option
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.observed.fetch import FetchedModule
    from asadm.fleet.observed.survey import Survey
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NODE = Option(
    "node",
    metavar="NODE",
    help="Read the module from NODE. Needed where the nodes have different versions of it.",
)
OUTPUT = Option(
    "output",
    "o",
    metavar="FILE",
    help="Write the module to FILE instead of standard output. FILE is replaced only when all of it was read.",
)
OPTIONS = (NODE, OUTPUT)

NOTES = """\
Exit codes: 0 done, 1 a node could not be read, no node has the module, or the nodes hold different versions,
2 usage, 130 stopped by Ctrl-C.

Examples:
  asadm udf get counter.lua > counter.lua
  asadm udf get counter.lua --node 10.0.0.2 -o counter.lua"""


class GetSettings:
    """The module ``name``, the ``node`` to read it from, if one was named, and the file for it, if one was."""

    __slots__ = ("name", "node", "output")

    def __init__(self, name: bytes, node: str | None, output: str | None) -> None:
        self.name = name
        self.node = node
        self.output = output


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent, and for a file that cannot be made."""
    name = arguments.rules.sendable(os.fsencode(arguments.names[0]))
    path = file_or_output(arguments.options.text("output"))
    arguments.prepared = GetSettings(name, arguments.options.text("node"), path)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Find who has which version, read one that all agree on, and hand its bytes over."""
    settings: GetSettings = arguments.prepared
    name = settings.name
    cluster = session.cluster(arguments)
    if settings.node is not None:
        cluster = one_node(cluster, "--node", settings.node)
    found = survey(cluster)
    answers = found.answers
    if any(answer.status == "interrupted" for answer in answers):
        return CommandOutcome(answers, code=INTERRUPTED)
    hashes = found.hashes(name)
    versions = {digest for digest in hashes if digest is not None}
    messages = _remarks(name, found, hashes)
    if len(versions) != 1:
        return CommandOutcome(
            answers,
            messages=messages,
            code=FAILED,
            extra={"name": text(name), "versions": _who(found, hashes)},
        )
    [digest] = versions
    holders = [node for node, each in zip(found.nodes(), hashes, strict=True) if each == digest]
    fetcher = ModuleFetcher(cluster)
    version = fetcher.fetch({(name, digest): holders})[name, digest]
    messages += [
        f"{text(name)} on {each.node.name}: {each.reason}" for each in fetcher.passed if version.content
    ]
    outcome = CommandOutcome(answers, messages=messages, extra={"name": text(name), "hash": digest})
    return _handed(session, settings.output, version, outcome)


def _handed(
    session: CommandSession, path: str | None, version: FetchedModule, outcome: CommandOutcome
) -> CommandOutcome:
    """The content where it was asked for; or why there is none."""
    if version.content is None:
        outcome.messages.append(f"{outcome.extra['name']} on {version.node.name}: {version.reason}")
        outcome.code = FAILED
        return outcome
    outcome.extra |= {"from": version.node.name, "size": len(version.content)}
    if path is not None:
        save(path, version.content)
        outcome.extra["file"] = path
    elif session.json:
        from asinfo.decode import encode_base64

        outcome.extra["source"] = text(version.content)
        outcome.extra["content"] = encode_base64(version.content)
    else:
        outcome.show = session.safe(version.content)
    return outcome


def _who(found: Survey, hashes: list[str | None]) -> dict[str, list[str]]:
    """Names of the nodes by hash."""
    return {
        digest: [found.listings[position].node.name for position in positions]
        for digest, positions in gather(hashes).items()
        if digest is not None
    }


def _remarks(name: bytes, found: Survey, hashes: list[str | None]) -> list[str]:
    """What is to be told of nodes that have no version, or another."""
    nodes = found.nodes()
    read = [listing.read for listing in found.listings]
    groups = gather((digest, seen) for digest, seen in zip(hashes, read, strict=True))
    versions = [(digest, positions) for (digest, _), positions in groups.items() if digest is not None]
    lacking = groups.get((None, True), [])
    if not versions:
        where = "no node" if found.complete else f"none of {coverage(found.read, len(nodes))}"
        return [f"{where} lists {text(name)}"] if lacking else []
    said = []
    if len(versions) > 1:
        said.append(f"the nodes hold {len(versions)} versions of {text(name)}: name one with --node")
        said += [f"  {digest}  {named(nodes, positions)}" for digest, positions in versions]
    if lacking:
        said.append(f"{text(name)} is missing on {named(nodes, lacking)}")
    return said
