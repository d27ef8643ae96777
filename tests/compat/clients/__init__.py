"""One program for each client library: it makes every call of CALLS once, and says which of them went well."""
