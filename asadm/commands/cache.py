"""``cache clear``: drop the cached Lua contexts of every node; for cron, systemd and other unattended runs.

The order of a run, each step only if its flag was given: take the lock, wait the random time, ping that it starts,
ask the nodes, bring back the caches of real servers, write the metrics file, ping how it went. docs/cron.md tells the
whole story.
"""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from asadm.cron.lock import LockFile, LockHeldError
from asadm.cron.metrics import NodeFigures, RunFigures, write
from asadm.cron.settings import OPTIONS, ClearSettings
from asadm.cron.stop import Stop
from asadm.outcome import FAILED, GOOD, CommandOutcome, NodeAnswer, exit_code, is_stopped
from asadm.target.aerospike import cache_report
from asadm.target.aerospike.cache_clear import ClearResult, clear, look
from asadm.target.aerospike.cluster import AerospikeCluster, info_cluster
from asinfo.errors import Error
from asinfo.terminal import interrupt
from asinfo.terminal.options import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.cron.ping import Ping
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.terminal.render import Sheet

__all__ = ["OPTIONS", "check", "run"]

SECONDS_MIN = 0.001
"""What is left for the second half when the deadline is over: too little to send anything, and no word for no limit."""


def check(arguments: CommandArguments) -> None:
    """Raise UsageError for flags that make no sense, before anything is sent."""
    arguments.prepared = ClearSettings.of(arguments.options)
    arguments.prepared.check_here()


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Clear the cache of every node; exit code 0, 1, 2, 130 on Ctrl-C or 143 on SIGTERM."""
    settings: ClearSettings = arguments.prepared
    settings.check_here()
    cluster = info_cluster(session.cluster(arguments)).insistent()  # --retries says how often a node is asked
    return _dry_run(cluster, settings) if settings.dry_run else ClearRun(session, cluster, settings).outcome()


def _dry_run(cluster: AerospikeCluster, settings: ClearSettings) -> CommandOutcome:
    results = [ClearResult(node) for node in cluster.nodes]
    look(cluster, results)
    answers = [cache_report.finished(result, "the run was stopped") for result in results]
    note = cache_report.real_server_note(results, cleared=False, rewarm=settings.rewarm)
    sheet = cache_report.sheet("Lua caches that would be cleared", answers, results)
    return CommandOutcome(answers, [sheet], messages=[note] if note else [], told=True)


class ClearRun:
    """One run of ``cache clear``: the results of the nodes, and the messages."""

    def __init__(self, session: CommandSession, cluster: AerospikeCluster, settings: ClearSettings) -> None:
        self._session = session
        self._cluster = cluster
        self._settings = settings
        self._results = [ClearResult(node) for node in cluster.nodes]
        self._stop = Stop(settings.deadline)
        self._ping = _ping(settings.ping_url)
        self._messages: list[str] = []
        self._began: float | None = None
        self._rewarmed: CommandOutcome | None = None

    def outcome(self) -> CommandOutcome:
        """Do it all. Never raises KeyboardInterrupt: what was done is always told."""
        with self._stop, ExitStack() as stack:
            try:
                self._work(stack)
            except LockHeldError as held:
                self._stop.disarm()
                return self._overlap(str(held))
            except KeyboardInterrupt:
                pass  # self._stop knows why
            # Still under the lock: another run must not write its figures or tell its end in between.
            self._stop.disarm()
            return self._finish()

    def _work(self, stack: ExitStack) -> None:
        """All that may be stopped."""
        settings = self._settings
        if settings.lock:
            stack.enter_context(LockFile(settings.lock, settings.lock_wait))
        if settings.splay:
            _wait_at_random(settings.splay)
        self._began = time.monotonic()
        if self._ping:
            self._ping.start()
        try:
            clear(self._cluster, settings, self._results)
        finally:
            self._remember()
        if settings.rewarm and self._stop.signal is None:
            self._rewarm()

    def _rewarm(self) -> None:
        """Bring back the caches that were left off; what could not be is told, and stays so."""
        if not any(result.left_off for result in self._results):
            return
        from asadm.commands.udf_rewarm import OPTIONS as CHANGE_OPTIONS
        from asadm.commands.udf_rewarm import RewarmRun, RewarmSettings
        from asadm.fleet.change.guard import carry_out
        from asadm.fleet.change.options import WAIT_SECONDS
        from asadm.fleet.change.settings import ChangeSettings

        left = self._stop.hand_over()
        seconds = WAIT_SECONDS if left is None else max(left, SECONDS_MIN)
        # No history: what is there afterwards is what was there before, every time that the clock strikes.
        change = ChangeSettings.of(Values(CHANGE_OPTIONS))._replace(
            yes=True, recorded=False, wait=seconds, lock_wait=seconds
        )
        run = RewarmRun(self._session, RewarmSettings(change, announced=False), self._cluster)
        try:
            made = carry_out(run.change())
        except Error as error:
            made = CommandOutcome(
                messages=[f"rewarm: {line}" for line in str(error).splitlines()], code=FAILED
            )
        if is_stopped(made.code):
            self._stop.signal = signal.Signals(made.code - 128)
        warm = set(run.warm())
        for result in self._results:
            result.warm = result.node in warm
        made.messages += [
            f"rewarm: {answer.node.name}: {answer.error}" for answer in made.answers if not answer.good
        ]
        self._rewarmed = made

    def _overlap(self, reason: str) -> CommandOutcome:
        """Another run is at it. That is well for a run that does not wait, and a failure for one that waited."""
        if not self._settings.lock_wait:
            return CommandOutcome(
                messages=[] if self._settings.quiet else [f"{reason}: nothing done"], code=GOOD
            )
        message = f"{reason}, still after {self._settings.lock_wait:g} s: nothing done"
        if self._ping:
            self._note(self._ping.fail(message))
        return CommandOutcome(messages=[message, *self._messages], code=FAILED)

    def _finish(self) -> CommandOutcome:
        """Tell everybody: metrics file, ping, caller."""
        answers = [cache_report.finished(result, self._stop.reason) for result in self._results]
        quiet = self._settings.quiet
        made = CommandOutcome(answers, code=self._code(answers), told=not quiet, hushed=quiet)
        note = cache_report.real_server_note(self._results, cleared=True, rewarm=self._settings.rewarm)
        again = self._about_rewarm(quiet=quiet)
        self._write_metrics()
        self._ping_the_end(answers, made.code, [note, *again.messages])
        if not quiet:
            made.show = [cache_report.sheet("Lua caches cleared", answers, self._results), *_sheets(again)]
        made.messages = [*filter(None, [note]), *again.messages, *self._messages]
        made.extra = {"cache_left_off": [result.node.name for result in self._results if result.left_off]}
        made.extra |= {"rewarmed": again.extra.get("rewarmed", [])} if self._settings.rewarm else {}
        return made

    def _about_rewarm(self, *, quiet: bool) -> CommandOutcome:
        """What there is to tell of the second half of the run; it may not have been needed."""
        if self._rewarmed is not None:
            return self._rewarmed
        needed = any(result.real for result in self._results) or not any(
            result.good for result in self._results
        )
        if quiet or needed or not self._settings.rewarm:
            return CommandOutcome()
        return CommandOutcome(
            messages=[
                "rewarm: not needed: no real Aerospike server was cleared; asudfd fills its cache by itself"
            ]
        )

    def _code(self, answers: list[NodeAnswer]) -> int:
        """A stop that came after the last answer changes nothing; a cache that was not brought back is a failure."""
        unfinished = self._rewarmed is not None and is_stopped(self._rewarmed.code)
        if self._stop.signal is None or (all(answer.good for answer in answers) and not unfinished):
            left = self._settings.rewarm and any(result.left_off for result in self._results)
            return max(
                exit_code(answers), FAILED if left else GOOD, self._rewarmed.code if self._rewarmed else GOOD
            )
        return self._stop.code

    def _remember(self) -> None:
        """Note which caches are off now, for ``udf check``: no node can tell it later."""
        off = [result for result in self._results if result.left_off]
        if off:
            from asadm.target.aerospike import cache_notes  # only for runs on real servers

            cache_notes.cleared([result.node for result in off], max(result.at for result in off))

    def _write_metrics(self) -> None:
        """Only for a run that got as far as asking: another one changed nothing."""
        if not self._settings.metrics_file or self._began is None:
            return
        seconds = time.monotonic() - self._began
        figures = RunFigures(self._cluster.name, time.time(), seconds, tuple(map(_figures, self._results)))
        try:
            write(self._settings.metrics_file, figures)
        except Error as error:
            self._note(str(error))

    def _ping_the_end(self, answers: list[NodeAnswer], code: int, notes: Sequence[str]) -> None:
        if self._ping:
            self._note(self._ping.started())
            body = cache_report.lines(answers, [*self._messages, *filter(None, notes)])
            self._note(self._ping.success(body) if code == GOOD else self._ping.fail(body))

    def _note(self, warning: str | None) -> None:
        """Keep a warning for standard error; also of a quiet run, for nobody else would tell it."""
        if warning:
            self._messages.append(warning)


def _figures(result: ClearResult) -> NodeFigures:
    seconds = result.answer.milliseconds / 1000 if result.answer else 0.0
    at = result.at if result.good else None
    return NodeFigures(result.node.name, at, seconds, cache_left_off=result.left_off)


def _sheets(outcome: CommandOutcome) -> Sequence[Sheet]:
    return [] if isinstance(outcome.show, bytes) else outcome.show


def _ping(url: str) -> Ping | None:
    if not url:
        return None
    from asadm.cron.ping import Ping  # only for runs with pings

    return Ping(url)


def _wait_at_random(seconds_max: float) -> None:
    """The splay: many machines with the same schedule do not all clear at once."""
    import random  # only for runs with a splay

    interrupt.sleep(random.uniform(0, seconds_max))  # noqa: S311 - spreads load, keeps no secret
