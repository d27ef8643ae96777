-- A test of stock.lua, for the laptop: udf.yaml keeps it from the nodes.

local bins = require("bins")
require("stock")

function fill(rec, amount)
    rec.stock = amount
    bins.store(rec)
    return reserve(rec, amount)
end
