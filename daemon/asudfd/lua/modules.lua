-- How a module gets others: `require`, `package`, and with `allow-unsafe-lua` also `load`.
local needs = ...
local env, original, pcall, path, fetch, memory = needs.env, needs.original, needs.pcall, needs.path, needs.fetch, needs.memory
local take, type_name, unsafe, type_of, bad_argument = needs.take, needs.type_name, needs.unsafe, needs.type_of, needs.bad_argument
local load_module, spend = needs.load_module, needs.spend

local collect = collectgarbage
local error, kind, select, load, tostring = error, type, select, load, tostring
local find, sub, gsub, concat = string.find, string.sub, string.gsub, table.concat

local loaded = { _G = env, string = env.string, table = env.table, math = env.math, utf8 = env.utf8, coroutine = env.coroutine, os = env.os }
local preload, loading = {}, {}
env.package = { loaded = loaded, preload = preload, path = path .. "/?.lua", config = "/\n;\n?\n!\n-\n" }
loaded.package = env.package

local NAME <const> = 127 -- bytes of a name that may be a module's
-- What loading takes, as `context.py` has it: bytes of a loaded chunk for each of its bytecode, and bytes that stay free for
-- what lupa pushes outside any protected call.
local LOADED <const>, ROOM <const> = 4, 1048576

-- A module's chunk; nil and the reason.
local function fetched(name)
    if #name > NAME or not find(name, "^[^./\\\0]+$") then
        return nil
    end
    local ok, size, message = pcall(fetch, name)
    if not ok or not size then
        return nil, ok and message or nil
    end
    if collect("count") * 1024 + size * LOADED + ROOM > memory then
        error("not enough memory", 0) -- here, where it can be caught: not while the host hands over the text
    end
    return load_module(take(), "", "b", env)
end

local function absent(name)
    name = sub(name, 1, NAME)
    local file = path .. "/" .. gsub(name, "%.", "/") .. ".lua"
    return "module '" .. name .. "' not found:\n\tno field package.preload['" .. name .. "']\n\tno file '" .. file .. "'"
end

local function brought(name)
    local body, place_of = preload[name], ":preload:"
    if body == nil then
        local message
        place_of = path .. "/" .. name .. ".lua"
        body, message = fetched(name)
        if message then
            error("error loading module '" .. name .. "' from file '" .. place_of .. "':\n\t" .. message, 3)
        elseif not body then
            error(absent(name), 3)
        end
    end
    if loading[name] then
        error("loop or previous error loading module '" .. name .. "'", 3)
    end
    loading[name] = true
    local ok, value = pcall(body, name, place_of)
    loading[name] = nil
    if not ok then
        error(value, 0)
    end
    if value ~= nil then
        loaded[name] = value
    elseif loaded[name] == nil then
        loaded[name] = true
    end
    return loaded[name], place_of
end

function env.require(...)
    local frame <close> = nil
    local name = ...
    if kind(name) == "number" then
        name = tostring(name)
    elseif kind(name) ~= "string" then
        error("bad argument #1 to 'require' (string expected, got " .. (select("#", ...) == 0 and "no value" or type_name(name)) .. ")", 2)
    end
    if loaded[name] then
        return loaded[name]
    end
    return brought(name)
end

-- allow-unsafe-lua

local COMPILED <const> = 150 -- nanoseconds that the compiler takes for a byte of ordinary code

local function gathered(reader)
    local parts = {}
    while true do
        local part = reader()
        if part == nil or part == "" then
            return concat(parts)
        elseif kind(part) ~= "string" then
            error("reader function must return a string", 0)
        end
        parts[#parts + 1] = part
    end
end

if unsafe then
    function env.load(...)
        local frame <close> = nil
        local text, name, mode, scope = ...
        local reader = kind(text) == "function"
        if reader then
            local ok, whole = pcall(gathered, text)
            if not ok then
                return nil, whole
            end
            text = whole
        elseif type_of(text) == "userdata" then
            bad_argument(1, 1, "function expected, got " .. type_name(text))
        end
        if mode ~= nil and not (kind(mode) == "string" and find(mode, "t", 1, true)) then
            return nil, "attempt to load a text chunk (mode is '" .. tostring(mode) .. "')"
        end
        if select("#", ...) < 4 then
            scope = env
        end
        spend(kind(text) == "string" and #text * COMPILED or 0)
        return original("load", load, text, name or reader and "=(load)" or text, "t", scope)
    end
end

return { loaded = loaded, preload = preload, loading = loading }
