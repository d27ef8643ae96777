-- LCS: the longest common subsequence of two strings.

local needs = ...
local commands, integer, keyspace, reply, state =
    needs.commands, needs.integer, needs.keyspace, needs.reply, needs.state

local byte, concat, error, reverse, sub, type, upper =
    string.byte, table.concat, error, string.reverse, string.sub, type, string.upper

-- Pairs of characters that are compared: 16 million take about a second and 16 MB. The real server allows 128 million.
local CELLS_MAX = 2 ^ 24

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
            o.least = o.least < 0 and 0 or o.least
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

local function bytes(text)
    local out = {}
    for i = 1, #text do
        out[i] = byte(text, i)
    end
    return out
end

-- The length, and for each prefix of `a` a row of marks: "u" where what is common is longer without its last character
-- than without that of `b`.
local function table_of(a, b)
    local n, codes, rows, above = #b, bytes(b), {}, {}
    for j = 0, n do
        above[j] = 0
    end
    for i = 1, #a do
        local code, row, marks = byte(a, i), { [0] = 0 }, {}
        for j = 1, n do
            local up, left = above[j], row[j - 1]
            marks[j] = up > left and "u" or "l"
            row[j] = code == codes[j] and above[j - 1] + 1 or (up > left and up or left)
        end
        rows[i], above = concat(marks), row
    end
    return above[n], rows
end

local UP = byte("u")

-- Walks from the ends to the starts: the common characters (last first), and the ranges in which they follow one another.
local function trace(a, b, rows, o)
    local out, ranges, n = {}, {}, 0
    local i, j = #a, #b
    local a_end, b_end, size = 0, 0, 0
    local function close()
        if size > 0 and size >= o.least then
            local range = { { a_end - size, a_end - 1 }, { b_end - size, b_end - 1 } }
            range[3] = o.with_length and size or nil
            ranges[#ranges + 1] = range
        end
        size = 0
    end
    while i > 0 and j > 0 do
        if byte(a, i) == byte(b, j) then
            if size == 0 then
                a_end, b_end = i, j
            end
            size, n = size + 1, n + 1
            out[n] = sub(a, i, i)
            i, j = i - 1, j - 1
        else
            close()
            if byte(rows[i], j) == UP then
                i = i - 1
            else
                j = j - 1
            end
        end
    end
    close()
    return out, ranges
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
    if #a * #b > CELLS_MAX then
        return TOO_LONG
    end
    local length, rows = table_of(a, b)
    if o.len then
        return length
    end
    local out, ranges = trace(a, b, rows, o)
    if o.idx then
        return reply.map({ "matches", ranges, "len", length })
    end
    return reverse(concat(out))
end
