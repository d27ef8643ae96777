-- Strings as values: how long they may become, and how a part of them is changed.
--
-- Lua's strings do not change: to append a byte to a long one is to copy it. So a string of LARGE bytes and more that is changed in
-- place becomes a table of chunks { type = "string", chunks = true, size, count, text... }: CHUNK bytes each, but the last one.
-- `keyspace.get` makes a Lua string of it again when it is read as a whole.

local needs = ...
local reply, state = needs.reply, needs.state

local byte, rep, sub, concat, ceil, floor = string.byte, string.rep, string.sub, table.concat, math.ceil, math.floor
local error, type = error, type

local SIZE_MAX = 512 * 1024 * 1024 -- bytes, if the host does not say else (proto-max-bulk-len)
local TOO_LONG = reply.failure("ERR string exceeds maximum allowed size (proto-max-bulk-len)")

local string_value = {}

function string_value.largest()
    return state.proto_max_bulk_len or SIZE_MAX
end

function string_value.check_size(size)
    if size > string_value.largest() then
        error(TOO_LONG, 0)
    end
end

-- To copy a chunk takes a microsecond or two, LARGE bytes some ten.
local CHUNK, LARGE = 16384, 131072
local GROWTH = 1.25 -- by which a string may grow until its size is proven again, which takes as long as to copy it
local EMPTY_CHUNK = rep("\0", CHUNK)
string_value.LARGE = LARGE

-- A string of `n` zero bytes. It is made of two halves, and they likewise: `string.rep` adds one byte after the other, some
-- seconds for the largest string.
function string_value.zeros(n)
    if n <= CHUNK then
        return sub(EMPTY_CHUNK, 1, n)
    end
    local half = string_value.zeros(floor(n / 2))
    return half .. half .. sub(EMPTY_CHUNK, 1, n % 2)
end

local zeros = string_value.zeros

-- Fails where memory would not suffice to read a string of so many chunks as a whole (`keyspace.get`) and to reply it: that takes as
-- much.
local function prove(count)
    local chunks = {}
    for i = 1, count do
        chunks[i] = EMPTY_CHUNK
    end
    local whole = concat(chunks)
    return whole .. "\r\n"
end

function string_value.length(value)
    return type(value) == "string" and #value or value.size
end

-- The bytes from `first` to `last`, which are in the string and not more than it has.
function string_value.part(value, first, last)
    if type(value) == "string" then
        return sub(value, first, last)
    end
    local from, to = floor((first - 1) / CHUNK) + 1, floor((last - 1) / CHUNK) + 1
    local before = (from - 1) * CHUNK
    return sub(from == to and value[from] or concat(value, "", from, to), first - before, last - before)
end

-- The byte at a place (from 1), or nil behind the end.
function string_value.byte(value, place)
    if type(value) == "string" then
        return byte(value, place)
    elseif place > value.size then
        return nil
    end
    local before = floor((place - 1) / CHUNK)
    return byte(value[before + 1], place - before * CHUNK)
end

local function split(text)
    local value = { type = "string", chunks = true, size = #text, count = 0, proven = #text }
    for at = 1, #text, CHUNK do
        local count = value.count + 1
        value[count], value.count = sub(text, at, at + CHUNK - 1), count
    end
    return value
end

local function padded(text, size)
    return #text < size and text .. zeros(size - #text) or text
end

-- The text of the chunk that begins behind `before` bytes, when `part` is written behind the first `at` of the string.
local function chunk_with(old, before, at, part)
    local from, to = at - before, at + #part - before
    if from >= CHUNK then
        return old == "" and EMPTY_CHUNK or padded(old, CHUNK)
    end
    from, to = from < 0 and 0 or from, to < CHUNK and to or CHUNK
    return padded(sub(old, 1, from), from) .. sub(part, before + from - at + 1, before + to - at) .. sub(old, to + 1)
end

-- Memory may not suffice at any of the first steps; the last ones need none.
local function write(value, at, part)
    local size, count, finish = value.size, value.count, at + #part
    local first = floor((at < size and at or size) / CHUNK) + 1
    local last, fresh = floor((finish - 1) / CHUNK) + 1, {}
    for i = first, last do
        fresh[i] = chunk_with(i <= count and value[i] or "", (i - 1) * CHUNK, at, part)
    end
    for i = count + 1, last do
        value[i] = fresh[i]
    end
    for i = first, last < count and last or count do
        value[i] = fresh[i]
    end
    value.size, value.count = finish > size and finish or size, last > count and last or count
end

-- The value with `part`, which is not empty, behind its first `at` bytes; where there are not so many, zeros come between. A
-- string in chunks is changed itself.
function string_value.with(value, at, part)
    local size, finish = string_value.length(value), at + #part
    if size < LARGE and finish < LARGE then
        return padded(sub(value, 1, at), at) .. part .. sub(value, finish + 1)
    end
    if type(value) == "string" then
        value = split(value)
    end
    if finish > value.proven * GROWTH then
        prove(ceil(finish / CHUNK))
        value.proven = finish
    end
    write(value, at, part)
    return value
end

return { string_value = string_value }
