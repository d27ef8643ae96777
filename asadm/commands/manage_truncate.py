"""``manage truncate``: the records of a set or of a namespace go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.manage_options import ASKING
from asadm.commands.modifiers import one_of
from asadm.fleet.change import confirm
from asadm.fleet.change.managed import manage
from asadm.fleet.change.settings import ChangeSettings
from asadm.target.aerospike.changes.dynamic_parameter import sendable
from asadm.target.aerospike.changes.truncation import TruncationChange, TruncationUndo
from asadm.target.aerospike.cluster import info_cluster
from asinfo.errors import UsageError

if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = ASKING

NOTES = """\
It asks first, and says how many records are lost: type the name of the set (or of the namespace) to go on. Scripts give --yes.
One node of the cluster is told, and all are looked at until they remove records up to that moment; removing them goes on in the
background. A namespace or a set that no node has is an error: a server would answer ok.
With 'before' only records go that were last updated before that moment: 'before 2026-11-30T12:00:00Z iso-8601' (without a zone
it is UTC), 'before 1700000000 unix-epoch'. 'undo' forgets a truncation.

Examples:
  asadm --enable manage truncate ns test set users --dry-run
  asadm --enable manage truncate ns test set users --yes
  asadm --enable manage truncate ns test before 1700000000 unix-epoch --yes"""

FORMS = ("iso-8601", "unix-epoch")
DIGITS_MAX = 19
"""Of a time, as of any number of 64 bits: a longer text takes Python long."""


class TruncateSettings(NamedTuple):
    """What goes: a set (empty: all) of a namespace, up to ``moment`` (nanoseconds since 1970; None: now), or what is undone."""

    change: ChangeSettings
    namespace: str
    set: str
    moment: int | None
    undo: bool


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a time that is none, for words that cannot be sent, and where nobody could confirm."""
    clauses = arguments.clauses
    [namespace], [set_] = clauses["ns"], clauses.get("set", [""])
    for word in (namespace, set_):
        sendable(word)
    undo, before = "undo" in clauses, clauses.get("before", [])
    if undo and before:
        raise UsageError("manage truncate: 'undo' forgets a truncation as a whole: it takes no 'before'")
    change = ChangeSettings.of(arguments.options)
    if not undo:
        confirm.require(change)
    moment = _moment(before) if before else None
    arguments.prepared = TruncateSettings(change, namespace, set_, moment, undo)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read, ask, tell, read until all have it."""
    settings: TruncateSettings = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.change.limit(cluster)
    change = (
        TruncationUndo(cluster, settings.namespace, settings.set)
        if settings.undo
        else TruncationChange(cluster, settings.namespace, settings.set, settings.moment)
    )
    return manage(session, settings.change, cluster, change)


def _moment(words: list[str]) -> int:
    """Nanoseconds since 1970. Raises UsageError."""
    if len(words) != 2:
        raise UsageError(f"manage truncate: 'before' takes a time and its form: {' or '.join(FORMS)}")
    word, form = words
    form = one_of(form, FORMS, "form of a time")
    found = _of_epoch(word) if form == "unix-epoch" else _of_iso(word)
    if found is None or not 0 < found < 1 << 63:
        raise UsageError(f"manage truncate: {word!r} is no time as {form}")
    return found


def _of_epoch(word: str) -> int | None:
    whole, _, part = word.partition(".")
    digits = whole + part
    if not (digits.isascii() and digits.isdigit() and whole and len(whole) <= DIGITS_MAX):
        return None
    return int(whole) * 1_000_000_000 + int(part[:9].ljust(9, "0"))


def _of_iso(word: str) -> int | None:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
