-- Commands that go through the keys: SCAN, KEYS, RANDOMKEY. The order of keys, and cursors, are told in `keyspace.lua`.

local needs = ...
local commands, glob, integer, keyspace, reply, state =
    needs.commands, needs.glob, needs.integer, needs.keyspace, needs.reply, needs.state

local error, find, floor, format, lower, match, random, tonumber, type, upper =
    error, string.find, math.floor, string.format, string.lower, string.match, math.random, tonumber, type, string.upper
local get = keyspace.get

local CURSOR = reply.failure("ERR invalid cursor")
local NOT_BARE = {
    NOVALUES = reply.failure("ERR NOVALUES option can only be used in HSCAN"),
    NOSCORES = reply.failure("ERR NOSCORES option can only be used in ZSCAN"),
}
local CURSOR_MAX = "18446744073709551615"
local COUNT_DEFAULT = 10
local TYPES = { string = true, list = true, set = true, zset = true, hash = true, stream = true }

local scan = {}

-- A cursor: an unsigned integer of 64 bits. Spaces before it, a plus and zeros may be there, as for the real server.
function scan.cursor(text)
    local digits = not find(text, "^%-[1-9]") and match(text, "^%s*[+-]?0*(%d+)$")
    if not digits or #digits > 20 or (#digits == 20 and digits > CURSOR_MAX) then
        error(CURSOR, 0)
    end
    return tonumber(digits)
end

-- The options of SCAN, HSCAN, SSCAN and ZSCAN from argument `at` on: { count, matches (a function or nil), type, is_bare }.
-- `is_keys`: of SCAN; `bare`: NOVALUES
-- of HSCAN, NOSCORES of ZSCAN, which then is `is_bare`.
function scan.options(argv, argc, at, is_keys, bare)
    local o = { count = COUNT_DEFAULT }
    while at <= argc do
        local word, following = upper(argv[at]), argv[at + 1]
        if word == "COUNT" and following then
            o.count = integer.argument(following, reply.NOT_INTEGER)
            if o.count < 1 then
                error(reply.SYNTAX, 0)
            end
            at = at + 1
        elseif word == "MATCH" and following then
            o.matches = following ~= "*" and glob.compile(following) or nil
            at = at + 1
        elseif word == "TYPE" and following and is_keys then
            o.type = lower(following)
            if not TYPES[o.type] then
                reply.fail("ERR unknown type name '" .. following .. "'")
            end
            at = at + 1
        elseif NOT_BARE[word] then
            o.is_bare = word == bare or error(NOT_BARE[word], 0)
        else
            error(reply.SYNTAX, 0)
        end
        at = at + 1
    end
    return o
end

local function type_of(value)
    return type(value) == "string" and "string" or value.type
end

function commands.SCAN(argv, argc)
    local cursor = scan.cursor(argv[2])
    local o = scan.options(argv, argc, 3, true)
    local db, out, n = state.db, {}, 0
    local from = (cursor == 0 or cursor > db.count) and db.count or cursor
    local to = from - o.count + 1
    to = to < 1 and 1 or to
    local matches, wanted = o.matches, o.type
    for place = from, to, -1 do
        local key = db.keys[place]
        -- A key of another type, or of another name, is not asked whether its time is over.
        if (not wanted or type_of(db.values[key]) == wanted) and (not matches or matches(key)) and get(db, key) ~= nil then
            n = n + 1
            out[n] = key
        end
    end
    return { format("%.0f", to - 1), out }
end

function commands.KEYS(argv)
    local db, matches, out, n = state.db, glob.compile(argv[2]), {}, 0
    for place = db.count, 1, -1 do
        local key = db.keys[place]
        if matches(key) and get(db, key) ~= nil then
            n = n + 1
            out[n] = key
        end
    end
    return out
end

function commands.RANDOMKEY()
    local db = state.db
    while db.count > 0 do
        local key = db.keys[floor(random() * db.count) + 1]
        if get(db, key) ~= nil then
            return key
        end
    end
    return reply.NULL
end

return { scan = scan }
