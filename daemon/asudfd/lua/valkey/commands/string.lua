-- Commands of strings.

local needs = ...
local commands, expiry, host, integer, keyspace, quick, reply, state, string_value =
    needs.commands, needs.expiry, needs.host, needs.integer, needs.keyspace, needs.quick, needs.reply, needs.state, needs.string_value

local error, format, tonumber, type, upper =
    error, string.format, tonumber, type, string.upper
local get, typed, put, put_raw, replace, remove =
    keyspace.get, keyspace.typed, keyspace.put, keyspace.put_raw, keyspace.replace, keyspace.remove
local OK, NULL, SYNTAX, fail = reply.OK, reply.NULL, reply.SYNTAX, reply.fail
local parse, is_exact = integer.parse, integer.is_exact

local check_size, length, part_of, with = string_value.check_size, string_value.length, string_value.part, string_value.with

-- The value of a key in a database where nothing expires; nil otherwise.
local function get_lasting(key)
    local db = state.db
    local value = db.values[key]
    if db.expiring == 0 and type(value) == "string" then
        return value
    end
    return nil
end
quick.GET = { argc = 2, run = get_lasting }

function commands.GET(argv)
    return get_lasting(argv[2]) or typed(state.db, argv[2], "string") or NULL
end

-- The options of SET, GETEX and MSETEX from argument `at` on. Which go together is told by the real server's errors.
local function read_options(argv, argc, at, is_set, is_getex)
    local o = {}
    while at <= argc do
        local word, following = upper(argv[at]), argv[at + 1]
        if word == "NX" and not is_getex and not o.xx and not o.ifeq then
            o.nx = true
        elseif word == "XX" and not is_getex and not o.nx and not o.ifeq then
            o.xx = true
        elseif word == "GET" and is_set then
            o.get = true
        elseif word == "IFEQ" and is_set and following and not o.nx and not o.xx then
            o.ifeq = following
            at = at + 1
        elseif word == "KEEPTTL" and not is_getex and not o.unit then
            o.keepttl = true
        elseif word == "PERSIST" and is_getex and not o.unit then
            o.persist = true
        elseif
            expiry.UNITS[word]
            and following
            and not o.keepttl
            and not o.persist
            and (not o.unit or o.unit == word)
        then
            o.unit, o.time = word, following
            at = at + 1
        else
            error(SYNTAX, 0)
        end
        at = at + 1
    end
    return o
end

-- Gives a key its new value. A time of expiry that is over already makes the key go.
local function install(db, key, value, o, at, text)
    if o.keepttl then
        put(db, key, value)
    elseif not at then
        replace(db, key, value)
    elseif expiry.is_over(at) then
        keyspace.remove_expired(db, key)
    else
        put(db, key, value)
        keyspace.set_expiry(db, key, at, text)
    end
end

local function may_set(db, key, o)
    if o.ifeq then
        return typed(db, key, "string") == o.ifeq
    end
    if o.nx then
        return get(db, key) == nil
    end
    return not o.xx or get(db, key) ~= nil
end

local function set_with_options(argv, argc)
    local o = read_options(argv, argc, 4, true)
    local db, key, value = state.db, argv[2], argv[3]
    local at, text
    if o.unit then
        at, text = expiry.read_option(o.unit, o.time, "set")
    end
    local before = o.get and (typed(db, key, "string") or NULL)
    if not may_set(db, key, o) then
        return before or NULL
    end
    get(db, key)
    install(db, key, value, o, at, text)
    if at and o.unit ~= "PXAT" then
        keyspace.effect({ "SET", key, value, "PXAT", expiry.text(at, text) })
    end
    if o.get then
        return before
    end
    return OK
end

-- Of a key that is there: nothing that may fail for want of memory.
quick.SET = {
    argc = 3,
    run = function(key, value)
        local db = state.db
        if db.values[key] ~= nil and type(value) == "string" then
            replace(db, key, value)
            return OK
        end
        return nil
    end,
}

