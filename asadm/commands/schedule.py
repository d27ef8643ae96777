"""``schedule print``: the crontab file, or the systemd timer and service, that run ``cache clear`` or a check by the clock.

It prints only; installing is the administrator's. The flags that name the nodes are those given to asadm itself:

    asadm --inventory /etc/asudf/asadm.yaml --cluster prod schedule print --cron --every 1h --lock /run/lock/asudf.lock
    asadm --inventory /srv/functions/asadm.yaml schedule print function check /srv/functions/functions --cron --every 15m
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from asadm import inventory
from asadm.commands.check_all import CONFIG
from asadm.commands.check_config import BASELINE, IGNORE
from asadm.commands.udf_check import PRUNE, VERIFY
from asadm.cron import printed, settings, times
from asadm.cron.jobs import CHECK_ALL, CLEAR, ScheduledCommand, command_of
from asadm.cron.settings import ClearSettings
from asadm.flags import FILE_KEYS, OWN, VENDOR
from asadm.outcome import CommandOutcome
from asadm.settings import TargetSettings
from asadm.targets import inventory_path
from asinfo import settings as settings_of_nodes
from asinfo.errors import ConfigError, UsageError
from asinfo.terminal.options import Option, Values

if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.terminal.options import Value

_OF_JOBS = (
    *(option for option in settings.OPTIONS if option.name != "dry-run"),
    VERIFY,
    PRUNE,
    BASELINE,
    IGNORE,
    CONFIG,
)
"""Flags of the commands that may be printed; which has which, `asadm.cron.jobs` says."""

OPTIONS = (
    Option("cron", kind="flag", help="Print a cron file, to be put into /etc/cron.d."),
    Option("systemd", kind="flag", help="Print a systemd timer and the service that it starts."),
    Option(
        "unit",
        kind="choice",
        choices=("timer", "service"),
        metavar="timer|service",
        help="With --systemd: print only this one of the two units.",
    ),
    Option(
        "every",
        metavar="15m|6h|1d",
        help="How often the job runs: a number of minutes (m), hours (h) or days (d).  [1h]",
    ),
    Option(
        "schedule",
        metavar="'M H D M W'",
        help="When the job runs, in place of --every: the five fields of cron (minute, hour, day, month, weekday) or a word such as @daily. It is translated for systemd.",
    ),
    Option(
        "user",
        metavar="NAME",
        help="User account that the job runs as.  [cron: nobody; systemd: an account made for the unit]",
    ),
    Option(
        "name",
        metavar="NAME",
        help="Name of the job: of the cron file or of the units.  [asudf- and the words of the command]",
    ),
    Option(
        "program",
        metavar="FILE",
        help="Path of asadm on the machine that runs the job.  [the path of this asadm]",
    ),
    *_OF_JOBS,
)

NOTES = """\
COMMAND is 'cache clear' (as without one), 'udf check [DIR]', 'function check [DIR]', 'check config' or 'check all'. Its flags are typed
here and stand in the printed command: those of 'cache clear', or --verify, --prune, --baseline, --ignore, --config and
--metrics-file of the checks. It is always --quiet, so cron mails, and a unit fails, when something is wrong. A password that the
inventory takes from the environment is not there for a job: use file:PATH.

