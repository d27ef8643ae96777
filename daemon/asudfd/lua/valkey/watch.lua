-- WATCH: which keys a client's transaction depends on.

local needs = ...
local databases, keyspace, state = needs.databases, needs.keyspace, needs.state
local ipairs, next = ipairs, next

local watchers = {} -- client -> { dirty, places = { { database, key }... } }

-- The client's transaction is given up if the key changes from now on. Returns how many keys it watches.
local function watch(client, number, key)
    local watcher = watchers[client]
    if not watcher then
        watcher = { dirty = false, places = {} }
        watchers[client] = watcher
    end
    local db = databases[number]
    keyspace.get(db, key) -- a key whose time is over counts as absent from the start
    local those = db.watched[key]
    if not those then
        those = {}
        db.watched[key] = those
    end
    if not those[watcher] then
        those[watcher] = true
        state.observers = state.observers + 1
        watcher.places[#watcher.places + 1] = { db, key }
    end
    return #watcher.places
end

local function unwatch(client)
    local watcher = watchers[client]
    if watcher then
        watchers[client] = nil
        for _, place in ipairs(watcher.places) do
            local db, key = place[1], place[2]
            db.watched[key][watcher] = nil
            state.observers = state.observers - 1
            if next(db.watched[key]) == nil then
                db.watched[key] = nil
            end
        end
    end
end

-- Whether a watched key has changed, or its time is over now.
local function is_dirty(client, now)
    local watcher = watchers[client]
    if not watcher then
        return false
    end
    state.now = now
    for _, place in ipairs(watcher.places) do
        keyspace.get(place[1], place[2])
    end
    return watcher.dirty
end

return { watch = watch, unwatch = unwatch, is_dirty = is_dirty }
