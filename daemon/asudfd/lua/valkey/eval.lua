-- Scripts: EVAL, EVALSHA and the cache of scripts.

local needs = ...
local commands, reply, state, host = needs.commands, needs.reply, needs.state, needs.host
local run_script, split_arguments, is_over_memory = needs.run_script, needs.split_arguments, needs.is_over_memory

local find, gmatch, lower, sub, huge = string.find, string.gmatch, string.lower, string.sub, math.huge

local NOT_INTEGER = "ERR value is not an integer or out of range"
-- The host is to have the text compiled first, see `state.compile_first_above`: what the commands return then.
local UNCOMPILED = { kind = "uncompiled" }
local NO_SCRIPT = reply.failure("NOSCRIPT No matching script.")

local environment = needs.new_script_environment(needs.new_libraries(), needs.eval_api)
local by_digest = {} -- SHA-1 in lower-case hexadecimal -> script
local by_text = {}
local count, size = 0, 0 -- scripts, and bytes of their texts

-- Scripts that came by EVAL, from the one that was used longest ago to the last, as a ring around `recent`. They are evicted, for
-- clients make up ever new ones; those of SCRIPT LOAD stay.
local EVALUATED_MAX = 500 -- as many as the real server keeps
local recent = {}
local evaluated = 0
recent.following, recent.preceding = recent, recent

local function unlink(script)
    script.preceding.following, script.following.preceding = script.following, script.preceding
    script.preceding, script.following = nil, nil
    evaluated = evaluated - 1
end

local function link(script)
    local last = recent.preceding
    last.following, script.preceding, script.following, recent.preceding = script, last, recent, script
    evaluated = evaluated + 1
end

local function forget(script)
    unlink(script)
    by_digest[script.name], by_text[script.text] = nil, nil
    count, size = count - 1, size - #script.text
    host.script_evicted()
end

-- Compiles a script and keeps it. Returns it, or nil and what the command returns.
local function load_script(text, stays)
    local known = by_text[text]
    if known then
        if stays and known.following then
            unlink(known)
        end
        return known
    end
    local script = { kind = "script", name = host.sha1hex(text), text = text, compatible = true }
    local code = text
    if sub(text, 1, 2) == "#!" then
        local failed, flags = host.script_header(text)
        if failed then
            return nil, reply.failure(failed)
        end
        script.compatible = false
        for flag in gmatch(flags, "%S+") do
            script[flag] = true
        end
        code = sub(text, (find(text, "\n", 1, true)))
    end
    script.readonly = script.no_writes or false
    script.ignores_oom = script.allow_oom or script.no_writes
    if #code > (state.compile_first_above or huge) then
        return nil, UNCOMPILED
    end
    local chunk, message = environment.compile(code, "@user_script")
    if not chunk then
        return nil, reply.failure("ERR Error compiling script (new function): " .. message)
    end
    script.chunk = chunk
    if not stays then
        if evaluated >= EVALUATED_MAX then
            forget(recent.following)
        end
        link(script)
    end
    by_digest[script.name], by_text[text] = script, script
    count, size = count + 1, size + #text
    return script
end

-- Whether what the command would call has the flag no-writes: EVAL's text, EVALSHA's digest or FCALL's function.
local function promises_no_writes(command, what)
    local found
    if command == "fcall" then
        found = needs.find_function(what)
    elseif command == "evalsha" then
        found = by_digest[lower(what)]
    else
        found = by_text[what]
        if not found and sub(what, 1, 2) == "#!" then
            local failed, flags = host.script_header(what)
            return not failed and find(" " .. flags .. " ", " no_writes ", 1, true) ~= nil
        end
    end
    return (found and found.no_writes) or false
end

local function execute(script, argv, readonly, keys, args)
    local is_over = is_over_memory()
    if script.compatible then
        script.readonly = readonly
    elseif readonly and not script.no_writes then
        return needs.NOT_READONLY
    elseif state.cluster and script.no_cluster then
        return needs.NOT_ON_CLUSTER
    elseif state.refusal and not script.no_writes then
        return state.refusal
    elseif state.full or (is_over and not script.ignores_oom) then
        return needs.OOM
    end
    if script.following and script.following ~= recent then
        unlink(script)
        link(script)
    end
    script.command = argv
    environment.set_arguments(keys, args)
    return run_script(script, is_over, script.chunk)
end

local function eval(argv, argc, readonly)
    local keys, args = split_arguments(argv, argc, NOT_INTEGER)
    if not keys then
        return reply.failure(args)
    end
    local script, failed = load_script(argv[2])
    if not script then
        return failed
    end
    return execute(script, argv, readonly, keys, args)
end

local DIGEST_SIZE = 40 -- hexadecimal digits of SHA-1

local function evalsha(argv, argc, readonly)
    if #argv[2] ~= DIGEST_SIZE then
        return NO_SCRIPT
    end
    local keys, args = split_arguments(argv, argc, NOT_INTEGER)
    if not keys then
        return reply.failure(args)
    end
    local script = by_digest[lower(argv[2])]
    if not script then
        return NO_SCRIPT
    end
    return execute(script, argv, readonly, keys, args)
end

function commands.EVAL(argv, argc)
    return eval(argv, argc, false)
end

function commands.EVAL_RO(argv, argc)
    return eval(argv, argc, true)
end

function commands.EVALSHA(argv, argc)
    return evalsha(argv, argc, false)
end

function commands.EVALSHA_RO(argv, argc)
    return evalsha(argv, argc, true)
end

commands["SCRIPT|LOAD"] = function(argv)
    local script, failed = load_script(argv[3], true)
    return script and script.name or failed
end

commands["SCRIPT|EXISTS"] = function(argv, argc)
    local out = {}
    for i = 3, argc do
        out[i - 2] = by_digest[lower(argv[i])] and 1 or 0
    end
    return out
end

commands["SCRIPT|SHOW"] = function(argv)
    local script = by_digest[lower(argv[3])]
    return script and script.text or NO_SCRIPT
end

commands["SCRIPT|FLUSH"] = function(argv, argc)
    local how = argc == 3 and lower(argv[3])
    if argc > 3 or (how and how ~= "sync" and how ~= "async") then
        return reply.failure("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    end
    by_digest, by_text = {}, {}
    count, size, evaluated = 0, 0, 0
    recent.following, recent.preceding = recent, recent
    environment = needs.new_script_environment(needs.new_libraries(), needs.eval_api)
    return reply.OK
end

local function script_counts()
    return count, size
end

local function knows_script(text)
    return by_text[text] ~= nil
end

return { script_counts = script_counts, knows_script = knows_script, promises_no_writes = promises_no_writes }
