"""The calls with `aerospike-sdk`, the Python SDK on top of `aerospike-native`. It has no aggregations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aerospike_sdk import Behavior, DataSet, Filter, IndexType
from aerospike_sdk.sync import ClusterDefinition

from tests.compat.clients.calls import BINS, COUNT, port, run

ONE, MANY = DataSet.of("test", "calls"), DataSet.of("test", "many")
KEY = ONE.id("one")

connected: list[Any] = []


def connect() -> None:
    cluster = ClusterDefinition("127.0.0.1", port()).connect()
    connected.extend((cluster, cluster.create_session(Behavior.DEFAULT)))


def session() -> Any:
    return connected[1]


def bins(stream: Any) -> Any:
    return stream.first_or_raise().record_or_raise().bins


def lists() -> object:
    session().update(KEY).bin("l").list_append(4).execute()
    return bins(session().query(KEY).bin("l").on_list_rank(-1).get_values().execute())["l"], 4


def maps() -> object:
    session().update(KEY).bin("m").on_map_key("b").set_to(2).execute()
    return bins(session().query(KEY).bin("m").on_map_key("b").get_values().execute())["m"], 2


def batch() -> object:
    for number in range(COUNT):
        session().upsert(MANY.id(number)).put({"n": number}).execute()
    found = session().query(MANY.ids([*range(COUNT)])).execute().collect()
    return [each.record_or_raise().bins["n"] for each in found], [*range(COUNT)]


def by_index() -> object:
    session().create_index(MANY, "many-n", "n", IndexType.NUMERIC).wait_till_complete_blocking()
    found = session().query(MANY).filter(Filter.range("n", 3, 6)).execute().collect()
    return sorted(each.record_or_raise().bins["n"] for each in found), [3, 4, 5, 6]


def register() -> None:
    session().register_udf(Path("calls.lua").read_bytes(), "calls.lua").wait_till_complete_blocking()


def apply() -> object:
    return session().execute_udf(KEY).function("calls", "add").passing(5).execute().first_udf_result(), 6


def background() -> object:
    task = session().background_task().execute_udf(MANY).function("calls", "add").passing(100).execute()
    task.wait_till_complete_blocking()
    return bins(session().query(MANY.id(0)).execute()), {"n": 100}


run({
    "connect": connect,
    "put": lambda: session().upsert(KEY).put(BINS).execute(),
    "get": lambda: (bins(session().query(KEY).execute()), BINS),
    "lists": lists,
    "maps": maps,
    "batch": batch,
    "query by index": by_index,
    "UDF register": register,
    "apply": apply,
    "background": background,
    "UDF remove": lambda: session().remove_udf("calls.lua"),
})  # fmt: skip
connected[0].close()
