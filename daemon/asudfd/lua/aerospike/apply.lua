-- Record functions: what the host calls to apply a function to a record. `record_view.py` says what goes in,
-- `udf_result.py` what comes out.
local needs = ...
local attempt, env, aerospike, begin = needs.attempt, needs.env, needs.aerospike, needs.begin
local outermost_with, note_failure, take_failure = needs.outermost_with, needs.note_failure, needs.take_failure
local finish, open, close, arguments_of, to_particle = needs.finish, needs.open, needs.close, needs.arguments_of, needs.to_particle
local inner, without_place, MALFORMED, current = needs.inner, needs.without_place, needs.MALFORMED, needs.current
local release_lines, hold_lines, open_stream, pour = needs.release_lines, needs.hold_lines, needs.open_stream, needs.pour

local kind, number_type, error, rawset = type, math.type, error, rawset
local find, sub = string.find, string.sub

local UDF <const>, STRING <const>, NOTHING <const> = 100, 3, 0 -- a result code, a particle type, an action
local REUSE <const>, LATE <const>, BROKEN <const> = 0, 1, 2 -- states of the context, as in `call.py`
local NO_ARGUMENTS <const> = "\x90"

-- The global that runs record functions. A module may replace it, and then runs every call.
local function apply_record(f, ...)
    local ok, value = attempt(f, ...)
    rawset(env, "success", ok)
    rawset(env, "result", value)
    if not ok then
        error(value, 0)
    end
    return value
end
env.apply_record = apply_record

-- Applies `name` and ends the record's part; result code, type and bytes of the result, and what `close` answers.
local function run(name, rec, data)
    env.aerospike = aerospike
    local f, runner = env[name], env.apply_record
    if f == nil then
        error("function not found", 0)
    end
    local value
    if runner ~= apply_record and runner ~= nil then
        value = runner(f, rec, arguments_of(data))
    elseif data == NO_ARGUMENTS then
        value = f(rec)
    else
        value = f(rec, arguments_of(data))
    end
    env.success, env.result = true, value
    local form, bytes = to_particle(number_type(value) and value or inner(value))
    return form, bytes, close()
end

local function failed(message, state)
    local text = "result value type unexpected"
    if kind(message) == "string" then
        text = without_place(message)
        local zero = find(text, "\0", 1, true)
        text = zero and sub(text, 1, zero - 1) or text
    end
    rawset(env, "success", false)
    rawset(env, "result", message)
    return UDF, STRING, text, NOTHING, "", nil, false, take_failure(), state
end

local result_of
function result_of(name, trial, ok, form, bytes, code, action, bins, ttl, drop_key)
    if not ok and form == MALFORMED then -- arguments that are no list count as none
        return result_of(name, trial, outermost_with(run, note_failure, name, current.record, NO_ARGUMENTS))
    end
    local state = finish() and LATE or REUSE
    if trial then
        release_lines(state == REUSE)
    end
    if not ok then
        return failed(form, form == "not enough memory" and state == REUSE and BROKEN or state)
    elseif code ~= 0 then
        return code, 0, "", NOTHING, "", nil, false, nil, state
    end
    return code, form, bytes, action, bins, ttl, drop_key, nil, state
end

local function apply(name, limit, trial, data, ...)
    hold_lines(trial, name)
    begin(limit, trial)
    return result_of(name, trial, outermost_with(run, note_failure, name, open(...), data))
end

return { crossing = { invoke = apply, open_stream = open_stream, pour = pour } }
