-- The .luacheckrc of a directory of Aerospike modules: their functions are globals, and so is what the node gives them.
std = "lua54"
max_line_length = false
allow_defined_top = true
ignore = { "131" } -- functions that clients call are not called here
read_globals = {
    "aerospike", "record", "list", "map", "bytes", "geojson", "iterator", "trace", "debug", "info", "warn", "List", "Map", "Bytes", "Iterator",
    math = { fields = { "product", "sum" } },
}
