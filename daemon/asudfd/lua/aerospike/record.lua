-- The record of a call. Its bins come as the bytes of a stored record (see `asudfd.record.record`) and are looked at when
-- they are asked for. What a bin shows comes from three layers:
--
--   pending    assigned, and not yet passed on by `aerospike:create` or `aerospike:update`
--   shown      passed on (`flushed` has the bytes as they were then), or read before and kept, since lists can be changed
--   the bytes  as stored
--
-- Nothing leaves this file before the function has returned: `close` then answers what is to be written, as one write.
local needs = ...
local inner, outer, wrong_class, integer = needs.inner, needs.outer, needs.wrong_class, needs.integer_argument
local bad_argument, UNSUPPORTED, Record, places, next_op = needs.bad_argument, needs.UNSUPPORTED, needs.Record, needs.places, needs.next_op
local op, from_particle, type_name, log_line, place = needs.op, needs.from_particle, needs.type_name, needs.log_line, needs.place
local without, env, stored_size, bytes_contents, current = needs.without, needs.env, needs.stored_size, needs.bytes_contents, needs.current

local kind, number_type, error, select, metatable = type, math.type, error, select, debug.getmetatable
local byte, sub, unpack, concat, format = string.byte, string.sub, string.unpack, table.concat, string.format
local setmetatable, tostring, next = setmetatable, tostring, next

local GONE <const> = {} -- what a bin without a value shows
local BINS <const>, NAME <const>, PENDING <const> = 512, 15, 1024 -- bins of a record, bytes of a name, bins assigned
local INTEGER <const>, HEAD <const> = 1, 8 -- type of a particle; bytes of an op before its name
local NOT_FOUND <const>, PARAMETER <const>, BAD_TYPE <const>, BIN_NAME <const> = 2, 4, 12, 21 -- result codes
local NOTHING <const>, WRITE <const>, DELETE <const> = 0, 1, 2 -- actions, as in `udf_result.py`
local SHOWN <const> = 200 -- bytes that a log line shows of a bin name that is too long
local TEN_YEARS <const>, KEEP <const> = 315360000, 0xFFFFFFFE -- the longest ttl in seconds; one that leaves the ttl as it is

local rec -- the proxy of this call; proxies of earlier calls show nothing
local exists, generation, ttl, updated, set_name, key, digest, bins, in_memory -- as the host gave them
local where, count, unloadable -- place of a bin's op in `bins` by name; bins as stored or passed on; too many bins
local shown, pending, assigned -- by name; in `pending` also the names by order of assignment, and how many there are
local flushed, added -- by name: an op, or false for a deleted bin; by number: names not in `bins`, and how many
local passed_on, newest -- how many names `flushed` has, and the one that came last
local present, emptied, touched -- is there a record by now; are its stored bins removed; is anything to be written
local failure, new_ttl, without_key -- a result code; what set_ttl asked for; was the key dropped
local read_only -- is it a record of a stream?

local function start()
    where, count, unloadable = nil, 0, false
    shown, pending, flushed = nil, nil, nil
    present, emptied, touched = exists, false, false
end

local function open(is_there, gen, seconds, last_update, set, stored_key, of_key, all_bins, kept_in_memory)
    exists, generation, ttl, updated, set_name, key = is_there, gen, seconds, last_update, set, stored_key
    digest, bins, in_memory = of_key, all_bins, kept_in_memory
    start()
    failure, new_ttl, without_key, read_only = nil, nil, false, false
    rec = setmetatable({}, Record)
    current.record = rec
    return rec
end

-- The next record of a stream: nothing that is done to it has an effect.
local function show(...)
    local shown_now = open(true, ...)
    read_only = true
    return shown_now
end

local function is_read_only()
    return read_only
end

local function scan()
    where, count = places(bins)
    if count > BINS then
        where, count, unloadable = {}, 0, true
    end
end

-- The value of a stored bin. Lists and the like are kept: changes of them are to be seen.
local function stored(name, form, first, last)
    local value = from_particle(form, bins, first, last)
    local type_of_value = kind(value)
    if type_of_value == "table" or type_of_value == "string" then
        if shown then
            shown[name] = value
        else
            shown = { [name] = value }
        end
    end
    return value
end

-- A bin's name: a number is taken as its text, nil is no name.
local function bin_name(name)
    if name == nil then
        return nil
    elseif kind(name) ~= "number" then
        bad_argument(2, 2, "string expected, got " .. type_name(name))
    end
    return tostring(name)
