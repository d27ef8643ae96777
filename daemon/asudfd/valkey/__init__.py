"""The face of Valkey: the node's second protocol, RESP, with its functions, scripts and keyspace."""
