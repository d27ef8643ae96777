"""A job as a crontab file and as systemd units: quoting, and nothing that either would read differently.

crontab(5): ``%`` is a newline unless a backslash precedes it, and the rest goes to /bin/sh. systemd.service(5): ``%``
and ``$`` stand for themselves when doubled, and words are quoted with ``"``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from asadm.cron.times import Schedule
from asinfo.errors import UsageError

CRON_COMMAND_SIZE_MAX = 998
"""Debian's and other descendants of Vixie cron cut a command at 1000 bytes without a word."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""cron passes over files of /etc/cron.d with any other character, a dot included."""

USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\$?")

TEMPORARY = (PurePosixPath("/tmp"), PurePosixPath("/var/tmp"))  # noqa: S108 - only compared with
"""What PrivateTmp= takes away."""

STATE = ("StateDirectory=asudf", "Environment=XDG_STATE_HOME=%S")
"""Where asadm keeps its locks, and what it was about to put back: ``asudf`` in that directory."""

HARDENING = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=
"""


@dataclass(frozen=True, slots=True)
class CronJob:
    """A cron job: its command, its times and its user.

    ``summary``    what it does, in one line
    ``command``    words, the first an absolute path
    ``user``       account it runs as; empty: none in particular
    ``ping_url``   given in the environment, so that no process list shows it
    ``written``    files it writes
    ``stateful``   whether it needs a place to remember what it is doing to modules, beyond one run
    ``splay``      longest random wait before it, in seconds; for systemd, in place of the job's own
    ``deadline``   longest time it takes, in seconds, 0 for none
    """

    name: str
    summary: str
    schedule: Schedule
    command: tuple[str, ...]
    user: str = ""
    ping_url: str = ""
    written: tuple[str, ...] = ()
    stateful: bool = False
    splay: float = 0.0
    deadline: float = 0.0

    def __post_init__(self) -> None:
        """Raise UsageError for what neither cron nor systemd could take."""
        if not NAME.fullmatch(self.name):
            raise UsageError("--name: letters, digits, - and _ only, at most 64")
        if self.user and not USER.fullmatch(self.user):
            raise UsageError(f"--user: {self.user!r} is not the name of an account")
        for word in (*self.command, self.ping_url, *self.written):
            if not word.isprintable():
                raise UsageError(
                    f"{word!r} holds a character that is not text and cannot stand in a schedule"
                )


def crontab(job: CronJob) -> str:
    """A file for /etc/cron.d."""
    command = " ".join(map(shlex.quote, job.command)).replace("%", "\\%")
    if "\\" in "".join(job.command):
        raise UsageError("a backslash means different things to different crons; choose names without one")
    if len(command.encode()) > CRON_COMMAND_SIZE_MAX:
        raise UsageError(
            f"the command is longer than cron's {CRON_COMMAND_SIZE_MAX} bytes; use an inventory file"
        )
    lines = [
        f"# {job.summary}. Made by: asadm schedule print --cron",
        f"# Install as /etc/cron.d/{job.name}, owned by root and writable by root alone.",
        "SHELL=/bin/sh",
        "PATH=/usr/bin:/bin",
        *_cron_ping(job.ping_url),
        f"{job.schedule.crontab} {job.user or 'nobody'} {command}",
    ]
    return "\n".join(lines) + "\n"


def _cron_ping(url: str) -> list[str]:
    if set(url) & set("\"'\\"):
        raise UsageError(
            "--ping-url: quotes and backslashes cannot stand in a crontab; write them as %22, %27, %5C"
        )
    return ["# Whoever knows this address can ping: mode 0600.", f'ASADM_PING_URL="{url}"'] if url else []


def timer(job: CronJob) -> str:
    """The timer unit."""
    lines = [
        f"# {job.summary}. Made by: asadm schedule print --systemd",
        f"# Install as /etc/systemd/system/{job.name}.timer, then: systemctl enable --now {job.name}.timer",
        "[Unit]",
        f"Description={job.summary}, by the clock",
        "",
        "[Timer]",
        *(f"OnCalendar={calendar}" for calendar in job.schedule.calendars),
        *([f"RandomizedDelaySec={job.splay:g}s"] if job.splay else []),
        "AccuracySec=1s",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def service(job: CronJob) -> str:
    """The service unit."""
    lines = [
        f"# {job.summary}. Made by: asadm schedule print --systemd",
        f"# Install as /etc/systemd/system/{job.name}.service",
        "[Unit]",
        f"Description={job.summary}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(map(_exec_word, job.command))}",
        *_systemd_ping(job.ping_url),
        *([f"TimeoutStartSec={job.deadline + 60:g}s"] if job.deadline else []),
        f"User={job.user}" if job.user else "DynamicUser=yes",
        *(STATE if job.stateful else ()),
        *_writable(job.written),
    ]
    return "\n".join(lines) + "\n" + HARDENING


def _exec_word(word: str) -> str:
    """One word of ExecStart=, where ``$`` would name a variable."""
    if word == ";":
        raise UsageError("a lone ; cannot stand in a systemd unit")
    return _systemd_word(word.replace("$", "$$"))


def _systemd_word(word: str) -> str:
    """One word of a list in a unit."""
    escaped = word.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./$-]+", escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _systemd_ping(url: str) -> list[str]:
    variable = _systemd_word(f"ASADM_PING_URL={url}")
    return ["# Whoever knows this address can ping: mode 0600.", f"Environment={variable}"] if url else []


def _writable(written: Sequence[str]) -> list[str]:
    """The folders that ProtectSystem=strict must leave open, and no private /tmp where one of them is in it."""
    folders = sorted({PurePosixPath(file).parent for file in written})
    shared = any(folder.is_relative_to(place) for folder in folders for place in TEMPORARY)
    lines = (
        [f"ReadWritePaths={' '.join(_systemd_word(str(folder)) for folder in folders)}"] if folders else []
    )
    return lines if shared else [*lines, "PrivateTmp=yes"]
