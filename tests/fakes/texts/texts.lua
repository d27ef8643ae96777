local needs = ...
local env, begin, finish, outermost = needs.env, needs.begin, needs.finish, needs.outermost
local hold_lines, release_lines = needs.hold_lines, needs.release_lines
local function nothing() end
local function invoke(name, limit, trial, arguments)
    hold_lines(trial)
    begin(limit, trial)
    local ok, value = outermost(function() return env[name](arguments) end)
    local late = finish()
    if trial then release_lines(not late) end
    return ok, value, late and 1 or 0
end
return { crossing = { invoke = invoke, enter = nothing, leave = nothing } }
