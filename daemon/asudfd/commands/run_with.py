"""``asudfd run-with``: run a command beside a node that is there for it alone."""

from __future__ import annotations

import os
import sys
import tempfile
from errno import EACCES, ENOENT
from pathlib import Path

from asinfo.errors import UsageError
from asinfo.terminal.options import Option, whole
from asinfo.terminal.streams import tell
from asudfd import flags
from asudfd.commands.child import Child, blocked_signals, pending_signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asinfo.terminal.options import Values
    from asudfd.embedded import EmbeddedNode

CONFIG_FILE = Option(
    "config-file",
    metavar="FILE",
    help="Read the configuration from FILE; its addresses and ports do not count.",
)
ADDRESS = Option("address", metavar="ADDRESS", default="127.0.0.1", help="Address to listen on.  [127.0.0.1]")
NODES = Option("nodes", metavar="N", help="Start N nodes, one cluster.")
RESP = Option("resp", kind="flag", help="Serve Valkey's protocol, too; exports VALKEY_HOST and VALKEY_PORT.")
ENV = Option(
    "env",
    kind="list",
    metavar="NAME=TEMPLATE",
    help="Export NAME, too; {host}, {port}, {address} and {addresses} in TEMPLATE are those of the node; repeatable.",
)
LOG = Option("log", metavar="FILE", help="Write the node's log to FILE.")

OPTIONS = (CONFIG_FILE, *flags.NODE, ADDRESS, NODES, RESP, ENV, LOG)

SUMMARY = "Run a command beside a node in memory, on a free port, that is gone when the command has ended."

GRAMMAR = "asudfd run-with [OPTION]... -- COMMAND [ARG]..."

INTERSPERSED = False

NOTES = """\
The command finds the node by the environment variables AEROSPIKE_HOST and AEROSPIKE_PORT. It starts when clients are served.
Signals are passed on to it.

Exit codes: that of the command, or 128 and the number of the signal that has ended it; 126 it cannot be run, 127 there is no
such command, 1 the node cannot start, 2 usage.

Examples:
  asudfd run-with -- pytest tests
  asudfd run-with --namespace users --default-ttl 30d -- npm test
  asudfd run-with --env DATABASE_URL=aerospike://{host}:{port}/test -- go test ./..."""

CANNOT_RUN, NO_COMMAND = 126, 127
"""Exit codes of a shell for a command that cannot be run, and that is not there."""


def act(values: Values) -> int:
    """Run it; its exit code. Raises Error where the node cannot start."""
    if not values.words:
        raise UsageError("name a command: run-with -- COMMAND")
    templates = _templates(values)
    signals = blocked_signals()  # before there are threads: these inherit it
    with tempfile.TemporaryDirectory(prefix="asudfd-") as directory, _node(values, Path(directory)) as node:
        number = pending_signal(signals)
        if number:
            return 128 + number
        return _run(values.words, {**os.environ, **_exported(node, templates)}, signals)


def _node(values: Values, directory: Path) -> EmbeddedNode:
    """The node, not started. Raises UsageError, ConfigError."""
    from asudfd.config.load import NAMESPACES
    from asudfd.config.schema.service import PROCESS_NODES_MAX
    from asudfd.embedded import EmbeddedNode

    text = values.text(NODES.name)
    try:
        nodes = whole(text, 1, PROCESS_NODES_MAX) if text is not None else 1
    except ValueError as error:
        raise UsageError(f"--nodes: {error}") from None
    path = values.text(CONFIG_FILE.name)
    flags.configuration(
        values, path, str(directory)
    )  # what is wrong is told in the words of the command line
    return EmbeddedNode(
        nodes,
        path,
        resp=values.flag(RESP.name),
        namespaces=flags.namespaces(values) or NAMESPACES,
        settings={each.path: each.value for each in flags.assigned(values, path)},
        address=_address(values),
        log=values.text(LOG.name),
    )


def _address(values: Values) -> str:
    from asudfd.config.schema.address import address

    text = values.text(ADDRESS.name) or ""
    try:
        return address(text)
    except ValueError as error:
        raise UsageError(f"--address: {error}") from None


def _templates(values: Values) -> dict[str, str]:
    """The variables that are asked for. Raises UsageError."""
    found = {}
    for each in values.texts(ENV.name):
        name, equals, template = each.partition("=")
        if not name or not equals or "\0" in each:
            raise UsageError(f"--env: {each!r} is no NAME=TEMPLATE")
        found[name] = template
    return found


def _exported(node: EmbeddedNode, templates: Mapping[str, str]) -> dict[str, str]:
    """The variables that tell the command where the node is."""
    host, port = _reachable(node.host), str(node.port)
    found = {"AEROSPIKE_HOST": host, "AEROSPIKE_PORT": port}
    known = {
        "{host}": host,
        "{port}": port,
        "{address}": f"{host}:{port}",
        "{addresses}": ",".join(f"{_reachable(each)}:{number}" for each, number in node.addresses),
    }
    if node.resp_addresses:
        found |= {"VALKEY_HOST": _reachable(node.resp_address[0]), "VALKEY_PORT": str(node.resp_port)}
    for name, template in templates.items():
        for place, text in known.items():
            template = template.replace(place, text)  # noqa: PLW2901 - step by step
        found[name] = template
    return found


def _reachable(host: str) -> str:
    """The address by which a client of this machine reaches a node that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "any": "127.0.0.1"}.get(host, host)


def _run(words: Sequence[str], environment: Mapping[str, str], signals: frozenset[int]) -> int:
    try:
        child = Child(words, environment)
    except OSError as error:
        tell("asudfd", f"{words[0]}: {(error.strerror or str(error)).lower()}")
        return NO_COMMAND if error.errno == ENOENT else CANNOT_RUN if error.errno == EACCES else 1
    except ValueError as error:  # a NUL in a word
        raise UsageError(f"{words[0]!r}: {error}") from None
    sys.stderr.flush()
    return child.wait(signals)
