-- The limits of one call: its deadline, and how often the deadline is looked at.
--
-- A count hook runs every so many instructions of every thread of the state. It reads the processor clock (no Python, so
-- no wait for Python's lock) and asks Python for the time only when a millisecond of processor time has gone by.
-- One instruction may be dear when the state holds much memory (comparing or joining long strings): the interval halves
-- with every doubling of the memory in use, and is DEAR once one was seen to take long. `watcher`, an object that every
-- garbage collection finalises, sees memory grow between two hooks, and `caught` sees that a protected call failed for
-- want of memory. So a call ends at most some fifteen dear instructions after its deadline, mostly one.
--
-- At the deadline the time-out is raised once as an error that pcall may catch, as on the real server. A function
-- that then returns soon still succeeds. After GRACE further hooks every instruction of every thread raises, so loops
-- of pcall end too; the state is not used again.
local box = ...

local TIMEOUT <const> = "UDF Execution Timeout"
local LONGEST <const>, SHORTEST <const>, DEAR <const> = 1000, 15, 2 -- instructions between two hooks
local OWN <const> = 32 -- instructions of a hook that changes nothing
local LONG <const> = 0.005 -- seconds that so few instructions take only if some are dear
local SMALL_KIB <const> = 512 -- memory of a state that needs no shorter interval
local GRACE <const> = 10
local RESUMES <const> = 32 -- a coroutine that ends within one interval never meets its hook: count them instead

local sethook, clock, error, collect = debug.sethook, os.clock, error, collectgarbage
local now, huge = box.now, math.huge

local deadline, asked, last, dear = huge, 0, 0, false
local expired, fatal, grace = false, false, GRACE
local hooks = {} -- by interval

local function dead()
    error(TIMEOUT, 0)
end

local function check()
    if expired then
        if fatal or grace == 0 then
            fatal = true
            sethook(dead, "", 1)
            error(TIMEOUT, 0)
        end
        grace = grace - 1
        return
    end
    local used = clock()
    dear, last = used - last > LONG, used
    if used - asked >= 0.001 then
        asked = used
        if now() >= deadline then
            expired = true
            error(TIMEOUT, 0)
        end
    end
end

-- The instructions between two hooks when `kib` of memory are in use.
local function interval(kib)
    local size, count = SMALL_KIB, LONGEST
    if dear then
        return DEAR
    end
    while kib > size and count > SHORTEST do
        size, count = size * 2, count // 2
    end
    return count
end

-- The memory for which `count` is the interval: more than the first, at most the second; never for DEAR.
local function memory_of(count)
    local low, high, each = 0, SMALL_KIB, LONGEST
    while each > count and each > SHORTEST do
        low, high, each = high, high * 2, each // 2
    end
    if each ~= count then
        return huge, 0
    end
    return low, each > SHORTEST and high or huge
end

-- A hook's own instructions count as well: without them an interval of as many would be one of none.
local function set_hook(hook, count)
    sethook(hook, "", count > DEAR and count + OWN or count)
end

local hook_of
function hook_of(count)
    local low, high = memory_of(count)
    local function hook()
        if false then -- room for what is called here, so that a stack without it overflows in the module's own line
            return nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil
        end
        check()
        local kib = collect("count")
        if dear or kib <= low or kib > high then
            local wanted = interval(kib)
            if wanted ~= count then
                set_hook(hooks[wanted] or hook_of(wanted), wanted)
                last = clock() -- setting a hook visits every frame of a deep stack
            end
        end
    end
    hooks[count] = hook
    return hook
end

local calm, prompt = hook_of(LONGEST), hook_of(1)

local watcher = {}
function watcher.__gc()
    if not fatal then
        sethook(prompt, "", 1) -- the collector cannot be asked for the memory in use while it runs this
    end
    setmetatable({}, watcher) -- a new object: one that lived on would grow old, and old objects are seldom collected
end
setmetatable({}, watcher)
sethook(calm, "", LONGEST)

box.check = check

-- The results of pcall. An allocation that failed may have taken long and left no memory in use.
function box.caught(ok, ...)
    if not ok and ... == "not enough memory" and not fatal then
        sethook(prompt, "", 1)
    end
    return ok, ...
end

-- Library code that has just done `work` steps of about a nanosecond within one instruction.
function box.spend(work)
    if work > 50000 then
        check()
    end
end

function box.begin(limit)
    deadline, last = limit, huge -- no clock: it would be a tenth of a short call
end

-- Ends a call: did it run out of time, even if it went on in time?
function box.finish()
    deadline = huge
    return expired
end

-- coroutines: every thread has the hook, and none is resumed after the deadline.
local create, resume, close, status = coroutine.create, coroutine.resume, coroutine.close, coroutine.status
local pcall, kind, settle = pcall, type, box.settle
local caught = box.caught
local resumes = 0

local function hooked(body)
    local thread = create(body)
    sethook(thread, calm, "", LONGEST)
    return thread
end

local function admit()
    resumes = resumes + 1
    if resumes % RESUMES == 0 then
        check()
    end
    if expired then
        error(TIMEOUT, 0)
    end
end

local library = {
    isyieldable = coroutine.isyieldable,
    running = coroutine.running,
    status = status,
    yield = coroutine.yield,
}

function library.create(...)
    local body = ...
    if kind(body) ~= "function" then
        settle("create", pcall(create, ...))
    end
    return hooked(body)
end

function library.resume(...)
    admit()
    local thread = ...
    if kind(thread) ~= "thread" then
        settle("resume", pcall(resume, ...))
    end
    return caught(resume(...))
end

-- A thread that died inside a hook would run its __close methods without hooks: after the deadline nothing is closed.
function library.close(...)
    admit()
    local frame <close> = nil
    return settle("close", pcall(close, ...))
end

local function wrapped(thread, ok, ...)
    if ok then
        return ...
    end
    local message = ...
    if not expired and status(thread) == "dead" then
        local _
        _, message = close(thread)
        message = message == nil and (...) or message
    end
    if kind(message) == "string" and message ~= "not enough memory" then
        error(message, 2) -- with the caller's position in front, as the original does
    end
    error(message, 0)
end

function library.wrap(...)
    local body = ...
    if kind(body) ~= "function" then
        settle("wrap", pcall(create, ...))
    end
    local thread = hooked(body)
    return function(...)
        admit()
        return wrapped(thread, caught(resume(thread, ...)))
    end
end

box.env.coroutine = library
