-- Commands of the time at which a key expires.

local needs = ...
local commands, expiry, integer, keyspace, reply, state =
    needs.commands, needs.expiry, needs.integer, needs.keyspace, needs.reply, needs.state

local error, floor, format, tonumber, upper = error, math.floor, string.format, tonumber, string.upper
local get = keyspace.get

local WITH_NX = reply.failure("ERR NX and XX, GT or LT options at the same time are not compatible")
local GT_AND_LT = reply.failure("ERR GT and LT options at the same time are not compatible")
local KNOWN = { NX = true, XX = true, GT = true, LT = true }

local function read_conditions(argv, argc)
    local o = {}
    for i = 4, argc do
        local word = upper(argv[i])
        if not KNOWN[word] then
            reply.fail("ERR Unsupported option " .. argv[i])
        end
        o[word] = true
    end
    if o.NX and (o.XX or o.GT or o.LT) then
        error(WITH_NX, 0)
    end
    if o.GT and o.LT then
        error(GT_AND_LT, 0)
    end
    return o
end

-- Whether a key that expires at `before` (nil: never) may be told to expire at `at`. Never is later than any time.
local function may_expire(o, before, at)
    if before then
        return not (o.NX or (o.GT and at <= before) or (o.LT and at >= before))
    end
    return not (o.XX or o.GT)
end

local NO_CONDITIONS = {}

-- EXPIRE and its kin: `in_seconds`, and counted `from_now` or since 1970.
local function expire_with(command, in_seconds, from_now)
    return function(argv, argc)
        local o = argc > 3 and read_conditions(argv, argc) or NO_CONDITIONS
        local at, text = expiry.read(argv[3], in_seconds, from_now, command, true)
        local db, key = state.db, argv[2]
        if get(db, key) == nil or not may_expire(o, db.expires[key], at) then
            return 0
        end
        if expiry.is_over(at) then
            keyspace.remove_expired(db, key)
            keyspace.effect({ "UNLINK", key })
        else
            keyspace.set_expiry(db, key, at, text)
            keyspace.changed(db, key)
            keyspace.effect({ "PEXPIREAT", key, expiry.text(at, text) })
        end
        return 1
    end
end
commands.EXPIRE = expire_with("expire", true, true)
commands.PEXPIRE = expire_with("pexpire", false, true)
commands.EXPIREAT = expire_with("expireat", true, false)
commands.PEXPIREAT = expire_with("pexpireat", false, false)

-- TTL and its kin: -2 without the key, -1 if it never expires. Seconds are rounded to the nearest.
local function time_of(in_seconds, from_now)
    return function(argv)
        local db, key = state.db, argv[2]
        if get(db, key) == nil then
            return -2
        end
        local at = db.expires[key]
        if not at then
            return -1
        end
        local late = db.late[key]
        if late then
            late = from_now and integer.add(late, format("-%.0f", floor(state.now))) or late
            at = tonumber(late)
            if not in_seconds then
                return integer.reply(late)
            end
        elseif from_now then
            at = at - floor(state.now)
            at = at < 0 and 0 or at
        end
        return in_seconds and floor((at + 500) / 1000) or at
    end
end
commands.TTL = time_of(true, true)
commands.PTTL = time_of(false, true)
commands.EXPIRETIME = time_of(true, false)
commands.PEXPIRETIME = time_of(false, false)

function commands.PERSIST(argv)
    local db, key = state.db, argv[2]
    if get(db, key) == nil or not db.expires[key] then
        return 0
    end
    keyspace.set_expiry(db, key, nil)
    keyspace.changed(db, key)
    return 1
end
