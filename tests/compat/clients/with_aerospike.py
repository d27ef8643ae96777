"""The calls with `aerospike`, the Python client on top of the C client."""

from __future__ import annotations

import time

import aerospike
from aerospike import predicates
from aerospike_helpers.operations import list_operations, map_operations

from tests.compat.clients.calls import BINS, COUNT, port, run
from tests.compat.patience import policies

KEY = ("test", "calls", "one")
KEYS = [("test", "many", number) for number in range(COUNT)]

client = aerospike.client(
    {"hosts": [("127.0.0.1", port())], "lua": {"user_path": "."}, "policies": policies()}
)


def lists() -> object:
    largest = list_operations.list_get_by_rank("l", -1, aerospike.LIST_RETURN_VALUE)
    return client.operate(KEY, [list_operations.list_append("l", 4), largest])[2]["l"], 4


def maps() -> object:
    got = map_operations.map_get_by_key("m", "b", aerospike.MAP_RETURN_VALUE)
    return client.operate(KEY, [map_operations.map_put("m", "b", 2), got])[2]["m"], 2


def batch() -> object:
    for key in KEYS:
        client.put(key, {"n": key[2]})
    found = client.batch_read(KEYS).batch_records
    return [each.record[2]["n"] for each in found], [*range(COUNT)]


def by_index() -> object:
    client.index_single_value_create("test", "many", "n", aerospike.INDEX_NUMERIC, "many-n")
    query = client.query("test", "many")
    query.where(predicates.between("n", 3, 6))
    return sorted(bins["n"] for _, _, bins in query.results()), [3, 4, 5, 6]


def background() -> object:
    query = client.query("test", "many")
    query.apply("calls", "add", [100])
    job = query.execute_background()
    while client.job_info(job, aerospike.JOB_QUERY)["status"] == aerospike.JOB_STATUS_INPROGRESS:
        time.sleep(0.01)
    return client.get(KEYS[0])[2], {"n": 100}


def aggregate() -> object:
    query = client.query("test", "many")
    query.apply("calls", "sum", [])
    return query.results(), [100 * COUNT + sum(range(COUNT))]


run({
    "connect": client.connect,
    "put": lambda: client.put(KEY, BINS),
    "get": lambda: (client.get(KEY)[2], BINS),
    "lists": lists,
    "maps": maps,
    "batch": batch,
    "query by index": by_index,
    "UDF register": lambda: client.udf_put("calls.lua"),
    "apply": lambda: (client.apply(KEY, "calls", "add", [5]), 6),
    "background": background,
    "aggregate": aggregate,
    "UDF remove": lambda: client.udf_remove("calls.lua"),
})  # fmt: skip
client.close()
