-- A pattern matcher that a count hook can interrupt, for the subjects and patterns on which Lua's own could run for
-- seconds: it backtracks, and no instruction of Lua runs meanwhile. This one gives the same results and the same messages.
-- Classes and sets are asked of the library itself, one byte at a time, so there is one definition of what `%a` means.
--
-- Positions are 1-based; `match` gives the position after the match, or nil.
local needs = ...
local join, refuse = needs.join, needs.refuse

local byte, sub, char, find = string.byte, string.sub, string.char, string.find
local kind, unpack = type, table.unpack
local DEPTH <const>, CAPTURES <const> = 200, 32 -- Lua's own limits: MAXCCALLS and LUA_MAXCAPTURES
local OPEN <const>, POSITION <const> = -1, -2 -- sizes of captures: not closed yet, and `()`
local tostring = tostring

-- The position after the single-character class that starts at `at`.
local function class_end(p, at)
    local first = byte(p, at)
    at = at + 1
    if first == 37 then -- %
        if at > #p then
            refuse("malformed pattern (ends with '%')")
        end
        return at + 1
    elseif first == 91 then -- [
        if byte(p, at) == 94 then
            at = at + 1
        end
        repeat
            if at > #p then
                refuse("malformed pattern (missing ']')")
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
    local level, starts, sizes, depth = 0, {}, {}, 0
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

    local function open(at, from, size)
        if level >= CAPTURES then
            refuse("too many captures")
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
            refuse("invalid pattern capture")
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
            refuse("malformed pattern (missing arguments to '%b')")
        end
        local left, right = byte(p, from, from + 1)
        if byte(s, at) ~= left then
            return nil
        end
        local nested = 1
        for index = at + 1, length do
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
            refuse("invalid capture index %" .. index)
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

    local function frontier(at, from)
        if byte(p, from) ~= 91 then
            refuse("missing '[' after '%f' in pattern")
        end
        local to = class_end(p, from)
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
                local to = class_end(p, from)
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
        depth = depth + 1
        if depth > DEPTH then
            refuse("pattern too complex")
        end
        local last = walk(at, from)
        depth = depth - 1
        return last
    end

    local function capture(index, first, last)
        if index > level then
            if index > 1 then
                refuse("invalid capture index %" .. index)
            end
            return sub(s, first, last - 1)
        elseif sizes[index] == OPEN then
            refuse("unfinished capture")
        elseif sizes[index] == POSITION then
            return starts[index]
        end
        return sub(s, starts[index], starts[index] + sizes[index] - 1)
    end

    local function captures(first, last, whole)
        local values, count = {}, level == 0 and whole and 1 or level
        for index = 1, count do
            values[index] = capture(index, first, last)
        end
        return unpack(values, 1, count)
    end

    local function try(at, from)
        level, depth = 0, 0
        return match(at, from)
    end

    return try, captures, capture
end

local pattern = {}
pattern.class_end = class_end

function pattern.find(s, p, at, positions)
    local anchored = byte(p) == 94
    local try, captures = matcher(s, p)
    for first = at, anchored and at or #s + 1 do
        local last = try(first, anchored and 2 or 1)
        if last and positions then
            return first, last - 1, captures(first, last, false)
        elseif last then
            return captures(first, last, true)
        end
    end
    return nil
end

function pattern.gmatch(s, p, at)
    local try, captures = matcher(s, p)
    local previous
    return function()
        for first = at, #s + 1 do
            local last = try(first, 1)
            if last and last ~= previous then
                at, previous = last, last
                return captures(first, last, true)
            end
        end
        at = #s + 2
        return nil
    end
end

-- The text that a replacement string stands for.
local function expand(template, first, last, capture, whole)
    local parts, at = {}, 1
    while true do
        local sign = find(template, "%", at, true)
        parts[#parts + 1] = sub(template, at, (sign or 0) - 1)
        if not sign then
            return join(parts, #parts)
        end
        local code = byte(template, sign + 1)
        if code == 37 then
            parts[#parts + 1] = "%"
        elseif code == 48 then
            parts[#parts + 1] = whole
        elseif code and code > 48 and code <= 57 then
            parts[#parts + 1] = tostring(capture(code - 48, first, last))
        else
            refuse("invalid use of '%' in replacement string")
        end
        at = sign + 2
    end
end

function pattern.gsub(s, p, replacement, most)
    local anchored = byte(p) == 94
    local try, captures, capture = matcher(s, p)
    local parts, at, count, previous, changed = {}, 1, 0, nil, false
    local form = kind(replacement)
    local template = (form == "string" or form == "number") and tostring(replacement)
    local plain = template and not find(template, "%", 1, true)
    while count < most do
        local last = try(at, anchored and 2 or 1)
        if last and last ~= previous then
            count = count + 1
            local whole = sub(s, at, last - 1)
            local value
            if form == "function" then
                value = replacement(captures(at, last, true))
            elseif form == "table" then
                value = replacement[capture(1, at, last)]
            else
                value = plain and template or expand(template, at, last, capture, whole)
            end
            if not value then
                value = whole
            elseif kind(value) ~= "string" and kind(value) ~= "number" then
                refuse("invalid replacement value (a " .. kind(value) .. ")")
            else
                changed = true
            end
            parts[#parts + 1] = value
            at, previous = last, last
        elseif at <= #s then
            parts[#parts + 1] = sub(s, at, at)
            at = at + 1
        else
            break
        end
        if anchored then
            break
        end
    end
    if not changed then
        return s, count
    end
    parts[#parts + 1] = sub(s, at)
    return join(parts, #parts), count
end

return { pattern = pattern }
