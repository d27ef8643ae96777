-- Commands of positions, which are members of sorted sets with geohashes as scores. Searches are in `geo_search.lua`.

local needs = ...
local commands, geohash, keyspace, operand, reply, state, zsets =
    needs.commands, needs.geohash, needs.keyspace, needs.operand, needs.reply, needs.state, needs.zsets

local error, format, gsub, upper = error, string.format, string.gsub, string.upper
local typed = keyspace.typed
local NULL, NULL_ARRAY, SYNTAX = reply.NULL, reply.NULL_ARRAY, reply.SYNTAX

local geo = {}

local UNITS = { M = 1, KM = 1000, FT = 0.3048, MI = 1609.34 }
local NO_UNIT = reply.failure("ERR unsupported unit provided. please use M, KM, FT, MI")

-- Metres of a unit.
function geo.unit(text)
    return UNITS[upper(text)] or error(NO_UNIT, 0)
end

-- A longitude and a latitude.
function geo.position(longitude_text, latitude_text)
    local longitude = operand.double(longitude_text) or error(reply.NOT_FLOAT, 0)
    local latitude = operand.double(latitude_text) or error(reply.NOT_FLOAT, 0)
    local x, y = geohash.LONGITUDE_MAX, geohash.LATITUDE_MAX
    if longitude < -x or longitude > x or latitude < -y or latitude > y then
        reply.fail(format("ERR invalid longitude,latitude pair %f,%f", longitude, latitude))
    end
    return longitude, latitude
end

-- A coordinate as a reply: the decimal digits of the double, up to seventeen behind the point.
local function coordinate(n)
    local text = gsub(gsub(format("%.17f", n), "0+$", ""), "%.$", "")
    return { kind = "double", n, text = text == "-0" and "0" or text }
end

function geo.coordinates(score)
    local longitude, latitude = geohash.position(score)
    return { coordinate(longitude), coordinate(latitude) }
end

local FLAGS = { NX = true, XX = true, CH = true }

function commands.GEOADD(argv, argc)
    local o, at = {}, 3
    while at <= argc and FLAGS[upper(argv[at])] do
        o[upper(argv[at])] = true
        at = at + 1
    end
    if (argc - at + 1) % 3 ~= 0 or (o.NX and o.XX) then
        return SYNTAX
    end
    local scores, members = {}, {}
    for i = at, argc, 3 do
        scores[#scores + 1] = geohash.score(geo.position(argv[i], argv[i + 1]))
        members[#members + 1] = argv[i + 2]
    end
    local added, updated = zsets.add(state.db, argv[2], o, scores, members)
    return o.CH and added + updated or added
end

-- A command that gives `of_score` for each member it names, and `missing` for those that are none.
local function member_command(of_score, missing)
    return function(argv, argc)
        local value, out = typed(state.db, argv[2], "zset"), {}
        for i = 3, argc do
            local score = value and value.scores[argv[i]]
            out[i - 2] = score and of_score(score) or missing
        end
        return out
    end
end

commands.GEOPOS = member_command(geo.coordinates, NULL_ARRAY)
commands.GEOHASH = member_command(geohash.text, NULL)

function geo.distance_text(metres, unit)
    return format("%.4f", metres / unit)
end

function commands.GEODIST(argv, argc)
    local unit = 1
    if argc == 5 then
        unit = geo.unit(argv[5])
    elseif argc > 5 then
        return SYNTAX
    end
    local value = typed(state.db, argv[2], "zset")
    local a, b = value and value.scores[argv[3]], value and value.scores[argv[4]]
    if not a or not b then
        return NULL
    end
    local longitude_a, latitude_a = geohash.position(a)
    return geo.distance_text(geohash.distance(longitude_a, latitude_a, geohash.position(b)), unit)
end

return { geo = geo }
