"""Parameters of the context `resp`: the keyspace of the Valkey face and its functions. All are our own."""

from dataclasses import dataclass
from typing import Any

from asudfd.config.parameter import Value, parameter

MEMORY, FILE = "memory", "file"
VERSION_91, VERSION_81 = "9.1", "8.1"


def _own(default: Value, doc: str, **facts: Any) -> Any:
    return parameter(default, doc, effect=True, own=True, **facts)


@dataclass(slots=True)
class ValkeyConfig:
    """The keyspace that clients of Valkey see, and its functions."""

    storage: str = _own(
        MEMORY,
        "Where keys are kept: in memory only, or also in a journal in the work-directory, from which they come back.",
        choices=(MEMORY, FILE),
    )
    commit_to_device: bool = _own(
        False, "With `storage file`: have the disk confirm each change before it is acknowledged."
    )
    lua_memory_max: int = _own(
        1 << 30,
        "Most memory of keys and libraries; commands and functions that run may take a quarter more.",
        unit="bytes",
        low=32 << 20,
        high=1 << 50,
    )
    resp_compatibility: str = _own(
        VERSION_91,
        "Version of Valkey whose wording of errors is used.",
        choices=(VERSION_91, VERSION_81),
    )
    maxclients: int = _own(10000, "Most clients at the same time.", low=1, high=1 << 20)
    maxmemory: int = _own(
        0,
        "Memory above which commands that need more are refused; 0 is no limit.",
        unit="bytes",
        high=1 << 50,
    )
    busy_reply_threshold: int = _own(
        5000,
        "How long a function may run before other clients are told BUSY; 0 is for ever.",
        unit="milliseconds",
        high=86_400_000,
    )
    proto_max_bulk_len: int = _own(
        512 << 20, "Largest argument of a command.", unit="bytes", low=1 << 20, high=1 << 40
    )
    timeout: int = _own(
        0, "Silence after which a client is closed; 0 is never.", unit="seconds", high=31_536_000
    )
    enable_debug_command: str = _own(
        "no",
        "Who may use DEBUG: nobody, clients on the same machine, or everybody.",
        choices=("no", "local", "yes"),
    )
    functions: str = _own(
        "",
        "File of libraries in RDB form, or directory of *.lua files: they are loaded before clients are served.",
    )
