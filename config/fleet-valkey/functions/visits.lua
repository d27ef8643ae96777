#!lua name=visits

-- Count a visit of ARGS[1] to the page in KEYS[1], in a hash that ends a day after the last visit.
local function count(keys, args)
    local visits = redis.call('HINCRBY', keys[1], args[1], 1)
    redis.call('EXPIRE', keys[1], 86400)
    return visits
end

redis.register_function('visits_count', count)
