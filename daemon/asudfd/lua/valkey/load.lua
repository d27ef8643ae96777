-- Loads the other chunks: the first chunk of the state of a Valkey keyspace.
--
-- It is given the functions of the host (a table), and the names and texts of the other chunks in their order. A chunk declares
-- at its head what it needs of earlier chunks: it is called with `needs`, a table of all that they have provided. It
-- returns a table of what it provides itself. To need a name that nobody has provided, or to provide one twice, ends the
-- load with an error that says so.
--
-- Returns the table of everything provided, for the host. Scripts see nothing of it: their globals are made by `environment.lua`.
local host = ...

local error, loadstring, pairs, select, setmetatable, tostring = error, loadstring, pairs, select, setmetatable, tostring

local provided = { host = host }
local needs = setmetatable({}, {
    __index = function(_, name)
        local value = provided[name]
        if value == nil then
            error("no earlier chunk provides '" .. tostring(name) .. "'", 2)
        end
        return value
    end,
})

for at = 2, select("#", ...), 2 do
    local name, text = select(at, ...)
    local chunk = loadstring(text, "=" .. name .. ".lua")
    if not chunk then
        error(select(2, loadstring(text, "=" .. name .. ".lua")), 0)
    end
    for key, value in pairs(chunk(needs) or {}) do
        if provided[key] ~= nil then
            error(name .. ".lua provides '" .. key .. "' a second time", 0)
        end
        provided[key] = value
    end
end
return provided
