-- Base functions that look into tables refuse the values that modules take for userdata, in the library's words.
local needs = ...
local env, masked, original, bad_argument, type_name = needs.env, needs.masked, needs.original, needs.bad_argument, needs.type_name
local setter_of, sum, product = needs.setter_of, needs.sum, needs.product

local kind, select, setmetatable, metatable = type, select, setmetatable, debug.getmetatable
local next, pairs, rawget, rawset, rawlen = next, pairs, rawget, rawset, rawlen

local function is_masked(value)
    return kind(value) == "table" and masked[metatable(value)] ~= nil
end

function env.rawset(...)
    local t = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    end
    local frame <close> = nil
    return original("rawset", rawset, ...)
end

function env.setmetatable(...)
    local t, own = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    elseif kind(t) == "table" and is_masked(own) then
        bad_argument(1, 2, "nil or table expected, got " .. type_name(own))
    end
    local frame <close> = nil
    return original("setmetatable", setter_of(own), ...)
end

function env.rawget(...)
    local t, key = ...
    if is_masked(t) then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    elseif kind(t) == "table" and select("#", ...) > 1 then
        return rawget(t, key)
    end
    local frame <close> = nil
    return original("rawget", rawget, ...)
end

function env.rawlen(...)
    local t = ...
    if is_masked(t) then
        bad_argument(1, 1, "table or string expected, got " .. type_name(t))
    end
    local frame <close> = nil
    return original("rawlen", rawlen, ...)
end

local checked = setmetatable({ [{}] = true }, { __mode = "k" }) -- a table found to be none of those; none becomes one

-- The `next` of modules is the only one that reaches them: the original would show what is inside of userdata.
local function following(...)
    local t, key = ...
    if checked[t] then
        return next(t, key)
    elseif masked[metatable(t)] then
        bad_argument(1, 1, "table expected, got " .. type_name(t))
    elseif kind(t) == "table" then
        for before in next, checked do
            checked[before] = nil
        end
        checked[t] = true
        return next(t, key)
    end
    local frame <close> = nil
    return original("next", next, ...)
end
env.next = following

function env.pairs(...)
    local t = ...
    local own = metatable(t)
    if own and rawget(own, "__pairs") ~= nil then
        return pairs(t)
    elseif t == nil and select("#", ...) == 0 then
        local frame <close> = nil
        return original("pairs", pairs)
    end
    return following, t, nil
end

env.math.sum, env.math.product = sum, product
