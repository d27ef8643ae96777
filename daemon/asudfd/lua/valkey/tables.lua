-- The library `table`: the original's functions but where one call could take long, or would write into a read-only table.
local needs = ...
local fail, wrong_type, number_of, to_integer = needs.fail, needs.wrong_type, needs.number_of, needs.to_integer
local bad_argument, check, hurry = needs.bad_argument, needs.check, needs.hurry

local kind, select, error, floor, next, sort, insert = type, select, error, math.floor, next, table.sort, table.insert
local find, match, pcall, tonumber = string.find, string.match, pcall, tonumber
local rawget, rawset, rawequal, unpack, metatable_of = rawget, rawset, rawequal, unpack, debug.getmetatable
local original = table

local READ_ONLY = "Attempt to modify a readonly table"
local WALKED = 10000 -- elements that the original goes over in no time: some 0.1 ms
local SHIFTED = 100000 -- elements that the original may move in one call: some 2 ms
local SORTED = 10000 -- numbers and texts that the original may sort in one call: some 3 ms
local SHORT = 64 -- bytes of a text that are compared in no time
local COMPARED = 8 -- comparisons between two looks at the time

local function check_table(...)
    local t = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    end
    return t
end

-- Inserts at a place, with the same steps as the original, which goes down to the place even where it is below 1.
local function insert_at(t, place, value)
    local behind = #t + 1
    place = to_integer(place) % 4294967296
    place = place >= 2147483648 and place - 4294967296 or place
    if place > behind then
        behind = place
    end
    if behind - place <= SHIFTED then
        return insert(t, place, value)
    end
    for index = behind, place + 1, -1 do
        rawset(t, index, rawget(t, index - 1))
        if index % COMPARED == 0 then
            check()
        end
    end
    rawset(t, place, value)
end

-- Whether the original sorts these in no time: numbers and short texts, and not many.
local function is_simple(t, count)
    if count > SORTED then
        return false
    end
    local form = kind(t[1])
    for index = 1, count do
        local value = t[index]
        if kind(value) ~= form or value ~= value or form == "string" and #value > SHORT then
            return false
        end
    end
    return form == "number" or form == "string"
end

-- a < b for any values, with the words of the machine where they have no order.
local function is_less(a, b)
    local form = kind(a)
    if form == kind(b) and (form == "number" or form == "string") then
        return a < b
    elseif form ~= kind(b) then
        error("attempt to compare " .. form .. " with " .. kind(b), 0)
    elseif form ~= "table" then
        error("attempt to compare two " .. form .. " values", 0)
    end
    local pair = { b, a }
    sort(pair) -- the original compares the second with the first, and swaps them if it is less
    return rawequal(pair[1], a) and not rawequal(a, b)
end

-- The algorithm is part of what users see: the order of equal elements, and the calls of the comparison.
local function sort_by(t, count, less)
    local compared = 0
    local function is_before(a, b)
        compared = compared + 1
        if compared % COMPARED == 0 then
            check()
        end
        return less(a, b)
    end

    local function partition(low, high, pivot)
        local i, j = low, high - 1
        while true do
            i = i + 1
            while is_before(t[i], pivot) do
                if i > high then
                    fail("invalid order function for sorting")
                end
                i = i + 1
            end
            j = j - 1
            while is_before(pivot, t[j]) do
                if j < low then
                    fail("invalid order function for sorting")
                end
                j = j - 1
            end
            if j < i then
                return i
            end
            t[i], t[j] = t[j], t[i]
        end
    end

    -- Orders three: the first, the last, and the one between them, which is the pivot.
    local function order(low, high)
        if is_before(t[high], t[low]) then
            t[low], t[high] = t[high], t[low]
        end
        if high - low == 1 then
            return nil
        end
        local middle = floor((low + high) / 2)
        if is_before(t[middle], t[low]) then
            t[middle], t[low] = t[low], t[middle]
        elseif is_before(t[high], t[middle]) then
            t[middle], t[high] = t[high], t[middle]
        end
        if high - low == 2 then
            return nil
        end
        local pivot = t[middle]
        t[middle], t[high - 1] = t[high - 1], t[middle]
        return pivot
    end

    local function sort_range(low, high)
        while low < high do
            local pivot = order(low, high)
            if pivot == nil then
                return
            end
            local place = partition(low, high, pivot)
            t[high - 1], t[place] = t[place], t[high - 1]
            if place - low < high - place then
                sort_range(low, place - 1)
                low = place + 1
            else
                sort_range(place + 1, high)
                high = place - 1
            end
        end
    end
    sort_range(1, count)
