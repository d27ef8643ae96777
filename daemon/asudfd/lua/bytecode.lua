-- Makes calls of library functions that are tail calls plain calls, in a compiled chunk. `bytecode.py` says why, and gives
-- the names. One pass; most of a dump is skipped over.
--
-- Layout (Lua 5.4 `ldump.c`): header, one byte, function. A function is: source, two integers (lines), three bytes, code,
-- constants, upvalues, inner functions, and four debug tables. Integers are base 128, most significant first, the last byte
-- marked by its high bit; a string is its length plus one and the bytes. An instruction has its operation in the low 7 bits,
-- then A (8), k (1), B (8), C (8).
local DUMP_HEADER_SIZE <const>, libraries, functions, methods = ...

local function set(names)
    local found = {}
    for name in string.gmatch(names, "%S+") do
        found[name] = true
    end
    return found
end
libraries, functions, methods = set(libraries), set(functions), set(methods)

local byte, char, find, sub, pack, unpack, concat = string.byte, string.char, string.find, string.sub, string.pack, string.unpack, table.concat

local GETTABUP <const>, GETFIELD <const>, SELF <const>, CALL <const>, TAILCALL <const> = 11, 14, 20, 68, 69
local FIRST_BYTES <const> = { char(TAILCALL), char(TAILCALL + 0x80) }
-- Operations between a fetch and its call whose A is no register written to: MMBIN, MMBINI, MMBINK, JMP, EXTRAARG.
local writes_nothing = { [46] = true, [47] = true, [48] = true, [56] = true, [82] = true }
local constant_sizes = { [0x00] = 0, [0x01] = 0, [0x11] = 0, [0x03] = 8, [0x13] = 8 } -- nil, false, true, integer, float
local SHORT <const>, LONG <const> = 0x04, 0x14

local dump, at -- and the place reached in it
local parts, copied -- what is done, and how far

local function integer()
    local value = 0
    while true do
        local digit = byte(dump, at)
        at = at + 1
        value = value << 7 | digit & 0x7F
        if digit >= 0x80 then
            return value
        end
    end
end

local function skip(size)
    at = at + size
end

local function skip_string()
    local size = integer()
    skip(size > 0 and size - 1 or 0)
end

-- The places of the constants of a function, if it has tail calls; read when they are asked for.
local function skip_constants(wanted)
    local places = {}
    for index = 0, integer() - 1 do
        local kind = byte(dump, at)
        if wanted then
            places[index] = at
        end
        at = at + 1
        if kind == SHORT or kind == LONG then
            skip_string()
        else
            at = at + constant_sizes[kind]
        end
    end
    return places
end

-- A constant if it is a text.
local function text_at(place)
    local after, kind = at, byte(dump, place)
    if kind ~= SHORT and kind ~= LONG then
        return nil
    end
    at = place + 1
    local size = integer()
    local text = sub(dump, at, at + size - 2)
    at = after
    return text
end

-- Was a function fetched under the name of a library function? `holder` fetched the table in whose field it was.
local function is_of_library(fetch, holder, constants)
    local operation = fetch & 0x7F
    local name = text_at(constants[fetch >> 24])
    if operation == GETTABUP then
        return functions[name]
    elseif holder and holder & 0x7F == GETTABUP and libraries[text_at(constants[holder >> 24])] then
        return true
    end
    return operation == SELF and fetch >> 15 & 1 == 1 and methods[name]
end

local function change_code(first, last, constants)
    local fetches, holders = {}, {} -- by register: what wrote to it last, if that was a fetch, and what fetched the table
    for place = first, last, 4 do
        local instruction = unpack("<I4", dump, place)
        local operation, register = instruction & 0x7F, instruction >> 7 & 0xFF
        if operation == TAILCALL then
            local fetch = fetches[register]
            if fetch and is_of_library(fetch, holders[register], constants) then
                parts[#parts + 1] = sub(dump, copied, place - 1)
                parts[#parts + 1] = pack("<I4", instruction & 0x00FF7F80 | CALL) -- k and C to 0: no upvalues to close, every result wanted
                copied = place + 4
            end
        end
        if operation == GETTABUP or operation == GETFIELD or operation == SELF then
            fetches[register], holders[register] = instruction, fetches[instruction >> 16 & 0xFF]
        elseif not writes_nothing[operation] then
            fetches[register], holders[register] = nil, nil
        end
    end
end

-- Whether there is one in some code: its first byte is the operation, and one bit of A. A search goes through 1,000 bytes in 0.1 us, a loop over the
-- instructions in 7.
local function has_tail_call(code)
    for _, first_byte in next, FIRST_BYTES do
        local place = find(code, first_byte, 1, true)
        while place do
            if place % 4 == 1 then
                return true
            end
            place = find(code, first_byte, place + 1, true)
        end
    end
    return false
end

local function skip_debug_tables()
    skip(integer())
    for _ = 1, integer() do
        integer()
        integer()
    end
    for _ = 1, integer() do
        skip_string()
        integer()
        integer()
    end
    for _ = 1, integer() do
        skip_string()
    end
end

local function change_function()
    skip_string()
    integer()
    integer()
    at = at + 3
    local size = integer() * 4
    local code = at
    at = at + size
    local changing = has_tail_call(sub(dump, code, code + size - 1))
    local constants = skip_constants(changing)
    if changing then
        change_code(code, code + size - 1, constants)
    end
    skip(integer() * 3)
    for _ = 1, integer() do
        change_function()
    end
    skip_debug_tables()
end

-- The same chunk, with plain calls where the calls of library functions were tail calls.
return function(whole)
    dump, at, parts, copied = whole, DUMP_HEADER_SIZE + 2, {}, 1
    change_function()
    parts[#parts + 1] = sub(whole, copied)
    dump = nil
    return concat(parts)
end
