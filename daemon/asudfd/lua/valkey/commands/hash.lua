-- Commands of hashes; those about the times of their fields are in `hash_expiry.lua`.

local needs = ...
local choice, commands, databases, hash, host, integer, keyspace, operand, reply, scan, state =
    needs.choice, needs.commands, needs.databases, needs.hash, needs.host, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.scan, needs.state

local error, format, insert, lower, next, type, upper =
    error, string.format, table.insert, string.lower, next, type, string.upper
local changed, changed_or_gone, put, typed = keyspace.changed, keyspace.changed_or_gone, keyspace.put, keyspace.typed
local parse, is_exact = integer.parse, integer.is_exact
local set = hash.set
local NULL, OK = reply.NULL, reply.OK

local hashes = {}

-- The time of some fields is over: they go, and the journal and the clients that watch the key learn of it.
local function drop_due(db, key, value, limit)
    local effect = hash.drop_due(value, state.now, limit)
    state.expired_fields = state.expired_fields + #effect
    local dirty = state.dirty
    changed_or_gone(db, key, value.n)
    state.dirty = dirty
    insert(effect, 1, "HDEL")
    insert(effect, 2, key)
    keyspace.log_expired(db.number, effect)
    if state.fields_expired then
        state.fields_expired(db.number, key)
    end
    return value.n > 0 and value or nil
end

-- The hash of a key, or nil.
local function read(db, key)
    local value = typed(db, key, "hash")
    if value and value.expiry and hash.is_due(value, state.now) then
        return drop_due(db, key, value)
    end
    return value
end
hashes.read = read

-- The hash of a key, and whether it is a new one, which is not installed yet.
local function read_or_new(db, key)
    local value = read(db, key)
    if value then
        return value, false
    end
    return hash.new(), true
end
hashes.read_or_new = read_or_new

local function store(db, key, value, is_new)
    if is_new then
        put(db, key, value)
    else
        changed(db, key)
    end
end
hashes.store = store

-- Removes fields whose time is over from hashes that nobody asks for; up to `limit` of each hash.
function hashes.sweep(limit)
    for db, keys in next, hash.expiring do
        for key in next, keys do
            local value = db.values[key]
            if type(value) ~= "table" or not value.expiry then
                keys[key] = nil
            elseif hash.is_due(value, state.now) then
                drop_due(db, key, value, limit)
            end
        end
    end
end

-- How many hashes of the database have fields that expire.
local function volatile_count(number)
    local db, count = databases[number], 0
    for key in next, hash.expiring[db] or {} do
        local value = db.values[key]
        if type(value) == "table" and value.expiry then
            count = count + 1
        end
    end
    return count
end

local function set_all(argv, argc)
    if argc % 2 == 1 then
        reply.fail("ERR wrong number of arguments for '" .. lower(argv[1]) .. "' command")
    end
    local db, key = state.db, argv[2]
    local value, is_new = read_or_new(db, key)
    local added = 0
    for i = 3, argc, 2 do
        local field = argv[i]
        if set(value, field, argv[i + 1]) then
            added = added + 1
        elseif value.expiry then
            hash.set_time(value, field, nil)
        end
    end
    store(db, key, value, is_new)
    return added
end

commands.HSET = set_all

function commands.HMSET(argv, argc)
    set_all(argv, argc)
    return OK
end

function commands.HSETNX(argv)
    local db, key, field = state.db, argv[2], argv[3]
    local value, is_new = read_or_new(db, key)
    if value.values[field] ~= nil then
        return 0
    end
    set(value, field, argv[4])
    store(db, key, value, is_new)
    return 1
end

function commands.HGET(argv)
    local value = read(state.db, argv[2])
    return value and value.values[argv[3]] or NULL
end

function commands.HMGET(argv, argc)
    local value, out = read(state.db, argv[2]), {}
    local values = value and value.values or {}
    for i = 3, argc do
        out[i - 2] = values[argv[i]] or NULL
    end
    return out
end

function commands.HDEL(argv, argc)
    local db, key = state.db, argv[2]
    local value = read(db, key)
    if not value then
        return 0
    end
    local count = 0
    for i = 3, argc do
        if hash.delete(value, argv[i]) then
            count = count + 1
        end
    end
    if count > 0 then
        changed_or_gone(db, key, value.n)
    end
    return count
end

function commands.HLEN(argv)
    local value = typed(state.db, argv[2], "hash") -- fields whose time is over count until they are gone
    return value and value.n or 0
end

function commands.HSTRLEN(argv)
    local value = read(state.db, argv[2])
    return value and #(value.values[argv[3]] or "") or 0
end

