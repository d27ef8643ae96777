-- Watches where an error was raised, and which lines of modules run. Loaded before the sandbox, whose protected calls and hooks
-- then pass through here: a protected call looks at the stack before an error leaves it, and hooks are called for each line, too.
--
-- It is given what takes each line as it runs (nil: nobody), whether to keep times, and whether to note which lines run from the start,
-- those of modules' bodies, too; if none of this, lines are not looked at. To note lines, modules have marks (`line_marks.py`); hooks are
-- called for each line where one has none.
-- It returns `start`, what takes the hooks away, `settle`, `report` and `failure`; see `line_watch.py`.
local write, profile, cover = ...

local sethook, gethook, getinfo, getlocal, metatable = debug.sethook, debug.gethook, debug.getinfo, debug.getlocal, debug.getmetatable
local getupvalue, setupvalue, load = debug.getupvalue, debug.setupvalue, load
local xpcall, pcall, kind, next, clock, tostring = xpcall, pcall, type, next, os.clock, tostring
local rawget = rawget
local byte, sub, gsub, format, concat = string.byte, string.sub, string.gsub, string.format, table.concat

local FILE <const> = byte("@") -- begins the chunk names of modules
local SANDBOX <const> = "=?" -- chunk name of what the sandbox is written in
local MARKS <const> = 2 -- the upvalue of a module that marks write to; without marks it has one
local FRAMES <const>, LOCALS <const>, TEXT <const>, DEPTH <const>, ITEMS <const> = 20, 50, 200, 3, 20

local followed = write or profile -- are hooks called for each line?
local on = cover -- has a call begun? Lines of a module's body are none of a call.
local busy = false -- the stack is being looked at: no line of a module runs

-- Lines

local seen = {} -- by chunk name and line: how often it ran, and the seconds until the next line
local current, since = nil, 0

local function entry(source, line)
    local file = seen[source]
    if not file then
        file = {}
        seen[source] = file
    end
    local found = file[line]
    if not found then
        found = { count = 0, seconds = 0 }
        file[line] = found
    end
    return found
end

-- Ends the line that ran last: what comes until the next one is the host's.
local function settle()
    if current then
        current.seconds = current.seconds + clock() - since
        current = nil
    end
end

local function note(source, line)
    if cover then
        entry(source, line).count = 1
    end
    if profile then
        settle()
        current = entry(source, line)
        current.count, since = current.count + 1, clock()
    end
    if write then
        write(source, line)
    end
end

local marks = {} -- by chunk name: the lines that have run, as texts

-- Every line: chunk name, line, count, microseconds.
local function report()
    local rows = {}
    for source, lines in next, marks do
        for line in next, lines do
            rows[#rows + 1] = format("%s\t%s\t1\t0", source, line)
        end
    end
    for source, file in next, seen do
        for line, found in next, file do
            rows[#rows + 1] = format("%s\t%d\t%d\t%d", source, line, found.count, found.seconds * 1000000 // 1 | 0)
        end
    end
    return concat(rows, "\n")
end

local watched = {} -- hooks of the sandbox, with lines

local function with_lines(hook)
    local found = watched[hook]
    if not found then
        found = function(event, line)
            if busy then
                return
            elseif event ~= "line" then
                return hook(event)
            end
            local source = on and getinfo(2, "S").source
            if source and byte(source) == FILE then
                note(source, line)
            end
        end
        watched[hook] = found
    end
    return found
end

local function set_hook(...)
    if not followed then
        return sethook(...)
    end
    local thread, hook, _, every = ...
    if kind(thread) == "thread" then
        return sethook(thread, with_lines(hook), "l", every)
    elseif thread == nil then
        return sethook()
    end
    thread, _, every = ...
    return sethook(with_lines(thread), "l", every)
end
if write or profile or cover then
    rawset(debug, "sethook", set_hook)
end

-- Marks, for `cover`

-- Calls hooks for each line from now on.
local function follow()
    local hook, _, every = gethook()
    if not followed and hook then
        sethook(with_lines(hook), "l", every)
    end
    followed = true
end

-- A module that is loaded: its marks have a table to write to, or its lines are followed.
local function prepare(main)
    local source = getinfo(main, "S").source
    if byte(source) ~= FILE then
        return
    elseif not getupvalue(main, MARKS) then
        return follow()
    end
    marks[source] = marks[source] or {}
    setupvalue(main, MARKS, marks[source])
end

if cover then
    rawset(_G, "load_module", function(...)
        local main, message = load(...)
        if main then
            prepare(main)
        end
        return main, message
    end)
end

-- Failures

local failed, reason = "", nil -- the frames of the last one, and its message

local show

local function show_table(value, depth)
    local parts = {}
    for key, each in next, value do
        if #parts == ITEMS or depth == 0 then
            parts[#parts + 1] = "..."
            break
        end
        parts[#parts + 1] = (kind(key) == "string" and key or "[" .. show(key, 0) .. "]") .. " = " .. show(each, depth - 1)
    end
    return "{" .. concat(parts, ", ") .. "}"
end

-- The function `name` of a metatable, if it is the sandbox's: no method of a module is called.
local function of_sandbox(own, name)
    local found = own and rawget(own, name)
    return kind(found) == "function" and getinfo(found, "S").source == SANDBOX and found
end

-- Values of Aerospike's types say themselves what they are, and records which bins they have by now.
function show(value, depth)
    local form, own = kind(value), metatable(value)
    if form == "string" then
        return '"' .. sub(value, 1, TEXT) .. '"'
    elseif form ~= "table" then
        return form == "function" and "function" or tostring(value)
    end
    local bins, text_of = of_sandbox(own, "__bins"), of_sandbox(own, "__tostring")
    if bins then
        return "Record " .. show_table(bins(value), depth)
    end
    return text_of and text_of(value) or show_table(value, depth)
end

local function line_of(value)
    local ok, text = pcall(show, value, DEPTH)
    return (gsub(sub(ok and text or "?", 1, TEXT), "%c", "?"))
end

local function add_locals(rows, level)
    for index = 1, LOCALS do
        local name, value = getlocal(level + 1, index)
        if not name then
            return
        elseif byte(name) ~= byte("(") then
            rows[#rows + 1] = "L\t" .. name .. "\t" .. line_of(value)
        end
    end
end

-- Is it the last error, raised again? That puts another place before the message at most.
local function is_again(message)
    return kind(message) == "string" and kind(reason) == "string" and #reason > 0 and sub(message, -#reason) == reason
end

-- An error that is raised again, as from a coroutine, keeps the frames that it has, and gets those of where that was.
local function look_at_stack(message)
    local rows, level, frames = {}, 2, 0
    local where = getinfo(level, "Sln")
    while where and frames < FRAMES do
        if byte(where.source) == FILE then
            frames = frames + 1
            rows[#rows + 1] = format("F\t%s\t%d\t%s", where.source, where.currentline, where.name ~= "?" and where.name or "")
            add_locals(rows, level)
        end
        level = level + 1
        where = getinfo(level, "Sln")
    end
    local found = concat(rows, "\n")
    failed = is_again(message) and failed .. "\n" .. found or found
    reason = message
end

local function handle(message)
    if not busy then
        busy = true
        pcall(look_at_stack, message)
        busy = false
    end
    return message
end

function _G.pcall(f, ...)
    return xpcall(f, handle, ...)
end

function _G.xpcall(f, own, ...)
    return xpcall(f, function(message)
        handle(message)
        return own(message)
    end, ...)
end

local function failure()
    return failed
end

local function start()
    on, failed, reason = true, "", nil
end

return start, sethook, settle, report, failure
