-- The times of `os`: nothing else of that library is there.
local box = ...

local kind, select = type, select
local metatable = debug.getmetatable
local original, spend, size_of = box.original, box.spend, box.size_of
local date, time = os.date, os.time

local CONVERSION <const> = 500 -- nanoseconds that a byte of a format may take: the dearest conversion, of two bytes, took 900

local times = { clock = os.clock, difftime = os.difftime }
box.env.os = times

function times.date(...)
    local frame <close> = nil
    local form = ...
    spend(size_of(form) * CONVERSION)
    return original("date", date, ...)
end

function times.time(...)
    local frame <close> = nil
    local fields = ...
    if kind(fields) == "table" and box.masked[metatable(fields)] then
        box.bad_argument(1, 1, "table expected, got " .. box.type_name(fields))
    end
    return original("time", time, ...)
end
