-- Events of keys: what `notify-keyspace-events` tells subscribers of what a command has changed.
--
-- They follow from the command and its effects, so the commands know nothing of them: `announce` is called when one has changed
-- something. `state.events` is nil while nobody is told; else it has the keys that the command at hand has removed, which are told last.

local needs = ...
local databases, host, state = needs.databases, needs.host, needs.state

local ipairs, lower, match, next, upper = ipairs, string.lower, string.match, next, string.upper

local function tell(class, name, key)
    host.event(class, name, key, state.db.number)
end

-- Events of the key that is the first argument, by their class.
local OF_FIRST = {
    ["$"] = "append getset:set incr:incrby decr:decrby decrby incrby incrbyfloat psetex:set setex:set set setnx:set setbit setrange"
        .. " bitfield:setbit pfadd pfmerge:pfadd",
    l = "lpush lpushx:lpush rpush rpushx:rpush lpop rpop linsert lset lrem ltrim",
    s = "sadd srem spop",
    h = "hset hmset:hset hsetnx:hset hincrby hincrbyfloat hdel hsetex:hset hgetdel:hdel hpersist",
    z = "zadd zincrby:zincr zrem zremrangebyscore:zrembyscore zremrangebyrank:zrembyrank zremrangebylex:zrembylex zpopmin zpopmax"
        .. " geoadd:zadd",
    t = "xadd xdel xtrim xsetid",
    g = "persist restore expire pexpire:expire expireat:expire pexpireat:expire",
}

-- Upper-case name of a command -> function(argv, effects) that tells its events.
local tellers = {}

for class, names in next, OF_FIRST do
    for word in names:gmatch("%S+") do
        local command, event = match(word, "^(.*):(.*)$")
        event = event or word
        tellers[upper(command or word)] = function(argv)
            if state.db.values[argv[2]] ~= nil or #state.events > 0 then
                tell(class, event, argv[2])
            end
        end
    end
end

-- Commands that store their result: an empty one only removes the key.
local STORES = {
    s = { "sdiffstore", "sinterstore", "sunionstore" },
    z = { "zdiffstore", "zinterstore", "zunionstore", "zrangestore", "geosearchstore" },
}
for class, names in next, STORES do
    for _, name in ipairs(names) do
        tellers[upper(name)] = function(argv)
            if state.db.values[argv[2]] ~= nil then
                tell(class, name, argv[2])
            end
        end
    end
end

-- Commands that choose among keys, or wait, are told as what they have done.
local function tell_effects(_, effects)
    for _, effect in ipairs(effects) do
        local teller = tellers[effect[1]]
        if teller then
            teller(effect, effects)
        end
    end
