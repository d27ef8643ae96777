-- Patterns of KEYS, SCAN and their kin: `*`, `?`, `[a-c]`, `[^x]`, and `\` before a character that is meant itself.
--
-- A pattern is cut at its stars; each piece, which has no star, becomes a Lua pattern of single characters. The first piece is matched
-- at the start of the text, the last at its end, each other at the first place that is left: no way back is needed, so that
-- no pattern takes more steps than the text has characters times the pattern.

local byte, char, concat, find = string.byte, string.char, table.concat, string.find

local glob = {}

-- A single character in a Lua pattern.
local function literal(code)
    if code == 0 then
        return "%z"
    end
    local text = char(code)
    return find(text, "%p") and "%" .. text or text
end

-- The characters that are true in `set` (by code) as a Lua pattern; as ranges where their ends mean nothing else there.
local function set_pattern(set, inverted)
    local out, n, code = {}, 0, 0
    while code < 256 do
        if set[code] then
            local last = code
            while last < 255 and set[last + 1] and code > 0 and not find(char(code, last + 1), "%p") do
                last = last + 1
            end
            n = n + 1
            out[n] = last > code and char(code) .. "-" .. char(last) or literal(code)
            code = last
        end
        code = code + 1
    end
    if n == 0 then
        return inverted and "." or "[^%z\1-\255]"
    end
    return (inverted and "[^" or "[") .. concat(out) .. "]"
end

-- Reads the set that begins after the "[" at `at`: its pattern, and the place of its end. A set that does not end goes to the end.
local function read_set(pattern, at)
    local set, size, inverted = {}, #pattern, false
    at = at + 1
    if byte(pattern, at) == 94 then -- ^
        inverted, at = true, at + 1
    end
    while at <= size do
        local code = byte(pattern, at)
        if code == 92 and at < size then -- \
            at = at + 1
            set[byte(pattern, at)] = true
        elseif code == 93 then -- ]
            return set_pattern(set, inverted), at
        elseif at + 2 <= size and byte(pattern, at + 1) == 45 then -- -
            local last = byte(pattern, at + 2)
            if code > last then
                code, last = last, code
            end
            for each = code, last do
                set[each] = true
            end
            at = at + 2
        else
            set[code] = true
        end
        at = at + 1
    end
    return set_pattern(set, inverted), size
end

-- The pieces between the stars: Lua patterns, and how many characters each matches.
local function pieces(pattern)
    local out, sizes, n, piece, count = {}, {}, 1, {}, 0
    local at, size = 1, #pattern
    while at <= size do
        local code = byte(pattern, at)
        if code == 42 then -- *
            out[n], sizes[n] = concat(piece), count
            n, piece, count = n + 1, {}, 0
        else
            count = count + 1
            if code == 63 then -- ?
                piece[count] = "."
            elseif code == 91 then -- [
                piece[count], at = read_set(pattern, at)
            else
                if code == 92 and at < size then -- \
                    at = at + 1
                end
                piece[count] = literal(byte(pattern, at))
            end
        end
        at = at + 1
    end
    out[n], sizes[n] = concat(piece), count
    return out, sizes, n
end

local function everything()
    return true
end

-- The matcher of a pattern: a function(text) -> whether it matches.
function glob.compile(pattern)
    if pattern == "*" then
        return everything
    end
    if not find(pattern, "[%*%?%[\\]") then
        return function(text)
            return text == pattern
        end
    end
    local parts, sizes, n = pieces(pattern)
    if n == 1 then
        local whole = "^" .. parts[1] .. "$"
        return function(text)
            return find(text, whole) ~= nil
        end
    end
    local first, last, last_size = "^" .. parts[1], "^" .. parts[n], sizes[n]
    local least = 0
    for i = 1, n do
        least = least + sizes[i]
    end
    return function(text)
        local size = #text
        if size < least or not find(text, first) then
            return false
        end
        local at = sizes[1] + 1
        for i = 2, n - 1 do
            if sizes[i] > 0 then
                local from, to = find(text, parts[i], at)
                if not from then
                    return false
                end
                at = to + 1
            end
        end
        local from = size - last_size + 1
        return from >= at and (last_size == 0 or find(text, last, from) ~= nil)
    end
end

-- Whether the text matches the pattern. Without regard to case: give both in lower case.
function glob.matches(pattern, text)
    return glob.compile(pattern)(text)
end

return { glob = glob }
