-- The limits of one call: its deadline, and how often the deadline is looked at.
--
-- A count hook runs every so many instructions of every thread of the state. It reads the processor clock (no Python, so
-- no wait for Python's lock) and asks Python for the time only when a millisecond of processor time has gone by.
--
-- One instruction may be dear when the state holds much memory: comparing strings of zero bytes takes 6 ns a byte. The
-- interval is such that an interval of such comparisons, three instructions each, ends within the time that is left, or
-- within OVER seconds of the deadline; it is DEAR once instructions were seen to be. `watcher`, an object that every
-- garbage collection finalises, sees memory grow between two hooks, and `caught` that an allocation failed. Resuming a
-- thread looks at the memory too. So a call ends at most some OVER seconds and one dear instruction after its deadline.
--
-- A trial runs on the event loop. It has a millisecond, little memory and a short interval, and library code that may
-- take long is not begun: the trial ends as if the deadline had passed, and the host runs the call anew in a thread.
--
-- Where the machine is busy the clock leaps, and a collection takes long: one interval then has most of the time of a trial, and
-- the trial goes on, twice at most. One that ends late has cost the state, with all that its module keeps in globals.
--
-- A stack that is used up to its last slot is a million calls deep, and takes most of the memory and half a second. So
-- what runs away ends where the memory has doubled and the stack is DEEPEST calls deep, in the machine's own words.
--
-- The host may let the thread wait while it asks for the time: other calls have their time slices. The clock of the processor is that
-- of the whole process, and goes on meanwhile. Where the host answers infinity, memory is used up: the call ends at once.
--
-- At the deadline the time-out is raised once as an error that pcall may catch, as on the real server. A function
-- that then returns soon still succeeds. After GRACE further hooks or GRACE_TIME every instruction of every thread raises,
-- so loops of pcall end too; the state is not used again.
--
-- The hook itself may fail, where the stack of C calls or of Lua is used up: its error then passes through the module's
-- code in place of the time-out. Whatever catches an error therefore looks at the deadline as well (`caught`), and a
-- thread's body runs in a protected call: otherwise its __close methods would run in the hook's place, without hooks.
local needs = ...
local TIMEOUT, now, results_of, called, memory = needs.timeout, needs.now, needs.results_of, needs.called, needs.memory

local NO_MEMORY <const> = "not enough memory"

-- Instructions between two hooks; BRISK is that of a trial, DEAR where single instructions take long. A state with a count
-- hook takes two to three times as long for each instruction, whatever the interval: a longer one would save next to
-- nothing, and 1000 instructions take some 10 microseconds, a hundredth of the time after which Python is asked.
local LONGEST <const>, BRISK <const>, DEAR <const> = 1000, 400, 2
-- The first interval of a trial where a module has less than LIGHT KiB, garbage included: short calls, which are most, meet
-- no hook. Dear instructions make that a quarter of a second at worst; two megabytes and BRISK would make it longer.
local FIRST <const>, LIGHT <const> = 900, 300
local OWN <const> = 38 -- instructions of a hook that changes nothing, counted: they are part of the interval
local REST <const> = 24 -- turns of an empty loop, so that a hook that sets another interval has OWN instructions too
-- Seconds that so few instructions take only if some are dear: 500 times what an interval of ordinary ones takes, so that a
-- thread that had to wait for the processor is seldom taken for one.
local LONG <const> = 0.005
-- Instructions in a second, if each third compares all memory (6 ns a byte), times the KiB of the memory.
local PER_SECOND <const> = 488000
-- Seconds that an interval of dear instructions may end behind the deadline. The node promises half a second in all; a trial
-- holds the event loop.
local OVER <const>, OVER_TRIAL <const> = 0.25, 0.08
-- KiB in use above which the state counts as full: a table of strings that grows takes a rest no larger than this, since Lua
-- allocates the new one beside the old one. `context.py` has the same limit.
local FULL <const> = memory / 1024 * 13 / 16
local TRIAL_KIB <const> = 2048 -- memory of a state that may be tried on the event loop; `context.py` has the same limit
local TRIAL_WORK <const> = 500000 -- nanoseconds that one library function may take in a trial: half of what the trial has
-- After the deadline's error was raised: hooks, and seconds, that a function which caught it may take to return.
local GRACE <const>, GRACE_TIME <const> = 10, 0.02
local COLLECTION <const> = 0.001 -- seconds that a trial has more where garbage was collected in it
-- Seconds of one interval above which it was the clock that leapt: 400 instructions take some 5 microseconds. And how often a
-- trial may go on after that: each time holds the event loop longer.
local LEAP <const>, LEAPS <const> = 0.0003, 2
-- Calls. Lua's own stack ends at a million slots, of which a call takes three or more; recursion that a module means ends
-- long before.
local DEEPEST <const> = 150000
local ASKING <const> = 0.001 -- seconds of the processor after which Python is asked for the time: that takes its lock
local FAR <const> = 16 -- seconds: with a deadline further away the interval is the longest in any case

local sethook, getinfo, clock, error, collect = debug.sethook, debug.getinfo, os.clock, error, collectgarbage
local huge, kind, create = math.huge, type, coroutine.create
local pcall = pcall

local deadline, asked, last, dear = huge, 0, 0, false
local own = 0 -- KiB of the state before it has a module: nothing there is dear
local most, budget = LONGEST, OVER * PER_SECOND -- the interval: `most`, and less when it times the KiB exceeds the budget
local trial, spent, leaps = false, 0, 0
local expired, fatal, grace, ended = false, false, GRACE, 0
local reason = TIMEOUT
local hooks = {} -- by interval

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

-- `since` is how long the interval took that ends here; negative when garbage was collected in it, or it is the first.
local function look(used, since)
    if expired then
        if fatal or trial or grace == 0 or used - ended > GRACE_TIME then
            die()
        end
        grace = grace - 1
    elseif used - asked >= ASKING then
        local time = now()
        asked = trial and used or clock()
        last = asked -- what other calls did meanwhile is no instruction's doing
        local left = deadline - time
        if time == huge then
            reason = NO_MEMORY
            die()
        elseif left <= 0 then
            if since >= 0 and since < LEAP or leaps == 0 then
                expire(used)
            end
            leaps, deadline = leaps - 1, time + LEAP
        elseif left > OVER then
            budget = (left < FAR and left or FAR) * PER_SECOND
        elseif not trial then
            budget = OVER * PER_SECOND
        end
    end
end

local function check()
    look(clock(), 0)
end

local function interval()
    if dear then
        return DEAR
    end
    local kib = collect("count") - own
    if kib * most <= budget then
        return most
    end
    local count = budget // (kib * 2) | 0 -- half of what it may be: setting a hook visits every frame of a deep stack
    return count > DEAR and count or DEAR
end

local FIRST_COUNT <const>, BRISK_COUNT <const> = FIRST + OWN, BRISK + OWN

local function set_hook(hook, count)
    sethook(hook, "", count > DEAR and count + OWN or count)
end

local hook_of
function hook_of(count)
    local function hook()
        -- luacheck: push ignore 511
        if false then -- never run: room for what is called here, so that a stack without it overflows in the module's own line
            return nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil
        end
        -- luacheck: pop
        local used = clock()
        local since = used - last
        dear, last = since > LONG, used
        if expired or used - asked >= ASKING then
            look(used, since)
        end
        local kib = collect("count") - own
        local product = kib * count
        if dear or product > budget or product * 4 < budget and count ~= most then
            if trial and kib > TRIAL_KIB then
                expire(used)
            end
            local wanted = interval()
            if wanted ~= count then
                if wanted < count and getinfo(DEEPEST, "") then
                    error("stack overflow", 3) -- at the call, as from the machine
                end
                set_hook(hooks[wanted] or hook_of(wanted), wanted)
                last = clock() -- that takes long on a deep stack
                for _ = 1, REST do -- as many instructions as after a hook that changes nothing
                end
            end
        end
    end
    hooks[count] = hook
    return hook
end

local calm, prompt, brisk, first = hook_of(LONGEST), hook_of(1), hook_of(BRISK), hook_of(FIRST)

-- Has the running thread look at the memory before its next instruction.
local function hurry()
    if not fatal then
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
setmetatable({}, watcher)
set_hook(calm, LONGEST)


-- A watcher whose finaliser found no C stack to run on is gone.
local function watch()
    setmetatable({}, watcher)
    hurry()
end

-- Protected calls. No other chunk has the original pcall: what it catches may be the deadline's error, or a failed hook,
-- and code that took it for an error of its own would go on without a bound.

-- The results of pcall. What failed may have been the hook; an allocation that failed may have taken long and left no
-- memory in use.
local function caught(ok, ...)
    if not ok then
        check()
        hurry()
    end
    return ok, ...
end

-- As pcall, for a module, which may catch the deadline's error once.
local function attempt(...)
    return caught(pcall(...))
end

-- As pcall, for a verb of the host: what it catches ends the call.

local function passed(ok, ...)
    if not ok then
        check()
        hurry()
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

-- The same, for a function that is written here.
local function call_own(name, f, ...)
    return results_of(name, pcall(f, ...))
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

-- Nanoseconds of library code that are not worth counting, an instruction or two; and after how many the clock is looked at:
-- a look takes some 200 of them.
local SLIGHT <const>, LOOK <const> = 1000, 50000

-- Library code that takes `work` nanoseconds, at most, within one instruction, is about to run.
local function spend(work)
    if work > SLIGHT then
        spent = spent + work
        if trial and work > TRIAL_WORK then
            expire(clock())
        elseif spent > LOOK then
            spent = 0
            check()
        end
    end
end

-- As `spend`, between two parts of a change that must not be left half done: the deadline's error cannot be caught then.
local function spend_within(work)
    spent = spent + work
    if spent > LOOK then
        spent = 0
        if not pcall(check) then
            die()
        end
    end
end

local function on_trial()
    return trial
end

local function begin(limit, tried)
    own = own > 0 and own or collect("count")
    deadline, last, dear, spent, trial, leaps = limit, huge, false, 0, tried, tried and LEAPS or 0 -- no clock: it would be a tenth of a short call
    if tried then
        most, budget = BRISK, OVER_TRIAL * PER_SECOND
        if collect("count") - own < LIGHT then
            sethook(first, "", FIRST_COUNT)
        else
            sethook(brisk, "", BRISK_COUNT)
        end
    else
        most, budget = LONGEST, OVER * PER_SECOND
        hurry()
    end
end

-- Ends a call: did it run out of time, even if it went on in time?
local function finish()
    deadline = huge
    return expired
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
    sethook(thread, brisk, "", BRISK)
    return thread
end

-- Before a thread runs: is there time, and how dear may its instructions be?
local function admit(thread)
    resumes = resumes + 1
    local wanted = interval()
    if resumes % RESUMES == 0 then
        check()
    end
    if expired then
        error(reason, 0)
    elseif wanted < BRISK and kind(thread) == "thread" then
        sethook(thread, prompt, "", 1)
    end
end

-- After it ran: memory that it made matters to the thread that goes on.
local function back(...)
    local kib = collect("count")
    if kib > noted + 64 then
        noted = kib
        hurry()
    elseif kib < noted then
        noted = kib
    end
    return caught(...)
end

return {
    check = check, watch = watch, spend = spend, spend_within = spend_within, on_trial = on_trial, begin = begin, finish = finish,
    attempt = attempt, attempt_with = attempt_with, outermost = pcall, outermost_with = xpcall, pcall = pcall_unless_late,
    original = call_original, own = call_own,
    hooked = hooked, admit = admit, back = back, raw_pcall = pcall, raw_xpcall = xpcall,
}
