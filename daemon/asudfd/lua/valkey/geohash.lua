-- Positions on the earth as numbers: geohashes of 52 bits, which are scores of sorted sets; distances, and the areas of a search.
--
-- A cell { bits, step } has `step` bits for the latitude and as many for the longitude, those of the longitude at the odd
-- places. A score is the cell of step 26 of a position. All of it is exact in doubles.

local ipairs = ipairs
local abs, asin, atan2, cos, floor, max, min, pi, sin, sqrt =
    math.abs, math.asin, math.atan2, math.cos, math.floor, math.max, math.min, math.pi, math.sin, math.sqrt

local geohash = {}

local STEP_MAX = 26
local LATITUDE_MAX, LONGITUDE_MAX = 85.05112878, 180 -- of the Mercator projection
local EARTH_RADIUS = 6372797.560856 -- metres, as the real server has it
local MERCATOR_MAX = 20037726.37 -- metres: half of the circumference in that projection
local RADIAN = pi / 180
geohash.LATITUDE_MAX, geohash.LONGITUDE_MAX, geohash.EARTH_RADIUS = LATITUDE_MAX, LONGITUDE_MAX, EARTH_RADIUS

-- The bits of a number below 512 at every second place.
local SPREAD = {}
for n = 0, 511 do
    local out, place, rest = 0, 1, n
    while rest > 0 do
        local bit = rest % 2
        out, rest, place = out + bit * place, (rest - bit) / 2, place * 4
    end
    SPREAD[n] = out
end

local NINE, SPREAD_NINE = 512, 2 ^ 18

local function spread(n)
    local low = n % NINE
    local rest = (n - low) / NINE
    local middle = rest % NINE
    return SPREAD[low] + (SPREAD[middle] + SPREAD[(rest - middle) / NINE] * SPREAD_NINE) * SPREAD_NINE
end

local function join(latitude, longitude)
    return spread(latitude) + 2 * spread(longitude)
end

-- The two numbers of which a cell is made: latitude, longitude.
local function separate(bits)
    local latitude, longitude, place = 0, 0, 1
    while bits > 0 do
        local pair = bits % 4
        local low = pair % 2
        latitude, longitude = latitude + low * place, longitude + (pair - low) / 2 * place
        bits, place = (bits - pair) / 4, place * 2
    end
    return latitude, longitude
end

-- The cell of a position; `latitude_max` is 90 for the usual geohashes, of which the text is made.
local function encode(longitude, latitude, step, latitude_max)
    latitude_max = latitude_max or LATITUDE_MAX
    local size = 2 ^ step
    local y = (latitude + latitude_max) / (latitude_max + latitude_max)
    local x = (longitude + LONGITUDE_MAX) / (LONGITUDE_MAX + LONGITUDE_MAX)
    return join(floor(y * size), floor(x * size))
end

-- The edges of a cell.
local function decode(bits, step)
    local y, x = separate(bits)
    local size = 2 ^ step
    return {
        south = -LATITUDE_MAX + y / size * (2 * LATITUDE_MAX),
        north = -LATITUDE_MAX + (y + 1) / size * (2 * LATITUDE_MAX),
        west = -LONGITUDE_MAX + x / size * (2 * LONGITUDE_MAX),
        east = -LONGITUDE_MAX + (x + 1) / size * (2 * LONGITUDE_MAX),
    }
end

function geohash.score(longitude, latitude)
    return encode(longitude, latitude, STEP_MAX)
end

local function within(n, limit)
    return n > limit and limit or n < -limit and -limit or n
end

-- The position of a score: longitude, latitude.
local function position(score)
    local cell = decode(floor(score), STEP_MAX)
    return within((cell.west + cell.east) / 2, LONGITUDE_MAX), within((cell.south + cell.north) / 2, LATITUDE_MAX)
end
geohash.position = position

local ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"

-- The usual text of 11 characters.
function geohash.text(score)
    local longitude, latitude = position(score)
    local bits = encode(longitude, latitude, STEP_MAX, 90)
    local out = ""
    for i = 1, 10 do
        local digit = floor(bits / 2 ^ (52 - i * 5)) % 32
        out = out .. ALPHABET:sub(digit + 1, digit + 1)
    end
    return out .. "0" -- 52 bits make ten characters and two bits, which the real server leaves out
end

local function latitude_distance(a, b)
    return EARTH_RADIUS * abs(b * RADIAN - a * RADIAN)
end

-- Metres between two positions.
local function distance(longitude_a, latitude_a, longitude_b, latitude_b)
    local v = sin((longitude_b * RADIAN - longitude_a * RADIAN) / 2)
    if v == 0 then
        return latitude_distance(latitude_a, latitude_b)
    end
    local a, b = latitude_a * RADIAN, latitude_b * RADIAN
    local u = sin((b - a) / 2)
    return 2 * EARTH_RADIUS * asin(sqrt(u * u + cos(a) * cos(b) * v * v))
end
geohash.distance = distance

-- Shapes: { longitude, latitude (of the centre), unit (metres), and radius; or width and height; or vertices }.

-- The middle of the vertices, on the sphere.
function geohash.centre(vertices)
    local x, y, z = 0, 0, 0
    for i = 1, #vertices do
        local longitude, latitude = vertices[i][1] * RADIAN, vertices[i][2] * RADIAN
        x, y, z = x + cos(latitude) * cos(longitude), y + cos(latitude) * sin(longitude), z + sin(latitude)
    end
    return atan2(y, x) / RADIAN, atan2(z, sqrt(x * x + y * y)) / RADIAN
