-- What is known of each type of value, beside its commands: a file for each type adds its own.
--
-- `value_types[TYPE]` has these functions:
--     encoding(value)   the name that OBJECT ENCODING gives        copy(value)   an independent copy
--     length(value)     how many elements, fields or entries
-- and may have
--     arrived(db, key, value)    the value has become the key's in another way than by its type's commands: RENAME, RESTORE...
--     swapped(a, b)              the two databases have changed their contents
--
-- `compact` has the thresholds up to which the real server keeps a value in its compact form (listpack, intset), by the names
-- of CONFIG. Compact values keep the order in which their elements came, which clients can see. They are this server's
-- thresholds too, so that order and OBJECT ENCODING are the same; a value never returns to its compact form, but lists do.
-- Read at each use: CONFIG SET changes them.

local compact = {
    ["hash-max-listpack-entries"] = 512,
    ["hash-max-listpack-value"] = 64,
    ["list-max-listpack-size"] = -2,
    ["set-max-intset-entries"] = 512,
    ["set-max-listpack-entries"] = 128,
    ["set-max-listpack-value"] = 64,
    ["zset-max-listpack-entries"] = 128,
    ["zset-max-listpack-value"] = 64,
    ["stream-node-max-bytes"] = 4096,
    ["stream-node-max-entries"] = 100,
}

return { value_types = {}, compact = compact }
