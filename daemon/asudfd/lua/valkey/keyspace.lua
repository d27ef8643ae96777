-- The keyspace: 16 databases of keys, their values and their times of expiry.
--
-- A value is a Lua string (type string), or a table with `type` ("hash", "list", "set", "zset", "stream"). A long string that is
-- changed in place is a table too (`string_value.lua`) until it is read as a whole: `get` and `typed` return it as a Lua string.
-- A database keeps its keys in an array too, for SCAN and RANDOMKEY: a key that goes leaves its place to the last one. A scan
-- goes from the end to the start, so a key that stays is seen at least once whatever comes and goes meanwhile.
--
-- `state` is what the command at hand knows. There is one, since one command runs at a time:
--     db            the database that is selected        now     milliseconds since 1970; stands still in a script
--     importing     keys whose time is over stay      imports  whether the client sees them
--     clock         what TIME tells instead, in a script that has run for so long that others are served
--     changes       how many were made since the start
--     expired_fields  fields of hashes that have gone since their time was over
--     dirty         how many changes the command made    client  number of the client, 0 for none
--     observers     how many clients watch a key or wait for one
--     script        the running script, or nil           may_block  whether the client may be made to wait
--     effects       nil, or what is written to the journal instead of the command itself: a list of commands (arrays of strings)
--
-- Commands read by `get` (or `typed`), and change values by `put`, `remove` and `changed`, so that expiry, WATCH, blocked
-- clients and the journal learn of it. A value that has become empty (no fields, no elements) is removed by its command.
--
-- Beside the value of a key: `expires`, the time of its expiry; `late`, that time as text where a double does not hold it;
-- `encodings`, the name for OBJECT ENCODING where it is not what the text of a string tells (after APPEND, SETBIT...).

local needs = ...
local host, reply = needs.host, needs.reply

local collect, concat, error, ipairs, next, type = collectgarbage, table.concat, error, ipairs, next, type

local COUNT = 16

local function new_database(number)
    return {
        number = number,
        values = {},
        expires = {},
        late = {},
        encodings = {},
        keys = {},
        places = {},
        count = 0,
        expiring = 0,
        watched = {},
        blocked = {},
    }
end

local databases = {}
local sweeping = {} -- number of the database -> the key at which the last sweep stopped
for number = 0, COUNT - 1 do
    databases[number] = new_database(number)
end

local state = { db = databases[0], now = 0, dirty = 0, changes = 0, expired_fields = 0, client = 0, observers = 0,
    compile_first_above = nil } -- bytes of a script: a longer one is compiled by the host before a client runs it

-- Tells clients that WATCH the key, and those that are blocked on it, that it has changed.
local function notify(db, key)
    local watchers = db.watched[key]
    if watchers then
        for watcher in next, watchers do
            watcher.dirty = true
        end
    end
    if db.blocked[key] then
        host.ready(db.number, key)
    end
end

-- The command at hand has changed the value of the key.
local function changed(db, key)
    state.dirty = state.dirty + 1
    if state.observers > 0 then
        notify(db, key)
    end
end

-- Bytes of long strings that went since the memory was returned, and ends of collections until it is: one that goes on already may
-- have marked them.
local LONG, RELEASED_MAX, COLLECTIONS = 65536, 16 * 1024 * 1024, 2 -- and half of what is in use: to go through the rest is dear
local released, collections = 0, 0

local function release(bytes)
    released = released + bytes
    if released >= RELEASED_MAX and released * 2 >= collect("count") * 1024 then
        released, collections = 0, COLLECTIONS
    end
end

-- Goes on with the collection of what was released, if that is much: Lua by itself waits until as much again has been used. Only
-- in part, since the host calls it again and again.
local STEPS, STEP = 10, 10
local function return_memory()
    for _ = 1, STEPS do
        if collections == 0 then
            return
        elseif collect("step", STEP) then
            collections = collections - 1
        end
    end
end

