"""The context `logging`: log sinks, and the severity of lines."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

CONTEXTS = (
    "misc",
    "alloc",
    "arenax",
    "hardware",
    "msg",
    "os",
    "secrets",
    "socket",
    "tls",
    "vault",
    "vmapx",
    "xmem",
    "aggr",
    "appeal",
    "as",
    "audit",
    "batch",
    "batch-sub",
    "bin",
    "config",
    "clustering",
    "deprecation",
    "drv-mem",
    "drv_pmem",
    "drv_ssd",
    "exchange",
    "exp",
    "fabric",
    "flat",
    "geo",
    "hb",
    "health",
    "hlc",
    "index",
    "info",
    "info-command",
    "key-busy",
    "migrate",
    "mrt-audit",
    "mrt-monitor",
    "namespace",
    "nsup",
    "particle",
    "partition",
    "proto",
    "proxy",
    "proxy-divert",
    "query",
    "record",
    "roster",
    "rw",
    "rw-client",
    "security",
    "service",
    "service-list",
    "sindex",
    "skew",
    "smd",
    "storage",
    "truncate",
    "tsvc",
    "udf",
    "xdr",
    "xdr-client",
    "masking",
)
"""Log contexts in the real server's order. Source: the answer of `log/0`, info-protocol, Appendix B."""


class Level(IntEnum):
    """Severity of a log line; a sink takes lines up to its level. Lua logs with the numbers 1 to 4."""

    CRITICAL = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3
    DETAIL = 4


class LogForm(StrEnum):
    """Whose form the lines of a sink have."""

    AEROSPIKE = "aerospike"
    VALKEY = "valkey"


def every(level: Level) -> dict[str, Level]:
    """All log contexts at one level."""
    return dict.fromkeys(CONTEXTS, level)


@dataclass(slots=True)
class Sink:
    """One destination: a file, or the console (standard error) when ``path`` is None."""

    path: str | None = None
    levels: dict[str, Level] = field(default_factory=lambda: every(Level.INFO))
    form: LogForm = LogForm.AEROSPIKE
