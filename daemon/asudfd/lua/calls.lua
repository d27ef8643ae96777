-- What the host calls, but for the crossing's own part: run a module's body, call a function with plain values, and let go
-- of everything. The last chunk: it needs `crossing`, a table in which the crossing has
--
--   invoke(name, limit, trial, arguments, ...)   do a call; the last result is the state of the context, REUSE, LATE or BROKEN
--   open_stream(name, arguments, ...)            begin a stream
--   pour(limit, batch)                           let a batch pass: messages, is there more, an error text or nil, the state
--   enter(), leave(ok, value)                    before and after a call with plain values
local needs = ...
local env, begin, finish, outermost, without_place = needs.env, needs.begin, needs.finish, needs.outermost, needs.without_place
local hold_lines, loaded, preload, loading, crossing = needs.hold_lines, needs.loaded, needs.preload, needs.loading, needs.crossing

local error, kind, next, rawset, load, tostring = error, type, next, rawset, load, tostring
local find, sub, collect, sethook, metatable = string.find, string.sub, collectgarbage, debug.sethook, debug.getmetatable
local enter, leave = crossing.enter, crossing.leave

local OK <const>, FAILED <const>, ENDED <const> = 0, 1, 2 -- ENDED: failed, and the state is not used again

local function status(ok, message)
    local late = finish()
    if message == "not enough memory" and not ok or late and not ok then
        return ENDED
    end
    return ok and OK or FAILED, late
end

-- Runs the body of module `name`, which is given its name and `place_of`, or nothing if that is nil: code, the message unless
-- it is OK (nil when the error is no text), and whether the deadline has passed.
local function run(name, code, place_of, limit)
    hold_lines(false)
    begin(limit, false)
    if loaded[name] then
        return OK, nil, false
    end
    local body, message = load(code, "", "b", env)
    if not body then
        return FAILED, message, false
    end
    loading[name] = true
    local ok, value
    if place_of then
        ok, value = outermost(body, name, place_of)
    else
        ok, value = outermost(body)
    end
    loading[name] = nil
    local result, late = status(ok, value)
    if ok then
        loaded[name] = value == nil and (loaded[name] == nil or loaded[name]) or value
    elseif kind(value) == "string" or kind(value) == "number" then
        value = without_place(tostring(value))
    else
        value = nil
    end
    return result, not ok and value or nil, late
end

-- What of a result leaves Lua: the real server answers null for what it cannot store, and cuts a text at a zero byte.
local function told(value)
    local form = kind(value)
    if form == "string" then
        local zero = find(value, "\0", 1, true)
        return zero and sub(value, 1, zero - 1) or value
    elseif form == "boolean" or form == "number" then
        return value
    end
    return nil
end

local function apply(name, ...)
    local f = env[name]
    if f == nil then
        error("function not found", 0)
    end
    return outermost(f, ...)
end

-- Calls a function of the module: code, value or message, and whether the state may not be used again.
local function call(name, limit, ...)
    hold_lines(false)
    begin(limit, false)
    enter()
    local found, ok, value = outermost(apply, name, ...)
    if not found then
        ok, value = false, ok
    end
    leave(ok, value)
    if ok then
        value = told(value)
    else
        value = kind(value) == "string" and without_place(value) or "result value type unexpected"
    end
    local result, late = status(ok, value)
    return result, value, late
end

-- Lets go of everything that modules made.
local function wipe()
    sethook()
    metatable("").__index = nil
    for _, t in next, { env.string, loaded, preload, env } do
        for key in next, t do
            rawset(t, key, nil)
        end
    end
    collect()
end

return { run = run, call = call, wipe = wipe }
