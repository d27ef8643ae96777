-- Members in the order of their scores, and of their bytes where scores are the same: an array that is cut into blocks.
--
-- The blocks keep members only; `scores` (member -> score) belongs to the caller. To insert or remove a member takes a binary search, and
-- the move of at most one block; ranks are counted over the sizes of the blocks, some thousand for a million of members.
-- Ranks begin with 0. A range is a pair of ranks, both included; it is empty if the first is greater.
--
-- Memory may run out at any insertion. What then remains is a member that has a score and no place: `remove` allows for it.

local needs = ...
local choice = needs.choice

local insert, next, remove, sort, type = table.insert, next, table.remove, table.sort, type

local BLOCK_MAX = 256 -- members; with 128 and with 512 a new score took longer in a set of 50,000
local BLOCK_BUILT = 192 -- members of a block that is built at once, so that the next insertions do not split it

local sorted = {}

function sorted.new()
    return { n = 0, sizes = {} }
end

-- The first block that may have the member, and the place there of the first member that is not before it. The last block,
-- and the place after its end, if all are before it; block 1 of an empty order does not exist.
local function locate(order, scores, score, member)
    local low, high = 1, #order.sizes
    if high == 0 then
        return 1, 1
    end
    while low < high do
        local middle = (low + high - (low + high) % 2) / 2
        local last = order[middle][order.sizes[middle]]
        local its = scores[last]
        if its < score or (its == score and last < member) then
            low = middle + 1
        else
            high = middle
        end
    end
    local block = order[low]
    local from, to = 1, order.sizes[low] + 1
    while from < to do
        local middle = (from + to - (from + to) % 2) / 2
        local one = block[middle]
        local its = scores[one]
        if its < score or (its == score and one < member) then
            from = middle + 1
        else
            to = middle
        end
    end
    return low, from
end

