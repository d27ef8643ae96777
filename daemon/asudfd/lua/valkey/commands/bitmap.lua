-- Commands of single bits, and of whole strings of bits. Bit 0 is the highest bit of the first byte.

local needs = ...
local commands, host, integer, keyspace, reply, state, string_value =
    needs.commands, needs.host, needs.integer, needs.keyspace, needs.reply, needs.state, needs.string_value

local byte, char, error, floor, sub, upper =
    string.byte, string.char, error, math.floor, string.sub, string.upper
local typed, byte_of = keyspace.typed, string_value.byte

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

function commands.BITCOUNT(argv, argc)
    local from, to, in_bits = 0, -1, false
    if argc > 2 then
        from = integer.argument(argv[3], reply.NOT_INTEGER)
        to = argc > 3 and integer.argument(argv[4], reply.NOT_INTEGER) or -1
        in_bits = is_in_bits(argv, argc, 5)
    end
    local value = typed(state.db, argv[2], "string")
    if not value then
        return 0
    end
    local first, last = range(#value, from, to, in_bits)
    return first and host.count_bits(value, first, last) or 0
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
    local value = typed(state.db, argv[2], "string")
    if not value then
        return bit == 1 and -1 or 0
    end
    local first, last = range(#value, from, to, in_bits)
    if not first then
        return -1
    end
    local found = host.find_bit(value, bit, first, last)
    if found == -1 and bit == 0 and argc < 5 then
        return #value * 8 -- a string without an end that was told goes on with zeros
    end
    return found
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
        local text = typed(db, argv[i], "string") or ""
        texts[i - 3] = text
        size = #text > size and #text or size
    end
    if size == 0 then
        if keyspace.get(db, key) ~= nil then
            keyspace.remove(db, key)
        end
        return 0
    end
    local result = host.combine_bits(operation, texts)
    keyspace.replace(db, key, result)
    db.encodings[key] = "raw"
    return size
end

return { bits = bits }