function commands.SET(argv, argc)
    if argc == 3 then
        replace(state.db, argv[2], argv[3])
        return OK
    end
    return set_with_options(argv, argc)
end

function commands.SETNX(argv)
    local db, key = state.db, argv[2]
    if get(db, key) ~= nil then
        return 0
    end
    replace(db, key, argv[3])
    return 1
end

local NO_OPTIONS = {}

local function set_with_expiry(argv, unit, command)
    local key, value = argv[2], argv[4]
    local at, text = expiry.read_option(unit, argv[3], command)
    get(state.db, key)
    install(state.db, key, value, NO_OPTIONS, at, text)
    keyspace.effect({ "SET", key, value, "PXAT", expiry.text(at, text) })
    return OK
end

function commands.SETEX(argv)
    return set_with_expiry(argv, "EX", "setex")
end

function commands.PSETEX(argv)
    return set_with_expiry(argv, "PX", "psetex")
end

function commands.GETSET(argv)
    local before = typed(state.db, argv[2], "string") or NULL
    replace(state.db, argv[2], argv[3])
    return before
end

function commands.GETDEL(argv)
    local value = typed(state.db, argv[2], "string")
    if value == nil then
        return NULL
    end
    remove(state.db, argv[2])
    return value
end

function commands.GETEX(argv, argc)
    local o = read_options(argv, argc, 3, false, true)
    local at, text
    if o.unit then
        at, text = expiry.read_option(o.unit, o.time, "getex")
    end
    local db, key = state.db, argv[2]
    local value = typed(db, key, "string")
    if value == nil then
        return NULL
    end
    if at then
        if expiry.is_over(at) then
            keyspace.remove_expired(db, key)
            keyspace.effect({ "UNLINK", key })
        else
            keyspace.set_expiry(db, key, at, text)
            keyspace.changed(db, key)
            keyspace.effect({ "PEXPIREAT", key, expiry.text(at, text) })
        end
    elseif o.persist and db.expires[key] then
        keyspace.set_expiry(db, key, nil)
        keyspace.changed(db, key)
        keyspace.effect({ "PERSIST", key })
    end
    return value
end

function commands.DELIFEQ(argv)
    if typed(state.db, argv[2], "string") ~= argv[3] then
        return 0
    end
    remove(state.db, argv[2])
    return 1
end

function commands.MGET(argv, argc)
    local db, out = state.db, {}
    for i = 2, argc do
        local value = get(db, argv[i])
        out[i - 1] = type(value) == "string" and value
    end
    return out
end

function commands.MSET(argv, argc)
    if argc % 2 == 0 then
        fail("ERR wrong number of arguments for 'mset' command")
    end
    local db = state.db
    for i = 2, argc, 2 do
        replace(db, argv[i], argv[i + 1])
    end
    return OK
end

function commands.MSETNX(argv, argc)
    if argc % 2 == 0 then
        fail("ERR wrong number of arguments for 'msetnx' command")
    end
    local db = state.db
    for i = 2, argc, 2 do
        if get(db, argv[i]) ~= nil then
            return 0
        end
    end
    for i = 2, argc, 2 do
        replace(db, argv[i], argv[i + 1])
    end
    return 1
end

local NUMKEYS = reply.failure("ERR invalid numkeys value or out of range")
local NUMKEYS_MAX = 2 ^ 31 - 1 -- source: the real server's

