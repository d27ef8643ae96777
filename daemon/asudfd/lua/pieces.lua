-- `table.move` and `table.concat` in pieces, between which the deadline is looked at: for the sandbox's own use.
local needs = ...
local spend, spend_within, on_trial = needs.spend, needs.spend_within, needs.on_trial

local kind, rawlen, move, concat = type, rawlen, table.move, table.concat

-- The bytes that the elements of a table have.
local function content(t)
    local size = 0
    for index = 1, rawlen(t) do
        local value = t[index]
        size = size + (kind(value) == "string" and #value or 20)
    end
    return size
end

local PIECE <const> = 20000 -- elements between two looks at the clock: half a millisecond
local MOVED <const>, JOINED <const> = 30, 50 -- nanoseconds an element, those of a table with few of them among it

-- As table.move, for tables without metatables, in pieces.
local function shift(from, first, last, at, to)
    to = to or from
    spend((last - first) * MOVED)
    if last - first < PIECE then
        return move(from, first, last, at, to)
    elseif to == from and at > first then
        for top = last, first, -PIECE do
            local bottom = top - PIECE < first and first or top - PIECE + 1
            move(from, bottom, top, at + bottom - first)
            spend_within(PIECE * MOVED)
        end
        return to
    end
    for bottom = first, last, PIECE do
        move(from, bottom, bottom + PIECE > last and last or bottom + PIECE - 1, at + bottom - first, to)
        spend_within(PIECE * MOVED)
    end
    return to
end

-- As table.concat of `n` texts, in pieces. `size`: bytes of those that may be there several times; nil: to be counted.
local function join(parts, n, separator, size)
    spend(n * JOINED + (size or on_trial() and content(parts) or 0))
    if n <= PIECE then
        return concat(parts, separator, 1, n)
    end
    local pieces = {}
    for first = 1, n, PIECE do
        pieces[#pieces + 1] = concat(parts, separator, first, first + PIECE > n and n or first + PIECE - 1)
        spend(PIECE * JOINED)
    end
    return concat(pieces, separator)
end

return { content = content, shift = shift, join = join }
