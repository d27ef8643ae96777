"""Parameters of the context `mod-lua`.

The first three are the real server's (lua-udf, 2.1); the others are our own.
"""

from dataclasses import dataclass

from asudfd.config.parameter import parameter

INLINE, PROCESS = "inline", "process"

MEMORY_LOW = 16 << 20
"""Below 2 MiB no context starts, below 3 MiB a module of the largest size does not load; calls work with records."""


@dataclass(slots=True)
class ModLua:
    """Parameters of `mod-lua`: how Lua modules are kept and run."""

    cache_enabled: bool = parameter(True, "Keep Lua contexts between calls.", effect=True)
    user_path: str = parameter(
        "",
        "Directory of the registered modules; a relative path is under the work-directory.",
        varies="usr/udf/lua",
        high=255,
        effect=True,
    )
    allow_unsafe_lua: bool = parameter(
        False,
        "Give Lua load (of text); never io, debug, or more of os than clock, date, difftime and time.",
        effect=True,
    )
    context_count: int = parameter(
        10, "Lua contexts kept for each module.", low=1, high=1024, effect=True, own=True
    )
    context_max: int = parameter(
        128, "Most Lua contexts of one module under load.", low=1, high=4096, effect=True, own=True
    )
    context_memory: int = parameter(
        96 << 20,  # below 80 MiB the deepest recursion ends for want of memory, not as a stack overflow
        "Most memory of one Lua context.",
        unit="bytes",
        low=MEMORY_LOW,
        high=1 << 40,
        effect=True,
        own=True,
    )
    body_max_ms: int = parameter(
        1000,
        "Most processor time of a module's body, at udf-put and whenever a context is made.",
        unit="milliseconds",
        low=1,
        high=60000,
        effect=True,
        own=True,
    )
    memory_max: int = parameter(
        2 << 30,
        "Most memory of all Lua contexts of a node; idle ones go first, then calls that need a new one are refused.",
        unit="bytes",
        low=64 << 20,
        high=1 << 50,
        effect=True,
        own=True,
    )
    time_max_ms: int = parameter(
        60000,
        "Longest time limit that a client may give a UDF call; a longer one counts as this.",
        unit="milliseconds",
        low=1,
        high=86_400_000,
        effect=True,
        own=True,
    )
    isolation: str = parameter(
        "",
        "Where Lua runs: `process` is in worker processes only; with `inline`, functions that have been quick there run on the event loop, "
        "which is some 30 microseconds a call cheaper and no limit against those who mean harm.",
        choices=(INLINE, PROCESS),
        varies="`inline` where the service listens on loopback alone, else `process`",
        effect=True,
        own=True,
    )
    inline_modules: tuple[str, ...] = parameter(
        (),
        "Name of a module, or a pattern with `*`, whose functions may run on the event loop with `isolation process`. Whoever may put a "
        "module may put one of that name.",
        high=128,
        effect=True,
        own=True,
    )
    udf_workers: int = parameter(
        32,
        "Processes that run Lua at the same time, beside the event loop; further calls wait, and no function takes all of them.",
        low=1,
        high=256,
        effect=True,
        own=True,
    )
    coverage_directory: str = parameter(
        "",
        "Directory for files that say which lines of modules have run, written when the node stops; loops take about twice as long then.",
        effect=True,
        own=True,
    )
