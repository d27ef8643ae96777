-- The functions of `os` that tell the time: nothing else of that library is there.
local needs = ...
local original, env, masked = needs.original, needs.env, needs.masked
local bad_argument, type_name = needs.bad_argument, needs.type_name

local kind = type
local metatable = debug.getmetatable
local time = os.time

local times = { clock = os.clock, date = os.date, difftime = os.difftime }
env.os = times

function times.time(...)
    local frame <close> = nil
    local fields = ...
    if kind(fields) == "table" and masked[metatable(fields)] then
        bad_argument(1, 1, "table expected, got " .. type_name(fields))
    end
    return original("time", time, ...)
end
