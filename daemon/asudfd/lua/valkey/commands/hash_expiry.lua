-- Commands about the times at which the fields of a hash expire.

local needs = ...
local commands, expiry, hash, hashes, integer, keyspace, operand, reply, state =
    needs.commands, needs.expiry, needs.hash, needs.hashes, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.state

local joined = operand.joined
local ceil, error, floor, format, lower, upper = math.ceil, error, math.floor, string.format, string.lower, string.upper
local NULL, SYNTAX = reply.NULL, reply.SYNTAX

local NUMBER_OF_FIELDS =
    reply.failure("ERR numfields should be greater than 0 and match the provided number of fields")
local MIXED = reply.failure("ERR NX and XX, GT or LT options at the same time are not compatible")
local MIXED_GT = reply.failure("ERR GT and LT options at the same time are not compatible")

-- The place of the first name behind FIELDS and its number, which stand at `at`. A name may have a value (`step` 2).
local function first_field(argv, argc, at, step, failure)
    if at == argc then
        error(NUMBER_OF_FIELDS, 0)
    end
    local count = integer.argument(argv[at + 1], reply.NOT_INTEGER)
    if count < 1 or count * step ~= argc - at - 1 then
        error(failure or NUMBER_OF_FIELDS, 0)
    end
    return at + 2
end

-- Where FIELDS stands, at or behind `at`: before it are options, of which `read_option` gets the place and tells the next.
local function find_fields(argv, argc, at, read_option)
    while at <= argc do
        if upper(argv[at]) == "FIELDS" then
            return at
        end
        at = read_option(at)
    end
    error(NUMBER_OF_FIELDS, 0)
end

local function is_fields(argv, at)
    if upper(argv[at]) ~= "FIELDS" then
        error(SYNTAX, 0)
    end
end

-- The field expires at that time, at once if it is over; says whether it went.
local function set_time(value, field, at)
    if at <= state.now then
        hash.delete(value, field)
        state.expired_fields = state.expired_fields + 1
        return true
    end
    hash.set_time(value, field, at)
    return false
end

local CONDITIONS = { NX = true, XX = true, GT = true, LT = true }

-- The conditions of HEXPIRE from argument `at` on, and the place of FIELDS.
local function conditions(argv, argc)
    local o = {}
    local fields = find_fields(argv, argc, 4, function(at)
        local word = upper(argv[at])
        if not CONDITIONS[word] then
            reply.fail(at + 2 < argc and "ERR Unsupported option " .. argv[at] or NUMBER_OF_FIELDS[1])
        end
        o[word] = true
        return at + 1
    end)
    if o.NX and (o.XX or o.GT or o.LT) then
        error(MIXED, 0)
    elseif o.GT and o.LT then
        error(MIXED_GT, 0)
    end
    return o, fields
end

local function allows(o, before, at)
    if o.NX and before or o.XX and not before then
        return false
    elseif o.GT and (not before or at <= before) then
        return false
    end
    return not (o.LT and before and at >= before)
end