end

-- The same for a table whose reads and writes may call its metatable's functions: those of a sort do not.
local function sort_raw(t, count, less)
    local plain = {}
    for index = 1, count do
        plain[index] = rawget(t, index)
    end
    sort_by(plain, count, less)
    for index = 1, count do
        rawset(t, index, plain[index])
    end
end

-- What the original has returned, or its error as if it had been called from the user's code.
local function answer(ok, ...)
    if ok then
        return ...
    end
    local what = ...
    if kind(what) == "string" then
        local number, text = match(what, "^bad argument #(%d+) to '%?' %((.*)%)$")
        if number then
            bad_argument(tonumber(number), text)
        elseif find(what, "^invalid value ") then
            fail(what)
        end
    end
    error(what, 0)
end

-- A function of the original that goes over a whole table: the time is looked at behind each call with a large one.
local function walking(f)
    return function(...)
        local t = ...
        if kind(t) == "table" and #t > WALKED then
            hurry()
        end
        return answer(pcall(f, ...))
    end
end

-- The functions of the library; `real` has the table behind each proxy.
local function new_table_library(real)
    local library = { getn = original.getn, setn = original.setn }
    for _, name in next, { "concat", "maxn", "remove" } do
        library[name] = walking(original[name])
    end

    function library.insert(...)
        local t, place, value = ...
        check_table(...)
        local count = select("#", ...)
        if count == 2 then
            if real[t] then
                error(READ_ONLY, 0)
            end
            rawset(t, #t + 1, place)
        elseif count == 3 then
            if real[t] then
                error(READ_ONLY, 0)
            end
            insert_at(t, kind(place) == "number" and place or number_of(2, ...), value)
        else
            fail("wrong number of arguments to 'insert'")
        end
    end

    function library.sort(...)
        local t, less = ...
        check_table(...)
        if less ~= nil and kind(less) ~= "function" then
            wrong_type(2, "function", ...)
        end
        local count = #t
        if metatable_of(t) then
            sort_raw(t, count, less or is_less)
        elseif less == nil and is_simple(t, count) then
            sort(t)
        else
            sort_by(t, count, less or is_less)
        end
    end

    function library.foreach(...)
        local t, f = ...
        check_table(...)
        if kind(f) ~= "function" then
            wrong_type(2, "function", ...)
        end
        for key, value in next, real[t] or t do
            local result = f(key, value)
            if result ~= nil then
                return result
            end
            check()
        end
    end

    function library.foreachi(...)
        local t, f = ...
        check_table(...)
        if kind(f) ~= "function" then
            wrong_type(2, "function", ...)
        end
        for index = 1, #t do
            local result = f(index, rawget(t, index))
            if result ~= nil then
                return result
            end
            check()
        end
    end
    return library
end

local RESULTS_MAX = 8000 -- values that a function of the machine may have at the same time, its arguments among them
local WORD = 2 ^ 32

-- A number as the machine's functions take an index: cut to 32 bits.
local function index_of(number)
    local index = to_integer(number) % WORD
    return index >= WORD / 2 and index - WORD or index
end

local FEW = 100 -- results of the usual calls

-- The original works out how many results there are in 32 bits, and ends the process where they do not hold it.
local function unpack_checked(...)
    local t, first, last = ...
    if first == nil and last == nil and kind(t) == "table" and #t < FEW then
        return unpack(...)
    end
    check_table(...)
    first = first == nil and 1 or index_of(number_of(2, ...))
    last = last == nil and #t or index_of(number_of(3, ...))
    if last - first + 1 + select("#", ...) > RESULTS_MAX then
        fail("too many results to unpack")
    end
    return unpack(...)
end

return { new_table_library = new_table_library, unpack_checked = unpack_checked }
