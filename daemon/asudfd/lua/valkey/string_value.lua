-- Strings as values: how long they may become, and zeros to fill them with.

local needs = ...
local reply, state = needs.reply, needs.state

local error, sub = error, string.sub

local SIZE_MAX = 512 * 1024 * 1024 -- bytes, if the host does not say else (proto-max-bulk-len)
local TOO_LONG = reply.failure("ERR string exceeds maximum allowed size (proto-max-bulk-len)")

local string_value = {}

function string_value.largest()
    return state.proto_max_bulk_len or SIZE_MAX
end

function string_value.check_size(size)
    if size > string_value.largest() then
        error(TOO_LONG, 0)
    end
end

-- A string of `n` zero bytes. It is doubled until it is large enough: `string.rep` adds one byte after the other, some
-- seconds for the largest string.
function string_value.zeros(n)
    local text = "\0\0\0\0\0\0\0\0"
    while #text < n do
        text = text .. text
    end
    return sub(text, 1, n)
end

return { string_value = string_value }
