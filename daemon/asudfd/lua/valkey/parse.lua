-- Reads a reply in RESP3, as the host's commands give it to scripts, into a reply value.

local find, select, sub, tonumber = string.find, select, string.sub, tonumber

local needs = ...
local reply, check = needs.reply, needs.check

local parse_at

local function parse_all(text, at, count)
    local out = {}
    for i = 1, count do
        check()
        out[i], at = parse_at(text, at)
    end
    return out, at
end

local function of_kind(kind)
    return function(text, at, line, factor)
        local elements
        elements, at = parse_all(text, at, tonumber(line) * factor)
        return { kind = kind, elements }, at
    end
end

local map_of, set_of, push_of = of_kind("map"), of_kind("set"), of_kind("push")

local BY_MARK = {
    ["+"] = function(_, at, line)
        return reply.status(line), at
    end,
    ["-"] = function(_, at, line)
        return reply.failure(line), at
    end,
    [":"] = function(_, at, line)
        return tonumber(line), at
    end,
    ["_"] = function(_, at)
        return false, at
    end,
    [","] = function(_, at, line)
        return reply.double(tonumber(line)), at
    end,
    ["("] = function(_, at, line)
        return { kind = "big", line }, at
    end,
    ["|"] = function(text, at, line) -- what is told of the reply behind, which scripts do not see
        at = select(2, parse_all(text, at, tonumber(line) * 2))
        return parse_at(text, at)
    end,
    ["#"] = function(_, at, line)
        return { kind = "boolean", line == "t" }, at
    end,
    ["$"] = function(text, at, line)
        local size = tonumber(line)
        if size < 0 then
            return false, at
        end
        return sub(text, at, at + size - 1), at + size + 2
    end,
    ["="] = function(text, at, line)
        local size = tonumber(line)
        return { kind = "verbatim", format = sub(text, at, at + 2), sub(text, at + 4, at + size - 1) }, at + size + 2
    end,
    ["*"] = function(text, at, line)
        return parse_all(text, at, tonumber(line))
    end,
    ["%"] = function(text, at, line)
        return map_of(text, at, line, 2)
    end,
    ["~"] = function(text, at, line)
        return set_of(text, at, line, 1)
    end,
    [">"] = function(text, at, line)
        return push_of(text, at, line, 1)
    end,
}

function parse_at(text, at)
    local stop = find(text, "\r\n", at, true)
    return BY_MARK[sub(text, at, at)](text, stop + 2, sub(text, at + 1, stop - 1))
end

-- The reply value of the bytes.
local function parse_reply(text)
    return (parse_at(text, 1))
end

return { parse_reply = parse_reply }
