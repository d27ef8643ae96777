-- Small functions on the bins of a record, for other modules to require.
--
--   local bins = require("bins")
--
-- A bin that does not exist reads as nil; setting a bin to nil removes it.

local bins = {}

-- Number in bin `name`, or `default` where the bin is missing or holds something else.
function bins.number(rec, name, default)
    local value = rec[name]
    if type(value) == "number" then
        return value
    end
    return default
end

-- Write the record: create it where it does not exist yet. Returns what the server says, 0 for success.
function bins.store(rec)
    if aerospike:exists(rec) then
        return aerospike:update(rec)
    end
    return aerospike:create(rec)
end

return bins
