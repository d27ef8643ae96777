-- Where a call failed: the lines of modules on the stack, for the log of the node. A message handler notes them, so a call that
-- succeeds pays nothing. The error goes on unchanged, whatever happens here.
local needs = ...
local attempt = needs.outermost -- no memory, or no stack, for the lines must not become the error of the call

local getinfo, concat, sub, match = debug.getinfo, table.concat, string.sub, string.match

local LINES <const>, LEVELS <const> = 12, 60 -- of a traceback, and of the stack that are looked at: no hook counts here
local FIRST <const> = 4 -- the level that may have failed, seen from `walk`: above it are `walk`, `attempt` and the handler
local NAME <const> = 60 -- bytes of a name
local noted = ""

local function walk()
    local lines = {}
    for level = FIRST, LEVELS do
        local where = getinfo(level, "Sln")
        if not where then
            break
        elseif where.currentline > 0 and sub(where.source, 1, 1) == "@" then -- no function of C, and none of the sandbox
            if #lines == LINES then
                lines[#lines + 1] = "..."
                break
            end
            local line, name = match(where.source, "[^/]*$") .. ":" .. where.currentline, where.name
            lines[#lines + 1] = name and name ~= "?" and line .. " in " .. sub(name, 1, NAME) or line
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
