-- The journal: commands that make the same changes again, in the order of the changes.
--
-- It takes effects (`effects.lua`); `state.is_kept` says that there is one. They gather here as bytes; the host is told of the
-- first (`host.journal_waits`), and takes all of them before any reply leaves.
--
-- A compaction writes a new journal of what there is: the keys one after the other, between other work. What changes
-- meanwhile goes into both. The new one has no key yet that has not been written; so a command that touches such keys has them
-- written first (`before`), and then its effect means there what it means here.

local needs = ...
local commands, databases, host, key_places, keyspace, state =
    needs.commands, needs.databases, needs.host, needs.key_places, needs.keyspace, needs.state
local number_text, take_effects, write_command = needs.number_text, needs.take_effects, needs.write_command

local concat, floor, format, ipairs, next, type, unpack =
    table.concat, math.floor, string.format, ipairs, next, type, unpack

local ELEMENTS_MAX = 1000 -- of a value that one command brings; the arguments of a command have to fit into a call of Lua

-- Bytes for one file: each time they are taken they begin with the time, and at database 0.
local function new_log()
    return { pieces = {}, n = 0, number = 0 }
end

local function add(log, argv)
    log.n = write_command(log.pieces, log.n, argv)
end

local function add_effect(log, number, argv)
    if log.n == 0 then
        add(log, { "TIME", format("%.0f", floor(state.now)) })
    end
    if log.number ~= number then
        add(log, { "SELECT", format("%d", number) })
        log.number = number
    end
    add(log, argv)
end

local function take(log)
    local bytes = concat(log.pieces, "", 1, log.n)
    log.pieces, log.n, log.number = {}, 0, 0
    return bytes
end

local changes, compacted = new_log(), nil -- the journal, and the new one while a compaction goes on

-- Compaction

local function in_parts(number, command, key, flat, size)
    for at = 1, #flat, size do
        local last = at + size - 1
        add_effect(compacted, number, { command, key, unpack(flat, at, last < #flat and last or #flat) })
    end
end

local WRITE = {
    list = function(number, key)
        in_parts(number, "RPUSH", key, commands.LRANGE({ "LRANGE", key, "0", "-1" }, 4), ELEMENTS_MAX)
    end,
    set = function(number, key)
        in_parts(number, "SADD", key, commands.SMEMBERS({ "SMEMBERS", key }, 2)[1], ELEMENTS_MAX)
    end,
    zset = function(number, key, value)
        local flat = {}
        for _, member in ipairs(commands.ZRANGE({ "ZRANGE", key, "0", "-1" }, 4)) do
            flat[#flat + 1], flat[#flat + 2] = number_text(value.scores[member]), member
        end
        in_parts(number, "ZADD", key, flat, ELEMENTS_MAX)
    end,
    hash = function(number, key, value)
        in_parts(number, "HSET", key, commands.HGETALL({ "HGETALL", key }, 2)[1], ELEMENTS_MAX)
        for field, at in next, value.expiry and value.expiry.times or {} do
            add_effect(compacted, number, { "HPEXPIREAT", key, format("%.0f", at), "FIELDS", "1", field })
        end
    end,
    stream = function(number, key)
        add_effect(compacted, number, { "RESTORE", key, "0", commands.DUMP({ "DUMP", key }, 2) })
    end,
}

-- Writes the key into the new journal, if it was there when the compaction began and has not been written yet.
local function write_key(db, key)
    local written = compacted.written[db.number]
    if written[key] then
        return
    end
    written[key] = true
    local value = db.values[key]
    if value == nil then
        return
    end
    local selected, resp = state.db, state.resp
    state.db, state.resp = db, 2
    if type(value) == "table" and value.chunks then
        value = keyspace.text_of(value)
    end
    if type(value) == "string" then
        add_effect(compacted, db.number, { "SET", key, value })
    else
        WRITE[value.type](db.number, key, value)
    end
    state.db, state.resp = selected, resp
    local at = db.expires[key]
    if at then
        add_effect(compacted, db.number, { "PEXPIREAT", key, db.late[key] or format("%.0f", at) })
    end
end

local begins_anew = false -- a command made what has been written of the new journal useless

-- Begins the new journal.
local function begin_compaction()
    compacted, begins_anew = new_log(), false
    compacted.written, compacted.places = {}, {}
    for number = 0, keyspace.COUNT - 1 do
        compacted.written[number], compacted.places[number] = {}, databases[number].count
    end
    state.compacting = true
end

local function give_up()
    compacted, state.compacting, begins_anew = nil, nil, false
end

-- Bytes of the pieces of a log from the one at `first` on.
local function size_from(log, first)
    local size = 0
    for i = first, log.n do
        size = size + #log.pieces[i]
    end
    return size
end

-- Writes up to `limit` keys more, and not many more than `bytes`, while no script runs; says "done" when all have been written, and "anew"
-- when what was taken before is void.
-- From the end of each database to its start: a key that moves to another place is not missed (see keyspace.lua).
local function compact_some(limit, bytes)
    if begins_anew then
        begin_compaction()
        return "anew"
    end
    for number = 0, keyspace.COUNT - 1 do
        local db, place = databases[number], compacted.places[number]
        place = place < db.count and place or db.count
        while place > 0 do
            if limit == 0 or bytes <= 0 then
                compacted.places[number] = place
                return "more"
            end
            local first = compacted.n + 1
            write_key(db, db.keys[place])
            place, limit, bytes = place - 1, limit - 1, bytes - size_from(compacted, first)
        end
        compacted.places[number] = 0
    end
    return "done"
end

-- Commands that change whole databases: a compaction that meets one begins anew, with the next step.
local STARTS_ANEW = { flushall = true, flushdb = true, swapdb = true }

-- A command is about to run while a compaction goes on: its keys are written as they are now.
local function before(row, argv, argc)
    if not row.write or begins_anew then
        return
    elseif STARTS_ANEW[row.name] then
        compacted, begins_anew = nil, true
        return
    end
    local places = key_places(row, argv, argc) or {}
    for i = 1, #places, 2 do
        write_key(state.db, argv[places[i]])
        if row.name == "move" or row.name == "copy" then
            for number = 0, keyspace.COUNT - 1 do
                write_key(databases[number], argv[places[i]])
            end
        end
    end
end

-- The journal

local function append(effects)
    if changes.n == 0 then
        host.journal_waits()
    end
    for i = 1, #effects do
        local effect = effects[i]
        local number, argv = effect[1], effect[2]
        add_effect(changes, number, argv)
        if compacted then
            add_effect(compacted, number, argv)
        end
    end
end

-- From now on changes are kept.
local function keep_journal()
    state.is_kept = true
    take_effects("journal", append)
end

-- From now on they are not.
local function drop_journal()
    state.is_kept, changes = nil, new_log()
    take_effects("journal", nil)
end

local function take_changes()
    return take(changes)
end

local function take_compacted()
    return compacted and take(compacted) or ""
end

state.before_write = before

return {
    keep_journal = keep_journal,
    drop_journal = drop_journal,
    take_changes = take_changes,
    take_compacted = take_compacted,
    begin_compaction = begin_compaction,
    compact_some = compact_some,
    give_up_compaction = give_up,
}
