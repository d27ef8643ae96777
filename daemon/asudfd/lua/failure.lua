-- Where a call failed: the lines of modules on the stack, for the log of the node. A message handler notes them, so a call that
-- succeeds pays nothing. The error goes on unchanged, whatever happens here.
local needs = ...
local attempt = needs.outermost -- no memory, or no stack, for the lines must not become the error of the call

local getinfo, concat, sub, match = debug.getinfo, table.concat, string.sub, string.match

local LINES <const>, LEVELS <const> = 12, 60 -- of a traceback, and of the stack that are looked at: no hook counts here
local FIRST <const> = 4 -- the level that may have failed, seen from `walk`: above it are `walk`, `attempt` and the handler
local NAME <const> = 60 -- bytes of a name
local noted = ""

-- A line, and the name by which its function was called; nothing where messages alone have the line.
local function line_of(number, where)
    if sub(where.source, 1, 1) == "@" then
        local line, name = match(where.source, "[^/]*$") .. ":" .. number, where.name
        return name and name ~= "?" and line .. " in " .. sub(name, 1, NAME) or line
    end
end

local function walk()
    local lines = {}
    for level = FIRST, LEVELS do
        local at = getinfo(level, "l")
        if not at or #lines > LINES then
            break
        elseif at.currentline > 0 then -- no function of C, and none of the sandbox
            lines[#lines + 1] = #lines == LINES and "..." or line_of(at.currentline, getinfo(level, "Sn"))
        end
    end
    return concat(lines, " < ")
end

-- The message handler of a call.
local function note_failure(message)
    local ok, lines = attempt(walk)
    noted = ok and lines or ""
    return message
end

-- The lines of the failure that was noted last, the innermost first; empty when there were none.
local function take_failure()
    local lines = noted
    noted = ""
    return lines
end

return { note_failure = note_failure, take_failure = take_failure }
