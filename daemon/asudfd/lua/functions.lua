-- Base functions of modules that are not the original ones.
local needs = ...
local env, original, attempt, attempt_with, check = needs.env, needs.original, needs.attempt, needs.attempt_with, needs.check
local watch, type_of, called, guarded, spend = needs.watch, needs.type_of, needs.called, needs.pcall, needs.spend

local error, kind, select, rawget, rawset, setmetatable = error, type, select, rawget, rawset, setmetatable
local collect, tointeger, tonumber = collectgarbage, math.tointeger, tonumber
local raw_pcall, raw_xpcall = needs.raw_pcall, needs.raw_xpcall -- for what they say of their arguments

function env.type(...)
    local value = ...
    if value == nil and select("#", ...) == 0 then
        original("type", kind)
    end
    return type_of(value)
end

-- Finalisers would run where no hook counts: the field is there, but no object is marked for it.
local function without_finaliser(t, own)
    local finaliser = rawget(own, "__gc")
    rawset(own, "__gc", nil)
    local ok, message = guarded(called, setmetatable, t, own)
    rawset(own, "__gc", finaliser)
    if not ok then
        error(message, 0)
    end
    return t
end

-- What sets a metatable that a module made or may have changed.
local function setter_of(own)
    return kind(own) == "table" and rawget(own, "__gc") ~= nil and without_finaliser or setmetatable
end

-- The levels of an `error` called here: between it and the module is one function that the module's count leaves out.
local function deeper(message, level, ...)
    local count = kind(message) == "string" and tointeger(tonumber(level))
    return message, count and count > 1 and count + 1 or level, ...
end

function env.pcall(...)
    local f = ...
    if f == error and select("#", ...) > 2 then
        return attempt(error, deeper(select(2, ...)))
    elseif f == nil and select("#", ...) == 0 then
        original("pcall", raw_pcall)
    end
    return attempt(...)
end

function env.xpcall(...)
    local _, handler = ...
    if kind(handler) ~= "function" then
        original("xpcall", raw_xpcall, ...)
    end
    return attempt_with(...)
end

local KIB <const> = 1000 -- nanoseconds that a collection takes for a KiB in use: 400, and more where much of it is garbage

-- What the collector is set to is the sandbox's matter: these are the answers of a fresh state, and nothing happens.
local collector_answers = {
    collect = 0, stop = 0, restart = 0, step = true, isrunning = true, setpause = 200, setstepmul = 100,
    incremental = "generational", generational = "generational",
}

function env.collectgarbage(...)
    local option = ...
    if option == nil then
        option = "collect"
    end
    if option == "count" then
        return collect("count")
    elseif kind(option) ~= "string" or collector_answers[option] == nil then
        original("collectgarbage", collect, ...)
    elseif option == "collect" or option == "step" then
        spend(collect("count") * KIB)
        collect()
        watch()
        check()
    end
    return collector_answers[option]
end

return { setter_of = setter_of }
