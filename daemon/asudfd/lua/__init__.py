"""The Lua engine: sandboxed contexts of modules, their pools, and the limits of calls. It knows no protocol."""
