-- A pattern matcher that can be ended between two steps, for the subjects and patterns on which Lua's own could run for seconds
-- or use up the C stack: it backtracks, and no instruction of Lua runs meanwhile. Same results and messages as Lua 5.1's.
-- Classes and sets are asked of the library itself, one byte at a time, so there is one definition of what `%a` means.
--
-- Positions are 1-based; `match` gives the position after the match, or nil.
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

-- Which bytes an item such as `a`, `.`, `%s` or `[%w_]` matches, as a table by byte.
local function members(item)
    local set = {}
    if #item == 1 and item ~= "." then
        set[byte(item)] = true
    else
        for code = 0, 255 do
            set[code] = find(char(code), item) ~= nil
        end
    end
    return set
end

-- A matcher of pattern `p` on subject `s`: match(at, from) and captures(first, last, whole).
local function matcher(s, p)
    local length, plen = #s, #p
    local level, starts, sizes, steps = 0, {}, {}, 0
    local sets, match = {}, nil

    local function set_of(from, to)
        local item = sub(p, from, to - 1)
        local set = sets[item]
        if not set then
            set = members(item)
            sets[item] = set
        end
        return set
    end

    local function step()
        steps = steps + 1
        if steps % STEPS == 0 then
            check()
        end
    end

    local function open(at, from, size)
        if level >= CAPTURES then
            fail("too many captures")
        end
        level = level + 1
        starts[level], sizes[level] = at, size
        local last = match(at, from)
        if not last then
            level = level - 1
        end
        return last
    end

    local function shut(at, from)
        local index = level
        while index > 0 and sizes[index] ~= OPEN do
            index = index - 1
        end
        if index == 0 then
            fail("invalid pattern capture")
        end
        sizes[index] = at - starts[index]
        local last = match(at, from)
        if not last then
            sizes[index] = OPEN
        end
        return last
    end

    local function balance(at, from)
        if from >= plen then
            fail("unbalanced pattern")
        end
        local left, right = byte(p, from, from + 1)
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

    local function again(at, digit)
        local index = digit - 48
        if index < 1 or index > level or sizes[index] == OPEN then
            fail("invalid capture index")
        end
        local size = sizes[index]
        if size < 0 or length - at + 1 < size then -- a position capture has no text that could be repeated
            return nil
        end
        if sub(s, starts[index], starts[index] + size - 1) == sub(s, at, at + size - 1) then
            return at + size
        end
        return nil
    end

    local function greedy(at, set, from)
        local last = at
        while last <= length and set[byte(s, last)] do
            step()
            last = last + 1
        end
        for index = last, at, -1 do
            local found = match(index, from)
            if found then
                return found
            end
        end
        return nil
    end

    local function lazy(at, set, from)
        while true do
            local found = match(at, from)
            if found then
                return found
            elseif at <= length and set[byte(s, at)] then
                at = at + 1
            else
                return nil
            end
        end
    end

    local function checked_end(from)
        local to, wrong = class_end(p, from)
        if not to then
            fail(wrong)
        end
        return to
    end

    local function frontier(at, from)
        if byte(p, from) ~= 91 then
            fail("missing '[' after '%f' in pattern")
        end
        local to = checked_end(from)
        local set = set_of(from, to)
        local before, here = at > 1 and byte(s, at - 1) or 0, byte(s, at) or 0
        return not set[before] and set[here] and to or nil
    end

    local function walk(at, from)
        while from <= plen do
            local code, following = byte(p, from, from + 1)
            if code == 40 then -- (
                if following == 41 then
                    return open(at, from + 2, POSITION)
                end
                return open(at, from + 1, OPEN)
            elseif code == 41 then -- )
                return shut(at, from + 1)
            elseif code == 36 and from == plen then -- $
                return at == length + 1 and at or nil
            elseif code == 37 and following == 98 then -- %b
                at = balance(at, from + 2)
                from = from + 4
            elseif code == 37 and following == 102 then -- %f
                from = frontier(at, from + 2)
                at = from and at
            elseif code == 37 and following and following >= 48 and following <= 57 then
                at = again(at, following)
                from = from + 2
            else
                local to = checked_end(from)
                local set, suffix = set_of(from, to), byte(p, to)
                local fits = at <= length and set[byte(s, at)]
                if suffix == 63 then -- ?
                    local found = fits and match(at + 1, to + 1)
                    if found then
                        return found
                    end
                    from = to + 1
                elseif suffix == 42 then -- *
                    return greedy(at, set, to + 1)
                elseif suffix == 43 then -- +
                    return fits and greedy(at + 1, set, to + 1) or nil
                elseif suffix == 45 then -- -
                    return lazy(at, set, to + 1)
                elseif fits then
                    at, from = at + 1, to
                else
                    return nil
                end
            end
            if not at then
                return nil
            end
        end
        return at
    end

    function match(at, from)
        step()
        return walk(at, from)
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

    local function try(at, from)
        level = 0
        return match(at, from)
    end
    return try, captures
end

return { matcher = matcher, class_end = class_end }
