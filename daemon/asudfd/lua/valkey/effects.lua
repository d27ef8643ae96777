-- Effects: what commands have changed, as commands that make the same changes again. Here they are handed to all who take them.
--
-- `state.journal` is nil while nobody takes them; else it takes a list of { number of the database, command (an array of
-- strings) }: what one command, or one script, has changed. Takers are the journal, and clients that follow (SYNC).

local needs = ...
local host, state = needs.host, needs.state

local concat, format, next = table.concat, string.format, next

local CRLF = "\r\n"

local takers = {}

local function hand_on(effects)
    for _, take in next, takers do
        take(effects)
    end
end

-- Lets `take` have all effects from now on, under that name; nil: nobody has them any more.
local function take_effects(name, take)
    takers[name] = take
    local first = next(takers)
    if first and not next(takers, first) then
        state.journal = takers[first]
    else
        state.journal = first and hand_on or nil
    end
end

-- Writes a command as clients send it behind the `n` pieces of a text; returns how many pieces there are now.
local function write_command(pieces, n, argv)
    n = n + 1
    pieces[n] = "*" .. #argv .. CRLF
    for i = 1, #argv do
        local argument = argv[i]
        pieces[n + 1], pieces[n + 2], pieces[n + 3] = "$" .. #argument .. CRLF, argument, CRLF
        n = n + 3
    end
    return n
end

-- Clients that follow get the effects as a stream of commands: SELECT where the database changes, and MULTI around what
-- belongs together.

local selected -- number of the database that the stream is at
local together -- the effects of a transaction while it runs

local function stream(effects)
    local pieces, n, many = {}, 0, #effects > 1
    if many then
        n = write_command(pieces, n, { "MULTI" })
    end
    for i = 1, #effects do
        local number = effects[i][1]
        if number ~= selected then
            n = write_command(pieces, n, { "SELECT", format("%d", number) })
            selected = number
        end
        n = write_command(pieces, n, effects[i][2])
    end
    if many then
        n = write_command(pieces, n, { "EXEC" })
    end
    host.followed(concat(pieces, "", 1, n))
end

local function follow(effects)
    if not together then
        return stream(effects)
    end
    for i = 1, #effects do
        together[#together + 1] = effects[i]
    end
end

-- Clients follow from now on, or none any more. Each time one comes the stream begins with SELECT.
local function set_followed(is_followed)
    selected = nil
    take_effects("stream", is_followed and follow or nil)
end

-- A transaction begins: its effects belong together.
local function begin_transaction()
    together = {}
end

local function end_transaction()
    local effects = together
    together = nil
    if effects and effects[1] and state.journal then
        stream(effects)
    end
end

return {
    take_effects = take_effects,
    write_command = write_command,
    set_followed = set_followed,
    begin_transaction = begin_transaction,
    end_transaction = end_transaction,
}
