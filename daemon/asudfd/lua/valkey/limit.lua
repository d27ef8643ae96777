-- Ends what runs too long, and watches over memory.
--
-- A count hook in each thread calls `tick`, which the host gives (`set_tick`), each NORMAL instructions or sooner while `run` runs. It
-- answers nil, or the error value with which the call is to end. That error is raised in the user's code only: the hook never
-- raises in stripped code, so what is written in these chunks, such as a command on the keyspace, is not interrupted. Long loops
-- there call `check`, where they may be left. Nothing swallows the error: pcall, xpcall and coroutine.resume raise it again.
--
-- Interface for the host's chunks:
--   set_tick(f)          f(seconds of the processor's clock) -> nil, or the error value with which the running call ends
--   begin()              before a call: what it allocates is counted from here
--   run(f, handler, a, b) calls f(a, b) as xpcall does (the handler is the host's own): true and the first result, or false and the
--                        handler's. What `tick` or `stop` demanded is its answer even where the user's code caught it.
--   stop(value)          ends the running call as `tick` does, from within stripped code
--   check()              raises what was demanded
--   note(bytes)          a text of that size came from outside into the user's hands: single instructions may take long now
--   dying()              the error value that was demanded, or nil
--   place()              source and line of the innermost frame of user's code; nil without one
--   pcall, xpcall        those that user's code gets
--   guarded(f, ...)      pcall for code of the chunks themselves: it does not catch what was demanded
--
-- How long one instruction takes depends on the largest text there is: it may be compared. So the interval of the hook shrinks
-- with the largest step by which the memory has grown in the call, with all memory, and where an interval took longer than LONG.
-- Most intervals end with a glance at the memory, since to read the processor's clock takes longer than the rest.
local needs = ...
local bad_argument = needs.bad_argument

local sethook, getinfo, clock, time, collect, gcinfo = debug.sethook, debug.getinfo, os.clock, os.time, collectgarbage, gcinfo
local error, kind, select, newproxy, getmetatable = error, type, select, newproxy, getmetatable
local original_pcall, original_xpcall, original_yield = pcall, xpcall, coroutine.yield
local floor = math.floor

local NO_MEMORY = "not enough memory"
-- Instructions between two looks at the clock: some 50 to 100 microseconds. A look takes one or two.
local NORMAL = 10000
-- Instructions between two glances at the memory, which take 0.3 microseconds: a long text that was made right behind a glance is
-- used for so long. One of two million digits is made a number 300 times then, which takes a second.
local GLANCE = 1000
-- Seconds of the processor above which the time between two looks counts as long, and below which the next may be longer; 10,000
-- common instructions take 0.0001.
local LONG, SHORT = 0.002, 0.0005
-- Instructions of one interval times the KiB by which the memory has grown in one: a text of that size may have been made. A third
-- of the instructions may compare it, at 0.3 ns a byte at most: 0.4 s. At 16 MiB that makes 256 instructions; a glance takes as
-- long as some 30.
local BUDGET = 4194304
local COMMON = BUDGET / NORMAL -- the largest step that changes nothing
-- Instructions of one interval times all KiB that are in use. A text may be kept from an earlier call, or its step have been hidden
-- by a collection; there are two to compare: 7 s at most, and once, since the clock tells then. Most memory is data in small
-- pieces. From 128 MiB on this makes fewer than GLANCE, at 1 GiB 128.
local KEPT_BUDGET = 32 * BUDGET
local GLANCES = NORMAL / GLANCE -- at most, for one look
local HURRIED = 64 * 1024 -- bytes from outside that are worth a look at once

local tick = function() return nil end
local reason, running = nil, false
local interval = GLANCE -- of the hook as it was set last
local most = NORMAL -- instructions between two looks, as far as the clock has told
local counted_off, glances = 0, 0 -- instructions and glances since the last look
local counted, largest = 0, COMMON -- KiB in use at the last glance, and the largest step between two of the call at hand
local at_second = 0 -- of the last look: to read the time of the day is cheap
local last = nil -- the clock at the last look of the call at hand

local hook

local function set_interval(count)
    interval = count
    sethook(hook, "", count)
end

-- Has the running thread look at its memory and the clock before the next instruction.
local function hurry()
    if reason == nil then
        glances = GLANCES
        set_interval(1)
    end
end

-- Whether the function at `level` of the caller is the user's: other code has no lines.
local function is_users(level)
    local info = getinfo(level + 1, "l")
    return info ~= nil and info.currentline > 0
end

-- Learns from the clock how many instructions may pass until it is looked at again, and asks whether the call is to end.
local function look()
    counted_off, glances, at_second = 0, 0, time()
    if not running then
        return
    end
    local now = clock()
    local took = last and now - last
    last = now
    if not took then -- the first look of a call
        most = largest > COMMON and 1 or NORMAL
    elseif took > LONG then
        most = floor(most * SHORT / took)
        most = most < 1 and 1 or most
    elseif took < SHORT then
        most = most * 8
        most = most < NORMAL and most or NORMAL
    end
    if reason == nil then
        reason = tick(now)
    end
end

-- What is left of an interval that the memory allows.
local function allowed()
    local steps, kept = BUDGET / largest, KEPT_BUDGET / counted
    local count = steps < kept and steps or kept
    count = count < most and count or most
    count = count < GLANCE and count or GLANCE
    return count < 1 and 1 or count
end

-- The memory has grown by so many KiB at once: the next instructions are looked at one by one, since to make a number of a text,
-- for one, takes ten times as long as to compare it.
local function grown(step)
    if step > COMMON then
        most = 1
        largest = step > largest and step or largest
    end
end

local function glance()
    local now = gcinfo()
    if running then -- what grows otherwise, such as when the chunks are loaded, is in no user's hands yet
        grown(now - counted)
    end
    counted = now
    counted_off, glances = counted_off + interval, glances + 1
    if counted_off >= most or glances >= GLANCES or time() ~= at_second then
        look()
    end
    if reason == nil then
        set_interval(allowed()) -- also where it is the same: each thread has a hook of its own
    end
end

-- Runs where instructions are counted, and, once an end was demanded, at each line of the user's code.
function hook()
    if reason == nil then
        glance()
        if reason == nil then
            return
        end
    end
    if is_users(2) then
        sethook(hook, "l", 1)
        error(reason, 0)
    end
    -- Not by a count: one that ends in such code again and again would never meet the user's. There lines are but loops and
    -- the beginnings of functions.
    sethook(hook, "l")
end

local function check()
    if reason ~= nil then
        error(reason, 0)
    end
end

local function stop(value)
    reason = value
    sethook(hook, "l", 1)
    check()
end

local function dying()
    return reason
end

local function set_tick(f)
    tick = f
end

local function begin()
    counted, largest, last = gcinfo(), COMMON, nil
    if interval * counted > KEPT_BUDGET then
        set_interval(allowed())
    end
end

local function note(bytes)
    if bytes > HURRIED then
        grown(bytes / 1024)
        hurry()
    end
end

-- Memory that is used up before the next collection: as much as is in use, as Lua has it, and no less than SPARE KiB. A node
-- without much data has 2.5 MiB in use, and to go through these took a third of the time of a function that makes little garbage.
-- Not more: 32 MiB is the least that a state may be given.
local SPARE, USUAL_PAUSE = 16384, 200

local function set_pause()
    local pause = 100 + 100 * SPARE / collect("count")
    collect("setpause", pause > USUAL_PAUSE and pause or USUAL_PAUSE)
end

-- A collection has ended: the memory in use is a multiple of what it was. The collector runs the finaliser of an object that
-- nothing refers to, which makes the next one.
local watched = newproxy(true)
getmetatable(watched).__gc = function()
    newproxy(watched)
    set_pause()
    hurry()
end
newproxy(watched)
set_pause()
sethook(hook, "", GLANCE)

-- What failed for want of memory has left the state full of garbage, which Lua 5.1 does not collect by itself.
local function recover(value)
    if value == NO_MEMORY then
        collect()
        hurry()
    end
end

-- Protected calls

-- Errors that are caught between two looks at the time. Deep in calls of C functions no hook can be called: it fails itself,
-- and what is caught is that.
local FAILURES = 16
local failures = 0

local function failed(value)
    failures = failures + 1
    if failures % FAILURES == 0 then
        look()
    end
    check()
    recover(value)
end

-- The answer of pcall. As on the real server an error table with a text `err` becomes that text.
local function caught(ok, ...)
    if ok then
        return ok, ...
    end
    local value = ...
    failed(value)
    if kind(value) == "table" then
        local text = value.err
        if kind(text) == "string" or kind(text) == "number" then
            return false, text
        end
        return false, value, text -- the real one leaves both
    end
    return false, value
end

local function protected(...)
    if select("#", ...) == 0 then
        return false, "attempt to call a boolean value"
    end
    return caught(original_pcall(...))
end

local function passed(ok, ...)
    if not ok then
        failed((...))
    end
    return ok, ...
end

local function guarded(...)
    return passed(original_pcall(...))
end

-- The handler runs after the error has unwound the stack: in its place hooks are off, and it could loop for ever. Where it
-- fails itself, so does the original, with these words.
local function handled(handler, ok, ...)
    if ok then
        return ok, ...
    end
    local value = ...
    failed(value)
    local answered
    answered, value = guarded(handler, value)
    if not answered then
        return false, "error in error handling"
    end
    return false, value
end

local function protected_with(...)
    if select("#", ...) < 2 then
        bad_argument(2, "value expected")
    end
    local f, handler = ...
    return handled(handler, original_pcall(f))
end

local function ended(ok, result)
    local demanded = reason
    running, most = false, NORMAL
    if not ok then
        recover(result)
    end
    if demanded ~= nil then
        reason = nil
        set_interval(GLANCE)
        if ok then
            return false, demanded
        end
    end
    return ok, result
end

-- What `run` calls: one call at a time, and with two arguments at most, so that no table has to carry them.
local called, first, second = nil, nil, nil

local function body()
    return called(first, second)
end

local function run(f, handler, a, b)
    called, first, second, running = f, a, b, true
    return ended(original_xpcall(body, handler))
end

local function place()
    local level = 2
    while true do
        local info = getinfo(level, "Sl")
        if info == nil then
            return nil
        elseif info.currentline > 0 then
            return info.source, info.currentline
        end
        level = level + 1
    end
end

-- Threads. A hook belongs to one thread; the table in which Lua keeps it is not weak, so a thread that has ended gives it back.

local function unhooked(...)
    sethook()
    return ...
end

-- A thread that goes on: its hook was set when the interval may have been longer.
local function woken(...)
    if interval < GLANCE then
        sethook(hook, "", interval)
    end
    return ...
end

local function yield(...)
    return woken(original_yield(...))
end

-- A body for a new thread that sets the thread's hook, and then does what `body_of_thread` does.
local function hooked(body_of_thread)
    return function(...)
        sethook(hook, "", interval)
        return unhooked(body_of_thread(...))
    end
end

local function resumed(thread, ok, ...)
    if not ok then
        if kind(thread) == "thread" then
            sethook(thread)
        end
        failed((...))
    end
    return ok, ...
end

return {
    set_tick = set_tick, begin = begin, run = run, stop = stop, check = check, note = note, dying = dying, place = place, hurry = hurry,
    pcall = protected, xpcall = protected_with, guarded = guarded, hooked = hooked, resumed = resumed, yield = yield, original_pcall = original_pcall,
}