end

local function check_current(self)
    if self ~= rec then
        error("the record belongs to another call", 3)
    end
end

function Record.__index(self, name)
    if self ~= rec then
        check_current(self)
    end
    if kind(name) ~= "string" then
        name = bin_name(name)
        if not name then
            return nil
        end
    end
    local value
    if pending then
        value = pending[name]
    end
    if value == nil and shown then
        value = shown[name]
    end
    if value == nil then
        if not where then
            scan()
        end
        local at = where[name]
        if not at then
            return nil
        end
        local length, form = unpack(">I4xB", bins, at)
        if form == INTEGER and length == 12 + #name then
            return (unpack(">i8", bins, at + HEAD + #name))
        end
        value = stored(name, form, at + HEAD + #name, at + 3 + length)
    end
    if value == GONE then
        return nil
    elseif kind(value) == "table" then
        return outer(value)
    end
    return value
end

function Record.__newindex(self, name, value)
    if self ~= rec then
        check_current(self)
    elseif read_only then
        return
    end
    if kind(name) ~= "string" then
        name = bin_name(name)
        if not name then
            return
        end
    end
    if number_type(value) == nil then
        value = inner(value)
    end
    if value == UNSUPPORTED then
        error("can't set bin " .. name .. " to unsupported type", 2)
    elseif #name > NAME then
        return log_line(1, place(2), "bin name " .. format("%q", sub(name, 1, SHOWN)) .. " is too long, ignored")
    elseif value == nil then
        value = GONE
    end
    if not pending then
        pending, assigned = { name, [name] = value }, 1
        return
    elseif pending[name] == nil then
        assigned = assigned + 1
        pending[assigned] = name
    end
    pending[name] = value
end

function Record.__tostring(self)
    return "Record: " .. format("%p", self)
end

Record.__len = without(Record, "get length of")

-- Passing on what was assigned

-- Was the bin there, as stored or as passed on before?
local function was_there(name)
    local had = flushed[name]
    if had == nil then
        passed_on, had = passed_on + 1, where[name] ~= nil
        if not had then
            added = added + 1
            flushed[added] = name
        end
    end
    return had
end

local function flush_all()
    if not flushed then
        flushed, added, passed_on = { room = nil }, 0, 0 -- room for one
    end
    local values, kept = 0, count
    for index = 1, assigned do
        local name = pending[index]
        local value, had = pending[name], was_there(name)
        local bytes = value ~= GONE and op(name, value)
        if bytes == nil then
            return BAD_TYPE
        elseif bytes then
            values, kept = values + 1, had and kept or kept + 1
        elseif had then
            kept = kept - 1
        end
        newest, flushed[name] = name, bytes
    end
    count = kept
    if values > BINS or assigned > PENDING or kept > BINS then
        return BIN_NAME
    end
    return nil
end

-- What was pending is shown now.
local function show_pending()
    if shown then
        for index = 1, assigned do
            local name = pending[index]
            shown[name] = pending[name]
        end
    else
        shown = pending
    end
    pending = nil
end

-- Passes the pending bins on; false if they cannot be: then everything of the call is lost.
local function flush()
    if pending then
        failure = flush_all()
        if failure then
            start()
            return false
        end
        show_pending()
    end
    failure, touched, present = nil, true, true
    return true
end

local function is_present()
    return present
end

local function create()
    if read_only then
        return 1
    end
    if not where then
        scan()
    end
    if present and (count > 0 or unloadable) then
        return 1
    end
    return flush() and 0 or -1
end

local function update()
    if read_only then
        return 1
    end
    if not where then
        scan()
    end
    if not present or unloadable then
        return -2
    end
    return flush() and 0 or -1
end

local function remove()
    if read_only then
        return 1
    end
    if not present then
        return 1
    end
    shown, pending, flushed = nil, nil, nil
    where, count, unloadable = {}, 0, false
    emptied, touched, failure = true, true, nil
    return 0
end

-- The bins as stored, unless they were removed.
local function remaining()
    return (emptied or unloadable) and "" or bins
end

local function names()
    local all = {}
    for _, name in next_op, remaining(), 1 do
        if not flushed or flushed[name] ~= false then
            all[#all + 1] = name
        end
    end
    for index = 1, flushed and added or 0 do
        if flushed[flushed[index]] then
            all[#all + 1] = flushed[index]
        end
    end
    return all
end

-- The bins as the function sees them, in a table of Lua; for who looks at the locals of a failure (`line_watch.lua`).
function Record.__bins(self)
    local found = {}
    if self ~= rec then
        return found
    elseif not where then
        scan()
    end
    for _, name in next, names() do
        found[name] = self[name]
    end
    for index = 1, pending and assigned or 0 do
        found[pending[index]] = self[pending[index]]
    end
    return found
end

-- The stored bins with `new`, an op, in place of bin `name`.
local function with_one(name, new)
    local at = where[name]
    if not at then
        return remaining() .. new
    end
    return sub(bins, 1, at - 1) .. new .. sub(bins, at + 4 + (unpack(">I4", bins, at)))
end

-- All bins, in their stored order, new ones behind.
local function rewritten()
    if not flushed then
        return emptied and "" or bins
    elseif passed_on == 1 and flushed[newest] then
        return count == 1 and flushed[newest] or with_one(newest, flushed[newest])
    end
    local parts, n = {}, 0
    for after, name, at in next_op, remaining(), 1 do
        local new = flushed[name]
        if new == nil then
            new = sub(bins, at, after - 1)
        end
        if new then
            n = n + 1
            parts[n] = new
        end
    end
    for index = 1, added do
        local new = flushed[flushed[index]]
        if new then
            n = n + 1
            parts[n] = new
        end
    end
    return concat(parts)
end

-- What the call does to the record: result code, action, bins, ttl, drop key.
local function close()
    if failure then
        return failure, NOTHING, "", nil, false
    elseif not touched then
        return 0, NOTHING, "", nil, false
    elseif new_ttl and new_ttl > TEN_YEARS and new_ttl < KEEP then
        return PARAMETER, NOTHING, "", nil, false
    elseif count == 0 then
        if exists then
            return 0, DELETE, "", nil, false
        end
        return NOT_FOUND, NOTHING, "", nil, false
    end
    return 0, WRITE, rewritten(), new_ttl, without_key
end

-- The global `record`

local record = {}
setmetatable(record, { __metatable = record })
env.record = record

local function own(self, arguments)
    if metatable(self) ~= Record then
        wrong_class(2, 1, "Record", arguments, self)
    elseif self ~= rec then
        error("the record belongs to another call", 3)
    end
end

function record.ttl(...)
    local self = ...
    own(self, select("#", ...))
    return ttl
end

function record.gen(...)
    local self = ...
    own(self, select("#", ...))
    return generation
end

function record.last_update_time(...)
    local self = ...
    own(self, select("#", ...))
    return updated
end

local function size_on_storage()
    return exists and stored_size(bins, set_name, key, ttl) or 0
end

function record.size(...)
    local self = ...
    own(self, select("#", ...))
    return size_on_storage()
end

function record.memory_size(...)
    local self = ...
    own(self, select("#", ...))
    return in_memory and size_on_storage() or 0
end

function record.device_size(...)
    local self = ...
    own(self, select("#", ...))
    return in_memory and 0 or size_on_storage()
end

function record.key(...)
    local self = ...
    own(self, select("#", ...))
    if present and key ~= "" and not without_key then
        return outer(from_particle(byte(key), key, 2, #key))
    end
    return nil
end

function record.setname(...)
    local self = ...
    own(self, select("#", ...))
    return present and set_name ~= "" and set_name or nil
end

function record.digest(...)
    local self = ...
    own(self, select("#", ...))
    return outer(bytes_contents(digest))
end

function record.numbins(...)
    local self = ...
    own(self, select("#", ...))
    if not where then
        scan()
    end
    return count
end

function record.bin_names(...)
    local self = ...
    own(self, select("#", ...))
    if not present then
        error("can't get bin names", 2)
    end
    if not where then
        scan()
    end
    return names()
end

function record.set_ttl(...)
    local arguments, self, seconds = select("#", ...), ...
    own(self, arguments)
    new_ttl = integer(1, 2, arguments, seconds, 0) & 0xFFFFFFFF
end

function record.drop_key(...)
    local self = ...
    own(self, select("#", ...))
    without_key = present and not read_only
end

return { open = open, show = show, is_read_only = is_read_only, exists = is_present, create = create, update = update, remove = remove, close = close }
