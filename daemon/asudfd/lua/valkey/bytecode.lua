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

local byte, char, sub, find, join, floor = string.byte, string.char, string.sub, string.find, table.concat, math.floor

local HEADER = "\27Lua\81\0\1\4\8\4\8\0" -- 5.1, little-endian, int 4, size_t 8, instruction 4, number 8 (a double)
local MOVE, GETUPVAL, GETGLOBAL, GETTABLE, SELF, CALL, TAILCALL = 0, 4, 5, 6, 11, 28, 29
local WRITES_A = {} -- opcodes after which register A holds what a call may call
for _, code in next, { MOVE, 1, 2, 3, GETUPVAL, GETGLOBAL, GETTABLE, 10, SELF, CALL, 36 } do
    WRITES_A[code] = true
end
local CONSTANT = 256 -- operands from here on name a constant
-- A byte that may begin an instruction OP_TAILCALL: the opcode is in its lowest six bits.
local MAY_BE_TAILCALL = "[\29%]\157\221]"

local function int(dump, at)
    local a, b, c, d = byte(dump, at, at + 3)
    return a + b * 256 + c * 65536 + d * 16777216
end

-- The operands of the instruction at `at`: opcode, A, C, B.
local function instruction(dump, at)
    local word = int(dump, at)
    local code = word % 64
    word = (word - code) / 64
    local a = word % 256
    word = (word - a) / 256
    local c = word % 512
    return code, a, c, (word - c) / 512
end

-- The name of what the tail call at `at` calls, or nil.
local function callee(dump, first, at, constants, upvalues)
    local _, register = instruction(dump, at)
    local follows = 2 -- assignments of a local variable that are followed
    while at > first do
        at = at - 4
        local code, a, c, b = instruction(dump, at)
        if a == register and WRITES_A[code] then
            if code == GETGLOBAL then
                return constants[b * 512 + c]
            elseif code == GETTABLE or code == SELF then
                return c >= CONSTANT and constants[c - CONSTANT] or nil
            elseif code == GETUPVAL then
                return upvalues[b]
            elseif code == MOVE and follows > 0 then
                register, follows = b, follows - 1
            elseif code ~= CALL then -- what a library function returned may be one, such as an iterator
                return nil
            end
        end
    end
    return nil
end

local walk

-- Walks over a string: the position behind it, and what it holds.
local function text_at(dump, at)
    local size = int(dump, at)
    return at + 8 + size, size > 0 and sub(dump, at + 8, at + 6 + size) or nil
end

local function constants_at(dump, at)
    local constants, count = {}, int(dump, at)
    at = at + 4
    for index = 0, count - 1 do
        local kind = byte(dump, at)
        if kind == 4 then
            at, constants[index] = text_at(dump, at + 1)
        else
            at = at + (kind == 3 and 9 or kind == 1 and 2 or 1)
        end
    end
    return at, constants
end

local function protos_at(dump, at, visit)
    local count = int(dump, at)
    at = at + 4
    for _ = 1, count do
        at = walk(dump, at, visit)
    end
    return at
end

local function locals_at(dump, at)
    local count = int(dump, at)
    at = at + 4
    for _ = 1, count do
        at = at + 16 + int(dump, at)
    end
    return at
end

local function upvalues_at(dump, at)
    local upvalues, count = {}, int(dump, at)
    at = at + 4
    for index = 0, count - 1 do
        at, upvalues[index] = text_at(dump, at)
    end
    return at, upvalues
end

-- Walks over the function at `at`; `visit` is told of each, inner ones first.
function walk(dump, at, visit)
    local begin = at
    at = at + 8 + int(dump, at) + 12
    local code, size = at + 4, int(dump, at) * 4
    local constants, upvalues
    at, constants = constants_at(dump, code + size)
    local debug_info = protos_at(dump, at, visit)
    at = debug_info + 4 + int(dump, debug_info) * 4
    at, upvalues = upvalues_at(dump, locals_at(dump, at))
    visit(dump, { begin = begin, code = code, size = size, constants = constants, upvalues = upvalues, debug_info = debug_info, last = at })
    return at
end

local function check(dump)
    if sub(dump, 1, #HEADER) ~= HEADER then
        error("the layout of this Lua's bytecode is unknown", 0)
    end
end

-- The same with plain calls in place of those tail calls for which is_wanted(function, place) is true.
local function without_tail_calls(dump, is_wanted)
    local changed = {}
    walk(dump, #HEADER + 1, function(_, f)
        local at = find(dump, MAY_BE_TAILCALL, f.code)
        while at and at < f.code + f.size do
            local is_opcode = (at - f.code) % 4 == 0
            if is_opcode and is_wanted(f, at) then
                changed[#changed + 1] = at
            end
            at = find(dump, MAY_BE_TAILCALL, at + 1)
        end
    end)
    if #changed == 0 then
        return dump
    end
    table.sort(changed)
    local parts, from = {}, 1
    for _, at in ipairs(changed) do
        parts[#parts + 1] = sub(dump, from, at - 1)
        parts[#parts + 1] = char(byte(dump, at) - TAILCALL + CALL)
        from = at + 1
    end
    parts[#parts + 1] = sub(dump, from)
    return join(parts)
end

local function calls_kept(dump)
    check(dump)
    return without_tail_calls(dump, function(f, at)
        return names[callee(dump, f.code, at, f.constants, f.upvalues) or false]
    end)
end

local NO_TEXT, NO_DEBUG_INFO = ("\0"):rep(8), ("\0"):rep(12)

local function stripped(dump)
    check(dump)
    dump = without_tail_calls(dump, function()
        return true
    end)
    local parts, from, heads = {}, 1, {}
    walk(dump, #HEADER + 1, function(_, f)
        heads[#heads + 1] = { f.begin, f.begin + 8 + int(dump, f.begin), NO_TEXT }
        heads[#heads + 1] = { f.debug_info, f.last, NO_DEBUG_INFO }
    end)
    table.sort(heads, function(one, other) return one[1] < other[1] end)
    for _, cut in ipairs(heads) do
        parts[#parts + 1] = sub(dump, from, cut[1] - 1)
        parts[#parts + 1] = cut[3]
        from = cut[2]
    end
    parts[#parts + 1] = sub(dump, from)
    return join(parts)
end

return calls_kept, stripped
