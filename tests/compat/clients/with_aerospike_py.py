"""The calls with `aerospike-py`, a Python client in Rust. It has no background queries and no aggregations."""

from __future__ import annotations

from typing import Any

import aerospike_py
from aerospike_py import list_operations, map_operations, predicates

from tests.compat.clients.calls import BINS, COUNT, port, run

KEY = ("test", "calls", "one")
KEYS = [("test", "many", number) for number in range(COUNT)]
LIST_VALUE = aerospike_py.LIST_RETURN_VALUE
MAP_VALUE = aerospike_py.MAP_RETURN_VALUE

client: Any = aerospike_py.client({"hosts": [("127.0.0.1", port())]})


def lists() -> object:
    client.operate(KEY, [list_operations.list_append("l", 4)])
    return client.operate(KEY, [list_operations.list_get_by_rank("l", -1, LIST_VALUE)]).bins["l"], 4


def maps() -> object:
    client.operate(KEY, [map_operations.map_put("m", "b", 2)])
    return client.operate(KEY, [map_operations.map_get_by_key("m", "b", MAP_VALUE)]).bins["m"], 2


def batch() -> object:
    for key in KEYS:
        client.put(key, {"n": key[2]})
    found = client.batch_read(KEYS).batch_records
    return [each.record[2]["n"] for each in found], [*range(COUNT)]


def by_index() -> object:
    client.index_integer_create("test", "many", "n", "many-n")
    query = client.query("test", "many")
    query.where(predicates.between("n", 3, 6))
    return sorted(record.bins["n"] for record in query.results()), [3, 4, 5, 6]


run({
    "connect": client.connect,
    "put": lambda: client.put(KEY, BINS),
    "get": lambda: (client.get(KEY).bins, BINS),
    "lists": lists,
    "maps": maps,
    "batch": batch,
    "query by index": by_index,
    "UDF register": lambda: client.udf_put("calls.lua"),
    "apply": lambda: (client.apply(KEY, "calls", "add", [5]), 6),
    "UDF remove": lambda: client.udf_remove("calls"),
})  # fmt: skip
client.close()
