-- The crossing of a record: what the host calls to apply a function to one. `record_view.py` says what goes in,
-- `udf_result.py` what comes out.
local box = ...

local attempt, outermost, kind, error, rawset = box.attempt, box.outermost, type, error, rawset
local find, sub = string.find, string.sub
local env, aerospike = box.env, box.aerospike
local begin, finish, open, close, spread = box.begin, box.finish, box.open, box.close, box.spread
local to_particle, inner = box.to_particle, box.inner

local UDF <const>, STRING <const>, NOTHING <const> = 100, 3, 0
local REUSE <const>, LATE <const>, BROKEN <const> = 0, 1, 2 -- what becomes of the state
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
        value = runner(f, rec, spread(data))
    elseif data == NO_ARGUMENTS then
        value = f(rec)
    else
        value = f(rec, spread(data))
    end
    env.success, env.result = true, value
    local form, bytes = to_particle(inner(value))
    return form, bytes, close()
end

local function failed(message, state)
    local text = "result value type unexpected"
    if kind(message) == "string" then
        text = box.without_place(message)
        local zero = find(text, "\0", 1, true)
        text = zero and sub(text, 1, zero - 1) or text
    end
    rawset(env, "success", false)
    rawset(env, "result", message)
    return UDF, STRING, text, NOTHING, "", nil, false, state
end

local settled
function settled(name, trial, ok, form, bytes, code, action, bins, ttl, drop_key)
    if not ok and form == box.MALFORMED then -- arguments that are no list count as none
        return settled(name, trial, outermost(run, name, box.record, NO_ARGUMENTS))
    end
    local state = finish() and LATE or REUSE
    if trial then
        box.release_lines(state == REUSE)
    end
    if not ok then
        return failed(form, form == "not enough memory" and state == REUSE and BROKEN or state)
    elseif code ~= 0 then
        return code, 0, "", NOTHING, "", nil, false, state
    end
    return code, form, bytes, action, bins, ttl, drop_key, state
end

function box.apply(name, limit, trial, data, ...)
    box.hold_lines(trial)
    begin(limit, trial)
    return settled(name, trial, outermost(run, name, open(...), data))
end
