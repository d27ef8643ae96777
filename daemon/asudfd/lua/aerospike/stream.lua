-- Streams: a module's function says which operations the records of a set pass through; the node does those up to the
-- first reduce, once for every partition that has records, and the client the rest, from that reduce on, with the values of
-- all partitions (`client`). `stream_ops.lua` has the operations:
--
--   stream:filter(f)          values for which f(value) is true
--   stream:map(f)             f(value); nil ends the stream
--   stream:aggregate(init, f) f(f(init, first), second) and so on; a number from FULL on goes out, and a new one begins
--   stream:reduce(f)          f(f(first, second), third) and so on
--   stream:groupby(f)         a map of lists of the values with the same f(value)
--
-- An operation that runs is a function of the next value, nil at the end of the stream. Source: the UDF specification,
-- section 4; `record_batch.py` says what the host gives.
local needs = ...
local pcall, env, to_particle, inner, begin, finish = needs.pcall, needs.env, needs.to_particle, needs.inner, needs.begin, needs.finish
local arguments_of, MALFORMED, operations, new_stream = needs.arguments_of, needs.MALFORMED, needs.operations, needs.new_stream
local show, without_place, hold_lines, aerospike = needs.show, needs.without_place, needs.hold_lines, needs.aerospike
local outer, from_particle = needs.outer, needs.from_particle
local outermost_with, note_failure, take_failure = needs.outermost_with, needs.note_failure, needs.take_failure

local error, setmetatable, rawset, clock, kind = error, setmetatable, rawset, os.clock, type
local byte, find, sub, pack, unpack, concat = string.byte, string.find, string.sub, string.pack, string.unpack, table.concat

-- What of a stream goes to the client: messages one after the other

local READ <const>, NAME <const> = 1, "SUCCESS"
local OP <const>, OP_SIZE <const> = ">I4BBBs1", 4 + #NAME -- size, code, particle type, 0, name; bytes that the size counts

local head -- of a message with one op
local out, parts, size = {}, 0, 0
local ended -- has the stream of this partition ended?

local function write(value)
    if value == nil then
        ended = true
    elseif not ended then
        local form, bytes = to_particle(inner(value))
        out[parts + 1], out[parts + 2], out[parts + 3] = head, pack(OP, OP_SIZE + #bytes, READ, form, 0, NAME), bytes
        parts, size = parts + 3, size + #head + OP_SIZE + 4 + #bytes
    end
end

local function written()
    local all = concat(out, "", 1, parts)
    out, parts, size = {}, 0, 0
    return all
end

-- Running

-- Bytes that go out in one crossing, some frames of a socket; and seconds of the processor, twice a time slice of the scheduler:
-- between two crossings the aggregation can be ended.
local ENOUGH <const>, SLICE <const> = 262144, 0.02
local END <const>, VALUE <const> = 0, 2 -- in a batch: behind the records of a partition; before a value for a client
local RECORD <const> = ">xI2I4I8c20s1s4s4" -- generation, ttl, last update, digest, set, key, bins
local PARTICLE <const> = ">xBs4" -- type, bytes
local REUSE <const>, LATE <const>, BROKEN <const> = 0, 1, 2

local name, data, in_memory, client -- of the call
local batch, at = "", 1 -- records, and how far they are done
local first -- the first operation of the partition at hand; nil before its first record

-- The arguments of the call, after `stream`; none if they are no list.
local function arguments(stream, ok, ...)
    if ok then
        return stream, ...
    elseif ... ~= MALFORMED then
        error((...), 0)
    end
    return stream
end

-- Calls the module's function; the first of its operations.
local function prepare()
    local f = env[name]
    if f == nil then
        error("function not found", 0)
    end
    local steps = operations((f(arguments(new_stream(client), pcall(arguments_of, data)))))
    local onward = write
    for index = #steps, 1, -1 do
        onward = steps[index](onward)
    end
    ended = false
    return onward
end

local function end_partition()
    local last = first or client and prepare() -- a client's function runs also where no node has sent anything
    first = nil
    if last and not ended then
        last(nil)
    end
end

local function next_record()
    local generation, ttl, updated, digest, set, key, bins, after = unpack(RECORD, batch, at)
    at = after
    first = first or prepare()
    if not ended then
        first(show(generation, ttl, updated, set, key, digest, bins, in_memory))
    end
end

-- A value for a client; one that is none ends its stream.
local function next_value()
    local form, bytes, after = unpack(PARTICLE, batch, at)
    local value = outer(from_particle(form, bytes, 1, #bytes))
    first = first or prepare()
    if value == nil then
        at = #batch
    else
        at = after
        first(value)
    end
end

local function work()
    local stop = clock() + SLICE
    while at <= #batch and size < ENOUGH and clock() < stop do
        local entry = byte(batch, at)
        if entry == END then
            at = at + 1
            end_partition()
        elseif entry == VALUE then
            next_value()
        else
            next_record()
        end
    end
end

local function text_of(message)
    if kind(message) ~= "string" then
        return "result value type unexpected"
    end
    local text = without_place(message)
    local zero = find(text, "\0", 1, true)
    return zero and sub(text, 1, zero - 1) or text
end

local function open_stream(...)
    name, data, head, in_memory, client = ...
    batch, at, first = "", 1, nil
    out, parts, size = {}, 0, 0
    hold_lines(false, name)
end

-- Takes a batch of records, or goes on with the last one, if it is empty: messages, whether there is more to do, an error
-- text or nil, the lines of the failure or nil, and what becomes of the state.
local function pour(limit, more)
    begin(limit, false)
    rawset(env, "aerospike", aerospike)
    if more ~= "" then
        batch, at = more, 1
    end
    local ok, message = outermost_with(work, note_failure)
    local state = finish() and LATE or REUSE
    if not ok then
        first, batch, at = nil, "", 1
        if message == "not enough memory" then
            out, parts, size, state = {}, 0, 0, BROKEN
        end
        return written(), false, text_of(message), take_failure(), state
    end
    local left = at <= #batch
    if not left then
        batch, at = "", 1
    end
    return written(), left, nil, nil, state
end

-- Names that belong to the engine of the real server: they are there, and say so when called.

local function refused()
    error("this function is the engine's: modules cannot call it", 2)
end

local RESERVED <const> = {
    "filter", "transform", "reduce", "aggregate", "stream_iterator", "StreamOps_create", "StreamOps_apply", "StreamOps_select",
    "apply_stream",
}
for _, each in next, RESERVED do
    env[each] = refused
end

local function library(names)
    local functions = {}
    for index = 1, #names do
        functions[names[index]] = refused
    end
    return setmetatable(functions, { __metatable = functions })
end

env.stream = library({ "read", "write", "readable", "writable", "tostring" })

return { open_stream = open_stream, pour = pour }