end
for _, name in ipairs({ "BLPOP", "BRPOP", "LMPOP", "BLMPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "ZMPOP", "BZMPOP" }) do
    tellers[name] = tell_effects
end

local function nothing() end
tellers.UNLINK, tellers.DEL = nothing, nothing -- the keys that are gone are told anyway

-- A command that may give its key a time of expiry: it is told as `before`, and then as "expire".
local function with_expiry(name, has_time)
    local plain = tellers[name]
    tellers[name] = function(argv, effects)
        plain(argv, effects)
        if has_time(argv, effects) then
            tell("g", "expire", argv[2])
        end
    end
end
local function always()
    return true
end
with_expiry("SET", function(argv)
    for i = 4, #argv do
        if match(upper(argv[i]), "^P?EX") then
            return state.db.expires[argv[2]] ~= nil
        end
    end
    return false
end)
with_expiry("SETEX", always)
with_expiry("PSETEX", always)

function tellers.GETEX(argv, effects)
    local effect = effects[1][1]
    if effect ~= "UNLINK" then
        tell("g", effect == "PERSIST" and "persist" or "expire", argv[2])
    end
end

local function each_pair(argv)
    for i = 2, #argv, 2 do
        tell("$", "set", argv[i])
    end
end
tellers.MSET, tellers.MSETNX = each_pair, each_pair

function tellers.MSETEX(argv)
    local last = 2 + 2 * argv[2]
    for i = 3, last, 2 do
        tell("$", "set", argv[i])
        if last < #argv and state.db.expires[argv[i]] then
            tell("g", "expire", argv[i])
        end
    end
end

function tellers.BITOP(argv)
    if state.db.values[argv[3]] ~= nil then
        tell("$", "set", argv[3])
    end
end

function tellers.RENAME(argv)
    state.events = {}
    tell("g", "rename_from", argv[2])
    tell("g", "rename_to", argv[3])
end
tellers.RENAMENX = tellers.RENAME

function tellers.MOVE(argv)
    state.events = {}
    tell("g", "move_from", argv[2])
    host.event("g", "move_to", argv[2], argv[3] + 0)
end

function tellers.COPY(argv)
    local number = state.db.number
    for i = 4, #argv - 1 do
        number = upper(argv[i]) == "DB" and argv[i + 1] + 0 or number
    end
    host.event("g", "copy_to", argv[3], number)
end

local function moved(argv, from, to)
    tell("l", from == "LEFT" and "lpop" or "rpop", argv[2])
    tell("l", to == "LEFT" and "lpush" or "rpush", argv[3])
end
function tellers.LMOVE(argv)
    moved(argv, upper(argv[4]), upper(argv[5]))
end
function tellers.RPOPLPUSH(argv)
    moved(argv, "RIGHT", "LEFT")
end

function tellers.SMOVE(argv)
    tell("s", "srem", argv[2])
    tell("s", "sadd", argv[3])
end

local function stored(class, event)
    return function(argv)
        for i = 3, #argv - 1 do
            if match(upper(argv[i]), "^STORE") and state.db.values[argv[i + 1]] ~= nil then
                tell(class, event, argv[i + 1])
            end
        end
    end
end
tellers.SORT = stored("l", "sortstore")
tellers.GEORADIUS, tellers.GEORADIUSBYMEMBER = stored("z", "georadiusstore"), stored("z", "georadiusstore")

local plain_zadd = tellers.ZADD
function tellers.ZADD(argv)
    for i = 3, #argv do
        if upper(argv[i]) == "INCR" then
            return tell("z", "zincr", argv[2])
        end
    end
    plain_zadd(argv)
end

-- Fields that have gone since their time was over, and fields that have been given one.
local function field_times(argv, effects)
    for _, effect in ipairs(effects) do
        local name = effect[1]
        if name == "HPERSIST" then
            tell("h", "hpersist", argv[2])
        elseif name == "HDEL" then
            tell("h", "hexpired", argv[2])
        else
            tell("h", "hexpire", argv[2])
        end
    end
end
for _, name in ipairs({ "HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT", "HGETEX" }) do
    tellers[name] = field_times
end
local plain_hsetex = tellers.HSETEX
function tellers.HSETEX(argv, effects)
    plain_hsetex(argv)
    if effects[1] ~= argv then
        tell("h", "hexpire", argv[2])
        if effects[1][4] + 0 <= state.now then
            tell("h", "hexpired", argv[2])
        end
    end
end

function tellers.XGROUP(argv)
    tell("t", "xgroup-" .. lower(argv[2]), argv[3])
end
local function new_consumers(_, effects)
    for _, effect in ipairs(effects) do
        if effect[1] == "XGROUP" and effect[2] == "CREATECONSUMER" then
            tellers.XGROUP(effect)
        end
    end
end
tellers.XREADGROUP, tellers.XCLAIM, tellers.XAUTOCLAIM = new_consumers, new_consumers, new_consumers

local plain_xadd = tellers.XADD
function tellers.XADD(argv, effects)
    plain_xadd(argv)
    if effects[2] then
        tell("t", "xtrim", argv[2])
    end
end

local EXPIRES = { EXPIRE = true, PEXPIRE = true, EXPIREAT = true, PEXPIREAT = true }

-- A command has changed something. `effects` is what it is in the journal, if that is something else.
local function announce(argv, effects)
    local name = upper(argv[1])
    local teller = tellers[name]
    effects = effects or { argv }
    if teller and not (EXPIRES[name] and effects[1][1] == "UNLINK") then
        teller(argv, effects)
    end
    local gone = state.events
    state.events = {}
    for i = 1, #gone do
        if state.db.values[gone[i]] == nil then
            tell("g", "del", gone[i])
        end
    end
end

-- The fields of a hash have gone since their time was over, and the hash with the last of them.
local function fields_expired(number, key)
    host.event("h", "hexpired", key, number)
    state.events = {}
    if databases[number].values[key] == nil then
        host.event("g", "del", key, number)
    end
end

-- Whether events are told from now on.
local function set_events(are_told)
    state.events = are_told and {} or nil
    state.announce = are_told and announce or nil
    state.fields_expired = are_told and fields_expired or nil
end

return { set_events = set_events }
