"""The flags of ``cache clear``, which ``schedule print`` takes too, and what they mean together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asadm.cron.metrics import check_target
from asinfo.errors import UsageError
from asinfo.terminal.options import Option, Values

SECONDS_MAX = 7 * 24 * 3600.0
"""Longest wait that any flag may ask for; more than a week is a slip of the finger."""

RETRIES_MAX = 100
"""Most retries that may be asked for: with the longest pauses that is most of an hour."""

OPTIONS = (
    Option(
        "quiet",
        "q",
        "flag",
        help="Print nothing when every node succeeds. Otherwise print on standard error one line for each failed node, and one if caches are left off.",
    ),
    Option(
        "lock",
        metavar="FILE",
        help="Lock FILE during the run, so that only one run at a time clears caches. If another run has the lock, do nothing and exit with 0.",
    ),
    Option(
        "lock-wait",
        kind="number",
        metavar="SECONDS",
        help="If another run has the lock, wait up to SECONDS for it; fail if it is still held then.",
    ),
    Option(
        "splay",
        kind="number",
        metavar="SECONDS",
        help="Wait a random time of up to SECONDS before starting, so that many machines do not start at the same moment.",
    ),
    Option(
        "deadline",
        kind="seconds",
        help="Stop the run after this many seconds; nodes that have not answered by then count as failed. The last ping and the metrics file come after it.",
    ),
    Option(
        "retries",
        kind="integer",
        metavar="N",
        help="Try nodes that failed again, up to N times, with a growing pause between the tries (1 s, 2 s, 4 s, at most 30 s).  [0]",
    ),
    Option(
        "rewarm",
        kind="flag",
        help="After the clear, turn the Lua caches of real Aerospike servers on again, as 'udf rewarm --yes' does. Such a server leaves its cache off after a clear.",
    ),
    Option("serial", kind="flag", help="Clear one node after the other, instead of all at once."),
    Option(
        "pause", kind="number", metavar="SECONDS", help="Wait SECONDS between two nodes; implies --serial."
    ),
    Option(
        "ping-url",
        metavar="URL",
        environment="ASADM_PING_URL",
        help="Report to a service that watches cron jobs: a request to URL/start at the start, and to URL or URL/fail at the end. Better set in the environment, because other users can see a command line.",
    ),
    Option(
        "metrics-file",
        metavar="FILE",
        help="Write the result to FILE in the format of Prometheus, for the textfile collector of node_exporter.",
    ),
    Option(
        "dry-run",
        kind="flag",
        help="Only ask every node for its build, and show which nodes would be cleared. Clears nothing, sends no ping and writes no file.",
    ),
)


@dataclass(frozen=True, slots=True)
class ClearSettings:
    """Settings of a run; times in seconds, ``deadline`` 0 for none."""

    quiet: bool = False
    lock: str = ""
    lock_wait: float = 0.0
    splay: float = 0.0
    deadline: float = 0.0
    retries: int = 0
    rewarm: bool = False
    serial: bool = False
    pause: float = 0.0
    ping_url: str = ""
    metrics_file: str = ""
    dry_run: bool = False

    @classmethod
    def of(cls, values: Values) -> ClearSettings:
        """The settings that flags mean. Raises UsageError for values that make no sense, alone or together."""
        for name in ("lock", "ping-url", "metrics-file"):
            if values.text(name) == "":
                raise UsageError(f"--{name}: needs a value")
        settings = cls(
            quiet=values.flag("quiet"),
            lock=values.text("lock") or "",
            lock_wait=_seconds(values, "lock-wait"),
            splay=_seconds(values, "splay"),
            deadline=_seconds(values, "deadline"),
            retries=values.integer("retries") or 0,
            rewarm=values.flag("rewarm"),
            serial=values.flag("serial") or values.number("pause") is not None,
            pause=_seconds(values, "pause"),
            ping_url=values.text("ping-url") or "",
            metrics_file=values.text("metrics-file") or "",
            dry_run=values.flag("dry-run"),
        )
        settings._check(lock_wait_given=values.number("lock-wait") is not None)
        return settings

    def _check(self, *, lock_wait_given: bool) -> None:
        if self.retries > RETRIES_MAX:
            raise UsageError(f"--retries: at most {RETRIES_MAX}")
        if lock_wait_given and not self.lock:
            raise UsageError("--lock-wait: needs --lock")
        if self.deadline and self.splay >= self.deadline:
            raise UsageError("--splay: must be shorter than --deadline, or no time is left for the nodes")
        if self.ping_url:
            check_address(self.ping_url)

    def check_here(self) -> None:
        """Raise UsageError where this machine cannot do it; `of` only looks at the words."""
        if self.metrics_file:
            check_target(self.metrics_file)
        if self.lock and not Path(self.lock.replace("\0", "")).parent.is_dir():
            raise UsageError(f"--lock: {Path(self.lock).parent} is not a directory")


def check_address(url: str) -> None:
    """Raise UsageError when ``url`` cannot be pinged."""
    from asadm.cron.ping import Ping  # a module that most runs do not need

    Ping(url)


def _seconds(values: Values, name: str) -> float:
    seconds = values.number(name) or 0.0
    if seconds > SECONDS_MAX:
        raise UsageError(f"--{name}: at most {SECONDS_MAX:.0f} seconds")
    return seconds
