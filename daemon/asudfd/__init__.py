"""asudfd: a lightweight node for user-defined functions that speaks the Aerospike info protocol."""
