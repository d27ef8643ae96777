-- Commands of single bits, and of whole strings of bits. Bit 0 is the highest bit of the first byte.

local needs = ...
local commands, host, integer, keyspace, reply, state, string_value =
    needs.commands, needs.host, needs.integer, needs.keyspace, needs.reply, needs.state, needs.string_value

local byte, char, sub, upper, concat = string.byte, string.char, string.sub, string.upper, table.concat
local error, floor, max, min, unpack = error, math.floor, math.max, math.min, unpack
local typed, byte_of, part_of = keyspace.typed, string_value.byte, string_value.part

-- Bytes of a string that the host is given at once, which makes a number of them, and of how many strings: some 0.2 ms.
local PIECE, TOGETHER = 65536, 16

local bits = {}

local OFFSET = reply.failure("ERR bit offset is not an integer or out of range")
local BIT = reply.failure("ERR bit is not an integer or out of range")

-- A bit's place. `#N` is the N-th of fields that have `width` bits (BITFIELD).
function bits.offset(text, width)
    local factor = 1
    if width and byte(text) == 35 then -- #
        text, factor = sub(text, 2), width
    end
    local n = integer.argument(text, OFFSET) * factor
    if n < 0 or floor(n / 8) >= string_value.largest() then
        error(OFFSET, 0)
    end
    return n
end

function commands.SETBIT(argv)
    local at = bits.offset(argv[3])
    local on = argv[4]
    if on ~= "0" and on ~= "1" then
        return BIT
    end
    local db, key = state.db, argv[2]
    local value = typed(db, key, "string", true)
    local place, mask = floor(at / 8) + 1, 2 ^ (7 - at % 8)
    local old = value and byte_of(value, place)
    local before = floor((old or 0) / mask) % 2
    local after = on == "1" and 1 or 0
    if old and before == after then
        db.encodings[key] = "raw"
        return before
    end
    local code = char((old or 0) + (after - before) * mask)
    keyspace.put_raw(db, key, string_value.with(value or "", place - 1, code))
    return before
end

function commands.GETBIT(argv)
    local at = bits.offset(argv[3])
    local value = typed(state.db, argv[2], "string", true)
    local code = value and byte_of(value, floor(at / 8) + 1) or 0
    return floor(code / 2 ^ (7 - at % 8)) % 2
end

-- Whether the range at argument `i` counts bits.
local function is_in_bits(argv, argc, i)
    if argc < i then
        return false
    end
    local word = upper(argv[i])
    if argc > i or (word ~= "BIT" and word ~= "BYTE") then
        error(reply.SYNTAX, 0)
    end
    return word == "BIT"
end

-- A range of a string of `size` bytes in bits: its first and last, or nil if there is nothing in it. `from` and `to` count
-- bits or bytes; negative ones count from the end.
local function range(size, from, to, in_bits)
    local total = in_bits and size * 8 or size
    if from < 0 and to < 0 and from > to then
        return nil
    end
    from, to = from < 0 and from + total or from, to < 0 and to + total or to
    from, to = from < 0 and 0 or from, to < 0 and 0 or to
    to = to >= total and total - 1 or to
    if from > to then
        return nil
    end
    if in_bits then
        return from, to
    end
    return from * 8, to * 8 + 7
end

-- Calls `f(piece, first, last, before)` for pieces of a string, with the bits from `first` to `last` in it, and how many bits are
-- before it, until `f` returns something: that.
local function each_piece(value, first, last, f)
    while first <= last do
        local start = floor(first / 8)
        local stop = min(last, (start + PIECE) * 8 - 1)
        local piece = part_of(value, start + 1, floor(stop / 8) + 1)
        local found = f(piece, first - start * 8, stop - start * 8, start * 8)
        if found then
            return found
        end
        first = stop + 1
    end
    return nil
end

function commands.BITCOUNT(argv, argc)
    local from, to, in_bits = 0, -1, false
    if argc > 2 then
        from = integer.argument(argv[3], reply.NOT_INTEGER)
        to = argc > 3 and integer.argument(argv[4], reply.NOT_INTEGER) or -1
        in_bits = is_in_bits(argv, argc, 5)
    end
    local value = typed(state.db, argv[2], "string", true)
    if not value then
        return 0
    end
    local first, last = range(string_value.length(value), from, to, in_bits)
    local count = 0
    if first then
        each_piece(value, first, last, function(piece, begin, finish)
            count = count + host.count_bits(piece, begin, finish)
        end)
    end
    return count
end

local NOT_BIT = reply.failure("ERR The bit argument must be 1 or 0.")

function commands.BITPOS(argv, argc)
    local bit = integer.argument(argv[3], reply.NOT_INTEGER)
    if bit ~= 0 and bit ~= 1 then
        return NOT_BIT
    end
    local from = argc > 3 and integer.argument(argv[4], reply.NOT_INTEGER) or 0
    local in_bits = is_in_bits(argv, argc, 6)
    local to = argc > 4 and integer.argument(argv[5], reply.NOT_INTEGER) or -1
    local value = typed(state.db, argv[2], "string", true)
    if not value then
        return bit == 1 and -1 or 0
    end
    local size = string_value.length(value)
    local first, last = range(size, from, to, in_bits)
    if not first then
        return -1
    end
    local found = each_piece(value, first, last, function(piece, begin, finish, before)
        local place = host.find_bit(piece, bit, begin, finish)
        return place ~= -1 and before + place or nil
    end)
    if not found and bit == 0 and argc < 5 then
        return size * 8 -- a string without an end that was told goes on with zeros
    end
    return found or -1
end

-- The bytes from `at` on, `size` of them, of the combination of strings; what one of them has not is zeros.
local function combined(operation, texts, at, size)
    local pieces, n = {}, 0
    for i = 1, #texts do
        local text = texts[i]
        local finish = min(at + size - 1, string_value.length(text))
        n = n + 1
        pieces[n] = finish >= at and part_of(text, at, finish) or ""
        if n == TOGETHER then
            pieces[1], n = host.combine_bits(operation, size, unpack(pieces, 1, n)), 1
        end
    end
    return (n > 1 or operation == "NOT") and host.combine_bits(operation, size, unpack(pieces, 1, n)) or pieces[1]
end

local OPERATIONS = { AND = true, OR = true, XOR = true, NOT = true }
local NOT_SINGLE = reply.failure("ERR BITOP NOT must be called with a single source key.")

function commands.BITOP(argv, argc)
    local operation, db, key = upper(argv[2]), state.db, argv[3]
    if not OPERATIONS[operation] then
        return reply.SYNTAX
    end
    if operation == "NOT" and argc ~= 4 then
        return NOT_SINGLE
    end
    local texts, size = {}, 0
    for i = 4, argc do
        local text = typed(db, argv[i], "string", true) or ""
        texts[i - 3] = text
        size = max(size, string_value.length(text))
    end
    if size == 0 then
        if keyspace.get(db, key) ~= nil then
            keyspace.remove(db, key)
        end
        return 0
    end
    local pieces = {}
    for at = 1, size, PIECE do
        pieces[#pieces + 1] = combined(operation, texts, at, min(PIECE, size - at + 1))
    end
    keyspace.replace(db, key, concat(pieces))
    db.encodings[key] = "raw"
    return size
end

return { bits = bits }
