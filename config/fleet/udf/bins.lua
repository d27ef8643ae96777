-- What other modules require: bins as numbers, and a record that is created when it is not there.

local bins = {}

function bins.number(rec, name)
    local value = rec[name]
    return type(value) == "number" and value or 0
end

function bins.store(rec)
    if aerospike:exists(rec) then
        return aerospike:update(rec)
    end
    return aerospike:create(rec)
end

return bins
