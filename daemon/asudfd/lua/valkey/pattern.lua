-- A pattern matcher that can be ended between two steps, for the subjects and patterns on which Lua's own could run for seconds
-- or use up the C stack: it backtracks, and no instruction of Lua runs meanwhile. Same results and messages as Lua 5.1's.
-- Classes and sets are asked of the library itself, one byte at a time, so there is one definition of what `%a` means.
--
-- Each item of a pattern becomes a function, once, when a search first comes to it: what is wrong with an item is told then, and not
-- before. Such a function matches its item and all behind it at a place of the subject: the position after the match (1-based), or nil.
local needs = ...
local fail, check = needs.fail, needs.check

local byte, sub, char, find = string.byte, string.sub, string.char, string.find
local unpack = unpack
local CAPTURES = 32 -- Lua's own limit
local OPEN, POSITION = -1, -2 -- sizes of captures: not closed yet, and `()`
local STEPS = 1000 -- between two looks at the time

-- The position after the single-character class that starts at `at`, or nil and what is wrong.
local function class_end(p, at)
    local first = byte(p, at)
    at = at + 1
    if first == 37 then -- %
        if at > #p then
            return nil, "malformed pattern (ends with '%')"
        end
        return at + 1
    elseif first == 91 then -- [
        if byte(p, at) == 94 then
            at = at + 1
        end
        repeat
            if at > #p then
                return nil, "malformed pattern (missing ']')"
            end
            at = at + (byte(p, at) == 37 and at < #p and 2 or 1)
        until byte(p, at) == 93
        return at + 1
    end
    return at
end

local KNOWN, SHORT = 64, 32 -- sets that are remembered, and bytes of one: 600 KiB at most
local known, count = {}, 0

-- Which bytes an item such as `a`, `.`, `%s` or `[%w_]` matches, as a table by byte.
local function members(item)
    local set = known[item]
    if set then
        return set
    end
    set = {}
    if #item == 1 and item ~= "." then
        set[byte(item)] = true
        return set
    end
    for code = 0, 255 do
        set[code] = find(char(code), item) ~= nil
    end
    if #item <= SHORT then
        if count >= KNOWN then
            known, count = {}, 0
        end
        known[item], count = set, count + 1
    end
    return set
end

-- A matcher of pattern `p` on subject `s`: try(at) and captures(first, last, whole).
local function matcher(s, p)
    local length, plen = #s, #p
    local level, starts, sizes, steps = 0, {}, {}, 0
    local item -- the function of the item that begins at a place of the pattern

    local function step()
        steps = steps + 1
        if steps % STEPS == 0 then
            check()
        end
    end

    local function open(to, size)
        local rest
        return function(at)
            if level >= CAPTURES then
                fail("too many captures")
            end
            level = level + 1
            starts[level], sizes[level] = at, size
            rest = rest or item(to)
            local last = rest(at)
            if not last then
                level = level - 1
            end
            return last
        end
    end

    local function shut(to)
        local rest
        return function(at)
            local index = level
            while index > 0 and sizes[index] ~= OPEN do
                index = index - 1
            end
            if index == 0 then
                fail("invalid pattern capture")
            end
            sizes[index] = at - starts[index]
            rest = rest or item(to)
            local last = rest(at)
            if not last then
                sizes[index] = OPEN
            end
            return last
        end
    end

    local function finish(at)
        return at == length + 1 and at or nil
    end

    -- The position behind a text in balance, or nil.
    local function balanced(at, left, right)
        if byte(s, at) ~= left then
            return nil
        end
        local nested = 1
        for index = at + 1, length do
            step()
            local code = byte(s, index)
            if code == right then
                nested = nested - 1
                if nested == 0 then
                    return index + 1
                end
            elseif code == left then
                nested = nested + 1
            end
        end
        return nil
    end

    local function balance(from)
        if from >= plen then
            fail("unbalanced pattern")
        end
        local left, right = byte(p, from, from + 1)
        local rest
        return function(at)
            at = balanced(at, left, right)
            if at then
                rest = rest or item(from + 2)
                return rest(at)
            end
            return nil
        end
    end

    local function again(to, index)
        local rest
        return function(at)
            if index < 1 or index > level or sizes[index] == OPEN then
                fail("invalid capture index")
            end
            local start, size = starts[index], sizes[index]
            if size < 0 or length - at + 1 < size then -- a position capture has no text that could be repeated
                return nil
            elseif sub(s, start, start + size - 1) == sub(s, at, at + size - 1) then
                rest = rest or item(to)
                return rest(at + size)
            end
            return nil
        end
    end

    local function checked_end(from)
        local to, wrong = class_end(p, from)
        if not to then
            fail(wrong)
        end
        return to
    end

    local function frontier(from)
        if byte(p, from) ~= 91 then
            fail("missing '[' after '%f' in pattern")
        end
        local to = checked_end(from)
        local set, rest = members(sub(p, from, to - 1)), nil
        return function(at)
            local before, here = at > 1 and byte(s, at - 1) or 0, byte(s, at) or 0
            if not set[before] and set[here] then
                rest = rest or item(to)
                return rest(at)
            end
            return nil
        end
    end

    local function single(set, to)
        local rest
        return function(at)
            if set[byte(s, at)] then
                rest = rest or item(to)
                return rest(at + 1)
            end
            return nil
        end
    end

    local function optional(set, to)
        local rest
        return function(at)
            step()
            rest = rest or item(to)
            local last = set[byte(s, at)] and rest(at + 1)
            return last or rest(at)
        end
    end

    -- The position behind all bytes of the set.
    local function run(set, at)
        while true do
            for index = at, at + STEPS do
                if not set[byte(s, index)] then
                    return index
                end
            end
            check()
            at = at + STEPS + 1
        end
    end

    local function greedy(set, to, least)
        local rest
        return function(at)
            local last = run(set, at)
            if last < at + least then
                return nil
            end
            rest = rest or item(to)
            for index = last, at + least, -1 do
                step()
                local found = rest(index)
                if found then
                    return found
                end
            end
            return nil
        end
    end

    local function lazy(set, to)
        local rest
        return function(at)
            rest = rest or item(to)
            while true do
                step()
                local found = rest(at)
                if found then
                    return found
                elseif not set[byte(s, at)] then
                    return nil
                end
                at = at + 1
            end
        end
    end

    local function class(from)
        local to = checked_end(from)
        local set, suffix = members(sub(p, from, to - 1)), byte(p, to)
        if suffix == 63 then -- ?
            return optional(set, to + 1)
        elseif suffix == 42 then -- *
            return greedy(set, to + 1, 0)
        elseif suffix == 43 then -- +
            return greedy(set, to + 1, 1)
        elseif suffix == 45 then -- -
            return lazy(set, to + 1)
        end
        return single(set, to)
    end

    local function all(at)
        return at
    end

    local function made(from)
        local code, following = byte(p, from, from + 1)
        if from > plen then
            return all
        elseif code == 40 then -- (
            if following == 41 then
                return open(from + 2, POSITION)
            end
            return open(from + 1, OPEN)
        elseif code == 41 then -- )
            return shut(from + 1)
        elseif code == 36 and from == plen then -- $
            return finish
        elseif code == 37 and following == 98 then -- %b
            return balance(from + 2)
        elseif code == 37 and following == 102 then -- %f
            return frontier(from + 2)
        elseif code == 37 and following and following >= 48 and following <= 57 then
            return again(from + 2, following - 48)
        end
        return class(from)
    end

    local items = {}
    function item(from)
        local f = items[from] or made(from)
        items[from] = f
        return f
    end

    local function capture(index)
        if sizes[index] == OPEN then
            fail("unfinished capture")
        elseif sizes[index] == POSITION then
            return starts[index]
        end
        return sub(s, starts[index], starts[index] + sizes[index] - 1)
    end

    -- The captures of the last match, or the whole of it where it has none and `whole` asks for it.
    local function captures(first, last, whole)
        if level == 0 then
            if whole then
                return sub(s, first, last - 1)
            end
            return
        end
        local values = {}
        for index = 1, level do
            values[index] = capture(index)
        end
        return unpack(values, 1, level)
    end

    local function try(at)
        level = 0
        return item(1)(at)
    end
    return try, captures
end

return { matcher = matcher, class_end = class_end }
