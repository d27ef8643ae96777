-- The limits of one call: its deadline, and what a trial may take.
--
-- A count hook runs every so many instructions of every thread of the state. It reads the processor clock (no Python, so
-- no wait for Python's lock) and asks Python for the time only when a millisecond of processor time has gone by.
--
-- At the deadline the time-out is raised once as an error that pcall may catch, as on the real server. A function
-- that then returns soon still succeeds. After GRACE further hooks or GRACE_TIME every instruction of every thread raises,
-- so loops of pcall end too; the state is not used again.
--
-- No hook runs within an instruction or a function of C, however long that takes: the host ends the process of a call that goes on
-- after its deadline. A trial (only in a state that is `guarded`) runs on the event loop, where nothing can end it. It has a
-- millisecond, little memory, a short interval, and no library code that may take long: there it is given up. That is a deadline
-- that has passed: no pcall goes on, and the host runs the call anew elsewhere.
--
-- One instruction may be dear where the state holds much memory: comparing strings of zero bytes takes 6 ns a byte. The interval
-- of a trial is such that an interval of such comparisons, three instructions each, ends within OVER seconds; it is DEAR once
-- instructions were seen to be. `watcher`, an object that every garbage collection finalises, sees memory grow between two hooks.
-- Resuming a thread looks at the memory too.
--
-- The hook itself may fail, where the stack of C calls or of Lua is used up: its error then passes through the module's
-- code in place of the time-out. Whatever catches an error therefore looks at the deadline as well (`caught`), and a
-- thread's body runs in a protected call: otherwise its __close methods would run in the hook's place, without hooks.
local needs = ...
local TIMEOUT, now, results_of, called, memory = needs.timeout, needs.now, needs.results_of, needs.called, needs.memory
local guarded = needs.guarded -- bytes that a trial may have in use; false where there are no trials

local NO_MEMORY <const> = "not enough memory"

-- Instructions between two hooks, and those of a trial; DEAR is where single instructions take long. A state with a count
-- hook takes two to three times as long for each instruction, whatever the interval: a longer one would save next to
-- nothing, and 1000 instructions take some 10 microseconds, a hundredth of the time after which Python is asked. Both are primes:
-- instructions of a hook for lines (`line_watch.lua`) are counted, and an interval that ends in one calls nobody.
local CALM <const>, BRISK <const>, DEAR <const> = 1009, 401, 2
-- The first interval of a trial where a module has less than LIGHT KiB, garbage included: short calls, which are most, meet
-- no hook. Dear instructions make that 0.6 seconds at worst, comparisons of 60 KB of zero bytes: more memory is seen by `watcher`, since
-- states for trials collect garbage early (`sandbox.lua`).
local FIRST <const>, LIGHT <const> = 1800, 150
local OWN <const> = 38 -- instructions of a trial's hook that changes nothing, counted: they are part of the interval
local REST <const> = 24 -- turns of an empty loop, so that a hook that sets another interval has OWN instructions too
-- Seconds that so few instructions take only if some are dear: 500 times what an interval of ordinary ones takes, so that a
-- thread that had to wait for the processor is seldom taken for one.
local LONG <const> = 0.005
-- KiB times instructions of an interval in which each third compares all memory (6 ns a byte): 488000 take a second, and a trial may
-- hold the event loop for OVER seconds.
local OVER <const> = 0.08
local BUDGET <const> = OVER * 488000
-- KiB in use above which the state counts as full: a table of strings that grows takes a rest no larger than this, since Lua
-- allocates the new one beside the old one.
local FULL <const> = memory / 1024 * 13 / 16
local TRIAL_KIB <const> = (guarded or 0) / 1024 -- memory of a state that may be tried on the event loop
-- Nanoseconds of library code in a trial: what one function may take, half of what the trial has; what is not worth counting, an
-- instruction or two; and after how many the clock is looked at: a look takes some 200 of them.
local TRIAL_WORK <const>, SLIGHT <const>, LOOK <const> = 500000, 1000, 50000
-- After the deadline's error was raised: hooks, and seconds, that a function which caught it may take to return.
local GRACE <const>, GRACE_TIME <const> = 10, 0.02
local COLLECTION <const> = 0.001 -- seconds that a trial has more where garbage was collected in it
-- Seconds of one interval above which it was the clock that leapt: 400 instructions take some 5 microseconds. And how often a
-- trial may go on after that: each time holds the event loop longer.
local LEAP <const>, LEAPS <const> = 0.0003, 2
local ASKING <const> = 0.001 -- seconds of the processor after which Python is asked for the time: that takes its lock

local sethook, clock, error, collect = debug.sethook, os.clock, error, collectgarbage
local huge, kind, create = math.huge, type, coroutine.create
local pcall = pcall

local deadline, asked, last, dear = huge, 0, 0, false
local own = 0 -- KiB of the state before it has a module: nothing there is dear
local trial, spent, leaps = false, 0, 0
local expired, fatal, grace, ended = false, false, GRACE, 0
local reason = TIMEOUT

local function dead()
    error(reason, 0)
end

local function die()
    expired, fatal = true, true
    sethook(dead, "", 1)
    error(reason, 0)
end

-- Where memory does not suffice for a larger table of strings, Lua collects garbage whenever it makes one, and goes on:
-- then it is memory that the call ran out of, and not by garbage.
local function expire(used)
    expired, ended = true, used
    if collect("count") > FULL then
        collect()
        reason = collect("count") > FULL and NO_MEMORY or TIMEOUT
    end
    error(reason, 0)
end

-- `since` is how long the interval of a trial took that ends here; negative when garbage was collected in it, or it is the first.
local function look(used, since)
    if expired then
        if fatal or trial or grace == 0 or used - ended > GRACE_TIME then
            die()
        end
        grace = grace - 1
    elseif used - asked >= ASKING then
        local time = now()
        asked = used
        if time == huge then -- the host has no memory, or no time, for what goes on
            reason = NO_MEMORY
            die()
        elseif time >= deadline then
            if leaps == 0 or since >= 0 and since < LEAP then
                expire(used)
            end
            leaps, deadline = leaps - 1, time + LEAP
        end
    end
end

local function check()
    look(clock(), 0)
end

local function calm()
    -- luacheck: push ignore 511
    if false then -- never run: room for what is called here, so that a stack without it overflows in the module's own line
        return nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
            nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
            nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
            nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil
    end
    -- luacheck: pop
    local used = clock()
    if expired or used - asked >= ASKING then
        look(used, 0)
    end
end

-- Trials

local hooks = {} -- by interval

local function interval()
    if dear then
        return DEAR
    end
    local kib = collect("count") - own
    if kib * BRISK <= BUDGET then
        return BRISK
    end
    local count = BUDGET // (kib * 2) | 0 -- half of what it may be, so that it seldom changes
    return count > DEAR and count or DEAR
end

local FIRST_COUNT <const>, BRISK_COUNT <const> = FIRST + OWN, BRISK + OWN

local hook_of
function hook_of(count)
    local function hook()
        local used = clock()
        local since = used - last
        dear, last = since > LONG, used
        if expired or used - asked >= ASKING then
            look(used, since)
        end
        local kib = collect("count") - own
        local product = kib * count
        if dear or product > BUDGET or product * 4 < BUDGET and count ~= BRISK then
            if trial and kib > TRIAL_KIB then
                expire(used)
            end
            local wanted = interval()
            if wanted ~= count then
                sethook(hooks[wanted] or hook_of(wanted), "", wanted > DEAR and wanted + OWN or wanted)
                last = clock() -- that takes long on a deep stack
                for _ = 1, REST do -- as many instructions as after a hook that changes nothing
                end
            end
        end
    end
    hooks[count] = hook
    return hook
end

local prompt, brisk = hook_of(1), hook_of(BRISK)

-- Ends the first interval of a trial: the time is asked for in the next hook, since most calls that come so far do not come there.
local function first()
    if (collect("count") - own) * BRISK > BUDGET then
        return brisk()
    end
    last = clock()
    sethook(brisk, "", BRISK)
end

-- Has the running thread look at the memory before its next instruction.
local function hurry()
    if trial and not fatal then
        sethook(prompt, "", 1)
    end
end

local watcher = {}
function watcher.__gc()
    hurry() -- the collector cannot be asked for the memory in use while it runs this
    last = huge -- what the collection took is no instruction's doing
    if leaps > 0 then
        leaps, deadline = leaps - 1, deadline + COLLECTION
    end
    setmetatable({}, watcher) -- a new object: one that lived on would grow old, and old objects are seldom collected
end

-- A watcher whose finaliser found no C stack to run on is gone.
local function watch()
    if guarded then
        setmetatable({}, watcher)
        hurry()
    end
end
watch()
sethook(calm, "", CALM)

-- Gives a trial up: what it was about to do takes long, or has failed in a way that only the host's other states tell rightly.
local function give_up()
    expire(clock())
end

-- Library code that takes `work` nanoseconds, at most, within one instruction, is about to run.
local function spend(work)
    if trial and work > SLIGHT then
        spent = spent + work
        if work > TRIAL_WORK then
            give_up()
        elseif spent > LOOK then
            spent = 0
            check()
        end
    end
end

-- Calls

local function begin(limit, tried)
    own = own > 0 and own or collect("count")
    deadline, last, dear, spent, trial, leaps = limit, huge, false, 0, tried, tried and LEAPS or 0 -- no clock: it would be a tenth of a short call
    if not tried then
        sethook(calm, "", CALM)
    elseif collect("count") - own < LIGHT then
        sethook(first, "", FIRST_COUNT)
    else
        sethook(brisk, "", BRISK_COUNT)
    end
end

-- Ends a call: did it run out of time, even if it went on in time?
local function finish()
    deadline = huge
    return expired
end

-- Protected calls. No other chunk has the original pcall: what it catches may be the deadline's error, or a failed hook,
-- and code that took it for an error of its own would go on without a bound.

-- The results of pcall. What failed may have been the hook. A trial that lacked memory is given up: other states have more.
local function caught(ok, ...)
    if not ok then
        check()
        if trial and (...) == NO_MEMORY then
            give_up()
        end
    end
    return ok, ...
end

-- As pcall, for a module, which may catch the deadline's error once.
local function attempt(...)
    return caught(pcall(...))
end

local function passed(ok, ...)
    if not ok then
        check()
        if expired then
            error(reason, 0)
        end
    end
    return ok, ...
end

-- As pcall, for library code: it catches no deadline.
local function pcall_unless_late(...)
    return passed(pcall(...))
end

-- The results of an original function for the library function `name`, which calls this; errors as `results_of` has them.
local function call_original(name, f, ...)
    return results_of(name, pcall(called, f, ...))
end

local function unless_failed(ok, ...)
    if not ok then
        give_up()
    end
    return ...
end

-- The library function `f` with a guard: a trial is given up where a call may take too long, which `cost` says in nanoseconds, and
-- where it fails.
local function with_guard(f, cost)
    return function(...)
        spend(cost(...))
        return unless_failed(pcall(f, ...))
    end
end

local HANDLERS <const> = 200 -- errors of a message handler, each handed to it in turn, as deep as the original goes

-- The original runs the message handler where hooks are off; this one runs it afterwards.
local function handled(handler, ok, ...)
    if ok then
        return true, ...
    end
    local answer = ...
    for _ = 1, HANDLERS do
        ok, answer = caught(pcall(handler, answer))
        if ok or expired then
            return false, answer
        end
    end
    return false, "error in error handling"
end

-- As xpcall, for a module.
local function attempt_with(f, handler, ...)
    return handled(handler, caught(pcall(f, ...)))
end

-- Threads

local RESUMES <const> = 32 -- a coroutine that ends within one interval never meets its hook: count them instead
local resumes, noted = 0, 0

local function ended_with(ok, ...)
    if not ok then
        error((...), 0)
    end
    return ...
end

-- A thread for `body`, with the hook.
local function hooked(body)
    local thread = create(function(...)
        return ended_with(pcall(body, ...))
    end)
    if guarded then
        sethook(thread, brisk, "", BRISK)
    else
        sethook(thread, calm, "", CALM)
    end
    return thread
end

-- Before a thread runs: is there time, and how dear may its instructions be?
local function admit(thread)
    resumes = resumes + 1
    if resumes % RESUMES == 0 then
        check()
    end
    if expired then
        error(reason, 0)
    elseif trial and interval() < BRISK and kind(thread) == "thread" then
        sethook(thread, prompt, "", 1)
    end
end

-- After it ran: in a trial, memory that it made matters to the thread that goes on.
local function back(...)
    if trial then
        local kib = collect("count")
        if kib > noted + 64 then
            hurry()
        end
        noted = (kib > noted + 64 or kib < noted) and kib or noted
    end
    return caught(...)
end

return {
    check = check, watch = watch, spend = spend, give_up = give_up, begin = begin, finish = finish,
    attempt = attempt, attempt_with = attempt_with, outermost = pcall, outermost_with = xpcall, pcall = pcall_unless_late,
    original = call_original, with_guard = with_guard,
    hooked = hooked, admit = admit, back = back, raw_pcall = pcall, raw_xpcall = xpcall,
}
