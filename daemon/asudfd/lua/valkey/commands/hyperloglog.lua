-- Commands of HyperLogLogs, which are strings. What is done to the strings is Python's: see `hyperloglog.py`.

local needs = ...
local commands, host, keyspace, reply, state = needs.commands, needs.host, needs.keyspace, needs.reply, needs.state

local byte, error, upper = string.byte, error, string.upper
local typed, put_raw = keyspace.typed, keyspace.put_raw

local SPARSE_MAX = 3000 -- bytes up to which they stay sparse, if the host does not say else (hll-sparse-max-bytes)

local ERRORS = {
    ["not one"] = reply.failure("WRONGTYPE Key is not a valid HyperLogLog string value."),
    corrupt = reply.failure("INVALIDOBJ Corrupted HLL object detected"),
}

-- Has a step done; fails if a string is no HyperLogLog.
local function run(step, ...)
    local result, more = host.hyperloglog(step, ...)
    local failure = ERRORS[result]
    if failure then
        error(failure, 0)
    end
    return result, more
end

local function sparse_max()
    return state.hll_sparse_max_bytes or SPARSE_MAX
end

function commands.PFADD(argv, argc)
    local db, key, elements = state.db, argv[2], {}
    for i = 3, argc do
        elements[i - 2] = argv[i]
    end
    local value = run("add", typed(db, key, "string"), sparse_max(), elements)
    if not value then
        return 0
    end
    put_raw(db, key, value)
    return 1
end

-- The values of the keys that are there, from argument `from` on, each once.
local function values(argv, argc, from)
    local out, known = {}, {}
    for i = from, argc do
        local value = typed(state.db, argv[i], "string")
        if value and not known[value] then
            out[#out + 1], known[value] = value, true
        end
    end
    return out
end

function commands.PFCOUNT(argv, argc)
    local db, key = state.db, argv[2]
    if argc > 2 then
        return run("count all", values(argv, argc, 2))
    end
    local value = typed(db, key, "string")
    if not value then
        return 0
    end
    local count, counted = run("count", value)
    if counted ~= value then
        put_raw(db, key, counted) -- the string knows its count now
    end
    return count
end

function commands.PFMERGE(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "string")
    local others = values(argv, argc, 3)
    put_raw(db, key, run("merge", value, sparse_max(), others))
    return reply.OK
end

local debug = {}

-- The registers. As the real server does, this makes the string dense.
function debug.GETREG(db, key, value)
    local dense = run("dense", value)
    if dense then
        put_raw(db, key, dense)
    end
    local registers, out = run("registers", value), {}
    for i = 1, #registers do
        out[i] = byte(registers, i)
    end
    return out
end

function debug.DECODE(_, _, value)
    if run("is dense", value) then
        reply.fail("ERR HLL encoding is not sparse")
    end
    return run("decode", value)
end

function debug.ENCODING(_, _, value)
    return reply.status(run("is dense", value) and "dense" or "sparse")
end

function debug.TODENSE(db, key, value)
    local dense = run("dense", value)
    if not dense then
        return 0
    end
    put_raw(db, key, dense)
    return 1
end

function commands.PFDEBUG(argv, argc)
    local word, db, key = upper(argv[2]), state.db, argv[3]
    if word == "SIMD" then
        word = upper(argv[3])
        return (word == "ON" or word == "OFF") and reply.OK or reply.failure("ERR Argument must be ON or OFF")
    end
    local value = typed(db, key, "string")
    if not value then
        return reply.failure("ERR The specified key does not exist")
    end
    run("is dense", value)
    local run_debug = debug[word]
    if not run_debug then
        return reply.failure("ERR Unknown PFDEBUG subcommand '" .. argv[2] .. "'")
    end
    if argc ~= 3 then
        reply.fail("ERR wrong number of arguments for 'pfdebug' command")
    end
    return run_debug(db, key, value)
end

function commands.PFSELFTEST()
    return reply.OK
end
