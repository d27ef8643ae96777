-- Bytes that elements take in a listpack of the real server: by them it decides when a list takes another form, and when a stream
-- begins a new node.

local needs = ...
local integer = needs.integer

local byte = string.byte

local function integer_size(n)
    if n >= 0 and n < 128 then
        return 2
    elseif n >= -4096 and n < 4096 then
        return 3
    elseif n >= -32768 and n < 32768 then
        return 4
    elseif n >= -8388608 and n < 8388608 then
        return 5
    elseif n >= -2147483648 and n < 2147483648 then
        return 6
    end
    return 10
end

-- Bytes of an element in a listpack: its head, itself, and its length for the way back.
local function size_of(text)
    local size = #text
    if size <= 20 then
        local first = byte(text)
        if first and first <= 57 then -- "9": only digits and "-" can begin an integer
            local n = integer.parse(text)
            if n then
                return integer_size(n)
            end
        end
        return size + 2
    elseif size < 64 then
        return size + 2
    elseif size < 4096 then
        return size + (size < 126 and 3 or 4)
    end
    return size + (size < 16378 and 7 or 8)
end

return { listpack = { text_size = size_of, integer_size = integer_size } }
