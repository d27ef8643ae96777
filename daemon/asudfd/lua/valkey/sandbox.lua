-- Loads the sandbox of Valkey's face: the first chunk of a Lua 5.1 state, and the only one that knows of the others.
--
-- It is given a table of what the host provides and the bytecode of the chunks in their order, and returns the table of all
-- that they provide. A chunk declares at its head what it needs of earlier ones (`local needs = ...`), and returns a table of
-- what it provides. To need a name that nobody has provided, or to provide one twice, ends the load with an error.
--
-- All chunks are stripped of lines and names. So a function of theirs looks like one that is written in C: it is never the
-- place of an error, and the hook of `limit.lua` never interrupts it.
local host, rewriter, names, chunks = ...

local error, next, rawget, setmetatable, tostring, loadstring = error, next, rawget, setmetatable, tostring, loadstring

local known = {}
for name in names:gmatch("%S+") do
    known[name] = true
end
local calls_kept = loadstring(rewriter)(known)

local provided = { calls_kept = calls_kept }
for name, value in next, host do
    provided[name] = value
end
setmetatable(provided, {
    __index = function(_, name)
        error("a chunk needs '" .. tostring(name) .. "', which no chunk before it provides", 0)
    end,
})

for index = 1, #chunks do
    for name, value in next, loadstring(chunks[index])(provided) or {} do
        if rawget(provided, name) ~= nil then
            error("two chunks provide '" .. name .. "'", 0)
        end
        provided[name] = value
    end
end

-- Nothing that a function or script can reach leads to the real globals; what could do harm goes from there all the same.
for _, name in next, { "python", "io", "package", "require", "module", "dofile", "loadfile", "debug", "newproxy", "getfenv", "setfenv", "print" } do
    _G[name] = nil
end
return provided