end

-- Whether a ray from the position to the east crosses the edges an odd number of times.
local function is_in_polygon(vertices, longitude, latitude)
    local is_inside, j = false, #vertices
    for i = 1, #vertices do
        local xi, yi, xj, yj = vertices[i][1], vertices[i][2], vertices[j][1], vertices[j][2]
        if (yi > latitude) ~= (yj > latitude) and longitude < (xj - xi) * (latitude - yi) / (yj - yi) + xi then
            is_inside = not is_inside
        end
        j = i
    end
    return is_inside
end

-- Metres from the centre of the shape to a position that it contains, else nil.
function geohash.distance_within(shape, longitude, latitude)
    local x, y = shape.longitude, shape.latitude
    if shape.radius then
        local metres = distance(x, y, longitude, latitude)
        return metres <= shape.radius * shape.unit and metres or nil
    elseif shape.vertices then
        return is_in_polygon(shape.vertices, longitude, latitude) and distance(x, y, longitude, latitude) or nil
    end
    if
        latitude_distance(latitude, y) > shape.height * shape.unit / 2
        or distance(longitude, latitude, x, latitude) > shape.width * shape.unit / 2
    then
        return nil
    end
    return distance(x, y, longitude, latitude)
end

-- The edges of the shape, and the metres from its centre to the farthest of it.
local function bounds(shape)
    if shape.vertices then
        local west, east, south, north, reach = 180, -180, 90, -90, 0
        for _, vertex in ipairs(shape.vertices) do
            west, east = min(west, vertex[1]), max(east, vertex[1])
            south, north = min(south, vertex[2]), max(north, vertex[2])
            reach = max(reach, distance(shape.longitude, shape.latitude, vertex[1], vertex[2]))
        end
        return { west = west, east = east, south = south, north = north }, reach
    end
    local height = shape.unit * (shape.radius or shape.height / 2)
    local width = shape.unit * (shape.radius or shape.width / 2)
    local latitude, longitude = shape.latitude, shape.longitude
    local up = height / EARTH_RADIUS / RADIAN
    local nearer_pole = latitude < 0 and latitude - up or latitude + up
    local aside = width / EARTH_RADIUS / cos(nearer_pole * RADIAN) / RADIAN
    local edges = { west = longitude - aside, east = longitude + aside, south = latitude - up, north = latitude + up }
    return edges, shape.radius and height or sqrt(width * width + height * height)
end

-- The step of which nine cells cover so many metres around a position.
local function step_for(metres, latitude)
    if metres == 0 then
        return STEP_MAX
    end
    local step = 1
    while metres < MERCATOR_MAX do
        metres, step = metres * 2, step + 1
    end
    step = step - 2
    if latitude > 66 or latitude < -66 then
        step = step - 1
        if latitude > 80 or latitude < -80 then
            step = step - 1
        end
    end
    return step < 1 and 1 or step > STEP_MAX and STEP_MAX or step
end

-- The cell so many to the east and to the north; the earth is round in both directions. On the eastern and northern edges of
-- the map are cells of their own, beyond the last: who stays on an edge finds what is there.
local function neighbour(bits, step, east, north)
    local size = 2 ^ step
    local y, x = separate(bits)
    return join(north == 0 and y or (y + north) % size, east == 0 and x or (x + east) % size)
end

local function is_too_coarse(bits, step, edges)
    return decode(neighbour(bits, step, 0, 1), step).north < edges.north
        or decode(neighbour(bits, step, 0, -1), step).south > edges.south
        or decode(neighbour(bits, step, 1, 0), step).east < edges.east
        or decode(neighbour(bits, step, -1, 0), step).west > edges.west
end

-- East and north of the cells that are searched, in the real server's order, which decides the order of unsorted answers.
local DIRECTIONS = { { 0, 0 }, { 0, 1 }, { 0, -1 }, { 1, 0 }, { -1, 0 }, { 1, 1 }, { -1, 1 }, { 1, -1 }, { -1, -1 } }

-- The ranges of scores that have all positions of the shape: an array of { first, behind the last }.
function geohash.areas(shape)
    local edges, reach = bounds(shape)
    local longitude, latitude = shape.longitude, shape.latitude
    local step = step_for(reach, latitude)
    local bits = encode(longitude, latitude, step)
    if step > 1 and is_too_coarse(bits, step, edges) then
        step = step - 1
        bits = encode(longitude, latitude, step)
    end
    local cell, out, last = decode(bits, step), {}, nil
    local size = 2 ^ (2 * (STEP_MAX - step))
    for _, direction in ipairs(DIRECTIONS) do
        local east, north = direction[1], direction[2]
        local is_useless = step >= 2
            and (
                (north < 0 and cell.south < edges.south)
                or (north > 0 and cell.north > edges.north)
                or (east < 0 and cell.west < edges.west)
                or (east > 0 and cell.east > edges.east)
            )
        local here = neighbour(bits, step, east, north)
        if not is_useless and here ~= last then
            out[#out + 1] = { here * size, (here + 1) * size }
            last = here
        end
    end
    return out
end

return { geohash = geohash }
