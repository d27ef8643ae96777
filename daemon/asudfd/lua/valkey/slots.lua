-- Key slots of a cluster: which commands this node serves.
--
-- `state.cluster` is nil outside a cluster; else a table with `first` and `last`, the slots of this node, and `down`.

local needs = ...
local host, reply, rows, state, databases = needs.host, needs.reply, needs.rows, needs.state, needs.databases
local key_places, find = needs.key_places, needs.find
local format = string.format

local CROSSSLOT = reply.failure("CROSSSLOT Keys in request don't hash to the same slot")
local DOWN = reply.failure("CLUSTERDOWN The cluster is down")

-- The slot of all keys of the command; nil if it has none; nil, true if they have several.
local function slot_of(row, argv, argc)
    local places = row.specs and key_places(row, argv, argc, true)
    if not places or not places[1] then
        return nil
    end
    local slot = host.key_slot(argv[places[1]])
    for i = 3, #places, 2 do
        if host.key_slot(argv[places[i]]) ~= slot then
            return nil, true
        end
    end
    return slot
end

-- The error reply to a command whose keys this node does not serve; nil if it does.
local function refused_slot(row, argv, argc)
    local slot, crossed = slot_of(row, argv, argc)
    if crossed then
        return CROSSSLOT
    end
    if not slot then
        return nil
    end
    local cluster = state.cluster
    if cluster.down then
        return DOWN
    end
    if slot < cluster.first or slot > cluster.last then
        return reply.failure(host.moved(slot))
    end
    return nil
end

-- Those of the keys that a script has declared, worked out once a call: `command` is a table of its own for each.
local function declared_slot(script)
    local command = script.command
    if script.slot_command ~= command then
        script.slot_command = command
        local row = command and rows[command[1]] or (command and rows[command[1]:upper()])
        script.slot = row and slot_of(row, command, #command) or nil
    end
    return script.slot
end

-- Why a script may not run this command on these keys; nil if it may.
local function refused_in_script(script, row, argv, argc)
    local cluster = state.cluster
    if not cluster then
        return nil
    end
    local slot, crossed = slot_of(row, argv, argc)
    if crossed then
        return format("ERR Command '%s' in script attempted to access keys that don't hash to the same slot", row.name)
    end
    if not slot then
        return nil
    end
    if cluster.down then
        return format("ERR Can not execute a command '%s' while the cluster is down", row.name)
    end
    local declared = declared_slot(script)
    if slot < cluster.first or slot > cluster.last then
        if state.old_wording then
            return "ERR Script attempted to access a non local key in a cluster node"
        end
        return "ERR Attempted to access a non local key in a cluster node"
    end
    if script.compatible or script.allow_cross_slot or script.allow_cross_slot_keys then
        return nil
    end
    if declared and declared ~= slot then
        return "ERR Script attempted to access keys that do not hash to the same slot"
    end
    script.slot = slot
    return nil
end
state.check_slots, state.refused_slot = refused_in_script, refused_slot

-- For the host: the slot of the command (nil: it has no keys), and the text of the error if this node does not serve it.
local function command_slot(argv, argc)
    local row = find(argv, argc)
    if not row then
        return nil, nil
    end
    local failed = refused_slot(row, argv, argc)
    if failed then
        return nil, failed[1]
    end
    return slot_of(row, argv, argc), nil
end

-- For the host: some of the keys in a slot, and how many there are. `limit` 0 counts only.
local function keys_in_slot(slot, limit)
    local db, found, count = databases[0], {}, 0
    for i = 1, db.count do
        local key = db.keys[i]
        if host.key_slot(key) == slot then
            count = count + 1
            if count <= limit then
                found[count] = key
            end
        end
    end
    return count, found
end

return { command_slot = command_slot, keys_in_slot = keys_in_slot }
