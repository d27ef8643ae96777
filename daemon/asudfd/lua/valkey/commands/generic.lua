-- Commands of keys, whatever their values are.

local needs = ...
local commands, databases, integer, keyspace, reply, state, value_types =
    needs.commands, needs.databases, needs.integer, needs.keyspace, needs.reply, needs.state, needs.value_types

local error, next, type, upper = error, next, type, string.upper
local get, remove, replace, set_expiry = keyspace.get, keyspace.remove, keyspace.replace, keyspace.set_expiry
local OK, SYNTAX = reply.OK, reply.SYNTAX

local SAME = reply.failure("ERR source and destination objects are the same")
local DB_RANGE = reply.failure("ERR DB index is out of range")
local INT_RANGE = reply.failure("ERR value is out of range, value must between -2147483648 and 2147483647")
local INT_MAX = 2 ^ 31

function commands.DEL(argv, argc)
    local db, count = state.db, 0
    for i = 2, argc do
        if get(db, argv[i]) ~= nil then
            remove(db, argv[i])
            count = count + 1
        end
    end
    return count
end
commands.UNLINK = commands.DEL

function commands.EXISTS(argv, argc)
    local db, count = state.db, 0
    for i = 2, argc do
        if get(db, argv[i]) ~= nil then
            count = count + 1
        end
    end
    return count
end
commands.TOUCH = commands.EXISTS

local NONE, STRING = reply.status("none"), reply.status("string")

function commands.TYPE(argv)
    local value = get(state.db, argv[2])
    if value == nil then
        return NONE
    end
    return type(value) == "string" and STRING or reply.status(value.type)
end

-- Gives a key the value and the time of expiry of another one.
local function give(db, key, value, from_db, from)
    local at, late, encoding = from_db.expires[from], from_db.late[from], from_db.encodings[from]
    replace(db, key, value)
    local arrived = type(value) ~= "string" and value_types[value.type].arrived
    if arrived then
        arrived(db, key, value)
    end
    if at then
        set_expiry(db, key, at, late)
    end
    if encoding then
        db.encodings[key] = encoding
    end
end

local function rename(from, to)
    local db = state.db
    local value = get(db, from)
    if value == nil then
        error(reply.NO_KEY, 0)
    end
    if from ~= to then
        give(db, to, value, db, from)
        remove(db, from)
    end
end

function commands.RENAME(argv)
    rename(argv[2], argv[3])
    return OK
end

function commands.RENAMENX(argv)
    local db = state.db
    if get(db, argv[2]) == nil then
        return reply.NO_KEY
    end
    if get(db, argv[3]) ~= nil then
        return 0
    end
    rename(argv[2], argv[3])
    return 1
end

local function database(text)
    local n = integer.argument(text, reply.NOT_INTEGER)
    if n < -INT_MAX or n >= INT_MAX then
        error(INT_RANGE, 0)
    end
    if state.cluster and n ~= 0 then -- a cluster has one database
        error(DB_RANGE, 0)
    end
    return databases[n] or error(DB_RANGE, 0)
end

function commands.MOVE(argv)
    if state.cluster and state.old_wording then
        return reply.failure("ERR MOVE is not allowed in cluster mode")
    end
    local db, to, key = state.db, database(argv[3]), argv[2]
    if to == db then
        return SAME
    end
    local value = get(db, key)
    if value == nil or get(to, key) ~= nil then
        return 0
    end
    give(to, key, value, db, key)
    remove(db, key)
    return 1
end

local function read_copy_options(argv, argc)
    local to, is_replacing, at = state.db, false, 4
    while at <= argc do
        local word = upper(argv[at])
        if word == "REPLACE" then
            is_replacing = true
        elseif word == "DB" and at < argc then
            at = at + 1
            to = database(argv[at])
        else
            error(SYNTAX, 0)
        end
        at = at + 1
    end
    return to, is_replacing
end

function commands.COPY(argv, argc)
    local db, from, key = state.db, argv[2], argv[3]
    local to, is_replacing = read_copy_options(argv, argc)
    if to == db and from == key then
        return SAME
    end
    local value = get(db, from)
    if value == nil or (get(to, key) ~= nil and not is_replacing) then
        return 0
    end
    if type(value) ~= "string" then
        value = value_types[value.type].copy(value)
    end
    give(to, key, value, db, from)
    return 1
end

local function check_flush(argv, argc)
    if argc > 2 or (argc == 2 and upper(argv[2]) ~= "SYNC" and upper(argv[2]) ~= "ASYNC") then
        error(SYNTAX, 0)
    end
    state.dirty = state.dirty + 1
end

function commands.FLUSHDB(argv, argc)
    check_flush(argv, argc)
    keyspace.flush(state.db)
    return OK
end

function commands.FLUSHALL(argv, argc)
    check_flush(argv, argc)
    for _, db in next, databases do
        keyspace.flush(db)
    end
    return OK
end

local function swap_argument(text, failure)
    local n = integer.parse(text)
    if not n or n < -INT_MAX or n >= INT_MAX then
        reply.fail(failure)
    end
    return n
end

function commands.SWAPDB(argv)
    if state.cluster then
        return reply.failure("ERR SWAPDB is not allowed in cluster mode")
    end
    local a = swap_argument(argv[2], "ERR invalid first DB index")
    local b = swap_argument(argv[3], "ERR invalid second DB index")
    if not databases[a] or not databases[b] then
        return DB_RANGE
    end
    if a ~= b then
        keyspace.swap(databases[a], databases[b])
        for _, kind in next, value_types do
            if kind.swapped then
                kind.swapped(databases[a], databases[b])
            end
        end
        state.dirty = state.dirty + 1
    end
    return OK
end
