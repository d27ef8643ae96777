-- Searches for positions within a circle, a rectangle or a polygon.

local needs = ...
local commands, geo, geohash, integer, keyspace, operand, reply, sorted, state, zset_ranges, zsets =
    needs.commands, needs.geo, needs.geohash, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.sorted, needs.state,
    needs.zset_ranges, needs.zsets

local error, ipairs, lower, sort, upper = error, ipairs, string.lower, table.sort, string.upper
local typed = keyspace.typed
local SYNTAX = reply.SYNTAX

local NEGATIVE_RADIUS = reply.failure("ERR radius cannot be negative")
local NO_RADIUS = reply.failure("ERR need numeric radius")
local NEGATIVE_SIZE = reply.failure("ERR height or width cannot be negative")
local NO_WIDTH = reply.failure("ERR need numeric width")
local NO_HEIGHT = reply.failure("ERR need numeric height")
local NO_COUNT = reply.failure("ERR COUNT must be > 0")
local ANY_ALONE = reply.failure("ERR the ANY argument requires COUNT argument")
local NO_VERTICES = reply.failure("ERR invalid number of vertices")
local TOO_FEW_VERTICES = reply.failure("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")

local function number(text, failure)
    return operand.double(text) or error(failure, 0)
end

local function read_circle(shape, argv, at)
    shape.radius = number(argv[at], NO_RADIUS)
    if shape.radius < 0 then
        error(NEGATIVE_RADIUS, 0)
    end
    shape.unit = geo.unit(argv[at + 1])
end

local function read_box(shape, argv, at)
    shape.width, shape.height = number(argv[at], NO_WIDTH), number(argv[at + 1], NO_HEIGHT)
    if shape.width < 0 or shape.height < 0 then
        error(NEGATIVE_SIZE, 0)
    end
    shape.unit = geo.unit(argv[at + 2])
end

-- The vertices behind their number at `at`; returns the place of the last argument.
local function read_polygon(shape, argv, argc, at)
    local count = integer.argument(argv[at], NO_VERTICES)
    if count < 3 or at + 2 * count > argc then
        error(TOO_FEW_VERTICES, 0)
    end
    shape.vertices, shape.unit = {}, 1
    for i = 1, count do
        shape.vertices[i] = { geo.position(argv[at + 2 * i - 1], argv[at + 2 * i]) }
    end
    shape.longitude, shape.latitude = geohash.centre(shape.vertices)
    return at + 2 * count
end

-- The position of the centre is that of a member.
local function centre_at(shape, value, member)
    local score = value.scores[member]
    if not score then
        reply.fail("ERR member " .. member .. " does not exist")
    end
    shape.longitude, shape.latitude = geohash.position(score)
end

local SHAPES = { BYRADIUS = true, BYBOX = true, BYPOLYGON = true }

-- FROMLONLAT, FROMMEMBER and the shapes of GEOSEARCH: returns the place of the last argument, or nil if `word` is none of them.
local function read_shape(o, word, argv, argc, at, value)
    local shape, more = o.shape, argc - at
    if word == "FROMMEMBER" and more >= 1 and not o.has_centre then
        if value then
            centre_at(shape, value, argv[at + 1])
        end
        o.has_centre = true
        return at + 1
    elseif word == "FROMLONLAT" and more >= 2 and not o.has_centre then
        shape.longitude, shape.latitude = geo.position(argv[at + 1], argv[at + 2])
        o.has_centre = true
        return at + 2
    elseif not SHAPES[word] or o.has_shape then
        return nil
    end
    o.has_shape = true
    if word == "BYRADIUS" and more >= 2 then
        read_circle(shape, argv, at + 1)
        return at + 2
    elseif word == "BYBOX" and more >= 3 then
        read_box(shape, argv, at + 1)
        return at + 3
    elseif word == "BYPOLYGON" and more >= 1 and not o.has_centre then
        o.has_centre = true
        return read_polygon(shape, argv, argc, at + 1)
    end
    return nil
end

-- COUNT with its number; returns the place of the last argument.
local function read_count(o, argv, at)
    o.count = integer.argument(argv[at + 1], reply.NOT_INTEGER)
    if o.count <= 0 then
        error(NO_COUNT, 0)
    end
    return at + 1
end

