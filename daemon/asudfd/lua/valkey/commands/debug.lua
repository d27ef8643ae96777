-- What DEBUG asks of the keyspace: the contents of values in a form that can be compared, and what a reload would change.

local needs = ...
local commands, databases, keyspace, state = needs.commands, needs.databases, needs.keyspace, needs.state

local concat, format, ipairs, next, type = table.concat, string.format, ipairs, next, type

-- Texts, nested in arrays to any depth, as one text that tells where each ends.
local function joined(value, out)
    if type(value) == "table" then
        for _, each in ipairs(value[1] and value or {}) do
            joined(each, out)
        end
        out[#out + 1] = ";"
    else
        value = value and (type(value) == "number" and format("%.17g", value) or value) or ""
        out[#out + 1] = #value .. ":" .. value
    end
    return out
end

local function pairs_of(flat)
    local out = {}
    for i = 1, #flat, 2 do
        out[#out + 1] = concat(joined({ flat[i], flat[i + 1] }, {}))
    end
    return out
end

local CONTENT = {
    list = function(key)
        return { concat(joined(commands.LRANGE({ "LRANGE", key, "0", "-1" }, 4), {})) }
    end,
    set = function(key)
        return commands.SMEMBERS({ "SMEMBERS", key }, 2)[1]
    end,
    zset = function(key, value)
        local flat = {}
        for _, member in ipairs(commands.ZRANGE({ "ZRANGE", key, "0", "-1" }, 4)) do
            flat[#flat + 1], flat[#flat + 2] = member, value.scores[member]
        end
        return pairs_of(flat)
    end,
    hash = function(key)
        return pairs_of(commands.HGETALL({ "HGETALL", key }, 2)[1])
    end,
    stream = function(key)
        return { concat(joined(commands.XRANGE({ "XRANGE", key, "-", "+" }, 4), {})) }
    end,
}

-- The parts of the value, which come in any order; nil if there is no such key.
local function content(number, key)
    local db, now = state.db, state.now
    state.db, state.now = databases[number], 0 -- at which no key has expired
    local value = keyspace.get(state.db, key)
    local parts = value
    if type(value) == "string" then
        parts = { value }
    elseif value ~= nil then
        parts = CONTENT[value.type](key, value)
    end
    state.db, state.now = db, now
    return parts
end

local function keys_of(number)
    return databases[number].keys
end

-- A value that is loaded has the encoding of a new one; a key whose time is over does not come back.
local function reload()
    for number = 0, keyspace.COUNT - 1 do
        local db = databases[number]
        local over = {}
        for key, at in next, db.expires do
            if at <= state.now then
                over[#over + 1] = key
            end
        end
        for _, key in ipairs(over) do
            keyspace.get(db, key)
        end
        db.encodings = {}
    end
end

return { content = content, keys_of = keys_of, reload = reload }
