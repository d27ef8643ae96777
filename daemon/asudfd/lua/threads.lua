-- The coroutine library. Hooks belong to a thread: each new one gets the hook, and none is resumed after the deadline.
local needs = ...
local original, hooked, admit, back, env = needs.original, needs.hooked, needs.admit, needs.back, needs.env

local create, resume, close = coroutine.create, coroutine.resume, coroutine.close
local error, kind = error, type

local library = {
    isyieldable = coroutine.isyieldable,
    running = coroutine.running,
    status = coroutine.status,
    yield = coroutine.yield,
}

function library.create(...)
    local body = ...
    if kind(body) ~= "function" then
        original("create", create, ...)
    end
    return hooked(body)
end

function library.resume(...)
    local thread = ...
    admit(thread)
    if kind(thread) ~= "thread" then
        original("resume", resume, ...)
    end
    return back(resume(...))
end

function library.close(...)
    admit((...))
    local frame <close> = nil
    return back(original("close", close, ...))
end

local function wrapped(ok, ...)
    if ok then
        return ...
    end
    local message = ...
    if kind(message) == "string" and message ~= "not enough memory" then
        error(message, 2) -- with the caller's position in front, as the original does
    end
    error(message, 0)
end

function library.wrap(...)
    local body = ...
    if kind(body) ~= "function" then
        original("wrap", create, ...)
    end
    local thread = hooked(body)
    return function(...)
        admit(thread)
        return wrapped(back(resume(thread, ...)))
    end
end

env.coroutine = library
