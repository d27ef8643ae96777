-- Reads the host's table of commands, which comes as one text: to cross over for each row would take ten times as long.
--
-- A line for each row: name, arity, first, last and step of its keys, and flags, separated by spaces; and behind a semicolon each
-- its key specifications, as fields `name=value` (see `keys.lua`).

local needs = ...
local define = needs.define

local gmatch, tonumber = string.gmatch, tonumber

local WORDS = { ["true"] = true, ["false"] = false }

local function fields_of(text)
    local fields = {}
    for name, value in gmatch(text, "(%S+)=(%S+)") do
        local word = WORDS[value]
        if word == nil then
            word = tonumber(value) or value
        end
        fields[name] = word
    end
    return fields
end

local known = {} -- most commands have the specifications of another one

local function specs_of(text)
    local specs = known[text]
    if not specs then
        specs = {}
        for spec in gmatch(text, ";([^;]+)") do
            specs[#specs + 1] = fields_of(spec)
        end
        known[text] = specs
    end
    return specs
end

local function define_all(text)
    for name, arity, first, last, step, flags, specs in gmatch(text, "(%S+) (%S+) (%S+) (%S+) (%S+)([^;\n]*)([^\n]*)\n") do
        local row = { name = name, arity = tonumber(arity), first = tonumber(first), last = tonumber(last), step = tonumber(step) }
        for flag in gmatch(flags, "%S+") do
            row[flag] = true
        end
        row.specs = specs ~= "" and specs_of(specs) or nil
        define(row)
    end
end

return { define_all = define_all }