-- The options from argument `at` on. `o` says what the command is: is_search, may_store, target.
local function options(o, argv, argc, at, value)
    while at <= argc do
        local word, has_more = upper(argv[at]), at < argc
        local shape_end = o.is_search and read_shape(o, word, argv, argc, at, value)
        if shape_end then
            at = shape_end
        elseif word == "WITHDIST" or word == "WITHHASH" or word == "WITHCOORD" then
            o[word] = true
        elseif word == "ANY" then
            o.any = true
        elseif word == "ASC" or word == "DESC" then
            o.order = word
        elseif word == "COUNT" and has_more then
            at = read_count(o, argv, at)
        elseif (word == "STORE" or word == "STOREDIST") and o.may_store and has_more then
            o.target, o.stores_distance = argv[at + 1], word == "STOREDIST"
            at = at + 1
        elseif word == "STOREDIST" and o.is_search and o.target then
            o.stores_distance = true
        else
            error(SYNTAX, 0)
        end
        at = at + 1
    end
end

local function check(o, command)
    if o.target and (o.WITHDIST or o.WITHHASH or o.WITHCOORD) then
        local what = o.is_search and "GEOSEARCHSTORE" or "STORE option in GEORADIUS"
        reply.fail("ERR " .. what .. " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
    elseif o.is_search and not o.has_centre then
        reply.fail("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " .. command)
    elseif o.is_search and not o.has_shape then
        reply.fail("ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for " .. command)
    elseif o.any and not o.count then
        error(ANY_ALONE, 0)
    end
    if o.count and not o.order and not o.any then
        o.order = "ASC"
    end
end

-- The members within the shape: an array of { member, metres, score }; it ends at `limit` if that is given.
local function find(value, shape, limit)
    local out = {}
    for _, area in ipairs(geohash.areas(shape)) do
        local from, to =
            zset_ranges.score(value, { value = area[1] }, { value = area[2], exclusive = true })
        local members, n = sorted.slice(value.order, from, to)
        for i = 1, n do
            local score = value.scores[members[i]]
            local metres = geohash.distance_within(shape, geohash.position(score))
            if metres then
                out[#out + 1] = { members[i], metres, score }
                if #out == limit then
                    return out
                end
            end
        end
    end
    return out
end

local function is_nearer(a, b)
    if a[2] ~= b[2] then
        return a[2] < b[2]
    end
    return a[3] < b[3]
end

local function is_farther(a, b)
    return is_nearer(b, a)
end

local function store(o, found, n)
    local scores, unit = {}, o.shape.unit
    for i = 1, n do
        scores[found[i][1]] = o.stores_distance and found[i][2] / unit or found[i][3]
    end
    keyspace.get(state.db, o.target)
    return zsets.store(state.db, o.target, scores, n)
end

local function listed(o, found, n)
    local out, unit = {}, o.shape.unit
    for i = 1, n do
        local member, metres, score = found[i][1], found[i][2], found[i][3]
        if o.WITHDIST or o.WITHHASH or o.WITHCOORD then
            local item = { member }
            if o.WITHDIST then
                item[#item + 1] = geo.distance_text(metres, unit)
            end
            if o.WITHHASH then
                item[#item + 1] = score
            end
            if o.WITHCOORD then
                item[#item + 1] = geo.coordinates(score)
            end
            out[i] = item
        else
            out[i] = member
        end
    end
    return out
end

local function answer(o, value)
    if not value then
        return o.target and zsets.store(state.db, o.target, {}, 0) or {}
    end
    local found = find(value, o.shape, o.any and o.count or nil)
    if o.order then
        sort(found, o.order == "ASC" and is_nearer or is_farther)
    end
    local n = #found
    if o.count and o.count < n then
        n = o.count
    end
    return o.target and store(o, found, n) or listed(o, found, n)
end

function commands.GEOSEARCH(argv, argc)
    local value = typed(state.db, argv[2], "zset")
    local o = { is_search = true, shape = {} }
    options(o, argv, argc, 3, value)
    check(o, lower(argv[1]))
    return answer(o, value)
end

function commands.GEOSEARCHSTORE(argv, argc)
    local value = typed(state.db, argv[3], "zset")
    local o = { is_search = true, shape = {}, target = argv[2] }
    options(o, argv, argc, 4, value)
    check(o, lower(argv[1]))
    return answer(o, value)
end

local function radius_command(by_member, may_store)
    return function(argv, argc)
        local value = typed(state.db, argv[2], "zset")
        local o, at = { shape = {}, may_store = may_store }, by_member and 4 or 5
        if not by_member then
            o.shape.longitude, o.shape.latitude = geo.position(argv[3], argv[4])
        elseif value then
            centre_at(o.shape, value, argv[3])
        end
        if value or not by_member then -- without a key the real server does not look at the radius of a member
            read_circle(o.shape, argv, at)
        end
        options(o, argv, argc, at + 2, value)
        check(o)
        return answer(o, value)
    end
end

commands.GEORADIUS, commands.GEORADIUS_RO = radius_command(false, true), radius_command(false, false)
commands.GEORADIUSBYMEMBER, commands.GEORADIUSBYMEMBER_RO = radius_command(true, true), radius_command(true, false)
