-- LCS: the longest common subsequence of two strings. The search itself is Python's (`subsequence.py`).

local needs = ...
local commands, host, integer, keyspace, reply, state =
    needs.commands, needs.host, needs.integer, needs.keyspace, needs.reply, needs.state

local error, type, upper = error, type, string.upper

local NOT_STRINGS = reply.failure("ERR The specified keys must contain string values")
local TOO_LONG = reply.failure("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
local LEN_AND_IDX = reply.failure("ERR If you want both the length and indexes, please just use IDX.")

local function read_options(argv, argc)
    local o, at = { least = 0 }, 4
    while at <= argc do
        local word = upper(argv[at])
        if word == "IDX" then
            o.idx = true
        elseif word == "LEN" then
            o.len = true
        elseif word == "WITHMATCHLEN" then
            o.with_length = true
        elseif word == "MINMATCHLEN" and at < argc then
            at = at + 1
            o.least = integer.argument(argv[at], reply.NOT_INTEGER)
        else
            error(reply.SYNTAX, 0)
        end
        at = at + 1
    end
    if o.idx and o.len then
        error(LEN_AND_IDX, 0)
    end
    return o
end

local function text_at(key)
    local value = keyspace.get(state.db, key)
    if value ~= nil and type(value) ~= "string" then
        error(NOT_STRINGS, 0)
    end
    return value or ""
end

function commands.LCS(argv, argc)
    local a, b = text_at(argv[2]), text_at(argv[3])
    local o = read_options(argv, argc)
    if o.len then
        return host.common_length(a, b) or TOO_LONG
    end
    local ranges, n = {}, 0
    local text = host.common_subsequence(a, b, function(a_first, a_last, b_first, b_last)
        local size = a_last - a_first + 1
        if size >= o.least then
            n = n + 1
            ranges[n] = { { a_first, a_last }, { b_first, b_last }, o.with_length and size or nil }
        end
    end)
    if not text then
        return TOO_LONG
    end
    if o.idx then
        return reply.map({ "matches", ranges, "len", #text })
    end
    return text
end
