-- Commands of sets; those of several sets are in `set_algebra.lua`.

local needs = ...
local choice, commands, keyspace, operand, reply, scan, set, state =
    needs.choice, needs.commands, needs.keyspace, needs.operand, needs.reply, needs.scan, needs.set, needs.state

local changed, changed_or_gone, put, typed = keyspace.changed, keyspace.changed_or_gone, keyspace.put, keyspace.typed
local NULL, SYNTAX = reply.NULL, reply.SYNTAX

function commands.SADD(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "set")
    local is_new = not value
    if is_new then
        value = set.new_for(argv[3], argc - 2)
    else
        set.expect(value, argc - 2)
    end
    local added = 0
    for i = 3, argc do
        if set.add(value, argv[i]) then
            added = added + 1
        end
    end
    if is_new then
        put(db, key, value)
    elseif added > 0 then
        changed(db, key)
    end
    return added
end

function commands.SREM(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "set")
    if not value then
        return 0
    end
    local removed = 0
    for i = 3, argc do
        if set.remove(value, argv[i]) then
            removed = removed + 1
        end
    end
    if removed > 0 then
        changed_or_gone(db, key, value.n)
    end
    return removed
end

function commands.SCARD(argv)
    local value = typed(state.db, argv[2], "set")
    return value and value.n or 0
end

function commands.SISMEMBER(argv)
    local value = typed(state.db, argv[2], "set")
    return value and value.places[argv[3]] and 1 or 0
end

function commands.SMISMEMBER(argv, argc)
    local value, out = typed(state.db, argv[2], "set"), {}
    for i = 3, argc do
        out[i - 2] = value and value.places[argv[i]] and 1 or 0
    end
    return out
end

function commands.SMEMBERS(argv)
    local value, out = typed(state.db, argv[2], "set"), {}
    if value then
        local members = set.in_order(value)
        for i = 1, value.n do
            out[i] = members[i]
        end
    end
    return reply.set(out)
end

function commands.SMOVE(argv)
    local db, source, target, member = state.db, argv[2], argv[3], argv[4]
    local value = typed(db, source, "set")
    if not value then
        return 0
    end
    local other = typed(db, target, "set")
    if source == target then
        return value.places[member] and 1 or 0
    end
    if not value.places[member] then
        return 0
    end
    local is_new = not other
    other = other or set.new_for(member, 1)
    local is_added = set.add(other, member)
    set.remove(value, member)
    changed_or_gone(db, source, value.n)
    if is_new then
        put(db, target, other)
    elseif is_added then
        changed(db, target)
    end
    return 1
end

-- Takes up to `count` random members.
local function take(value, count)
    local members, out = value.members, {}
    if count >= value.n then
        set.in_order(value)
        for i = 1, value.n do
            out[i] = members[i]
        end
        return out
    end
    for i = 1, count do
        out[i] = members[choice.below(value.n)]
        set.remove(value, out[i])
    end
    return out
end

-- Removes random members; the journal learns which.
local function pop(db, key, value, count)
    if count >= value.n then
        local out = take(value, count)
        keyspace.remove(db, key)
        keyspace.effect(#out == 1 and { "SREM", key, out[1] } or { "UNLINK", key })
        return out
    end
    local out = take(value, count)
    changed(db, key)
    keyspace.effect(operand.joined({ "SREM", key }, out, 1, #out))
    return out
end

function commands.SPOP(argv, argc)
    local db, key = state.db, argv[2]
    if argc > 3 then
        return SYNTAX
    end
    local count = argc == 3 and operand.positive(argv[3])
    local value = typed(db, key, "set")
    if not count then
        return value and pop(db, key, value, 1)[1] or NULL
    end
    return reply.set(value and count > 0 and pop(db, key, value, count) or {})
end

function commands.SRANDMEMBER(argv, argc)
    if argc > 3 then
        return SYNTAX
    elseif argc == 2 then
        local value = typed(state.db, argv[2], "set")
        return value and value.members[choice.below(value.n)] or NULL
    end
    local count = operand.random_count(argv[3])
    local value = typed(state.db, argv[2], "set")
    if not value or count == 0 then
        return {}
    end
    local members = set.in_order(value)
    local out = choice.places(value.n, count)
    for i = 1, #out do
        out[i] = members[out[i]]
    end
    return out
end

function commands.SSCAN(argv, argc)
    local cursor = scan.cursor(argv[3])
    local value = typed(state.db, argv[2], "set")
    if not value then
        return { "0", {} }
    end
    local o = scan.options(argv, argc, 4)
    local members, first, last, step, following = set.in_order(value), 1, value.n, 1, "0"
    if value.form == "hashtable" then
        first, last, following = operand.page(value.n, cursor, o.count)
        step = -1
    end
    local out, matches = {}, o.matches
    for i = first, last, step do
        if not matches or matches(members[i]) then
            out[#out + 1] = members[i]
        end
    end
    return { following, out }
end
