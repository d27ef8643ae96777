-- Counters with a ceiling, for quotas and rate limits. All of it happens on the node that owns the record, under the
-- record's lock, so two clients cannot both take the last piece.
--
-- Requires bins.lua: register that one first.
--
--   take(rec, "used", 3, 10)     add 3 unless the bin would exceed 10; the new value, or -1 when refused
--   give_back(rec, "used", 3)    subtract 3, never below 0; the new value
--   window(rec, "hits", 1, 100, now, 60)
--                                as take, within windows of 60 s: the count starts again when `now` is in a new one

local bins = require("bins")

local REFUSED = -1

function take(rec, bin, amount, limit)
    local value = bins.number(rec, bin, 0) + amount
    if amount < 0 or value > limit then
        return REFUSED
    end
    rec[bin] = value
    bins.store(rec)
    return value
end

function give_back(rec, bin, amount)
    local value = math.max(0, bins.number(rec, bin, 0) - amount)
    rec[bin] = value
    bins.store(rec)
    return value
end

-- `now` comes from the caller, in seconds: the same call gives the same result on every replica.
function window(rec, bin, amount, limit, now, seconds)
    local start = now - now % seconds
    if bins.number(rec, bin .. "_at", -1) ~= start then
        rec[bin] = 0
        rec[bin .. "_at"] = start
    end
    return take(rec, bin, amount, limit)
end
