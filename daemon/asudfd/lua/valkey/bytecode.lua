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
-- The bytes that an instruction OP_TAILCALL may begin with: the opcode is in the lowest six bits. Each is looked for by itself: a plain search goes
-- through 200 bytes in 0.05 us, one for a set of bytes in 3.4.
local FIRST_BYTES = {}
for bits = 0, 3 do
    FIRST_BYTES[bits + 1] = char(bits * 64 + TAILCALL)
end

local dump = "" -- what is walked over
local parts, copied = {}, 1 -- of a copy of it, and the first place that is not in them

local function int(at)
    local a, b, c, d = byte(dump, at, at + 3)
    return a + b * 256 + c * 65536 + d * 16777216
end

-- The place behind the constants, and the texts among them by their number from 0, as far as they are in the set `wanted`.
local function constants_at(at, wanted)
    local a, b, c, d = byte(dump, at, at + 3)
    local texts, count = wanted and {}, a + b * 256 + c * 65536 + d * 16777216
    at = at + 4
    for index = 0, count - 1 do
        local kind
        kind, a, b, c, d = byte(dump, at, at + 4)
        if kind == 4 then
            local last = at + 9 + a + b * 256 + c * 65536 + d * 16777216
            if wanted and wanted[index] then
                texts[index] = sub(dump, at + 9, last - 2)
            end
            at = last
        else
            at = at + (kind == 3 and 9 or kind == 1 and 2 or 1)
        end
    end
    return at, texts
end

-- The place behind the lines of the instructions, and the names of the local variables and their extents.
local function locals_end(at)
    local a, b, c, d = byte(dump, at, at + 3)
    at = at + 4 + (a + b * 256 + c * 65536 + d * 16777216) * 4
    a, b, c, d = byte(dump, at, at + 3)
    local count = a + b * 256 + c * 65536 + d * 16777216
    at = at + 4
    for _ = 1, count do
        a, b, c, d = byte(dump, at, at + 3)
        at = at + 16 + a + b * 256 + c * 65536 + d * 16777216
    end
    return at
end

-- The place behind the names of the upvalues, and they, by their number from 0; nothing where `is_wanted` is false.
local function upvalues_at(at, is_wanted)
    local upvalues, count = is_wanted and {}, int(at)
    at = at + 4
    for index = 0, count - 1 do
        local size = int(at)
        if is_wanted then
            upvalues[index] = size > 0 and sub(dump, at + 8, at + 6 + size) or nil
        end
        at = at + 8 + size
    end
    return at, upvalues
end

-- The offsets of the instructions OP_TAILCALL in some code, in their order; nil without one.
local function tail_calls(code)
    local found, count = nil, 0
    for index = 1, 4 do
        local at = find(code, FIRST_BYTES[index], 1, true)
        while at do
            if at % 4 == 1 then
                found, count = found or {}, count + 1
                found[count] = at - 1
            end
            at = find(code, FIRST_BYTES[index], at + 1, true)
        end
    end
    if count > 1 then
        sort(found)
    end
    return found
end

-- The first place of the code of the function whose source ends before `at`, and that behind it.
local function code_at(at)
    local a, b, c, d = byte(dump, at + 12, at + 15) -- behind two lines, and four small numbers
    return at + 16, at + 16 + (a + b * 256 + c * 65536 + d * 16777216) * 4
end

local SOURCE = #HEADER + 1 -- the place of the size of its name
local NO_SOURCE = 8 -- bytes of a size that is 0: inner functions have the source of the outermost one

-- Instructions that are looked at in one dump to find out what its tail calls call, which is next to them as a rule. A function can have
-- thousands of them that call a parameter, which no instruction writes: the whole function would be gone through for each.
local STEPS = 200000 -- some 20 ms
local steps = 0

-- What the tail call at an offset of some code calls: the number of the constant that is its name, or nil and that of an upvalue.
local function callee(code, offset)
    local low, high = byte(code, offset + 1, offset + 2) -- the register's bits
    low = low - low % 64
    local follows = 2 -- assignments of a local variable that are followed
    for at = offset - 3, 1, -4 do
        if steps == 0 then
            return nil
        end
        steps = steps - 1
        local first, second, third, fourth = byte(code, at, at + 3)
        local operation = first - low
        if WRITES_A[operation] and second % 64 == high then
            local c = (second - high) / 64 + third % 128 * 4
            local b = (third - third % 128) / 128 + fourth * 2
            if operation == GETGLOBAL then
                return b * 512 + c
            elseif operation == GETTABLE or operation == SELF then
                return c >= CONSTANT and c - CONSTANT or nil
            elseif operation == GETUPVAL then
                return nil, b
            elseif operation == MOVE and follows > 0 then
                low, high, follows = b % 4 * 64, (b - b % 4) / 4, follows - 1
            elseif operation ~= CALL then -- what a library function returned may be one, such as an iterator
                return nil
            end
        end
    end
    return nil