-- Cuts block i in two. The new block is complete before it is put into its place.
local function split(order, i)
    local block, size = order[i], order.sizes[i]
    local keep = (size - size % 2) / 2
    local upper = {}
    for j = keep + 1, size do
        upper[j - keep] = block[j]
    end
    local sizes = order.sizes
    order[#sizes + 1] = upper -- the room for both first, so that nothing below can fail
    sizes[#sizes + 1] = 0
    for k = #sizes, i + 2, -1 do
        order[k], sizes[k] = order[k - 1], sizes[k - 1]
    end
    order[i + 1], sizes[i + 1], sizes[i] = upper, size - keep, keep
    for j = keep + 1, size do
        block[j] = nil
    end
end

function sorted.insert(order, scores, score, member)
    local i, j = locate(order, scores, score, member)
    local block, sizes = order[i], order.sizes
    if order.n == 0 then
        order[1] = { member }
        sizes[1] = 1
        order.n = 1
        return
    end
    if sizes[i] >= BLOCK_MAX then
        split(order, i)
        if j > sizes[i] then
            j = j - sizes[i]
            i = i + 1
        end
        block = order[i]
    end
    insert(block, j, member)
    sizes[i] = sizes[i] + 1
    order.n = order.n + 1
end

local function drop_block(order, i)
    remove(order, i)
    remove(order.sizes, i)
end

function sorted.remove(order, scores, score, member)
    local i, j = locate(order, scores, score, member)
    local block = order[i]
    if order.n == 0 or block[j] ~= member then
        return false
    end
    remove(block, j)
    local sizes = order.sizes
    local size = sizes[i] - 1
    sizes[i], order.n = size, order.n - 1
    if size == 0 then
        drop_block(order, i)
    end
    return true
end

-- How many members are in the blocks before block i.
local function members_before(order, i)
    local n, sizes = 0, order.sizes
    for k = 1, i - 1 do
        n = n + sizes[k]
    end
    return n
end

-- The rank of a member that is there; of another one, the rank that it would have.
function sorted.rank(order, scores, score, member)
    local i, j = locate(order, scores, score, member)
    return members_before(order, i) + j - 1
end

-- The block and the place of a rank that is there. Counts from the nearer end.
local function position(order, rank)
    local sizes, n = order.sizes, order.n
    if rank < n / 2 then
        local i = 1
        while rank >= sizes[i] do
            rank = rank - sizes[i]
            i = i + 1
        end
        return i, rank + 1
    end
    local i, from_end = #sizes, n - 1 - rank
    while from_end >= sizes[i] do
        from_end = from_end - sizes[i]
        i = i - 1
    end
    return i, sizes[i] - from_end
end

function sorted.at(order, rank)
    local i, j = position(order, rank)
    return order[i][j]
end

-- The first rank of which `is_after(member, bound)` is true; it must be false for all before and true for all behind.
local function first_rank(order, is_after, bound)
    local sizes = order.sizes
    local low, high = 1, #sizes + 1
    while low < high do
        local middle = (low + high - (low + high) % 2) / 2
        if is_after(order[middle][sizes[middle]], bound) then
            high = middle
        else
            low = middle + 1
        end
    end
    if low > #sizes then
        return order.n
    end
    local block = order[low]
    local from, to = 1, sizes[low]
    while from < to do
        local middle = (from + to - (from + to) % 2) / 2
        if is_after(block[middle], bound) then
            to = middle
        else
            from = middle + 1
        end
    end
    return members_before(order, low) + from - 1
end
sorted.first_rank = first_rank

-- The members of a range of ranks as a new array, and their number; backwards if `is_reverse`. `count` cuts it.
function sorted.slice(order, from, to, is_reverse, count)
    local out, size = {}, to - from + 1
    if count and count < size then
        size = count
    end
    if size <= 0 then
        return out, 0
    end
    local i, j = position(order, is_reverse and to or from)
    local block, sizes = order[i], order.sizes
    local step = is_reverse and -1 or 1
    for n = 1, size do
        out[n] = block[j]
        j = j + step
        if n < size then
            if j == 0 then
                i = i - 1
                block, j = order[i], sizes[i]
            elseif j > sizes[i] then
                i = i + 1
                block, j = order[i], 1
            end
        end
    end
    return out, size
end

-- Removes a range of ranks; a block that loses some of its members is made anew.
function sorted.remove_range(order, from, to)
    if from > to then
        return
    end
    local sizes = order.sizes
    local blocks, kept = {}, {}
    local first = 0
    for i = 1, #sizes do
        local block, size = order[i], sizes[i]
        local last = first + size - 1
        if last < from or first > to then
            blocks[#blocks + 1], kept[#kept + 1] = block, size
        else
            local rest = {}
            for j = 1, size do
                local rank = first + j - 1
                if rank < from or rank > to then
                    rest[#rest + 1] = block[j]
                end
            end
            if #rest > 0 then
                blocks[#blocks + 1], kept[#kept + 1] = rest, #rest
            end
        end
        first = last + 1
    end
    for i = 1, #sizes do
        order[i] = blocks[i]
    end
    order.sizes, order.n = kept, order.n - (to - from + 1)
end

-- Members by score: a member, or an array of members, for each score; and the array of scores.
local function by_score(scores)
    local groups, distinct, n = {}, {}, 0
    for member, score in next, scores do
        local group = groups[score]
        if group == nil then
            n = n + 1
            groups[score], distinct[n] = member, score
        elseif type(group) == "table" then
            group[#group + 1] = member
        else
            groups[score] = { group, member }
        end
    end
    return groups, distinct, n
end

-- Lua's own sort is quadratic for some orders, which a client could make: so the order is a random one first.
local function sort_safely(array, n)
    choice.shuffle(array, n)
    sort(array)
end

-- The order of all members of `scores`, made at once.
function sorted.build(scores)
    local groups, distinct, n = by_score(scores)
    sort_safely(distinct, n)
    local order, block, size, total = sorted.new(), nil, BLOCK_BUILT, 0
    local sizes = order.sizes
    local function append(member)
        if size == BLOCK_BUILT then
            block, size = {}, 0
            order[#sizes + 1] = block
            sizes[#sizes + 1] = 0
        end
        size = size + 1
        block[size], sizes[#sizes] = member, size
        total = total + 1
    end
    for i = 1, n do
        local group = groups[distinct[i]]
        if type(group) == "table" then
            sort_safely(group, #group)
            for j = 1, #group do
                append(group[j])
            end
        else
            append(group)
        end
    end
    order.n = total
    return order
end

return { sorted = sorted }
