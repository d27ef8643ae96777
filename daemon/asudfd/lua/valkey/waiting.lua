-- Commands that wait for a key: what they answer when they cannot be served yet, and how they are tried again.
--
-- A command that has to wait returns what `wait` gives. The host keeps the client, and calls `retry` whenever one of the keys
-- has changed: the same command runs again. It reads its keys by `value`, for which a key of another type does not exist then.

local needs = ...
local databases, encode, finish, find, keyspace, reply, run_command, state =
    needs.databases, needs.encode, needs.finish, needs.find, needs.keyspace, needs.reply, needs.run_command, needs.state

local error, pcall, type = error, pcall, type
local get, typed = keyspace.get, keyspace.typed

local waiting = {}

-- The reply of a command that waits for `keys`. `argv`: the command to try again if it is another one. `fails`: it is to be
-- tried again also when a key has gone. Within a transaction or a script nobody waits.
function waiting.wait(keys, seconds, on_timeout, argv, fails)
    if state.client == 0 then
        return on_timeout
    end
    return { kind = "block", keys = keys, timeout = seconds, on_timeout = on_timeout, argv = argv, fails = fails }
end

-- The value of a key that is waited for, or nil.
function waiting.value(db, key, kind)
    if not state.is_retry then
        return typed(db, key, kind)
    end
    local value = get(db, key)
    if type(value) == "table" and value.type == kind then
        return value
    end
end

-- One client more waits for the key, or one less.
local function count_wait(number, key, more)
    local blocked = databases[number].blocked
    local waits = (blocked[key] or 0) + more
    blocked[key] = waits > 0 and waits or nil
    state.observers = state.observers + more
end

-- Runs the command of a waiting client again: its reply as bytes, or nil if it goes on waiting.
local function retry(now, number, resp, client, result)
    local argv = result.argv
    state.now, state.db, state.resp, state.client = now, databases[number], resp, client
    local row = find(argv, #argv)
    if state.compacting then
        state.before_write(row, argv, #argv)
    end
    state.is_retry = true
    local ok, again = pcall(run_command, row, argv, #argv) -- it may fail for want of memory, even as it tells of an error
    state.is_retry = false
    if not ok then
        error(again, 0)
    end
    finish(argv)
    if type(again) == "table" and again.kind == "block" then
        return nil
    end
    return encode(again, resp)
end

local function is_there(now, number, key)
    state.now = now
    return get(databases[number], key) ~= nil
end

-- The bytes of the reply when the time is over.
local function timed_out(resp, result)
    return encode(result.on_timeout, resp)
end

return {
    waiting = waiting,
    count_wait = count_wait,
    retry = retry,
    is_there = is_there,
    timed_out = timed_out,
    UNBLOCKED = encode(reply.failure("UNBLOCKED client unblocked via CLIENT UNBLOCK"), 2),
}
