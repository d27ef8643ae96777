-- The library `string`: the original's functions but where one call could take long.
--
-- What fills the memory (`..`, format, table.concat) takes about a second for each gigabyte of it.
-- find, match, gmatch and gsub are the original's where that is bounded; else they try the places of the subject one by one,
-- with the original where one place is bounded, or with the matcher of `pattern.lua`.
local needs = ...
local fail, bad_argument, wrong_type, number_of, text_of, to_integer =
    needs.fail, needs.bad_argument, needs.wrong_type, needs.number_of, needs.text_of, needs.to_integer
local check, hurry, note, guarded, place_in_front = needs.check, needs.hurry, needs.note, needs.guarded, needs.place_in_front
local matcher, cost_of, is_cheap, is_cheap_at_a_place = needs.matcher, needs.cost_of, needs.is_cheap, needs.is_cheap_at_a_place

local kind, select, next, error, unpack, floor = type, select, next, error, unpack, math.floor
local original, getinfo = string, debug.getinfo
local byte, sub, rep, dump = string.byte, string.sub, string.rep, string.dump
local find, match, gmatch, gsub, concat = string.find, string.match, string.gmatch, string.gsub, table.concat

local SPECIALS = "[%^%$%*%+%?%.%(%[%%%-]"
local LARGE = 65536 -- bytes of a text that take time to make
local LARGEST = 2 ^ 29 -- bytes of a text: the longest that a client can send or is sent, 512 MiB
local REPLACED = 16777216 -- bytes that replacement texts may have in one call of the original, which copies them byte by byte
local LONG = 20000 -- bytes of a text that one place of a search may run through: some 0.1 ms
local PLACES = 4 -- of a search in a longer one, between two looks at the time: one takes a microsecond or two
local PLAIN = 50000000 -- bytes that a plain search may compare in one call, at 10 a nanosecond in the worst case: 5 ms
local BLOCK = 4096 -- elements of a result that are joined at a time

local strings = {}
for _, name in next, { "byte", "char", "format", "len", "lower", "reverse", "sub", "upper" } do
    strings[name] = original[name]
end

-- As C's conversion to a 32-bit integer.
local function to_int(number)
    number = to_integer(number) % 4294967296
    return number >= 2147483648 and number - 4294967296 or number
end

-- As the original, which copies byte by byte, by doubling.
local function repeated(text, count)
    local result, power = "", text
    while true do
        check()
        local half = floor(count / 2)
        if count > half * 2 then
            result = result == "" and power or result .. power
        end
        if half == 0 then
            return result
        end
        power, count = power .. power, half
    end
end

