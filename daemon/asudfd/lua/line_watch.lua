-- Watches where an error was raised, and which lines of modules run. Loaded before the sandbox, whose protected calls and hooks
-- then pass through here: a protected call looks at the stack before an error leaves it, and hooks are called for each line, too.
--
-- It is given what takes each line as it runs (nil: nobody), whether to keep times, and whether to count lines from the start, those of
-- modules' bodies, too; if none of this, lines are not looked at.
-- It returns `start`, what takes the hooks away, `settle`, `report` and `failure`; see `line_watch.py`.
local write, profile, count = ...

local sethook, getinfo, getlocal, metatable = debug.sethook, debug.getinfo, debug.getlocal, debug.getmetatable
local xpcall, pcall, kind, next, clock, tostring = xpcall, pcall, type, next, os.clock, tostring
local rawget = rawget
local byte, sub, gsub, format, concat = string.byte, string.sub, string.gsub, string.format, table.concat

local FILE <const> = byte("@") -- begins the chunk names of modules
local SANDBOX <const> = "=?" -- chunk name of what the sandbox is written in
local FRAMES <const>, LOCALS <const>, TEXT <const>, DEPTH <const>, ITEMS <const> = 20, 50, 200, 3, 20

local on = count -- has a call begun? Lines of a module's body are none of a call.
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
    if count then
        local found = entry(source, line)
        found.count = found.count + 1
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

-- Every line: chunk name, line, count, microseconds.
local function report()
    local rows = {}
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
    local thread, hook, _, every = ...
    if kind(thread) == "thread" then
        return sethook(thread, with_lines(hook), "l", every)
    elseif thread == nil then
        return sethook()
    end
    thread, _, every = ...
    return sethook(with_lines(thread), "l", every)
end
if write or profile or count then
    rawset(debug, "sethook", set_hook)
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

-- Values of Aerospike's types say themselves what they are; no method of a module is called.
function show(value, depth)
    local form, own = kind(value), metatable(value)
    if form == "string" then
        return '"' .. sub(value, 1, TEXT) .. '"'
    elseif form ~= "table" then
        return form == "function" and "function" or tostring(value)
    end
    local text_of = own and rawget(own, "__tostring")
    if kind(text_of) == "function" and getinfo(text_of, "S").source == SANDBOX then
        return text_of(value)
    end
    return show_table(value, depth)
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
