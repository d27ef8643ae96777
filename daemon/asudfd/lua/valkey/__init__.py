"""Lua 5.1 for Valkey: the keyspace and its commands, functions and scripts, and what scripts see."""
