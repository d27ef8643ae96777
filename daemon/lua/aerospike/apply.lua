-- The crossing of a record: what the host calls to apply a function to one. `daemon.lua.runtime` says what goes in and
-- what comes out.
local box = ...

local pcall, kind, error, rawset, rawget = pcall, type, error, rawset, rawget
local spread, find, gsub = table.unpack, string.find, string.gsub
local env, aerospike, List = box.env, box.aerospike, box.List
local begin, finish, open, close = box.begin, box.finish, box.open, box.close
local to_particle, inner, outer, unpacked = box.to_particle, box.inner, box.outer, box.unpacked

local UDF <const>, STRING <const>, NOTHING <const> = 100, 3, 0
local REUSE <const>, LATE <const>, BROKEN <const> = 0, 1, 2 -- what becomes of the state
local NO_ARGUMENTS <const> = "\x90"

-- The global that runs record functions. A module may replace it, and then runs every call.
function env.apply_record(f, ...)
    local ok, value = pcall(f, ...)
    rawset(env, "success", ok)
    rawset(env, "result", value)
    if not ok then
        error(value, 0)
    end
    return value
end
local apply_record = env.apply_record

-- The arguments; none when `data` is no list.
local function arguments(data)
    local list = unpacked(data)
    if kind(list) ~= "table" or list.class ~= List then
        return
    end
    local items = list.items
    for index = 1, list.n do
        if kind(items[index]) == "table" then
            items[index] = outer(items[index])
        end
    end
    return spread(items, 1, list.n)
end

-- Type and bytes of the result of `name`.
local function run(name, rec, data)
    local f = env[name]
    if f == nil then
        error("function not found", 0)
    end
    local value
    local runner = rawget(env, "apply_record")
    if runner ~= apply_record and runner ~= nil then
        value = runner(f, rec, arguments(data))
    elseif data == NO_ARGUMENTS then
        value = f(rec)
    else
        value = f(rec, arguments(data))
    end
    rawset(env, "success", true)
    rawset(env, "result", value)
    return to_particle(inner(value))
end

local function failed(message, late)
    local text = "result value type unexpected"
    if kind(message) == "string" then
        text = gsub(message, "^%?:%-1: ", "", 1)
        local zero = find(text, "\0", 1, true)
        text = zero and text:sub(1, zero - 1) or text
    end
    rawset(env, "success", false)
    rawset(env, "result", message)
    local broken = message == "not enough memory"
    return UDF, STRING, text, NOTHING, "", nil, false, late and LATE or broken and BROKEN or REUSE
end

function box.apply(name, limit, trial, data, ...)
    box.hold_lines(trial)
    begin(limit)
    rawset(env, "aerospike", aerospike)
    local ok, form, bytes = pcall(run, name, open(...), data)
    local code, action, bins, ttl, drop_key
    if ok then
        ok, code, action, bins, ttl, drop_key = pcall(close)
        form = ok and form or code
    end
    local late = finish()
    if not (trial and late) then
        box.release_lines()
    end
    if not ok then
        return failed(form, late)
    elseif code ~= 0 then
        form, bytes = 0, ""
    end
    return code, form, bytes, action, bins, ttl, drop_key, late and LATE or REUSE
end
