function trace(...)
    aerospike:log(4, string.format(...))
end
function debug(...)
    aerospike:log(3, string.format(...))
end
function info(...)
    aerospike:log(2, string.format(...))
end
function warn(...)
    aerospike:log(1, string.format(...))
end
-- The lines of this file are part of its messages: the real server names 2, 5, 8 and 11.
