-- Replies as bytes, in RESP2 and RESP3. An array goes into one buffer of pieces, which are joined once.

local needs = ...
local number_text, FREQUENT = needs.number_text, needs.reply.FREQUENT

local concat, format, gsub, next, sub, type = table.concat, string.format, string.gsub, next, string.sub, type

local CRLF = "\r\n"
local DEPTH_MAX = 8000 -- nested replies; those of scripts end before (`convert.lua`)

-- The bytes of replies that are always the same: of the integers that most are, and of OK and its like.
local BYTES = {}
for n = -1, 1023 do
    BYTES[n] = ":" .. n .. CRLF
end
for _, status in next, FREQUENT do
    BYTES[status] = "+" .. status[1] .. CRLF
end

-- The header of bulk strings of usual sizes: to make a number's text takes longer than the rest.
local HEADERS = {}
for n = 0, 1023 do
    HEADERS[n] = "$" .. n .. CRLF
end

local function integer(n)
    return BYTES[n] or format(":%.0f\r\n", n)
end

local function bulk(text)
    return (HEADERS[#text] or "$" .. #text .. CRLF) .. text .. CRLF
end

local function double(n)
    return n == n and number_text(n) or "nan"
end

local function line(text)
    return (gsub(text, "[\r\n]", " "))
end

local append

local function append_all(out, elements, resp, depth)
    local n = #elements
    for i = 1, n do
        append(out, elements[i], resp, depth)
    end
    return n
end

-- One line of head, then the elements.
local function aggregate(mark, divisor)
    return function(out, reply, resp, depth)
        local elements = reply[1]
        out[#out + 1] = mark .. #elements / divisor .. CRLF
        append_all(out, elements, resp, depth)
    end
end

local function piece(encode)
    return function(out, reply)
        out[#out + 1] = encode(reply)
    end
end

local function encode_error(reply)
    return "-" .. line(reply[1]) .. CRLF
end

local array_of = aggregate("*", 1)
local shared = {
    status = piece(function(reply)
        return "+" .. line(reply[1]) .. CRLF
    end),
    error = piece(encode_error),
    integer = piece(function(reply)
        return ":" .. reply[1] .. CRLF
    end),
    raw = piece(function(reply)
        return reply[1]
    end),
}

local BY_KIND = {
    [2] = {
        null_array = piece(function()
            return "*-1\r\n"
        end),
        double = piece(function(reply)
            return bulk(reply.text or double(reply[1]))
        end),
        boolean = piece(function(reply)
            return reply[1] and ":1\r\n" or ":0\r\n"
        end),
        big = piece(function(reply)
            return bulk(reply[1])
        end),
        verbatim = piece(function(reply)
            return bulk(reply[1])
        end),
        map = array_of,
        set = array_of,
        push = array_of,
    },
    [3] = {
        null_array = piece(function()
            return "_\r\n"
        end),
        double = piece(function(reply)
            return "," .. (reply.text or double(reply[1])) .. CRLF
        end),
        boolean = piece(function(reply)
            return reply[1] and "#t\r\n" or "#f\r\n"
        end),
        big = piece(function(reply)
            return "(" .. line(reply[1]) .. CRLF
        end),
        verbatim = piece(function(reply)
            return "=" .. #reply[1] + 4 .. CRLF .. sub(reply.format, 1, 3) .. ":" .. reply[1] .. CRLF
        end),
        map = aggregate("%", 2),
        set = aggregate("~", 1),
        push = aggregate(">", 1),
    },
}
for kind, how in next, shared do
    BY_KIND[2][kind], BY_KIND[3][kind] = how, how
end
local NULLS = { [2] = "$-1\r\n", [3] = "_\r\n" }

function append(out, reply, resp, depth)
    local what = type(reply)
    if what == "string" then
        out[#out + 1] = bulk(reply)
    elseif what == "number" then
        out[#out + 1] = integer(reply)
    elseif not reply then
        out[#out + 1] = NULLS[resp]
    elseif depth > DEPTH_MAX then
        out[#out + 1] = "-ERR reached lua stack limit\r\n"
    else
        local kind = reply.kind
        if kind then
            BY_KIND[resp][kind](out, reply, resp, depth + 1)
        else
            out[#out + 1] = "*" .. #reply .. CRLF
            append_all(out, reply, resp, depth + 1)
        end
    end
end

-- The bytes of a reply for a client that speaks `resp` (2 or 3).
local function encode(reply, resp)
    local known, what = BYTES[reply], type(reply)
    if known then
        return known
    elseif what == "string" then
        return (HEADERS[#reply] or "$" .. #reply .. CRLF) .. reply .. CRLF
    elseif what == "number" then
        return format(":%.0f\r\n", reply)
    elseif not reply then
        return NULLS[resp]
    end
    local out = {}
    append(out, reply, resp, 1)
    return concat(out)
end

return { encode = encode, BYTES = BYTES }
