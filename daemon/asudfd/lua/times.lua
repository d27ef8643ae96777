-- The functions of `os` that tell the time: nothing else of that library is there.
local needs = ...
local original, spend, size_of, env, masked = needs.original, needs.spend, needs.size_of, needs.env, needs.masked
local bad_argument, type_name = needs.bad_argument, needs.type_name

local kind = type
local metatable = debug.getmetatable
local date, time = os.date, os.time

local CONVERSION <const> = 500 -- nanoseconds that a byte of a format may take: the dearest conversion, of two bytes, took 900

local times = { clock = os.clock, difftime = os.difftime }
env.os = times

function times.date(...)
    local frame <close> = nil
    local form = ...
    spend(size_of(form) * CONVERSION)
    return original("date", date, ...)
end

function times.time(...)
    local frame <close> = nil
    local fields = ...
    if kind(fields) == "table" and masked[metatable(fields)] then
        bad_argument(1, 1, "table expected, got " .. type_name(fields))
    end
    return original("time", time, ...)
end
