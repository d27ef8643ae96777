-- Long lists between the host and Lua, a slice in each call: between two of them others get the host's lock.

local select, unpack = select, unpack

-- Puts values behind the first `count` of a list.
local function extend(list, count, ...)
    local slice = { ... }
    for i = 1, select("#", ...) do
        list[count + i] = slice[i]
    end
end

return { extend = extend, slice = unpack }
