-- Sets: { type = "set", members, places, n, form, is_sorted }.
--
-- `members` is an array, `places` maps each member to its place. `form` is what the real server calls its encoding: "intset" (whole
-- numbers, in their order when somebody looks: `is_sorted`), "listpack" (in the order in which they came), "hashtable"
-- (a member that goes leaves its place to the last one).

local needs = ...
local compact, integer, value_types = needs.compact, needs.integer, needs.value_types

local byte, remove, sort = string.byte, table.remove, table.sort
local parse = integer.parse

local set = {}

-- A new set for a first member and about `size` members.
function set.new_for(member, size)
    local form = "hashtable"
    if parse(member) and size <= compact["set-max-intset-entries"] then
        form = "intset"
    elseif size <= compact["set-max-listpack-entries"] then
        form = "listpack"
    end
    return { type = "set", members = {}, places = {}, n = 0, form = form, is_sorted = true }
end

-- Whether one text of a whole number is less than another; beyond 2^53 their digits decide.
local function is_less(a, b)
    local negative_a, negative_b = byte(a) == 45, byte(b) == 45
    if negative_a ~= negative_b then
        return negative_a
    end
    if #a ~= #b then
        return (#a < #b) ~= negative_a
    end
    if negative_a then
        return b < a
    end
    return a < b
end

-- The members of an intset are put into their order.
local function in_order(value)
    if value.form == "intset" and not value.is_sorted then
        local members, places = value.members, value.places
        sort(members, is_less)
        for i = 1, value.n do
            places[members[i]] = i
        end
        value.is_sorted = true
    end
    return value.members
end
set.in_order = in_order

-- A member of an intset that is no whole number: the set takes another form.
local function leave_intset(value, member)
    in_order(value)
    local fits = value.n < compact["set-max-listpack-entries"] and #member <= compact["set-max-listpack-value"]
    value.form = fits and "listpack" or "hashtable"
end

-- So many members will be added: a set that becomes large takes its large form at once.
function set.expect(value, count)
    local form = value.form
    if
        (form == "listpack" and count > compact["set-max-listpack-entries"])
        or (form == "intset" and count > compact["set-max-intset-entries"])
    then
        in_order(value)
        value.form = "hashtable"
    end
end

-- Adds a member; says whether it is new.
function set.add(value, member)
    local places = value.places
    if places[member] then
        return false
    end
    local n, form = value.n + 1, value.form
    if form == "intset" and not parse(member) then
        leave_intset(value, member)
    elseif form == "listpack" then
        if n > compact["set-max-listpack-entries"] or #member > compact["set-max-listpack-value"] then
            value.form = "hashtable"
        end
    end
    value.members[n] = member
    places[member] = n
    value.n = n
    if form == "intset" and value.form == "intset" then
        value.is_sorted = false
        if n > compact["set-max-intset-entries"] then
            in_order(value)
            value.form = "hashtable"
        end
    end
    return true
end

-- Removes a member; says whether it was there.
function set.remove(value, member)
    local members, places, n = value.members, value.places, value.n
    local place = places[member]
    if not place then
        return false
    end
    if value.form == "hashtable" then
        local last = members[n]
        members[place], places[last] = last, place
        members[n], places[member] = nil, nil
    else
        remove(members, place)
        places[member] = nil
        for i = place, n - 1 do
            places[members[i]] = i
        end
    end
    value.n = n - 1
    return true
end

-- A set of the members of an array, in their order; nil if there are none.
function set.of(members, n)
    if n == 0 then
        return nil
    end
    local value = set.new_for(members[1], 1)
    for i = 1, n do
        set.add(value, members[i])
    end
    return value
end

value_types.set = {
    length = function(value)
        return value.n
    end,
    encoding = function(value)
        return value.form
    end,
    copy = function(value)
        local copied = { type = "set", members = {}, places = {}, n = 0, form = value.form, is_sorted = value.is_sorted }
        local members = value.members
        for i = 1, value.n do
            copied.members[i], copied.places[members[i]] = members[i], i
        end
        copied.n = value.n
        return copied
    end,
}

return { set = set }
