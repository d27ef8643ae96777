-- The last changes of a bin, kept in a list beside it: newest first, at most `keep` of them.
--
--   set(rec, "price", 42, 10)    write 42 to the bin and remember the former value in price_was; how many are kept
--   undo(rec, "price")           put the newest remembered value back; that value, or nil when there is none
--   drop(rec, "price")           forget all remembered values; how many there were
--
-- A bin's name has at most 15 bytes, `_was` included. Requires bins.lua: register that one first.

local bins = require("bins")

local SUFFIX = "_was"

function set(rec, bin, value, keep)
    local former = rec[bin]
    local was = rec[bin .. SUFFIX] or list()
    if former ~= nil then
        list.prepend(was, former)
        was = list.take(was, keep) or list()
    end
    rec[bin] = value
    rec[bin .. SUFFIX] = was
    bins.store(rec)
    return list.size(was)
end

function undo(rec, bin)
    local was = rec[bin .. SUFFIX]
    if was == nil or list.size(was) == 0 then
        return nil
    end
    local value = was[1]
    rec[bin] = value
    rec[bin .. SUFFIX] = list.drop(was, 1)
    aerospike:update(rec)
    return value
end

function drop(rec, bin)
    local was = rec[bin .. SUFFIX]
    if was == nil then
        return 0
    end
    local count = list.size(was)
    rec[bin .. SUFFIX] = nil
    aerospike:update(rec)
    return count
end