function strings.rep(...)
    local text, count = ...
    text = kind(text) == "string" and text or text_of(1, ...)
    count = kind(count) == "number" and count or number_of(2, ...)
    if #text * count < LARGE and #text > 0 then
        return rep(text, count)
    end
    count = to_int(count)
    if #text == 0 or count <= 0 then
        return ""
    elseif #text * count >= LARGEST then
        error("not enough memory", 0)
    end
    note(#text * count)
    return repeated(text, count)
end

function strings.dump(...)
    local f = ...
    if kind(f) ~= "function" then
        wrong_type(1, "function", ...)
    end
    local info = getinfo(f, "S")
    if info.what == "C" or info.source == "=?" then
        fail("unable to dump given function")
    end
    return dump(f)
end

-- How messages of the original functions begin.
local OWN = { "malformed pattern", "invalid ", "unfinished capture", "missing '['", "unbalanced pattern", "too many captures" }

-- What an original function answers, with the place of the user's call in front of a message of its own.
local function placed(ok, ...)
    if ok then
        return ...
    end
    local message = ...
    for index = 1, kind(message) == "string" and #OWN or 0 do
        if find(message, OWN[index], 1, true) == 1 then
            fail(message)
        end
    end
    error(message, 0)
end

-- An optional third argument: the place where a search begins.
local function begin_of(length, ...)
    local init = select(3, ...)
    if init == nil then
        return 1
    end
    init = to_integer(kind(init) == "number" and init or number_of(3, ...))
    if init < 0 then
        init = init + length + 1
    end
    return init < 1 and 1 or init > length + 1 and length + 1 or init
end

-- A plain search in pieces.
local function find_plain(text, wanted, init)
    local step = floor(PLAIN / (#wanted + 1))
    step = step < 1 and 1 or step
    while init + #wanted - 1 <= #text do
        check()
        hurry()
        local piece = sub(text, init, init + step + #wanted - 2)
        local first, last = find(piece, wanted, 1, true)
        if first then
            return first + init - 1, last + init - 1
        end
        init = init + step
    end
    return nil
end

-- The part of a pattern that the original looks at: up to a zero byte.
local function pattern_text(pattern)
    local stop = find(pattern, "\0", 1, true)
    return stop and sub(pattern, 1, stop - 1) or pattern
end

-- The pattern as it is tried at one place, and whether it has an anchor of its own.
local function try_original(text, pattern)
    local anchored = "^" .. pattern
    return function(at)
        return find(text, anchored, at)
    end
end

-- first, last, captures of a match at a place, by the matcher of `pattern.lua`. To ask for captures may fail: they may be
-- unfinished.
local function try_own(text, pattern, without_captures)
    local try, captures = matcher(text, pattern_text(pattern))
    return function(at)
        local last = try(at)
        if last and without_captures then
            return at, last - 1
        elseif last then
            return at, last - 1, captures(at, last, false)
        end
        return nil
    end
end

-- A function that matches at one place, for a pattern without its anchor.
local function tried(text, pattern, cost, without_captures)
    if not cost.doubtful and is_cheap_at_a_place(cost, #text) then
        return try_original(text, pattern)
    end
    return try_own(text, pattern, without_captures)
end

-- Looks at the time before a search at a place, if that may run through the text, once in a while.
local function look(text, cost, at)
    check()
    if at % PLACES == 0 and cost.power > 0 and #text > LONG then
        hurry()
    end
end

-- The results of a search at a place as a table, or nil.
local function packed(first, ...)
    if first then
        return { first, ... }
    end
    return nil
end

-- Calls `try` at each place from `init` on until there is a match: its results.
local function search(text, try, cost, init)
    for at = init, cost.anchored and init or #text + 1 do
        look(text, cost, at)
        local found = packed(try(at))
        if found then
            return found
        end
    end
    return nil
end

local function results_of_find(found)
    if found then
        return unpack(found)
    end
    return nil
end

local function results_of_match(text, found)
    if not found then
        return nil
    elseif found[3] == nil then
        return sub(text, found[1], found[2])
    end
    return unpack(found, 3)
end

local function slow_search(text, pattern, cost, init)
    return search(text, tried(text, cost.anchored and sub(pattern, 2) or pattern, cost), cost, init)
end

function strings.find(...)
    local text, pattern, init, plain = ...
    text = kind(text) == "string" and text or text_of(1, ...)
    pattern = kind(pattern) == "string" and pattern or text_of(2, ...)
    init = init and begin_of(#text, ...) or 1
    if plain or not find(pattern_text(pattern), SPECIALS) then
        local compared = (#text - init) * #pattern
        if compared <= PLAIN then
            if compared > LARGE then
                hurry()
            end
            return find(text, pattern, init, true)
        end
        return find_plain(text, pattern, init)
    end
    local cost = cost_of(pattern)
    if is_cheap(cost, #text - init + 1) then
        if cost.doubtful then
            return placed(guarded(find, text, pattern, init))
        end
        return find(text, pattern, init)
    end
    return results_of_find(slow_search(text, pattern, cost, init))
end

function strings.match(...)
    local text, pattern, init = ...
    text = kind(text) == "string" and text or text_of(1, ...)
    pattern = kind(pattern) == "string" and pattern or text_of(2, ...)
    init = init and begin_of(#text, ...) or 1
    local cost = cost_of(pattern)
    if is_cheap(cost, #text - init + 1) then
        if cost.doubtful then
            return placed(guarded(match, text, pattern, init))
        end
        return match(text, pattern, init)
    end
    return results_of_match(text, slow_search(text, pattern, cost, init))
end

-- The iterator of a search that is not cheap.
local function slow_gmatch(text, pattern, cost)
    local try, at = tried(text, pattern, cost), 1
    return function()
        if at > #text + 1 then
            return nil
        end
        local found = search(text, try, cost, at)
        if not found then
            at = #text + 2
            return nil
        end
        at = found[2] + 1
        if found[2] < found[1] then -- an empty match: the next search begins one further
            at = at + 1
        end
        return results_of_match(text, found)
    end
end

function strings.gmatch(...)
    local text, pattern = ...
    text = kind(text) == "string" and text or text_of(1, ...)
    pattern = kind(pattern) == "string" and pattern or text_of(2, ...)
    local literal = byte(pattern) == 94 and "%" .. pattern or pattern -- no anchor here: it is a byte as any other
    local cost = cost_of(literal)
    if is_cheap(cost, #text) then
        local iterator = gmatch(text, pattern)
        if not cost.doubtful then
            return iterator
        end
        return function()
            return placed(guarded(iterator))
        end
    end
    return slow_gmatch(text, literal, cost)
end
strings.gfind = strings.gmatch

-- A replacement function that refuses, with the place of the user's call, what the original would refuse without one.
local function checked_replacement(f)
    return function(...)
        local value = f(...)
        if value and kind(value) ~= "string" and kind(value) ~= "number" then
            error(place_in_front() .. "invalid replacement value (a " .. kind(value) .. ")", 0)
        end
        return value
    end
end

-- The text that a replacement text stands for, where `found` was.
local function expanded(template, text, found)
    local parts, at, whole = {}, 1, nil
    while true do
        local sign = find(template, "%", at, true)
        parts[#parts + 1] = sub(template, at, (sign or 0) - 1)
        if not sign then
            return concat(parts)
        end
        local code = byte(template, sign + 1)
        whole = whole or sub(text, found[1], found[2])
        if code == nil then
            parts[#parts + 1] = "\0"
        elseif code == 48 or code == 49 and found[3] == nil then
            parts[#parts + 1] = whole
        elseif code > 48 and code <= 57 then
            if found[code - 46] == nil then
                fail("invalid capture index")
            end
            parts[#parts + 1] = found[code - 46]
        else
            parts[#parts + 1] = sub(template, sign + 1, sign + 1)
        end
        at = sign + 2
    end
end

-- The value that takes the place of a match.
local function replaced(text, found, replacement)
    local form = kind(replacement)
    local value
    if form == "function" then
        value = replacement(results_of_match(text, found))
    elseif form == "table" then
        value = replacement[(results_of_match(text, found))]
    else
        return expanded(replacement, text, found)
    end
    if not value then
        return sub(text, found[1], found[2])
    elseif kind(value) ~= "string" and kind(value) ~= "number" then
        fail("invalid replacement value (a " .. kind(value) .. ")")
    end
    return value
end

-- Texts that are joined as they come, so that a table of them stays small.
local function new_buffer()
    local parts, count, blocks = {}, 0, {}
    local function add(part)
        count = count + 1
        parts[count] = part
        if count == BLOCK then
            blocks[#blocks + 1] = concat(parts, "", 1, count)
            count = 0
        end
    end
    local function content()
        blocks[#blocks + 1] = concat(parts, "", 1, count)
        return concat(blocks)
    end
    return add, content
end

local function slow_gsub(text, pattern, replacement, most, cost)
    local without_captures = kind(replacement) == "string" and not find(replacement, "%%[1-9]")
    local try = tried(text, cost.anchored and sub(pattern, 2) or pattern, cost, without_captures)
    local add, content = new_buffer()
    local at, count = 1, 0
    while count < most do
        look(text, cost, at)
        local found = packed(try(at))
        if found then
            count = count + 1
            add(replaced(text, found, replacement))
        end
        if found and found[2] >= at then
            at = found[2] + 1
        elseif at <= #text then
            add(sub(text, at, at))
            at = at + 1
        else
            break
        end
        if cost.anchored then
            break
        end
    end
    add(sub(text, at))
    return content(), count
end

function strings.gsub(...)
    local text, pattern, replacement, most = ...
    text = kind(text) == "string" and text or text_of(1, ...)
    pattern = kind(pattern) == "string" and pattern or text_of(2, ...)
    local form = kind(replacement)
    if form == "number" then
        replacement, form = replacement .. "", "string"
    elseif form ~= "string" and form ~= "table" and form ~= "function" then
        bad_argument(3, "string/function/table expected")
    end
    most = most == nil and #text + 1 or to_int(kind(most) == "number" and most or number_of(4, ...))
    local cost = cost_of(pattern)
    local is_long = form == "string" and #replacement * (most < #text and most or #text + 1) > REPLACED
    if is_long or not is_cheap(cost, #text) then
        return slow_gsub(text, pattern, replacement, most, cost)
    elseif form == "function" then
        if cost.doubtful then
            return placed(guarded(gsub, text, pattern, checked_replacement(replacement), most))
        end
        return gsub(text, pattern, checked_replacement(replacement), most)
    elseif cost.doubtful or form == "table" or find(replacement, "%", 1, true) then
        return placed(guarded(gsub, text, pattern, replacement, most))
    end
    return gsub(text, pattern, replacement, most)
end

return { string_library = strings }
