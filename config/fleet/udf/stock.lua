-- reserve(rec, 3): take 3 of what is in stock; what is left, or -1 where there are not as many.

local bins = require("bins")

function reserve(rec, amount)
    local left = bins.number(rec, "stock") - amount
    if amount < 0 or left < 0 then
        return -1
    end
    rec.stock = left
    bins.store(rec)
    return left
end
