-- `table.move` and `table.concat` for the sandbox's own use; in a trial the work is charged first.
local needs = ...
local spend = needs.spend

local kind, rawlen, move, concat = type, rawlen, table.move, table.concat
local MOVED <const>, JOINED <const> = 30, 50 -- nanoseconds an element, those of a table with few of them among it

-- The bytes that the elements of a table have.
local function content(t)
    local size = 0
    for index = 1, rawlen(t) do
        local value = t[index]
        size = size + (kind(value) == "string" and #value or 20)
    end
    return size
end

-- As table.move.
local function shift(from, first, last, at, to)
    spend((last - first) * MOVED)
    return move(from, first, last, at, to or from)
end

-- As table.concat of `n` texts. `size`: bytes of those that may be there several times; nil: to be counted.
local function join(parts, n, separator, size)
    spend(n * JOINED + (size or content(parts)))
    return concat(parts, separator, 1, n)
end

return { shift = shift, join = join }
