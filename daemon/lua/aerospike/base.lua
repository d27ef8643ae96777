-- Base functions that look into tables refuse the values that modules take for userdata, in the library's words.
local box = ...

local kind, select, pcall, metatable, rawequal = type, select, pcall, debug.getmetatable, rawequal
local next, pairs, rawget, rawset, rawlen = next, pairs, rawget, rawset, rawlen
local env, masked, settle, bad_argument, type_name = box.env, box.masked, box.settle, box.bad_argument, box.type_name
local called, set_metatable = box.called, box.set_metatable

local function is_masked(value)
    return kind(value) == "table" and masked[metatable(value)] ~= nil
end

function env.rawset(...)
    local t = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    end
    local frame <close> = nil
    return settle("rawset", pcall(called, rawset, ...))
end

function env.setmetatable(...)
    local t = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    end
    local frame <close> = nil
    return settle("setmetatable", set_metatable(...))
end

function env.rawget(...)
    local t, key = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    elseif kind(t) == "table" and select("#", ...) > 1 then
        return rawget(t, key)
    end
    local frame <close> = nil
    return settle("rawget", pcall(called, rawget, ...))
end

function env.rawlen(...)
    local t = ...
    if is_masked(t) then
        bad_argument(1, 1, "table or string expected, got " .. type_name(t))
    end
    local frame <close> = nil
    return settle("rawlen", pcall(called, rawlen, ...))
end

function env.next(...)
    local t, key = ...
    if kind(t) ~= "table" then
        local frame <close> = nil
        return settle("next", pcall(called, next, ...))
    elseif masked[metatable(t)] then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    end
    return next(t, key)
end

function env.pairs(...)
    local t = ...
    if is_masked(t) then
        return env.next, t, nil
    elseif select("#", ...) == 0 then
        local frame <close> = nil
        return settle("pairs", pcall(called, pairs))
    end
    return pairs(t)
end