local function time_effect(key, at, gone, set)
    if #gone > 0 then
        keyspace.effect(joined({ "HDEL", key }, gone, 1, #gone))
    end
    if #set > 0 then
        keyspace.effect(joined({ "HPEXPIREAT", key, at, "FIELDS", format("%.0f", #set) }, set, 1, #set))
    end
end

local function expire_command(in_seconds, from_now)
    return function(argv, argc)
        local db, key = state.db, argv[2]
        local o, fields = conditions(argv, argc)
        local first = first_field(argv, argc, fields, 1)
        local at, exact = expiry.read(argv[3], in_seconds, from_now, lower(argv[1]), true)
        if at < 0 or argv[3]:sub(1, 1) == "-" then
            reply.fail("ERR invalid expire time in '" .. lower(argv[1]) .. "' command")
        end
        local value, out = hashes.read(db, key), {}
        local gone, set = {}, {}
        for i = first, argc do
            local field, result = argv[i], 1
            if not value or value.values[field] == nil then
                result = -2
            elseif not allows(o, hash.time(value, field), at) then
                result = 0
            elseif set_time(value, field, at) then
                result, gone[#gone + 1] = 2, field
            else
                set[#set + 1] = field
            end
            out[i - first + 1] = result
        end
        if #gone + #set > 0 then
            time_effect(key, expiry.text(at, exact), gone, set)
            if value.expiry then
                hash.note(db, key)
            end
            keyspace.changed_or_gone(db, key, value.n)
        end
        return out
    end
end

commands.HEXPIRE = expire_command(true, true)
commands.HPEXPIRE = expire_command(false, true)
commands.HEXPIREAT = expire_command(true, false)
commands.HPEXPIREAT = expire_command(false, false)

-- A command that tells something about the time of each field: `tell(at)`.
local function time_command(tell)
    return function(argv, argc)
        is_fields(argv, 3)
        local first = first_field(argv, argc, 3, 1, SYNTAX)
        local value, out = hashes.read(state.db, argv[2]), {}
        for i = first, argc do
            local field = argv[i]
            local result = -2
            if value and value.values[field] ~= nil then
                local at = hash.time(value, field)
                result = at and tell(at) or -1
            end
            out[i - first + 1] = result
        end
        return out
    end
end

commands.HTTL = time_command(function(at)
    return floor((at - floor(state.now) + 500) / 1000)
end)
commands.HPTTL = time_command(function(at)
    return ceil(at - state.now)
end)
commands.HEXPIRETIME = time_command(function(at)
    return floor((at + 500) / 1000)
end)
commands.HPEXPIRETIME = time_command(function(at)
    return at
end)

function commands.HPERSIST(argv, argc)
    is_fields(argv, 3)
    local first = first_field(argv, argc, 3, 1)
    local db, key = state.db, argv[2]
    local value, out, count = hashes.read(db, key), {}, 0
    for i = first, argc do
        local field, result = argv[i], -2
        if value and value.values[field] ~= nil then
            result = -1
            if hash.time(value, field) then
                hash.set_time(value, field, nil)
                result, count = 1, count + 1
            end
        end
        out[i - first + 1] = result
    end
    if count > 0 then
        keyspace.changed(db, key)
    end
    return out
end

-- The options of HSETEX and HGETEX before FIELDS: { at (a time), text, keepttl, persist, NX, XX, FNX, FXX }.
local function options(argv, argc, is_set)
    local o, command = {}, lower(argv[1])
    local fields = find_fields(argv, argc, 3, function(at)
        local word = upper(argv[at])
        local is_unit = expiry.UNITS[word]
        if is_unit and not o.unit and not o.keepttl and not o.persist and at < argc and upper(argv[at + 1]) ~= "FIELDS" then
            o.unit, o.time = word, argv[at + 1]
            return at + 2
        elseif is_set and word == "KEEPTTL" and not o.unit then
            o.keepttl = true
        elseif not is_set and word == "PERSIST" and not o.unit then
            o.persist = true
        elseif is_set and (word == "NX" and not o.XX or word == "XX" and not o.NX) then
            o[word] = true
        elseif is_set and (word == "FNX" and not o.FXX or word == "FXX" and not o.FNX) then
            o[word] = true
        else
            error(SYNTAX, 0)
        end
        return at + 1
    end)
    local first = first_field(argv, argc, fields, is_set and 2 or 1)
    if o.unit then
        local how = expiry.UNITS[o.unit]
        o.at, o.text = expiry.read(o.time, how[1], how[2], command, true)
        if o.at < 0 or o.time:sub(1, 1) == "-" then
            reply.fail("ERR invalid expire time in '" .. command .. "' command")
        end
        o.text = expiry.text(o.at, o.text)
    end
    return o, first
end

-- Whether HSETEX may do its work: on the key, and on each field.
local function may_set(o, value, argv, first, argc)
    if o.NX and value or o.XX and not value then
        return false
    end
    if o.FNX or o.FXX then
        for i = first, argc, 2 do
            local is_there = value and value.values[argv[i]] ~= nil or false
            if is_there ~= (o.FXX or false) then
                return false
            end
        end
    end
    return true
end

function commands.HSETEX(argv, argc)
    local db, key = state.db, argv[2]
    local o, first = options(argv, argc, true)
    local value = hashes.read(db, key)
    if not may_set(o, value, argv, first, argc) then
        return 0
    end
    local is_new = not value
    value = value or hash.new()
    for i = first, argc, 2 do
        hash.set(value, argv[i], argv[i + 1])
        if o.at then
            set_time(value, argv[i], o.at)
        elseif not o.keepttl then
            hash.set_time(value, argv[i], nil)
        end
    end
    if o.at then
        keyspace.effect(joined({ "HSETEX", key, "PXAT", o.text }, argv, first - 2, argc))
    end
    if value.expiry then
        hash.note(db, key)
    end
    if is_new and value.n > 0 then
        keyspace.put(db, key, value)
    elseif not is_new then
        keyspace.changed_or_gone(db, key, value.n)
    end
    return 1
end

-- Gives the field of HGETEX its new time; says whether something has changed.
local function touch(o, value, field, gone, set)
    if o.at then
        local went = set_time(value, field, o.at)
        local changes = went and gone or set
        changes[#changes + 1] = field
        return true
    elseif o.persist and hash.time(value, field) then
        hash.set_time(value, field, nil)
        return true
    end
    return false
end

function commands.HGETEX(argv, argc)
    local db, key = state.db, argv[2]
    local o, first = options(argv, argc, false)
    local value, out, is_changed = hashes.read(db, key), {}, false
    local gone, set = {}, {}
    for i = first, argc do
        local field = argv[i]
        local text = value and value.values[field]
        out[i - first + 1] = text or NULL
        if text and touch(o, value, field, gone, set) then
            is_changed = true
        end
    end
    if is_changed then
        if o.persist then
            keyspace.effect(joined({ "HPERSIST", key }, argv, first - 2, argc))
        else
            time_effect(key, o.text, gone, set)
        end
        if value.expiry then
            hash.note(db, key)
        end
        keyspace.changed_or_gone(db, key, value.n)
    end
    return out
end

function commands.HGETDEL(argv, argc)
    is_fields(argv, 3)
    local first = first_field(argv, argc, 3, 1)
    local db, key = state.db, argv[2]
    local value, out, count = hashes.read(db, key), {}, 0
    for i = first, argc do
        out[i - first + 1] = value and value.values[argv[i]] or NULL
        if value and hash.delete(value, argv[i]) then
            count = count + 1
        end
    end
    if count > 0 then
        keyspace.effect(joined({ "HDEL", key }, argv, first, argc))
        keyspace.changed_or_gone(db, key, value.n)
    end
    return out
end