local function forget(db, key)
    state.freed = true
    local value = db.values[key]
    if type(value) == "string" and #value > LONG then
        release(#value)
    elseif type(value) == "table" and value.chunks then
        release(value.size)
    end
    local place, last = db.places[key], db.keys[db.count]
    db.keys[place], db.places[last] = last, place
    db.keys[db.count], db.places[key] = nil, nil
    db.count = db.count - 1
    db.values[key], db.encodings[key] = nil, nil
    if db.expires[key] then
        db.expires[key], db.late[key] = nil, nil
        db.expiring = db.expiring - 1
    end
end

-- Removes the key; says whether it was there. Of a key whose time is over, use `get` first.
local function remove(db, key)
    if db.values[key] == nil then
        return false
    end
    forget(db, key)
    changed(db, key)
    local gone = state.events
    if gone then
        gone[#gone + 1] = key
    end
    return true
end

-- Writes into the journal that something has expired, before what the command at hand is going to change; in a script, behind
-- what the script has changed so far.
local function log_expired(number, argv)
    local script = state.script
    if not state.journal then
        return
    elseif script then
        script.effects = script.effects or {}
        script.effects[#script.effects + 1] = { number, argv }
    else
        state.journal({ { number, argv } })
    end
end

-- The same for a key that was given a time which is over.
local function remove_expired(db, key)
    if remove(db, key) then
        local gone = state.events
        if gone then
            gone[#gone] = nil
        end
        host.expired(db.number, key)
    end
end

-- The time of the key is over: it goes, and the journal learns that it did.
local function expire(db, key)
    forget(db, key)
    notify(db, key)
    host.expired(db.number, key)
    log_expired(db.number, { "UNLINK", key })
end

-- The value of a key whose time is over: none, and the key goes. While data is imported it stays, and clients that import see it.
local function get_late(db, key, value)
    if not state.importing then
        expire(db, key)
        return nil
    end
    return state.imports and value or nil
end

local has_chunks = false -- whether there has ever been a string in chunks

-- The text of a string in chunks.
local function text_of(value)
    return concat(value, "", 1, value.count)
end

local function join(db, key, value)
    local text = text_of(value)
    db.values[key] = text
    return text
end

-- The value of the key, or nil. With `as_it_is` a string may be one in chunks.
local function get(db, key, as_it_is)
    local value = db.values[key]
    if value ~= nil and db.expiring > 0 then
        local at = db.expires[key]
        if at and at <= state.now then
            return get_late(db, key, value)
        end
    end
    if has_chunks and not as_it_is and type(value) == "table" and value.chunks then
        return join(db, key, value)
    end
    return value
end

-- The value of the key if it is of that type, or nil; fails for another type.
local function typed(db, key, kind, as_it_is)
    local value = get(db, key, as_it_is)
    if value ~= nil and (value.type or "string") ~= kind then -- text has no such field, and to ask for `type(value)` takes five times as long
        error(reply.WRONGTYPE, 0)
    end
    return value
end

-- A collection has been changed and has `size` elements now: an empty one is removed.
local function changed_or_gone(db, key, size)
    if size == 0 then
        remove(db, key)
    else
        changed(db, key)
    end
end

-- Gives a value to a key that is not there. Each of the three steps may fail for want of memory; what the first two leave
-- behind counts from the last one on.
local function add(db, key, value)
    local count = db.count + 1
    db.places[key], db.keys[count] = count, key
    db.values[key] = value
    db.count = count
    if state.events then
        host.event("n", "new", key, db.number)
    end
end

-- The key that a command gives a value is another one than that whose time is over.
local function forget_late(db, key)
    local at = db.expires[key]
    if at and at <= state.now and not state.imports then
        db.expires[key], db.late[key] = nil, nil
        db.expiring = db.expiring - 1
    end
end

-- Gives the key a value; its time of expiry stays.
local function put(db, key, value)
    if state.importing and db.expiring > 0 then
        forget_late(db, key)
    end
    if db.values[key] == nil then
        add(db, key, value)
    else
        db.values[key] = value
    end
    if db.encodings[key] then
        db.encodings[key] = nil
    end
    changed(db, key)
end

-- The same for a string that is changed in place: it keeps the form that can grow.
local function put_raw(db, key, value)
    has_chunks = has_chunks or type(value) == "table"
    put(db, key, value)
    db.encodings[key] = "raw"
end

local EXACT = 2 ^ 53

-- The key expires at that time (ms since 1970); nil: never. The key must be there. `text` is the same time, which is needed
-- from 2^53 on.
local function set_expiry(db, key, at, text)
    local before = db.expires[key]
    if (before == nil) ~= (at == nil) then
        db.expiring = db.expiring + (at and 1 or -1)
    end
    db.expires[key] = at
    if at and at >= EXACT then
        db.late[key] = text
    elseif before then
        db.late[key] = nil
    end
end

-- A new value that does not expire, as SET makes it; it does what `put` does, without its calls.
local function replace(db, key, value)
    local values = db.values
    if values[key] == nil then
        add(db, key, value)
    else
        values[key] = value
    end
    if db.encodings[key] then
        db.encodings[key] = nil
    end
    if db.expires[key] then
        set_expiry(db, key, nil)
    end
    state.dirty = state.dirty + 1
    if state.observers > 0 then
        notify(db, key)
    end
end

-- Writes `argv` (an array of strings) into the journal instead of the command at hand; more than one may be given.
local function effect(argv)
    if not (state.journal or state.announce) then
        return
    end
    local effects = state.effects
    if effects then
        effects[#effects + 1] = argv
    else
        state.effects = { argv }
    end
end

local function flush(db)
    local old = db.values
    if db.count > 0 then
        release(collect("count") * 1024) -- most of it
    end
    for key in next, db.watched do
        if old[key] ~= nil then
            notify(db, key)
        end
    end
    for key in next, db.blocked do
        if old[key] ~= nil then
            notify(db, key)
        end
    end
    db.values, db.expires, db.late, db.encodings, db.keys, db.places = {}, {}, {}, {}, {}, {}
    db.count, db.expiring = 0, 0
end

local CONTENTS = { "values", "expires", "late", "encodings", "keys", "places", "count", "expiring" }

-- Tells the clients that watch or wait for a key which is in one of the two databases.
local function notify_swapped(db, other)
    for _, which in ipairs({ "watched", "blocked" }) do
        for key in next, db[which] do
            if db.values[key] ~= nil or other.values[key] ~= nil then
                notify(db, key)
            end
        end
    end
end

-- Removes the keys that somebody watches in one of the two databases and whose time is over: they count as absent.
local function expire_watched(a, b)
    for _, db in ipairs({ a, b }) do
        for key in next, db.watched do
            get(a, key)
            get(b, key)
        end
    end
end

-- Two databases change their contents; their clients stay.
local function swap(a, b)
    expire_watched(a, b)
    for _, field in ipairs(CONTENTS) do
        a[field], b[field] = b[field], a[field]
    end
    sweeping[a.number], sweeping[b.number] = nil, nil
    notify_swapped(a, b)
    notify_swapped(b, a)
end

-- Looks at up to `limit` keys of the database that expire, going on behind the last one that stayed; says how many went.
local function sweep_some(db, limit)
    local expires, kept, gone = db.expires, sweeping[db.number], 0
    if kept ~= nil and expires[kept] == nil then
        kept = nil
    end
    local key = kept
    for _ = 1, limit do
        local following, at = next(expires, key)
        if following == nil then
            kept = nil
            break
        end
        if at <= state.now then
            expire(db, following) -- its field is nil now, which `next` allows
            gone = gone + 1
        else
            kept = following
        end
        key = following
    end
    sweeping[db.number] = kept
    return gone
end

local ROUNDS = 20 -- of one sweep while much expires: with 200 keys each they take some 2 ms

-- Removes some of the keys whose time is over: looks at `limit` keys of each database, and at more where a quarter of them went.
local function sweep(limit)
    for number = 0, COUNT - 1 do
        local db, rounds = databases[number], 0
        while db.expiring > 0 and rounds < ROUNDS do
            rounds = rounds + 1
            if sweep_some(db, limit) * 4 < limit then
                break
            end
        end
    end
end

return {
    state = state,
    databases = databases,
    sweep = sweep,
    return_memory = return_memory,
    keyspace = {
        COUNT = COUNT,
        changed = changed,
        changed_or_gone = changed_or_gone,
        effect = effect,
        flush = flush,
        get = get,
        log_expired = log_expired,
        notify = notify,
        put = put,
        put_raw = put_raw,
        remove = remove,
        remove_expired = remove_expired,
        replace = replace,
        set_expiry = set_expiry,
        swap = swap,
        text_of = text_of,
        typed = typed,
    },
}
