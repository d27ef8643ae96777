-- Log lines of a call. `aerospike.log` names the line two calls above it: that of the module when `info` and its like stand
-- between.
local needs = ...
local env, write_line, guarded, join, TEXT = needs.env, needs.write_line, needs.pcall, needs.join, needs.TEXT

local select, sub, tostring, getinfo = select, string.sub, tostring, debug.getinfo

local LINES <const> = 1000 -- of one call: a loop that logs must not fill the disk
local NAME <const> = 60 -- bytes of a function's name
local WARNING <const>, INFO <const> = 1, 2 -- levels
local lines, holding, held = 0, false, nil
local module, caller = "", nil -- of the context, and which function of it was called

local function write(level, position, text)
    if holding then
        held = held or {}
        held[#held + 1] = { level, position, text }
    else
        guarded(write_line, level, position, text)
    end
end

local function log_line(level, position, text)
    lines = lines + 1
    position = caller and position .. " " .. module .. "." .. sub(caller, 1, NAME) or position
    if lines < LINES then
        write(level, position, sub(text, 1, TEXT))
    elseif lines == LINES then
        write(WARNING, position, "more than " .. LINES .. " lines in one call, the rest is dropped")
    end
end

-- Begins the lines of a call of the function `name`. Those of a trial are kept back until `release_lines`: it may turn out not to
-- have been.
local function hold_lines(trial, name)
    lines, holding, held, caller = 0, trial, nil, name
end

-- Begins the lines of a module's body; those of calls have its name too.
local function begin_lines(name, trial)
    hold_lines(trial, nil)
    module = name
end

local function release_lines(keep)
    local kept = held
    holding, held = false, nil
    for index = 1, keep and kept and #kept or 0 do
        guarded(write_line, kept[index][1], kept[index][2], kept[index][3])
    end
end

-- The file and line of the function at `level`, of which the caller is 1.
local function place(level)
    local where = getinfo(level + 1, "Sl")
    return where and where.short_src .. ":" .. where.currentline or ""
end

function env.print(...)
    local parts, count = { ... }, select("#", ...)
    for index = 1, count do
        parts[index] = tostring(parts[index])
    end
    log_line(INFO, place(2), join(parts, count, "\t"))
end

return { log_line = log_line, hold_lines = hold_lines, begin_lines = begin_lines, release_lines = release_lines, place = place }