function commands.HEXISTS(argv)
    local value = read(state.db, argv[2])
    return value and value.values[argv[3]] ~= nil and 1 or 0
end

function commands.HKEYS(argv)
    local value, out = read(state.db, argv[2]), {}
    if value then
        for i = 1, value.n do
            out[i] = value.fields[i]
        end
    end
    return out
end

function commands.HVALS(argv)
    local value, out = read(state.db, argv[2]), {}
    if value then
        for i = 1, value.n do
            out[i] = value.values[value.fields[i]]
        end
    end
    return out
end

function commands.HGETALL(argv)
    local value, out = read(state.db, argv[2]), {}
    if value then
        local fields, values = value.fields, value.values
        for i = 1, value.n do
            local field = fields[i]
            out[2 * i - 1], out[2 * i] = field, values[field]
        end
    end
    return reply.map(out)
end

local HASH_INTEGER = reply.failure("ERR hash value is not an integer")
local OVERFLOW = reply.failure("ERR increment or decrement would overflow")

-- a + b, both texts of integers; fails where 64 bits do not hold it.
local function sum(a, b)
    local number_a, number_b = parse(a), parse(b)
    if not number_a then
        error(HASH_INTEGER, 0)
    end
    local total = number_a + number_b
    if is_exact(number_a) and is_exact(number_b) and is_exact(total) then
        return format("%.0f", total)
    end
    return integer.add(a, b) or error(OVERFLOW, 0)
end

function commands.HINCRBY(argv)
    local db, key, field = state.db, argv[2], argv[3]
    integer.argument(argv[4], reply.NOT_INTEGER)
    local value, is_new = read_or_new(db, key)
    local text = sum(value.values[field] or "0", argv[4])
    set(value, field, text)
    store(db, key, value, is_new)
    return integer.reply(text)
end

local HASH_FLOAT = reply.failure("ERR hash value is not a float")
local INFINITE = reply.failure("ERR value is NaN or Infinity")

function commands.HINCRBYFLOAT(argv)
    local db, key, field = state.db, argv[2], argv[3]
    local alone = host.sum_long_double("0", argv[4])
    if not alone then
        return reply.NOT_FLOAT
    elseif alone == "" then
        return INFINITE
    end
    local value, is_new = read_or_new(db, key)
    local text = host.sum_long_double(value.values[field] or "0", argv[4])
    if not text then
        return HASH_FLOAT
    elseif text == "" then
        reply.fail("ERR increment would produce NaN or Infinity")
    end
    set(value, field, text)
    store(db, key, value, is_new)
    local at = hash.time(value, field)
    keyspace.effect({ "HSET", key, field, text })
    if at then
        keyspace.effect({ "HPEXPIREAT", key, format("%.0f", at), "FIELDS", "1", field })
    end
    return text
end

-- Fields at these places, each with its value if asked for.
local function at_places(value, places, with_values)
    local out, nested = {}, with_values and state.resp == 3
    for i = 1, #places do
        local field = value.fields[places[i]]
        if nested then
            out[i] = { field, value.values[field] }
        elseif with_values then
            out[2 * i - 1], out[2 * i] = field, value.values[field]
        else
            out[i] = field
        end
    end
    return out
end

function commands.HRANDFIELD(argv, argc)
    if argc == 2 then
        local value = read(state.db, argv[2])
        return value and value.fields[choice.below(value.n)] or NULL
    end
    local with_values = argc == 4 and upper(argv[4]) == "WITHVALUES"
    integer.argument(argv[3], reply.NOT_INTEGER)
    if argc > 4 or (argc == 4 and not with_values) then
        return reply.SYNTAX
    end
    local count = operand.random_count(argv[3], with_values)
    local value = read(state.db, argv[2])
    if not value or count == 0 then
        return {}
    end
    return at_places(value, choice.places(value.n, count), with_values)
end

function commands.HSCAN(argv, argc)
    local cursor = scan.cursor(argv[3])
    local value = read(state.db, argv[2])
    if not value then
        return { "0", {} }
    end
    local o = scan.options(argv, argc, 4, false, "NOVALUES")
    local first, last, step, following = 1, value.n, 1, "0"
    if value.places then
        first, last, following = operand.page(value.n, cursor, o.count)
        step = -1
    end
    local out, n, matches = {}, 0, o.matches
    for i = first, last, step do
        local field = value.fields[i]
        if not matches or matches(field) then
            n = n + 1
            out[n] = field
            if not o.is_bare then
                n = n + 1
                out[n] = value.values[field]
            end
        end
    end
    return { following, out }
end

return { hashes = hashes, volatile_count = volatile_count, sweep_fields = hashes.sweep }