Examples:
  asadm schedule print --cron --every 1h --user asudf --lock /run/lock/asudf.lock
  asadm schedule print function check functions --cron --every 15m --metrics-file /var/lib/prometheus/node-exporter/functions.prom
  asadm schedule print fn check functions --systemd --unit service
  asadm schedule print check config --baseline /etc/asudf/cluster.yaml --cron --every 1d
  asadm --inventory /etc/asudf/asadm.yaml schedule print check all --cron --every 1d"""

SECRET = {"password", "tls-keyfile-password"}
"""Flags of asadm that may only be carried as ``file:PATH``."""


class ScheduleSettings(NamedTuple):
    """The flags of ``schedule print``.

    ``command``   which command runs, and the ``directory`` behind it, if any
    ``units``     names of the kinds of units; empty for a file of cron
    ``schedule``  when it runs
    ``clear``     what the printed command is asked to do, if it is ``cache clear``
    ``user``      account to run as; empty for the usual one
    ``name``      of the file or of the units
    ``program``   where asadm is; None for the one that runs now
    ``ping_url``  as it was typed; empty where it was not
    ``typed``     the flags as they were typed, to be written again
    """

    command: ScheduledCommand
    directory: str | None
    units: tuple[str, ...]
    schedule: times.Schedule
    clear: ClearSettings
    user: str
    name: str
    program: str | None
    ping_url: str
    typed: Values

    @classmethod
    def of(cls, arguments: CommandArguments) -> Self:
        """What a command line says. Raises UsageError for flags that make no sense."""
        options = arguments.options
        command, directory = command_of(arguments.names)
        for option in _OF_JOBS:
            if option.name in options.given and option.name not in {"quiet", *command.flags}:
                raise UsageError(f"--{option.name}: is no flag of {command.name!r}")
        if options.flag("cron") == options.flag("systemd"):
            raise UsageError("schedule print: needs either --cron or --systemd")
        unit, name = options.text("unit"), options.text("name")
        if unit and options.flag("cron"):
            raise UsageError("--unit: goes with --systemd")
        units = (unit,) if unit else ("timer", "service")
        return cls(
            command=command,
            directory=directory,
            units=() if options.flag("cron") else units,
            schedule=_times(options.text("schedule"), options.text("every")),
            clear=_clear_settings(options),
            user=_user(options.text("user")),
            name="-".join(("asudf", *command.words)) if name is None else name,
            program=options.text("program"),
            ping_url=(options.text("ping-url") or "") if "ping-url" in options.given else "",
            typed=options,
        )


def check(arguments: CommandArguments) -> None:
    """Raise UsageError for flags that make no sense."""
    arguments.prepared = ScheduleSettings.of(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Print the job; exit code 0, or 2 when the flags make no sense. Nothing is sent to any node."""
    wanted: ScheduleSettings = arguments.prepared
    job = _job(session, wanted, arguments.clauses.get("with", []))
    files = _files(job, wanted.units)
    missing = _absent(_clusters(session.flags, every=wanted.command is CHECK_ALL))
    return CommandOutcome(show="\n".join(files.values()).encode(), messages=missing, extra={"files": files})


def _files(job: printed.CronJob, units: Sequence[str]) -> dict[str, str]:
    """What is printed, by the name of the file it belongs into."""
    if not units:
        return {f"/etc/cron.d/{job.name}": printed.crontab(job)}
    made = {"timer": printed.timer, "service": printed.service}
    return {f"/etc/systemd/system/{job.name}.{unit}": made[unit](job) for unit in units}


def _times(when: str | None, often: str | None) -> times.Schedule:
    if when is not None and often is not None:
        raise UsageError("schedule print: either --schedule or --every")
    return times.parse(when) if when is not None else times.every("1h" if often is None else often)


def _clear_settings(options: Values) -> ClearSettings:
    """What the printed command is asked to do. Only what was typed: the environment of now is not that of the job."""
    typed = Values(settings.OPTIONS)
    typed.given = {name: value for name, value in options.given.items() if name != "ping-url"}
    found = ClearSettings.of(typed)
    if "ping-url" in options.given:
        settings.check_address(options.text("ping-url") or "")
    return found


def _job(session: CommandSession, wanted: ScheduleSettings, nodes: Sequence[str]) -> printed.CronJob:
    clear, command = wanted.clear, wanted.command
    # systemd spreads the start itself, and shows it in its list of timers. Pings have their address in the environment.
    apart = {"ping-url", "splay"} if wanted.units else {"ping-url"}
    carried = [option for option in _OF_JOBS if option.name in command.flags and option.name not in apart]
    files = [clear.lock, clear.metrics_file]
    rewarm = command is CLEAR and (
        clear.rewarm or any(each.get("type") == "aerospike" for each in _clusters(session.flags))
    )
    words = [
        _program(wanted.program),
        *_own_flags(session, every_cluster=command is CHECK_ALL),
        *command.words,
        *([str(Path(wanted.directory).absolute())] if wanted.directory is not None else []),
        "--quiet",
        *(["--rewarm"] if rewarm and not clear.rewarm else []),
        *_words(carried, wanted.typed),
        *(["with", *nodes] if nodes else []),
    ]
    return printed.CronJob(
        name=wanted.name,
        summary=command.summary,
        schedule=wanted.schedule,
        command=tuple(words),
        user=wanted.user,
        ping_url=wanted.ping_url,
        written=tuple(str(Path(file).absolute()) for file in files if file),
        stateful=rewarm,
        splay=clear.splay,
        deadline=clear.deadline,
    )