end

-- What there is to know of some code: the offsets of its tail calls, and what each calls; false without one. Functions that are
-- alike have the same code.
local shapes = {}

local function shape_of(code)
    local shape = shapes[code]
    if shape == nil then
        local offsets = tail_calls(code)
        shape = offsets and { offsets = offsets, constants = {}, upvalues = {}, wanted = {}, wants_upvalues = false } or false
        for index = 1, offsets and #offsets or 0 do
            local constant, upvalue = callee(code, offsets[index])
            shape.constants[index], shape.upvalues[index] = constant or -1, upvalue or -1
            shape.wanted[constant or -1] = true
            shape.wants_upvalues = shape.wants_upvalues or upvalue ~= nil
        end
        shapes[code] = shape
    end
    return shape
end

local in_order = true -- whether the places of tail calls came in the order of the dump, as they do but for those of outer functions

-- Walks over the function whose source ends before `at`, inner ones first, and adds to `places` its tail calls of library functions.
local function walk(at, places)
    local code, code_end = code_at(at)
    local shape = shape_of(sub(dump, code, code_end - 1))
    local texts, upvalues
    at, texts = constants_at(code_end, shape and shape.wanted)
    local a, b, c, d = byte(dump, at, at + 3)
    at = at + 4
    for _ = 1, a + b * 256 + c * 65536 + d * 16777216 do
        at = walk(at + NO_SOURCE, places)
    end
    at, upvalues = upvalues_at(locals_end(at), shape and shape.wants_upvalues)
    if shape then
        for index, offset in next, shape.offsets do
            local name = texts[shape.constants[index]] or upvalues and upvalues[shape.upvalues[index]]
            if name and names[name] then
                local place, count = code + offset, #places
                places[count + 1] = place
                in_order = in_order and place > (places[count] or 0)
            end
        end
    end
    return at
end

-- Begins with a dump; returns the place behind the name of its source.
local function begin(text)
    if sub(text, 1, #HEADER) ~= HEADER then
        error("the layout of this Lua's bytecode is unknown", 0)
    end
    dump, parts, copied, shapes, in_order, steps = text, {}, 1, {}, true, STEPS
    return SOURCE + NO_SOURCE + int(SOURCE)
end

-- Has `content` in the copy, in place of what is from `first` on and before `last`. It is told of one place after the other.
local function replace(first, last, content)
    local count = #parts
    parts[count + 1], parts[count + 2] = sub(dump, copied, first - 1), content
    copied = last
end

local PLAIN = {} -- the first byte of OP_TAILCALL -> that of OP_CALL
for bits = 0, 192, 64 do
    PLAIN[bits + TAILCALL] = char(bits + CALL)
end

local function without_tail_call(at)
    replace(at, at + 1, PLAIN[byte(dump, at)])
end

local function finished_copy()
    parts[#parts + 1] = sub(dump, copied)
    return join(parts)
end

local function calls_kept(text)
    local places = {}
    walk(begin(text), places)
    shapes = {}
    if #places == 0 then
        return text
    end
    if not in_order then
        sort(places)
    end
    for index = 1, #places do
        without_tail_call(places[index])
    end
    return finished_copy()
end

local NO_NAME, NO_DEBUG_INFO = ("\0"):rep(8), ("\0"):rep(12)

-- Copies the function whose source ends before `at` and those in it; returns the place behind.
local function strip(at)
    local code, code_end = code_at(at)
    local found = tail_calls(sub(dump, code, code_end - 1))
    for index = 1, found and #found or 0 do
        without_tail_call(code + found[index])
    end
    at = constants_at(code_end)
    local count = int(at)
    at = at + 4
    for _ = 1, count do
        at = strip(at + NO_SOURCE)
    end
    local last = upvalues_at(locals_end(at))
    replace(at, last, NO_DEBUG_INFO)
    return last
end

local function stripped(text)
    local at = begin(text)
    replace(SOURCE, at, NO_NAME)
    strip(at)
    return finished_copy()
end

return calls_kept, stripped
