-- What the host calls that is the same for every crossing: run a module's body, and let go of everything.
local needs = ...
local env, begin, finish, outermost, without_place = needs.env, needs.begin, needs.finish, needs.outermost, needs.without_place
local begin_lines, release_lines, loaded, preload, loading = needs.begin_lines, needs.release_lines, needs.loaded, needs.preload, needs.loading
local load_module = needs.load_module

local kind, next, rawset, tostring = type, next, rawset, tostring
local collect, sethook, metatable = collectgarbage, debug.sethook, debug.getmetatable

local OK <const>, FAILED <const>, ENDED <const> = 0, 1, 2 -- ENDED: failed, and the state is not used again

local function status(ok, message)
    local late = finish()
    if message == "not enough memory" and not ok or late and not ok then
        return ENDED, late
    end
    return ok and OK or FAILED, late
end

-- Runs the body of module `name`, which is given its name and `place_of`, or nothing if that is nil: code, the message unless
-- it is OK (nil when the error is no text), and whether the deadline has passed, or the trial was given up.
local function run(name, code, place_of, limit, trial)
    begin_lines(name, trial)
    begin(limit, trial)
    if loaded[name] then
        return OK, nil, false
    end
    local body, message = load_module(code, "", "b", env)
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
    release_lines(not late)
    if ok then
        loaded[name] = value == nil and (loaded[name] == nil or loaded[name]) or value
    elseif kind(value) == "string" or kind(value) == "number" then
        value = without_place(tostring(value))
    else
        value = nil
    end
    return result, not ok and value or nil, late
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

return { run = run, wipe = wipe }
