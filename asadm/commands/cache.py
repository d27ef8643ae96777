"""``cache clear``: drop the cached Lua contexts of every node, made for runs that nobody watches.

The order of a run, each step only if its flag was given: take the lock, wait the random time, ping that it starts,
ask the nodes, write the metrics file, ping how it went. docs/cron.md tells the whole story.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from asadm.cron import report
from asadm.cron.clear import Result, clear, look
from asadm.cron.lock import Lock, LockHeldError
from asadm.cron.metrics import RunFigures, write
from asadm.cron.settings import OPTIONS, Settings
from asadm.cron.stop import Stop
from asadm.outcome import FAILED, GOOD, Answer, Outcome, exit_code
from asinfo import interrupt
from asinfo.errors import Error

if TYPE_CHECKING:
    from asadm.cluster import Cluster
    from asadm.cron.ping import Ping
    from asadm.session import Session
    from asadm.statement import Arguments

__all__ = ["OPTIONS", "check", "run"]


def check(arguments: Arguments) -> None:
    """Raise UsageError for flags that make no sense, before anything is sent."""
    Settings.of(arguments.options).check_here()


def run(session: Session, arguments: Arguments) -> Outcome:
    """Clear the cache of every node; exit code 0, 1, 2, 130 on Ctrl-C or 143 on SIGTERM."""
    settings = Settings.of(arguments.options)
    settings.check_here()
    cluster = session.cluster(arguments).insistent()  # --retries says how often a node is asked
    return _dry_run(cluster) if settings.dry_run else Run(cluster, settings).outcome()


def _dry_run(cluster: Cluster) -> Outcome:
    results = [Result(node) for node in cluster.nodes]
    look(cluster, results)
    answers = [report.finished(result, "the run was stopped") for result in results]
    note = report.real_server_note(results, cleared=False)
    sheet = report.sheet("Lua caches that would be cleared", answers, results)
    return Outcome(answers, [sheet], messages=[note] if note else [], told=True)


class Run:
    """One run: what became of each node, and what else there is to say."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._results = [Result(node) for node in cluster.nodes]
        self._stop = Stop(settings.deadline)
        self._ping = _ping(settings.ping_url)
        self._messages: list[str] = []
        self._began: float | None = None

    def outcome(self) -> Outcome:
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
            stack.enter_context(Lock(settings.lock, settings.lock_wait))
        if settings.splay:
            _wait_at_random(settings.splay)
        self._began = time.monotonic()
        if self._ping:
            self._ping.start()
        clear(self._cluster, settings, self._results)

    def _overlap(self, reason: str) -> Outcome:
        """Another run is at it. That is well for a run that does not wait, and a failure for one that waited."""
        if not self._settings.lock_wait:
            return Outcome(messages=[] if self._settings.quiet else [f"{reason}: nothing done"], code=GOOD)
        message = f"{reason}, still after {self._settings.lock_wait:g} s: nothing done"
        if self._ping:
            self._note(self._ping.fail(message))
        return Outcome(messages=[message, *self._messages], code=FAILED)

    def _finish(self) -> Outcome:
        """Tell everybody: metrics file, ping, caller."""
        answers = [report.finished(result, self._stop.reason) for result in self._results]
        quiet = self._settings.quiet
        made = Outcome(answers, code=self._code(answers), told=not quiet, hushed=quiet)
        note = report.real_server_note(self._results, cleared=True)
        self._remember()
        self._write_metrics()
        self._ping_the_end(answers, made.code, note)
        if not quiet:
            made.show = [report.sheet("Lua caches cleared", answers, self._results)]
            made.messages = [note] if note else []
        made.messages += self._messages
        made.extra = {"cache_left_off": [result.node.name for result in self._results if result.left_off]}
        return made

    def _code(self, answers: list[Answer]) -> int:
        """A stop that came after the last answer changes nothing."""
        if self._stop.signal is None or all(answer.good for answer in answers):
            return exit_code(answers)
        return self._stop.code

    def _remember(self) -> None:
        """Note which caches are off now, for ``udf check``: no node can tell it later."""
        off = [result for result in self._results if result.left_off]
        if off:
            from asadm.fleet import notes  # only for runs on real servers

            notes.cleared([result.node for result in off], max(result.at for result in off))

    def _write_metrics(self) -> None:
        """Only for a run that got as far as asking: another one changed nothing."""
        if not self._settings.metrics_file or self._began is None:
            return
        seconds = time.monotonic() - self._began
        figures = RunFigures(self._cluster.name, time.time(), seconds, report.figures(self._results))
        try:
            write(self._settings.metrics_file, figures)
        except Error as error:
            self._note(str(error))

    def _ping_the_end(self, answers: list[Answer], code: int, note: str) -> None:
        if self._ping:
            self._note(self._ping.started())
            body = report.lines(answers, [*self._messages, *([note] if note else [])])
            self._note(self._ping.success(body) if code == GOOD else self._ping.fail(body))

    def _note(self, warning: str | None) -> None:
        """Keep a warning for standard error; also of a quiet run, for nobody else would tell it."""
        if warning:
            self._messages.append(warning)


def _ping(url: str) -> Ping | None:
    if not url:
        return None
    from asadm.cron.ping import Ping  # only for runs with pings

    return Ping(url)


def _wait_at_random(seconds_max: float) -> None:
    """The splay: many machines with the same schedule do not all clear at once."""
    import random  # only for runs with a splay

    interrupt.sleep(random.uniform(0, seconds_max))  # noqa: S311 - spreads load, keeps no secret
