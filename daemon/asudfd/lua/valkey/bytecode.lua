-- Rewrites what string.dump of Lua 5.1 makes. Two uses:
--
--   calls_kept(dump)   a tail call of a library function becomes a plain call. Library functions that are written in Lua name the
--                      caller's line in their errors, and a tail call would replace the caller's frame. (On the real server they
--                      are written in C, whose calls are never tail calls.) The OP_RETURN that is needed follows already.
--   stripped(dump)     without names, lines and tail calls: such code is never named as the place of an error, as if it were
--                      written in C.
--
-- It is called with `names`: a set of the names that library functions have, as globals, fields or methods.
local names = ...

local byte, char, sub, find, join, sort = string.byte, string.char, string.sub, string.find, table.concat, table.sort

local HEADER = "\27Lua\81\0\1\4\8\4\8\0" -- 5.1, little-endian, int 4, size_t 8, instruction 4, number 8 (a double)
local MOVE, GETUPVAL, GETGLOBAL, GETTABLE, SELF, CALL, TAILCALL = 0, 4, 5, 6, 11, 28, 29
local WRITES_A = {} -- opcodes after which register A holds what a call may call
for _, code in next, { MOVE, 1, 2, 3, GETUPVAL, GETGLOBAL, GETTABLE, 10, SELF, CALL, 36 } do
    WRITES_A[code] = true
end
local CONSTANT = 256 -- operands from here on name a constant
-- A byte that may begin an instruction OP_TAILCALL: the opcode is in its lowest six bits.
local MAY_BE_TAILCALL = "[\29%]\157\221]"

local dump = "" -- what is walked over

local function int(at)
    local a, b, c, d = byte(dump, at, at + 3)
    return a + b * 256 + c * 65536 + d * 16777216
end

-- The operands of the instruction at `at`: opcode, A, C, B.
local function instruction(at)
    local word = int(at)
    local code = word % 64
    word = (word - code) / 64
    local a = word % 256
    word = (word - a) / 256
    local c = word % 512
    return code, a, c, (word - c) / 512
end

-- The constants that are texts, by their number from 0; nothing where `is_wanted` is false. And the place behind all.
local function constants_at(at, is_wanted)
    local constants, count = is_wanted and {}, int(at)
    at = at + 4
    for index = 0, count - 1 do
        local kind, a, b, c, d = byte(dump, at, at + 4)
        if kind == 4 then
            local size = a + b * 256 + c * 65536 + d * 16777216
            if is_wanted then
                constants[index] = sub(dump, at + 9, at + 7 + size)
            end
            at = at + 9 + size
        else
            at = at + (kind == 3 and 9 or kind == 1 and 2 or 1)
        end
    end
    return at, constants
end

-- The place behind the names of the local variables and their extents.
local function locals_end(at)
    local count = int(at)
    at = at + 4
    for _ = 1, count do
        local a, b, c, d = byte(dump, at, at + 3)
        at = at + 16 + a + b * 256 + c * 65536 + d * 16777216
    end
    return at
end

-- The place behind the names of the upvalues, and they, by their number from 0.
local function upvalues_at(at)
    local upvalues, count = {}, int(at)
    at = at + 4
    for index = 0, count - 1 do
        local size = int(at)
        upvalues[index] = size > 0 and sub(dump, at + 8, at + 6 + size) or nil
        at = at + 8 + size
    end
    return at, upvalues
end

-- The places of the instructions OP_TAILCALL from `first` on and before `last`; nil without one.
local function tail_calls(first, last)
    local found
    local code = sub(dump, first, last - 1)
    local at = find(code, MAY_BE_TAILCALL)
    while at do
        if at % 4 == 1 then
            found = found or {}
            found[#found + 1] = first + at - 1
        end
        at = find(code, MAY_BE_TAILCALL, at + 1)
    end
    return found
end

-- Walks over the function at `at`, inner ones first, and tells `visit` of each that has tail calls, or of all.
local function walk(at, visit, of_all)
    local begin = at
    local code = at + 8 + int(at) + 16
    local code_end = code + int(code - 4) * 4
    local found = tail_calls(code, code_end)
    local constants, upvalues
    at, constants = constants_at(code_end, found)
    local count = int(at)
    at = at + 4
    for _ = 1, count do
        at = walk(at, visit, of_all)
    end
    local debug_info = at
    at, upvalues = upvalues_at(locals_end(at + 4 + int(at) * 4))
    if found or of_all then
        visit({
            begin = begin, code = code, tail_calls = found or {}, constants = constants, upvalues = upvalues, debug_info = debug_info,
            last = at,
        })
    end
    return at
end

-- The name of what the tail call at `at` of a function calls, or nil.
local function callee(f, at)
    local _, register = instruction(at)
    local low, high = register % 4 * 64, (register - register % 4) / 4 -- its bits in the first two bytes of an instruction
    local follows = 2 -- assignments of a local variable that are followed
    while at > f.code do
        at = at - 4
        local first, second = byte(dump, at, at + 1)
        if first >= low and first < low + 64 and second % 64 == high and WRITES_A[first - low] then
            local code, _, c, b = instruction(at)
            if code == GETGLOBAL then
                return f.constants[b * 512 + c]
            elseif code == GETTABLE or code == SELF then
                return c >= CONSTANT and f.constants[c - CONSTANT] or nil
            elseif code == GETUPVAL then
                return f.upvalues[b]
            elseif code == MOVE and follows > 0 then
                low, high, follows = b % 4 * 64, (b - b % 4) / 4, follows - 1
            elseif code ~= CALL then -- what a library function returned may be one, such as an iterator
                return nil
            end
        end
    end
    return nil
end

local function begin(text)
    if sub(text, 1, #HEADER) ~= HEADER then
        error("the layout of this Lua's bytecode is unknown", 0)
    end
    dump = text
end

-- The dump with plain calls in place of the tail calls at these places.
local function with_calls(places)
    if #places == 0 then
        return dump
    end
    sort(places)
    local parts, count, from = {}, 0, 1
    for index = 1, #places do
        local at = places[index]
        parts[count + 1], parts[count + 2] = sub(dump, from, at - 1), char(byte(dump, at) - TAILCALL + CALL)
        count, from = count + 2, at + 1
    end
    parts[count + 1] = sub(dump, from)
    return join(parts)
end

local function calls_kept(text)
    begin(text)
    local places = {}
    walk(#HEADER + 1, function(f)
        for _, at in next, f.tail_calls do
            if names[callee(f, at) or false] then
                places[#places + 1] = at
            end
        end
    end)
    return with_calls(places)
end

local NO_TEXT, NO_DEBUG_INFO = ("\0"):rep(8), ("\0"):rep(12)

local function stripped(text)
    begin(text)
    local places, cuts = {}, {}
    walk(#HEADER + 1, function(f)
        for _, at in next, f.tail_calls do
            places[#places + 1] = at
        end
        cuts[#cuts + 1] = { first = f.begin, last = f.begin + 8 + int(f.begin), content = NO_TEXT }
        cuts[#cuts + 1] = { first = f.debug_info, last = f.last, content = NO_DEBUG_INFO }
    end, true)
    dump = with_calls(places)
    sort(cuts, function(one, other)
        return one.first < other.first
    end)
    local parts, from = {}, 1
    for _, cut in next, cuts do
        parts[#parts + 1] = sub(dump, from, cut.first - 1)
        parts[#parts + 1] = cut.content
        from = cut.last
    end
    parts[#parts + 1] = sub(dump, from)
    return join(parts)
end

return calls_kept, stripped
