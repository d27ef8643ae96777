-- Lists: { type = "list", items, first, last, bytes, is_compact }.
--
-- The elements are items[first] to items[last]; both ends grow and shrink in place, so `first` may be negative. `bytes` is what
-- the elements would take in a listpack of the real server: by it, it tells listpacks from quicklists.

local needs = ...
local compact, listpack, value_types = needs.compact, needs.listpack, needs.value_types

local floor = math.floor
local size_of = listpack.text_size

local list = {}

function list.new()
    return { type = "list", items = {}, first = 1, last = 0, bytes = 7, is_compact = true }
end

local NODE_SIZES = { 4096, 8192, 16384, 32768, 65536 } -- of list-max-listpack-size -1 to -5
local SIZE_SAFE = 8192

-- Whether one listpack may not have so many bytes and elements.
local function exceeds(bytes, count)
    local fill = compact["list-max-listpack-size"]
    if fill < 0 then
        return bytes > (NODE_SIZES[-fill] or 65536)
    end
    return bytes > SIZE_SAFE or count > (fill == 0 and 1 or fill)
end

-- To be called before elements argv[from] to argv[to] are added.
function list.will_grow(value, argv, from, to)
    if value.is_compact then
        local bytes = value.bytes
        for i = from, to do
            bytes = bytes + #argv[i]
        end
        if exceeds(bytes, list.length(value) + to - from + 1) then
            value.is_compact = false
        end
    end
end

-- To be called when elements have been removed.
function list.has_shrunk(value)
    if not value.is_compact then
        local fill, count = compact["list-max-listpack-size"], list.length(value)
        if fill < 0 then
            value.is_compact = value.bytes <= (NODE_SIZES[-fill] or 65536) / 2
        else
            value.is_compact = count <= floor(fill / 2) and value.bytes <= SIZE_SAFE
        end
    end
end

function list.length(value)
    return value.last - value.first + 1
end

-- The element at a place from 0, or nil.
function list.at(value, place)
    return value.items[value.first + place]
end

function list.push(value, text, is_left)
    local place = is_left and value.first - 1 or value.last + 1
    value.items[place] = text
    if is_left then
        value.first = place
    else
        value.last = place
    end
    value.bytes = value.bytes + size_of(text)
end

-- Takes the element at one end; there must be one.
function list.pop(value, is_left)
    local place = is_left and value.first or value.last
    local text = value.items[place]
    value.items[place] = nil
    if is_left then
        value.first = place + 1
    else
        value.last = place - 1
    end
    value.bytes = value.bytes - size_of(text)
    return text
end

function list.set(value, place, text)
    local items, at = value.items, value.first + place
    value.bytes = value.bytes - size_of(items[at]) + size_of(text)
    items[at] = text
end

-- Inserts before the element at `place` (from 0), or at the end. The nearer end moves.
function list.insert(value, place, text)
    local items, first, last = value.items, value.first, value.last
    if place < list.length(value) / 2 then
        for at = first - 1, first + place - 2 do
            items[at] = items[at + 1]
        end
        items[first + place - 1] = text
        value.first = first - 1
    else
        for at = last + 1, first + place + 1, -1 do
            items[at] = items[at - 1]
        end
        items[first + place] = text
        value.last = last + 1
    end
    value.bytes = value.bytes + size_of(text)
end

-- Gives the list other elements: kept[1..n].
local function refill(value, kept, n)
    value.items, value.first, value.last = kept, 1, n
    local bytes = 7
    for i = 1, n do
        bytes = bytes + size_of(kept[i])
    end
    value.bytes = bytes
end

-- Keeps only the places `from` to `to` (from 0); takes steps as many as the fewer of those kept and those removed.
function list.keep(value, from, to)
    local n, kept = list.length(value), to - from + 1
    if kept < n - kept then
        local out, items, first = {}, value.items, value.first + from
        for i = 1, kept do
            out[i] = items[first + i - 1]
        end
        refill(value, out, kept)
        return
    end
    for _ = 1, from do
        list.pop(value, true)
    end
    for _ = to + 2, n do
        list.pop(value, false)
    end
end

-- Removes elements that are `text`: all, or so many from the start, or (negative) from the end. Returns how many.
function list.remove(value, text, count)
    local items, removed = value.items, 0
    local limit = count == 0 and list.length(value) or count < 0 and -count or count
    local step = count < 0 and -1 or 1
    local from, to = value.first, value.last
    if count < 0 then
        from, to = to, from
    end
    local place = from -- where the next element that stays goes
    for at = from, to, step do
        local item = items[at]
        if item == text and removed < limit then
            removed = removed + 1
        else
            if place ~= at then
                items[place] = item
            end
            place = place + step
        end
    end
    for at = place, to, step do
        items[at] = nil
    end
    if count < 0 then
        value.first = place + 1
    else
        value.last = place - 1
    end
    value.bytes = value.bytes - removed * size_of(text)
    return removed
end

value_types.list = {
    length = list.length,
    encoding = function(value)
        return value.is_compact and "listpack" or "quicklist"
    end,
    copy = function(value)
        local copied = list.new()
        for at = value.first, value.last do
            list.push(copied, value.items[at], false)
        end
        copied.is_compact = value.is_compact
        return copied
    end,
}

return { list = list }
