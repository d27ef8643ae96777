"""``udf run``: call a UDF on a record, at the node that owns it."""

from __future__ import annotations

from asadm.commands.record_options import DIGEST, KEY_NOTES, KEY_TYPE, address
from asadm.compile_errors import describe
from asadm.fleet.plan.unified_diff import shown
from asadm.outcome import FAILED, GOOD, INTERRUPTED, CommandOutcome
from asadm.target.aerospike.records import show
from asadm.target.aerospike.records.address import set_address
from asadm.target.aerospike.records.typed_values import documents, values
from asadm.target.aerospike.records.udf_call import (
    UdfFailure,
    UdfInvocation,
    UdfRunResult,
    call,
    missing,
    reason,
    source,
)
from asinfo.errors import UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.terminal.options import Option
from asinfo.terminal.render import Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.address import RecordAddress
    from asadm.target.aerospike.records.repeat import RepeatedRequest
    from asadm.target.interface import Target

ARG_STRING = Option(
    "arg-string",
    kind="list",
    metavar="TEXT",
    help="One more argument, a string whatever it looks like; repeatable. It stands behind the others.",
)
ARGS_FILE = Option(
    "args-file", metavar="FILE", help="Take the arguments from a JSON array; - is standard input."
)
REPEAT = Option(
    "repeat", kind="integer", metavar="N", help="Call it N times, and show how long the calls took."
)
CONCURRENCY = Option(
    "concurrency",
    kind="integer",
    metavar="C",
    default=1,
    help="With --repeat: over C connections at the same time.  [1]",
)
ALL = Option(
    "all",
    metavar="NS[.SET]",
    help="Call it on every record of the set, or of the namespace, as a background job of the nodes.",
)
OPTIONS = (ARG_STRING, ARGS_FILE, KEY_TYPE, DIGEST, REPEAT, CONCURRENCY, ALL)

ARGS_SIZE_MAX = 8 << 20
"""Bytes of a file of arguments: a server takes a request of that size, and nobody types more."""

NOTES = f"""\
{KEY_NOTES}

Arguments are JSON where they parse as such, else strings. Those that look like options stand behind '--'. Bytes are
{{"$bytes": "00FF"}}, a geo JSON text is {{"$geo": "..."}}, a map with other keys than strings {{"$map": [[1, "one"]]}}; results are shown so, too.

The record is read before and after the call, in the same write, and what has changed is shown. It may have been changed by
others meanwhile. A function that fails is shown with its line. Where the node has not answered in time, the function may have run.

With --all the nodes call it in the background, each on the records that it owns; what it returns is lost. How far they are is shown
until they have ended; Ctrl-C ends the job on all nodes, and what it has changed stays changed.

Exit codes: 0 done, 1 the function failed, or the node did not answer, 2 usage, nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm --enable udf run counter.increment test.demo/k count 5
  asadm --enable udf run lists.append test.demo/17 tags '["a", "b"]' --json
  asadm --enable udf run counter.increment test.demo/k --repeat 10000 --concurrency 8 count 1
  asadm --enable udf run --all test.demo counter.increment count 1"""


