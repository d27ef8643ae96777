-- What luacheck looks at in our own Lua: the sandbox of the daemon, and the example modules. `make check` runs it.
std = "lua54"
exclude_files = { "config/lua" } -- definitions for editors, which only declare
max_line_length = 160
-- `local frame <close> = nil` keeps a call after `return` from being a tail call: the sandbox asks how the frame was called.
ignore = { "211/frame" }

-- Defines globals of modules in their own environment.
files["daemon/asudfd/lua/aerospike/log.lua"] = { globals = { "trace", "debug", "info", "warn", "aerospike" } }
-- One line for all needs, because the lines behind it are part of messages.
files["daemon/asudfd/lua/aerospike/stream_ops.lua"] = { max_line_length = false }

-- Modules: their functions are globals, and so is what the server gives them.
files["config"] = {
    allow_defined_top = true,
    ignore = { "131" },
    read_globals = { "aerospike", "record", "list", "map", "bytes", "geojson", "trace", "debug", "info", "warn" },
}
-- Calls a function of the module that it requires, which is a global there.
files["config/fleet/udf/stock_test.lua"] = { read_globals = { "reserve" } }
-- The Valkey face has Lua 5.1, with a function that luacheck has forgotten.
files["daemon/asudfd/lua/valkey"] = { std = "lua51", read_globals = { "gcinfo" } }
-- Libraries of Valkey functions.
files["config/functions"] = { std = "lua51", read_globals = { "server", "redis" }, ignore = { "131", "212/args" } }
files["config/fleet-valkey/functions"] = { std = "lua51", read_globals = { "server", "redis" }, ignore = { "131", "212/args" } }
