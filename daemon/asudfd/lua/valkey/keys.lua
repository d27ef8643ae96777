-- Where a command has its keys, by the specifications in its row (the key specifications of COMMAND INFO).
--
-- A row's `specs` is an array of tables: `at` (a position in argv) or `keyword` and `from` (where the search for it starts,
-- from the end if negative) say where the keys begin; then either `last`, `step` and `limit` (a range), or `number`, `first`
-- and `step` (the count of keys is an argument). `no_key` marks names that are no keys but have a slot (shard channels).

local needs = ...
local rows = needs.rows
local floor, match, tonumber, upper = math.floor, string.match, tonumber, string.upper

-- The position at which the keys of the specification begin, or nil.
local function begin_of(spec, argv, argc)
    if spec.at then
        return spec.at
    end
    local from = spec.from
    local start, finish, step = from, argc, 1
    if from < 0 then
        start, finish, step = argc + from + 1, 2, -1
    end
    for i = start, finish, step do
        if argv[i] and upper(argv[i]) == spec.keyword then
            return i + 1
        end
    end
    return nil
end

local COUNT_DIGITS = 10 -- digits of a count of keys; more are no count

-- First and last position of the keys of the specification, and the step; nil if there are none; nil, true if the count is wrong.
local function range_of(spec, argv, argc)
    local first = begin_of(spec, argv, argc)
    if not first then
        return nil
    end
    if not spec.number then
        local last = spec.last
        if last >= 0 then
            last = first + last
        elseif spec.limit == 0 then
            last = argc + 1 + last
        else
            last = first + floor((argc + 1 - first) / spec.limit) + last
        end
        return first, last, spec.step
    end
    local text = argv[first + spec.number] or ""
    local count = #text <= COUNT_DIGITS and match(text, "^%d+$") and tonumber(text)
    first = first + spec.first
    local last = first + ((count or 0) - 1) * spec.step
    if not count or count < 1 or last > argc then
        return nil, true
    end
    return first, last, spec.step
end

-- The position behind the last STORE of a SORT, which may be anywhere.
local function store_of_sort(argv, argc)
    local found
    for i = 3, argc - 1 do
        if upper(argv[i]) == "STORE" then
            found = i + 1
        end
    end
    return found
end

local function append(places, spec, argv, argc, number)
    if spec.unknown then
        local found = spec.unknown == "store" and store_of_sort(argv, argc)
        if found then
            places[#places + 1], places[#places + 2] = found, number
        end
        return true
    end
    local first, last, step = range_of(spec, argv, argc)
    if not first then
        return not last
    end
    for i = first, last, step do
        if i <= argc then
            places[#places + 1], places[#places + 2] = i, number
        end
    end
    return true
end

-- The positions of the keys, each with the number of its specification: { position, number, position, number... };
-- nil if the arguments do not fit. `routed`: of everything that has a slot.
local function key_places(row, argv, argc, routed)
    local places, specs = {}, row.specs
    for number = 1, specs and #specs or 0 do
        local spec = specs[number]
        if (routed or not spec.no_key) and not append(places, spec, argv, argc, number) then
            return nil
        end
    end
    if row.name == "migrate" and argv[4] == "" then
        table.remove(places, 1)
        table.remove(places, 1)
    end
    return places
end

-- For the host: the places of the keys of the command of that name.
local function places_of(name, argv, argc)
    local row = rows[upper(match(name, "^[^|]*"))]
    if row and row.name ~= name then
        row = row.subcommands[upper(match(name, "|(.*)"))]
    end
    return key_places(row, argv, argc)
end

return { key_places = key_places, places_of = places_of }
