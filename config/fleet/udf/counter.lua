-- increment(rec, "count", 5): the new value of the bin.

local bins = require("bins")

function increment(rec, bin, amount)
    rec[bin] = bins.number(rec, bin) + amount
    bins.store(rec)
    return rec[bin]
end
