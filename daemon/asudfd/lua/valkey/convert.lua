-- Values between commands and scripts: replies as scripts see them, and what scripts return as replies.

local needs = ...
local reply, number_text, real_of, check = needs.reply, needs.number_text, needs.real_of, needs.check

local gsub, ipairs, floor, next, rawget, sub, tonumber, type = string.gsub, ipairs, math.floor, next, rawget, string.sub, tonumber, type

local CHECKED = 64 -- elements between two looks whether the script is to end
local DEPTH_MAX = 7995 -- nested tables in what a script returns; where the stack of the real server ends
local INTEGER_MAX = 2 ^ 63 -- beyond, and for NaN, the conversion of C gives the smallest integer
local SMALLEST = { kind = "integer", "-9223372036854775808" }
local TOO_DEEP = reply.failure("ERR reached lua stack limit")

local status = reply.status

local to_lua

local function all_to_lua(elements, resp)
    local out = {}
    for i = 1, #elements do
        if i % CHECKED == 0 then
            check()
        end
        local value = to_lua(elements[i], resp)
        out[i] = value
    end
    return out
end

local TO_LUA = {
    status = function(value)
        return { ok = value[1] }
    end,
    error = function(value)
        return { err = value[1] }
    end,
    null_array = function(_, resp)
        if resp == 2 then
            return false
        end
        return nil
    end,
    integer = function(value)
        return tonumber(value[1])
    end,
    double = function(value, resp)
        return resp == 2 and (value.text or number_text(value[1])) or { double = value[1] }
    end,
    boolean = function(value, resp)
        if resp == 2 then
            return value[1] and 1 or 0
        end
        return value[1]
    end,
    big = function(value, resp)
        return resp == 2 and value[1] or { big_number = value[1] }
    end,
    verbatim = function(value, resp)
        return resp == 2 and value[1] or { verbatim_string = { format = value.format, string = value[1] } }
    end,
    map = function(value, resp)
        local flat = value[1]
        if resp == 2 then
            return all_to_lua(flat, resp)
        end
        local map = {}
        for i = 1, #flat, 2 do
            check()
            local key = to_lua(flat[i], resp)
            if key ~= nil then
                map[key] = to_lua(flat[i + 1], resp)
            end
        end
        return { map = map }
    end,
    set = function(value, resp)
        if resp == 2 then
            return all_to_lua(value[1], resp)
        end
        local set = {}
        for _, element in ipairs(value[1]) do
            check()
            local key = to_lua(element, resp)
            if key ~= nil then
                set[key] = true
            end
        end
        return { set = set }
    end,
    push = function(value, resp)
        return all_to_lua(value[1], resp)
    end,
}

-- The reply of a command as a script sees it that has chosen `resp` (2 or 3).
function to_lua(value, resp)
    local what = type(value)
    if what == "string" or what == "number" then
        return value
    elseif not value then
        if resp == 2 then
            return false
        end
        return nil
    end
    local kind = value.kind
    if kind then
        return TO_LUA[kind](value, resp)
    end
    return all_to_lua(value, resp)
end

-- A Lua number as an integer: cut towards zero.
local function integer(n)
    if n >= INTEGER_MAX or n < -INTEGER_MAX or n ~= n then
        return SMALLEST
    end
    return n < 0 and -floor(-n) or floor(n)
end

local to_reply

local function from_map(map, resp, depth)
    local out = {}
    for key, value in next, real_of(map) or map do
        out[#out + 1] = to_reply(key, resp, depth)
        out[#out + 1] = to_reply(value, resp, depth)
    end
    return { kind = "map", out }
end

local function from_set(set, resp, depth)
    local out = {}
    for key in next, real_of(set) or set do
        out[#out + 1] = to_reply(key, resp, depth)
    end
    return { kind = "set", out }
end

local function from_table(value, resp, depth)
    value = real_of(value) or value
    local found = rawget(value, "err")
    if type(found) == "string" then
        return { kind = "error", found }
    end
    found = rawget(value, "ok")
    if type(found) == "string" then
        return status(found)
    end
    found = rawget(value, "double")
    if type(found) == "number" then
        return { kind = "double", found }
    end
    found = rawget(value, "map")
    if type(found) == "table" then
        return from_map(found, resp, depth)
    end
    found = rawget(value, "set")
    if type(found) == "table" then
        return from_set(found, resp, depth)
    end
    found = rawget(value, "big_number")
    if type(found) == "string" then
        return { kind = "big", (gsub(found, "[\r\n]", " ")) }
    end
    found = rawget(value, "verbatim_string")
    if type(found) == "table" then
        local text, format = rawget(found, "string"), rawget(found, "format")
        if type(text) == "string" and type(format) == "string" then
            return { kind = "verbatim", format = sub(format, 1, 3), text }
        end
    end
    local out, n = {}, 0
    while true do
        local element = rawget(value, n + 1)
        if element == nil then
            return out
        end
        n = n + 1
        out[n] = to_reply(element, resp, depth)
    end
end

-- What a script returned, as a reply; `resp` is what the script has chosen.
function to_reply(value, resp, depth)
    local what = type(value)
    if what == "string" then
        return value
    elseif what == "number" then
        return integer(value)
    elseif what == "table" then
        if depth >= DEPTH_MAX then
            return TOO_DEEP
        end
        return from_table(value, resp, depth + 1)
    elseif what == "boolean" then
        if resp == 3 then
            return { kind = "boolean", value }
        end
        return value and 1 or false
    end
    return false
end

return { to_lua = to_lua, to_reply = to_reply }