def _own_flags(session: CommandSession, *, every_cluster: bool) -> list[str]:
    """The flags of asadm that say which nodes and how to reach them.

    What the environment or a file in the usual places says now is written out: the job will have neither.
    Raises UsageError for a password in plain text among them, and for one cluster where ``every_cluster`` is meant.
    """
    flags = session.flags
    if flags is None:
        return []
    path = inventory_path(TargetSettings(flags))
    own = {option.name for option in (*OWN, *VENDOR)} - {"timeout"}
    carried = Values([option for option in flags.options if option.name not in own])
    carried.given = dict(flags.given)
    if path is None:
        carried.given |= _user_file(flags)
    else:
        cluster = flags.text("cluster")
        if cluster and every_cluster:
            raise UsageError(f"schedule print: 'check all' is about all clusters, and not about {cluster}")
        carried.given |= {"inventory": path} | ({"cluster": cluster} if cluster else {})
    _check_login(carried, of_an_inventory=path is not None)
    carried.given |= {name: _secret(name, str(carried.given[name])) for name in SECRET & carried.given.keys()}
    return _words(carried.options, carried)


def _clusters(flags: Values | None, *, every: bool = False) -> list[dict[str, Any]]:
    """The cluster that is meant, or ``every`` one, as the inventory has it. One that cannot be read here says nothing; the job will tell."""
    path = inventory_path(TargetSettings(flags)) if flags is not None else None
    if flags is None or path is None:
        return []
    try:
        contents = inventory.load(path, os.environ)
        if every:
            return list(contents["clusters"].values())
        return [inventory.cluster(contents, path, flags.text("cluster"))[1]]
    except (ConfigError, UsageError):
        return []


def _absent(clusters: Sequence[dict[str, Any]]) -> list[str]:
    """What a job will miss: variables of the environment that passwords of ``clusters`` are in."""
    nodes = [node for cluster in clusters for node in cluster["nodes"]]
    nodes += [cluster["servers"] for cluster in clusters if "servers" in cluster]
    references = {node["password"] or "" for node in nodes}
    references |= {(node["tls"] or {}).get("keyfile-password", "") for node in nodes}
    names = sorted(each.removeprefix("env:") for each in references if each.startswith("env:"))
    return [
        f"the inventory takes a password from the environment variable {name}, which a job does not have: use file:PATH"
        for name in names
    ]


def _user_file(flags: Values) -> dict[str, Value]:
    """The user's own astools.conf as a flag, because the job runs as somebody else; nothing where it is not read.

    Raises UsageError where another file was given, because there is only one such flag.
    """
    given = flags.text("config-file")
    found = [path for path in settings_of_nodes.default_files()[1:] if Path(path).exists()]
    if flags.flag("no-config-file") or flags.text("only-config-file") is not None or not found:
        return {}
    if given is not None and Path(given).exists() and not Path(given).samefile(found[0]):
        raise UsageError(
            f"the job would not read {found[0]}: give --only-config-file, or include it in {given}"
        )
    return {"config-file": given or found[0]}


def _check_login(carried: Values, *, of_an_inventory: bool) -> None:
    """Raise UsageError for a login without its password: a job cannot be asked. Reads what files there are."""
    if not of_an_inventory:
        settings_of_nodes.read_files(carried, "asadm", FILE_KEYS)
    if carried.text("user") is not None and not carried.text("password") and carried.text("auth") != "PKI":
        raise UsageError("--user: a job cannot be asked for the password; give --password file:PATH")


def _secret(name: str, value: str) -> str:
    """A password may be carried as the name of a file; itself it would stand there for others to read."""
    if value.startswith("file:"):
        return f"file:{Path(value.removeprefix('file:')).absolute()}"
    raise UsageError(
        f"--{name}: a job has no one to ask and no secret of its own; give file:PATH or use an inventory"
    )


def _user(name: str | None) -> str:
    if name == "":
        raise UsageError("--user: needs a name")
    return name or ""


def _words(options: Iterable[Option], values: Values) -> list[str]:
    """The flags as they must be typed again, with absolute names of files: the job runs in another folder."""
    return [
        word
        for option in options
        if option.name in values.given
        for word in _flag(option, values.given[option.name])
    ]


def _flag(option: Option, value: object) -> list[str]:
    name = f"--{option.name}"
    if option.kind == "flag":
        return [name]
    if isinstance(value, list):
        return [word for each in value for word in (name, str(each))]
    if option.metavar in {"FILE", "PATH"}:
        return [name, str(Path(str(value)).absolute())]
    return [name, f"{value:.15g}" if isinstance(value, float) else str(value)]


def _program(given: str | None) -> str:
    """Absolute name of asadm: cron knows only /usr/bin and /bin. Raises UsageError when it cannot be told."""
    if given is not None:
        if not Path(given).is_absolute():
            raise UsageError("--program: must be an absolute path")
        return given
    called = Path(sys.argv[0])
    if called.name == "asadm" and os.access(called, os.X_OK) and called.is_file():
        return str(called.absolute())
    found = shutil.which("asadm")
    if found is None:
        raise UsageError("--program: say where asadm is, it is not in PATH")
    return str(Path(found).absolute())