function commands.MSETEX(argv, argc)
    local count = parse(argv[2])
    if not count or count < 1 or count > NUMKEYS_MAX then
        return NUMKEYS
    end
    local last = 2 + 2 * count
    if last > argc then
        return SYNTAX
    end
    local o = read_options(argv, argc, last + 1, false)
    local at, text
    if o.unit then
        at, text = expiry.read_option(o.unit, o.time, "msetex")
    end
    local db = state.db
    for i = 3, last, 2 do
        local value = get(db, argv[i])
        if o.nx and value ~= nil or o.xx and value == nil then
            return 0
        end
    end
    for i = 3, last, 2 do
        if at then -- also one that is over: the key is there until somebody looks
            put(db, argv[i], argv[i + 1])
            keyspace.set_expiry(db, argv[i], at, text)
        else
            install(db, argv[i], argv[i + 1], o)
        end
    end
    if at and o.unit ~= "PXAT" then
        local effect = needs.operand.joined({}, argv, 1, last)
        effect[#effect + 1], effect[#effect + 2] = "PXAT", expiry.text(at, text)
        keyspace.effect(effect)
    end
    return 1
end

function commands.STRLEN(argv)
    return length(typed(state.db, argv[2], "string", true) or "")
end

function commands.APPEND(argv)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "string", true)
    if value == nil then
        put(db, key, argv[3])
        return #argv[3]
    end
    local size = length(value)
    check_size(size + #argv[3])
    put_raw(db, key, argv[3] == "" and value or with(value, size, argv[3]))
    return size + #argv[3]
end

local OFFSET = reply.failure("ERR offset is out of range")

function commands.SETRANGE(argv)
    local db, key, part = state.db, argv[2], argv[4]
    local offset = integer.argument(argv[3], reply.NOT_INTEGER)
    if offset < 0 then
        return OFFSET
    end
    local value = typed(db, key, "string", true) or ""
    if part == "" then
        return length(value)
    end
    check_size(offset + #part)
    value = with(value, offset, part)
    put_raw(db, key, value)
    return length(value)
end

function commands.GETRANGE(argv)
    local from = integer.argument(argv[3], reply.NOT_INTEGER)
    local to = integer.argument(argv[4], reply.NOT_INTEGER)
    local value = typed(state.db, argv[2], "string", true)
    if value == nil or (from < 0 and to < 0 and from > to) then
        return ""
    end
    local size = length(value)
    from, to = from < 0 and from + size or from, to < 0 and to + size or to
    from, to = from < 0 and 0 or from, to < 0 and 0 or to
    if from > to or from >= size then
        return ""
    end
    return part_of(value, from + 1, to >= size and size or to + 1) -- `sub` turns what is beyond 2^63 to the other sign
end
commands.SUBSTR = commands.GETRANGE

local OVERFLOW = reply.failure("ERR increment or decrement would overflow")

-- Adds an integer, given as number and as text, to the integer that the key has.
local function increment(key, delta, delta_text)
    local db = state.db
    local value = typed(db, key, "string")
    local before = 0
    if value ~= nil then
        before = parse(value)
        if not before then
            error(reply.NOT_INTEGER, 0)
        end
    end
    local sum = before + delta
    if is_exact(before) and is_exact(delta) and is_exact(sum) then
        put(db, key, format("%.0f", sum))
        return sum
    end
    local text = integer.add(value or "0", delta_text)
    if not text then
        error(OVERFLOW, 0)
    end
    put(db, key, text)
    return integer.reply(text)
end

function commands.INCR(argv)
    return increment(argv[2], 1, "1")
end

function commands.DECR(argv)
    return increment(argv[2], -1, "-1")
end

function commands.INCRBY(argv)
    return increment(argv[2], integer.argument(argv[3], reply.NOT_INTEGER), argv[3])
end

function commands.DECRBY(argv)
    integer.argument(argv[3], reply.NOT_INTEGER)
    local text = integer.negate(argv[3])
    if not text then
        fail("ERR decrement would overflow")
    end
    return increment(argv[2], tonumber(text), text)
end

function commands.INCRBYFLOAT(argv)
    local db, key = state.db, argv[2]
    local text = host.sum_long_double(typed(db, key, "string") or "0", argv[3])
    if not text then
        error(reply.NOT_FLOAT, 0)
    end
    if text == "" then
        fail("ERR increment would produce NaN or Infinity")
    end
    put(db, key, text)
    if parse(text) then
        db.encodings[key] = "embstr"
    end
    keyspace.effect({ "SET", key, text, "KEEPTTL" })
    return text
end
