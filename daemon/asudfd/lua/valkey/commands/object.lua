-- OBJECT, and WAIT and WAITAOF, which have no replicas to wait for.

local needs = ...
local commands, integer, keyspace, reply, state, value_types =
    needs.commands, needs.integer, needs.keyspace, needs.reply, needs.state, needs.value_types

local error, floor, type = error, math.floor, type
local get = keyspace.get

local NO_LFU = reply.failure(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between "
        .. "policies at runtime LRU and LFU data will take some time to adjust."
)

-- Bytes of key and value together up to which the real server keeps a string in one piece with its key; one with a key of 32
-- bytes or more has a longer head.
local EMBEDDED_MAX, LONG_KEY, EMBEDDED_MAX_LONG_KEY = 113, 32, 111

local function string_encoding(db, key, value)
    if db.encodings[key] then
        return db.encodings[key]
    end
    if integer.parse(value) then
        return "int"
    end
    return #key + #value <= (#key < LONG_KEY and EMBEDDED_MAX or EMBEDDED_MAX_LONG_KEY) and "embstr" or "raw"
end

commands["OBJECT|ENCODING"] = function(argv)
    local db, key = state.db, argv[3]
    local value = get(db, key)
    if value == nil then
        return reply.NULL
    end
    return type(value) == "string" and string_encoding(db, key, value) or value_types[value.type].encoding(value)
end

commands["OBJECT|REFCOUNT"] = function(argv)
    return get(state.db, argv[3]) ~= nil and 1 or reply.NULL
end

-- No times of access are kept, which each command would have to write down.
commands["OBJECT|IDLETIME"] = function(argv)
    return get(state.db, argv[3]) ~= nil and 0 or reply.NULL
end

commands["OBJECT|FREQ"] = function(argv)
    return get(state.db, argv[3]) ~= nil and NO_LFU or reply.NULL
end

local HELP = {
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Print this help.",
}

commands["OBJECT|HELP"] = function()
    local out = {}
    for i = 1, #HELP do
        out[i] = reply.status(HELP[i])
    end
    return out
end

local NOT_TIMEOUT = reply.failure("ERR timeout is not an integer or out of range")
local NEGATIVE_TIMEOUT = reply.failure("ERR timeout is negative")
local LATE_TIMEOUT = reply.failure("ERR timeout is out of range")
local TIMEOUT_MAX = 2 ^ 63
local NOT_LOCAL = reply.failure("ERR value is out of range, value must between 0 and 1")
local NOT_POSITIVE = reply.failure("ERR value is out of range, must be positive")
local NO_JOURNAL = reply.failure("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")

local function timeout(text)
    local n = integer.argument(text, NOT_TIMEOUT)
    if n < 0 then
        error(NEGATIVE_TIMEOUT, 0)
    end
    if n > TIMEOUT_MAX - floor(state.now) then
        error(LATE_TIMEOUT, 0)
    end
    return n / 1000
end

-- What `wanted` replicas have: there are none. A client waits for its time all the same.
local function answer(wanted, seconds, result)
    if wanted <= 0 or state.client == 0 then
        return result
    end
    return { kind = "block", keys = {}, timeout = seconds, on_timeout = result }
end

function commands.WAIT(argv)
    local wanted = integer.argument(argv[2], reply.NOT_INTEGER)
    return answer(wanted, timeout(argv[3]), 0)
end

function commands.WAITAOF(argv)
    local wants_local = integer.argument(argv[2], reply.NOT_INTEGER)
    if wants_local < 0 or wants_local > 1 then
        return NOT_LOCAL
    end
    local wanted = integer.argument(argv[3], NOT_POSITIVE)
    if wanted < 0 then
        return NOT_POSITIVE
    end
    local seconds = timeout(argv[4])
    if wants_local == 1 and not state.is_kept then
        return NO_JOURNAL
    end
    return answer(wanted, seconds, { state.is_kept and 1 or 0, 0 })
end
