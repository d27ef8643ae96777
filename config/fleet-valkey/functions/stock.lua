#!lua name=stock

-- The names of functions are global on a server: all of this library begin with stock_.

local function number(key)
    return tonumber(redis.call('GET', key) or '0')
end

-- Take ARGS[1] pieces from the stock in KEYS[1]; what is left then, or -1 when there are not so many.
local function reserve(keys, args)
    local left = number(keys[1]) - tonumber(args[1])
    if left < 0 then
        return -1
    end
    redis.call('SET', keys[1], left)
    return left
end

local function left(keys)
    return number(keys[1])
end

redis.register_function('stock_reserve', reserve)
redis.register_function{function_name='stock_left', callback=left, flags={'no-writes'}}
