"""The Lua host of the Aerospike face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.host import LuaHost
from asudfd.lua.worker.supply import WorkerSupply, shared_supply

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.context import LuaLog
    from asudfd.lua.demotion import Demotions


CROSSING_MODULE = "asudfd.lua.aerospike.crossing"
"""Where workers find the crossing."""


class UdfHost(LuaHost[UdfResult]):
    """A Lua host whose modules have record functions and stream functions. Without a ``supply`` it shares that of the process."""

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: LuaLog,
        demotions: Demotions | None = None,
        *,
        supply: WorkerSupply | None = None,
    ) -> None:
        supply = supply or shared_supply(CROSSING_MODULE)
        super().__init__(settings, source, log, CROSSING, demotions, supply=supply)