class UdfRunSettings:
    """What is called on which record: ``repeat`` times (0: once, and shown), over ``concurrency`` connections.

    ``every``  the set on all records of which it is called; None: on the record
    """

    __slots__ = ("address", "call", "concurrency", "every", "repeat")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError."""
        from asadm.target.aerospike.records.repeat import CALLS_MAX, CONNECTIONS_MAX

        options = arguments.options
        every = options.text("all")
        self.every = set_address(every) if every is not None else None
        function, *words = arguments.names
        if self.every is None:
            if not words:
                raise UsageError("udf run: NS[.SET]/KEY is missing: name a record, or give --all NS.SET")
            self.address: RecordAddress = address(arguments, words.pop(0))
        self.call = UdfInvocation(function, _arguments(arguments, words))
        _alone(arguments)
        self.repeat = options.integer("repeat") or 0
        self.concurrency = options.integer("concurrency") or 0
        if "concurrency" in options.given and "repeat" not in options.given:
            raise UsageError("--concurrency: is for --repeat: give that, too")
        for name, value, most in (
            ("repeat", self.repeat, CALLS_MAX),
            ("concurrency", self.concurrency, CONNECTIONS_MAX),
        ):
            if name in options.given and not 1 <= value <= most:
                raise UsageError(f"--{name}: {value} is not a number from 1 to {most}")


def _alone(arguments: CommandArguments) -> None:
    """Raises UsageError for options about one record beside --all."""
    given = arguments.options.given
    for name in ("key-type", "digest", "repeat"):
        if "all" in given and name in given:
            raise UsageError(f"--{name}: is about one record: it does not go with --all")


def _arguments(arguments: CommandArguments, words: list[str]) -> list[Any]:
    """All arguments in order. Raises UsageError."""
    options = arguments.options
    file = options.text("args-file")
    words = [*words, *arguments.clauses.get("--", ())]
    if file is not None and words:
        raise UsageError("--args-file: takes the place of the arguments: leave those away")
    found = _read(file) if file is not None else values(words)
    return [*found, *options.texts("arg-string")]


def _read(file: str) -> list[Any]:
    """The arguments in a file. Raises UsageError."""
    from asinfo.decode import DecodeError, decode_json

    try:
        path = "/dev/stdin" if file == "-" else file
        document = decode_json(read_file(path, ARGS_SIZE_MAX, pipe_seconds=PIPE_SECONDS))
    except FileError as error:
        raise UsageError(f"--args-file: {error}") from None
    except DecodeError as error:
        raise UsageError(f"--args-file: {'standard input' if file == '-' else file} {error}") from None
    if not isinstance(document, list):
        raise UsageError(f"--args-file: {file}: is no JSON array of arguments")
    return documents(document)


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for what cannot be sent."""
    arguments.prepared = UdfRunSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Call it. Raises Error where the owner of the record cannot be told."""
    settings: UdfRunSettings = arguments.prepared
    cluster = session.cluster(arguments)
    if settings.every is not None:
        from asadm.commands.udf_run_all import run_all

        return run_all(cluster, settings.every, settings.call)
    if settings.repeat:
        return _repeated(session, arguments)
    result = call(cluster, settings.address.key, settings.call, timeout=cluster.timeout)
    extra: dict[str, object] = {"record": show.address_json(settings.address)}
    if not result.node.good:
        return CommandOutcome([result.node], messages=_hints(result), extra=extra)
    extra |= {"before": show.record_json(result.before), "after": show.record_json(result.after)}
    changed = b"" if session.json else shown(session, show.changes(result.before, result.after))
    at = f"at {result.node.node.name}, in {result.node.milliseconds:.1f} ms"
    if result.failure is None:
        extra["result"] = show.as_json(result.value)
        text = session.safe(f"{show.value_text(result.value)}\n".encode("utf-8", "surrogateescape"))
        return CommandOutcome([result.node], text + changed, messages=[at], code=GOOD, extra=extra)
    said = _why(cluster, result, settings.call)
    place = result.failure.place
    extra["error"] = {
        "message": place.message if place else said[0],
        "file": place.file if place else None,
        "line": place.line if place else None,
        "source": said[1].strip() if place and len(said) > 1 else None,
    }
    return CommandOutcome([result.node], changed, messages=[*said, at], code=FAILED, extra=extra)


def _why(cluster: Target, result: UdfRunResult, what: UdfInvocation) -> list[str]:
    """The lines that tell why a call failed: with the line of the source that the node has, or with what it has instead."""
    failure, node = result.failure, result.node.node
    assert failure is not None
    if failure.place is None:
        return [missing(cluster, node, failure, what)]
    file = failure.place.file
    return describe(failure.place, file.encode("utf-8", "surrogateescape"), file, source(cluster, node, file))


def _hints(result: UdfRunResult) -> list[str]:
    """That nobody knows whether the function ran."""
    return ["the function may have run: read the record"] if result.node.status == "timeout-reply" else []


# ---- many times


def _repeated(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    from asadm.target.aerospike.records.partition_map import owner
    from asadm.target.aerospike.records.repeat import RepeatedRequest

    settings: UdfRunSettings = arguments.prepared
    cluster = session.cluster(arguments)
    key = settings.address.key
    node = owner(cluster, key.namespace, key.digest)
    runs = RepeatedRequest(settings.call.message(key, cluster.timeout), settings.repeat, reason)
    runs.run(node, settings.concurrency, cluster.timeout)
    failed = sum(runs.reasons.values())
    reasons = {missing(cluster, node, UdfFailure(why), settings.call): n for why, n in runs.reasons.items()}
    figures = _figures(runs)
    sheets = [Sheet("", list(figures), [list(figures.values())])]
    if reasons:
        sheets.append(Sheet("Errors", ["Calls", "Reason"], [[n, why] for why, n in reasons.items()]))
    undone = settings.repeat - len(runs.seconds)
    messages = [f"at {node.name}"]
    if undone:
        messages.append(f"{undone} of {settings.repeat} calls were not answered")
    code = INTERRUPTED if undone and not failed else FAILED if failed else GOOD
    extra: dict[str, object] = {
        "record": show.address_json(settings.address),
        "node": node.name,
        "calls": len(runs.seconds),
        "errors": reasons,
        "milliseconds": {"median": figures["Median ms"], "p99": figures["p99 ms"], "max": figures["Max ms"]},
        "calls_per_second": figures["Calls/s"],
    }
    return CommandOutcome((), sheets, messages=messages, code=code, extra=extra)


def _figures(runs: RepeatedRequest) -> dict[str, float | int]:
    from asadm.target.aerospike.records.repeat import percentile

    ordered = sorted(runs.seconds)
    median, late, most = (round(percentile(ordered, share) * 1000, 3) for share in (0.5, 0.99, 1))
    return {
        "Calls": len(ordered),
        "Errors": sum(runs.reasons.values()),
        "Median ms": median,
        "p99 ms": late,
        "Max ms": most,
        "Calls/s": int(len(ordered) / runs.wall) if runs.wall else 0,
    }
