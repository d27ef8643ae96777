-- Replies of commands, as values: one form for clients (encode.lua) and for scripts (convert.lua).
--
--     bulk string   a Lua string                       null          false (so that it has a place in an array)
--     integer       a Lua number, integral             null array    NULL_ARRAY
--     array         a table without `kind`: 1..n; every element is again a reply; no holes
--     all others    a table with `kind`, and the payload at [1]:
--                   status TEXT, error TEXT, double NUMBER (with `text` if it is written in another way), boolean true|false,
--                   big TEXT (decimal digits), integer TEXT (of 64 bits, beyond what a double holds), map {key, value, key, value...}, set {element...},
--                   verbatim TEXT with `format` (three letters), push {element...}, raw TEXT (already encoded)
--
-- A handler of a command returns a reply, or raises an error reply by `fail(TEXT)`: TEXT begins with its code ("ERR ...").

local error = error

local function status(text)
    return { kind = "status", text }
end

local OK, QUEUED, PONG = status("OK"), status("QUEUED"), status("PONG")
local known = { OK = OK, QUEUED = QUEUED, PONG = PONG }

-- The status of any text.
local function status_of(text)
    return known[text] or status(text)
end

local function failure(text)
    return { kind = "error", text }
end

-- Ends the command at hand with an error reply.
local function fail(text)
    error({ kind = "error", text }, 0)
end

local function double(number)
    return { kind = "double", number }
end

local function map(pairs)
    return { kind = "map", pairs }
end

local function set(elements)
    return { kind = "set", elements }
end

return {
    reply = {
        OK = OK,
        QUEUED = QUEUED,
        PONG = PONG,
        FREQUENT = known,
        NULL = false,
        NULL_ARRAY = { kind = "null_array" },
        WRONGTYPE = failure("WRONGTYPE Operation against a key holding the wrong kind of value"),
        SYNTAX = failure("ERR syntax error"),
        NOT_INTEGER = failure("ERR value is not an integer or out of range"),
        NOT_FLOAT = failure("ERR value is not a valid float"),
        NO_KEY = failure("ERR no such key"),
        status = status_of,
        failure = failure,
        fail = fail,
        double = double,
        map = map,
        set = set,
    },
}
