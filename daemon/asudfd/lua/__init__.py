"""The Lua host: sandboxed contexts, their cache, and the two verbs of a module: validate and call."""
