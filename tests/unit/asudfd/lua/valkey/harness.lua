-- A server for the tests of the sandbox, small: one library at a time, no keyspace, replies in RESP2.
local needs = ...
local new_libraries, new_function_environment, new_script_environment =
    needs.new_libraries, needs.new_function_environment, needs.new_script_environment
local run, begin, place, reply_integer, real_of = needs.run, needs.begin, needs.place, needs.reply_integer, needs.real_of
local fail, text_of, sha1hex = needs.fail, needs.text_of, needs.sha1hex

local registered = {}

local load_api = { LOG_DEBUG = 0, REDIS_VERSION = "7.2.4" }
function load_api.register_function(name, callback)
    registered[name] = callback
end

local function refuse(text)
    error({ err = text }, 0)
end

local KNOWN = { PING = true, GET = true, SET = true, FUNCTION = true }
local call_api = {
    LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
    REPL_NONE = 0, REPL_AOF = 1, REPL_REPLICA = 2, REPL_SLAVE = 2, REPL_ALL = 3,
    REDIS_VERSION = "7.2.4", REDIS_VERSION_NUM = 0x00070204, VALKEY_VERSION = "9.1.2", VALKEY_VERSION_NUM = 0x00090102, SERVER_NAME = "valkey",
}
function call_api.call(name)
    if not KNOWN[name] then
        refuse("ERR Unknown command called from script")
    end
    return { ok = "PONG" }
end
function call_api.pcall(name)
    return { ok = "PONG" }
end
function call_api.sha1hex(...)
    if select("#", ...) ~= 1 then
        refuse("ERR wrong number of arguments")
    end
    local text = ...
    return sha1hex(type(text) == "string" and text or type(text) == "number" and text .. "" or "")
end
function call_api.acl_check_cmd(...)
    if select("#", ...) == 0 then
        refuse("ERR Please specify at least one argument for this call")
    end
    for index = 1, select("#", ...) do
        local form = type((select(index, ...)))
        if form ~= "string" and form ~= "number" then
            refuse("ERR Command arguments must be strings or integers")
        end
    end
    if not KNOWN[(...):upper()] then
        refuse("ERR Invalid command passed to server.acl_check_cmd()")
    end
    return true
end
function call_api.setresp(version)
    if version ~= 2 and version ~= 3 then
        refuse("ERR RESP version must be 2 or 3.")
    end
end
function call_api.status_reply(text)
    return { ok = text }
end
function call_api.error_reply(text)
    return { err = text }
end
function call_api.log() end
function call_api.set_repl() end

local script_api = {}
for name, value in next, call_api do
    script_api[name] = value
end
function script_api.breakpoint()
    return false
end
function script_api.debug() end
function script_api.replicate_commands()
    return true
end

local libraries, functions, scripts

local function flush()
    libraries = new_libraries()
    functions = new_function_environment(libraries, call_api, load_api)
    scripts = new_script_environment(new_libraries(), script_api)
    registered = {}
end
flush()

local function line_of(text)
    return (text:gsub("[\r\n]", " "))
end

local encode

local function encode_array(t, parts)
    local items, count = {}, 0
    while rawget(t, count + 1) ~= nil do
        count = count + 1
        encode(rawget(t, count), items)
    end
    parts[#parts + 1] = "*" .. count .. "\r\n" .. table.concat(items)
end

function encode(value, parts)
    local form = type(value)
    if form == "string" then
        parts[#parts + 1] = "$" .. #value .. "\r\n" .. value .. "\r\n"
    elseif form == "number" then
        parts[#parts + 1] = ":" .. reply_integer(value) .. "\r\n"
    elseif value == true then
        parts[#parts + 1] = ":1\r\n"
    elseif form ~= "table" then
        parts[#parts + 1] = "$-1\r\n"
    elseif type(rawget(value, "err")) == "string" then
        parts[#parts + 1] = "-" .. line_of(rawget(value, "err")) .. "\r\n"
    elseif type(rawget(value, "ok")) == "string" then
        parts[#parts + 1] = "+" .. line_of(rawget(value, "ok")) .. "\r\n"
    else
        encode_array(real_of(value) or value, parts)
    end
end

local function handler(value)
    local source, line = place()
    local text = type(value) == "table" and type(value.err) == "string" and value.err or "ERR " .. tostring(value)
    return { err = text, suffix = source and " script: on " .. source .. ":" .. line .. "." or "" }
end

local function reply(ok, value)
    local parts = {}
    if not ok then
        value = { err = value.err .. (value.suffix or "") }
    end
    encode(value, parts)
    return table.concat(parts)
end

local function harness_load(text)
    flush()
    functions.begin_load()
    local chunk, message = functions.compile((text:gsub("^[^\n]*", "", 1)), "@user_function")
    if not chunk then
        functions.end_load()
        return "-ERR Error compiling function: " .. message .. "\r\n"
    end
    begin()
    local ok, value = run(chunk, handler)
    functions.end_load()
    return ok and "+OK\r\n" or reply(ok, value)
end

local function harness_fcall(name, keys, args)
    if not registered[name] then
        return "-ERR Function not found\r\n"
    end
    begin()
    return reply(run(registered[name], handler, keys, args))
end

local function harness_eval(text, keys, argv)
    local chunk, message = scripts.compile(text, "@user_script")
    if not chunk then
        return "-ERR Error compiling script (new function): " .. message .. "\r\n"
    end
    scripts.set_arguments(keys, argv)
    begin()
    return reply(run(chunk, handler))
end

return { harness_load = harness_load, harness_fcall = harness_fcall, harness_eval = harness_eval, harness_flush = flush }
