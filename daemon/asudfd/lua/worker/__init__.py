"""Lua in processes that can be killed: a zygote forks confined workers, and the node believes nothing that they say unchecked."""
