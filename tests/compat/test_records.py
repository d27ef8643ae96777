"""Reads, writes, policies and batches of the real Python client on one node; their errors are those of a real server."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.calls import codes, put_module, records

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)

from aerospike import exception  # noqa: E402 - skipped before, where there is no client
from aerospike_helpers.batch import records as batches  # noqa: E402 - the same
from aerospike_helpers.operations import operations  # noqa: E402 - the same

NEVER = 0xFFFF_FFFF
TTL_MAX = 315_360_000

Key = tuple[str, str, Any]

MODULE = """
function set(rec, value)
    if value == 2 then error("no twos") end
    rec.v = value
    if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
    return value
end
function forget(rec) return aerospike:remove(rec) end
function twice(rec) rec.v = rec.v * 2 aerospike:update(rec) end
"""


@pytest.fixture
def key(request: pytest.FixtureRequest) -> Key:
    """A key of the test's own, without a record."""
    return ("test", "demo", request.node.nodeid)


def generation(client: Any, key: Key) -> int:
    return int(client.exists(key)[1]["gen"])


BINS = {
    "int": -(2**63),
    "float": 1.5,
    "whole": 2.0,
    "string": "käse",
    "empty": "",
    "bytes": b"\x00\xff",
    "true": True,
    "false": False,
    "list": [1, "a", b"b", 2.5, None, [True, {}]],
    "map": {1: "int", "a": [1, 2], b"b": {"x": None}},
}


def test_every_type_comes_back_as_it_was(client: Any, key: Key) -> None:
    client.put(key, BINS)
    _, meta, bins = client.get(key)
    assert bins == BINS
    assert {name: type(value) for name, value in bins.items()} == {
        name: type(value) for name, value in BINS.items()
    }
    assert meta == {"gen": 1, "ttl": NEVER}


def test_geojson(client: Any, key: Key) -> None:
    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    client.put(key, {"place": aerospike.GeoJSON(point)})
    assert client.get(key)[2]["place"].unwrap() == point


@pytest.mark.parametrize("user_key", [7, -1, "seven", bytearray(b"\x00\x07")])
def test_keys_of_every_type(client: Any, user_key: Any) -> None:
    key = ("test", "keys", user_key)
    client.put(key, {"a": 1}, policy={"key": aerospike.POLICY_KEY_SEND})
    assert client.get(key)[2] == {"a": 1}
    found = {repr(record[0][2]) for record in client.scan("test", "keys").results()}
    assert repr(user_key) in found


def test_a_key_without_a_set(client: Any) -> None:
    key = ("test", None, "no set")
    client.put(key, {"a": 1})
    assert client.get(key)[2] == {"a": 1}
    client.remove(key)


def test_selected_bins(client: Any, key: Key) -> None:
    client.put(key, {"a": 1, "b": 2, "c": 3})
    assert client.select(key, ["c", "a", "missing"])[2] == {"a": 1, "c": 3}
    assert client.select(key, ["missing"])[2] == {}
    with pytest.raises(exception.RecordNotFound):
        client.select((*key[:2], "missing"), ["a"])


def test_exists(client: Any, key: Key) -> None:
    assert client.exists(key)[1] is None
    client.put(key, {"a": 1})
    assert client.exists(key)[1] == {"gen": 1, "ttl": NEVER}


def test_touch(client: Any, key: Key) -> None:
    client.put(key, {"a": 1})
    client.touch(key, 100)
    assert client.exists(key)[1] == {"gen": 2, "ttl": 100}
    with pytest.raises(exception.RecordNotFound):
        client.touch((*key[:2], "missing"))


def test_remove(client: Any, key: Key) -> None:
    client.put(key, {"a": 1})
    client.remove(key)
    assert client.exists(key)[1] is None
    with pytest.raises(exception.RecordNotFound):
        client.remove(key)
    client.put(key, {"a": 1})
    assert generation(client, key) == 1


def test_removing_the_last_bin_removes_the_record(client: Any, key: Key) -> None:
    client.put(key, {"a": 1, "b": 2})
    client.remove_bin(key, ["a"])
    assert client.get(key)[2] == {"b": 2}
    client.remove_bin(key, ["b"])
    assert client.exists(key)[1] is None


def test_increment(client: Any, key: Key) -> None:
    client.increment(key, "a", 5)
    client.increment(key, "a", -7)
    assert client.get(key)[2] == {"a": -2}
    client.put(key, {"a": 2**63 - 1, "f": 0.5})
    client.increment(key, "a", 1)
    client.increment(key, "f", 0.25)
    assert client.get(key)[2] == {"a": -(2**63), "f": 0.75}


@pytest.mark.filterwarnings("ignore:.*deprecated for strings")  # by the client, for servers newer than ours
def test_append_and_prepend(client: Any, key: Key) -> None:
    client.append(key, "s", "b")
    client.append(key, "s", "c")
    client.prepend(key, "s", "a")
    client.append(key, "b", b"\x01")
    client.prepend(key, "b", b"\x00")
    assert client.get(key)[2] == {"s": "abc", "b": b"\x00\x01"}


@pytest.mark.filterwarnings("ignore:.*deprecated for strings")
@pytest.mark.parametrize(
    "change",
    [
        operations.increment("s", 1),
        operations.increment("i", 1.5),
        operations.increment("f", 1),
        operations.append("i", "x"),
        operations.prepend("b", "x"),
        operations.append("s", b"x"),
    ],
    ids=lambda change: f"{change['bin']}-{change['val']!r}",
)
def test_changes_of_the_wrong_type(client: Any, key: Key, change: Any) -> None:
    bins = {"s": "text", "i": 1, "f": 1.5, "b": b"blob"}
    client.put(key, bins)
    with pytest.raises(exception.BinIncompatibleType):
        client.operate(key, [operations.write("i", 7), change])
    assert client.get(key)[2] == bins, "no operation of a failed operate is kept"


def test_operate(client: Any, key: Key) -> None:
    client.put(key, {"a": 1, "b": "x"})
    todo = [
        operations.increment("a", 4),
        operations.read("a"),
        operations.write("c", 9),
        operations.touch(),
        operations.read("c"),
        operations.read("missing"),
    ]
    _, meta, bins = client.operate(key, todo)
    assert bins == {"a": 5, "c": 9}
    assert meta["gen"] == 2
    assert client.operate_ordered(key, todo)[2] == [("a", 9), ("c", 9)]
    assert client.operate(key, [operations.delete(), operations.write("z", 1)])[1]["gen"] == 4
    assert client.get(key)[2] == {"z": 1}
    client.operate(key, [operations.delete()])
    assert client.exists(key)[1] is None


EXISTING = [
    (aerospike.POLICY_EXISTS_IGNORE, {"a": 1, "b": 2}),
    (aerospike.POLICY_EXISTS_UPDATE, {"a": 1, "b": 2}),
    (aerospike.POLICY_EXISTS_REPLACE, {"b": 2}),
    (aerospike.POLICY_EXISTS_CREATE_OR_REPLACE, {"b": 2}),
    (aerospike.POLICY_EXISTS_CREATE, exception.RecordExistsError),
]
MISSING = [
    (aerospike.POLICY_EXISTS_IGNORE, {"b": 2}),
    (aerospike.POLICY_EXISTS_UPDATE, exception.RecordNotFound),
    (aerospike.POLICY_EXISTS_REPLACE, exception.RecordNotFound),
    (aerospike.POLICY_EXISTS_CREATE_OR_REPLACE, {"b": 2}),
    (aerospike.POLICY_EXISTS_CREATE, {"b": 2}),
]


@pytest.mark.parametrize(
    ("there", "policy", "expected"),
    [(True, *row) for row in EXISTING] + [(False, *row) for row in MISSING],
)
def test_policies_of_existence(client: Any, key: Key, there: bool, policy: int, expected: Any) -> None:
    if there:
        client.put(key, {"a": 1})

    def put() -> Any:
        client.put(key, {"b": 2}, policy={"exists": policy})
        return client.get(key)[2]

    if isinstance(expected, dict):
        assert put() == expected
    else:
        with pytest.raises(expected):
            put()
        assert client.exists(key)[1] == ({"gen": 1, "ttl": NEVER} if there else None)


@dataclasses.dataclass
class Expectation:
    """A generation that a request asks for, of a record that has the second."""

    policy: int
    sent: int
    fits: bool


GENERATIONS = [
    Expectation(aerospike.POLICY_GEN_EQ, 2, fits=True),
    Expectation(aerospike.POLICY_GEN_EQ, 1, fits=False),
    Expectation(aerospike.POLICY_GEN_GT, 3, fits=True),
    Expectation(aerospike.POLICY_GEN_GT, 2, fits=False),
    Expectation(aerospike.POLICY_GEN_IGNORE, 77, fits=True),
]
CHANGES: dict[str, list[Any]] = {"put": [{"a": 3}], "remove": [], "operate": [[operations.write("a", 3)]]}


@pytest.mark.filterwarnings("ignore:.*meta")  # the client means to drop the parameter; the wire stays
@pytest.mark.parametrize("expected", GENERATIONS, ids=str)
@pytest.mark.parametrize("call", CHANGES)
def test_policies_of_generation(client: Any, key: Key, call: str, expected: Expectation) -> None:
    client.put(key, {"a": 1})
    client.put(key, {"a": 2})

    def attempt() -> None:
        policy = {"gen": expected.policy}
        getattr(client, call)(key, *CHANGES[call], meta={"gen": expected.sent}, policy=policy)

    if expected.fits:
        attempt()
        assert (client.exists(key)[1] or {"gen": 0})["gen"] == (0 if call == "remove" else 3)
    else:
        with pytest.raises(exception.RecordGenerationError):
            attempt()
        assert client.get(key)[2] == {"a": 2}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [(0, NEVER), (NEVER, NEVER), (NEVER - 1, 1000), (1, 1), (500, 500), (TTL_MAX, TTL_MAX)],
)
def test_time_to_live(client: Any, key: Key, asked: int, shown: int) -> None:
    client.put(key, {"a": 1}, policy={"ttl": 1000})
    client.put(key, {"a": 2}, policy={"ttl": asked})
    found = client.exists(key)[1]["ttl"]
    assert found == shown or found == shown - 1  # a second may have passed


def refusals() -> dict[str, tuple[int, Callable[[Any, Key], Any]]]:
    """Result codes of what a node refuses."""
    durable = {"durable_delete": True}
    return {
        "a time to live that is too long": (4, lambda c, k: c.put(k, {"a": 1}, policy={"ttl": TTL_MAX + 1})),
        "an unknown namespace": (20, lambda c, k: c.put(("nons", *k[1:]), {"a": 1})),
        "a durable delete": (25, lambda c, k: c.remove(k, policy=durable)),
        "an unknown module": (100, lambda c, k: c.apply(k, "no_such_module", "f", [])),
        "a name that is too long": (4, lambda c, k: c.apply(k, "m" * 128, "f", [])),
    }


@pytest.mark.parametrize("name", refusals())
def test_what_a_node_refuses(client: Any, key: Key, name: str) -> None:
    code, call = refusals()[name]
    client.put(key, {"a": 1})
    with pytest.raises(exception.AerospikeError) as caught:
        call(client, key)
    assert caught.value.code == code


@pytest.fixture
def keys(client: Any, key: Key) -> list[Key]:
    """Four keys, the first three with records."""
    found = [(*key[:2], f"{key[2]} {number}") for number in range(4)]
    for number, each in enumerate(found[:3]):
        client.put(each, {"v": number, "w": "w"})
    return found


def test_batch_reads(client: Any, keys: list[Key]) -> None:
    everything = client.batch_read(keys)
    assert codes(everything) == [0, 0, 0, 2]
    assert records(everything)[:3] == [{"v": number, "w": "w"} for number in range(3)]
    assert records(client.batch_read(keys, ["v"]))[:3] == [{"v": number} for number in range(3)]
    there = client.batch_read(keys, [])
    assert codes(there) == [0, 0, 0, 2]
    assert there.batch_records[0].record[1] == {"gen": 1, "ttl": NEVER}


def test_batch_of_an_unknown_namespace(client: Any, keys: list[Key]) -> None:
    assert codes(client.batch_read([keys[0], ("nons", "demo", 1)])) == [0, 20]


def test_batch_writes(client: Any, keys: list[Key]) -> None:
    todo = [operations.increment("v", 10), operations.read("v")]
    assert records(client.batch_operate(keys, todo)) == [{"v": 10}, {"v": 11}, {"v": 12}, {"v": 10}]
    mixed = batches.BatchRecords(
        [
            batches.Write(keys[0], [operations.write("v", 77)]),
            batches.Read(keys[0], [operations.read("v")]),
            batches.Remove(keys[1]),
            batches.Read(keys[1], None, read_all_bins=True),
            batches.Read(keys[2], None, read_all_bins=True),
        ]
    )
    assert codes(client.batch_write(mixed)) == [0, 0, 0, 2, 0]
    assert records(mixed)[1] == {"v": 77}
    assert codes(client.batch_remove(keys)) == [0, 2, 0, 0]
    assert codes(client.batch_read(keys)) == [2, 2, 2, 2]


def test_batch_apply(client: Any, keys: list[Key]) -> None:
    put_module(client, "compat_records.lua", MODULE)
    done = client.batch_apply(keys, "compat_records", "set", [9])
    assert codes(done) == [0, 0, 0, 0]
    assert records(done) == [{"SUCCESS": 9}] * 4
    assert [bins["v"] for bins in records(client.batch_read(keys))] == [9, 9, 9, 9]
    assert codes(client.batch_apply(keys, "compat_records", "set", [2])) == [100] * 4
    assert records(client.batch_apply(keys, "compat_records", "forget", [])) == [{"SUCCESS": 0}] * 4
    assert codes(client.batch_read(keys)) == [2, 2, 2, 2]


def fill(client: Any, set_name: str, count: int) -> None:
    for number in range(count):
        key = ("test", set_name, number)
        client.put(key, {"v": number, "w": "w"}, policy={"key": aerospike.POLICY_KEY_SEND})


def test_scan(client: Any) -> None:
    fill(client, "scanned", 200)
    found = client.scan("test", "scanned").results()
    assert sorted(key[2] for key, _, _ in found) == list(range(200))
    assert all(bins == {"v": key[2], "w": "w"} for key, _, bins in found)
    scan = client.scan("test", "scanned")
    scan.select("v")
    assert sorted(bins["v"] for _, _, bins in scan.results()) == list(range(200))
    assert client.scan("test", "no such set").results() == []


def test_pages_of_a_query(client: Any) -> None:
    fill(client, "paged", 100)
    query = client.query("test", "paged")
    query.max_records = 30
    query.paginate()
    pages = []
    while not query.is_done():
        pages.append([bins["v"] for _, _, bins in query.results()])
    assert sorted(number for page in pages for number in page) == list(range(100))
    assert max(map(len, pages)) <= 30


def test_truncate(client: Any) -> None:
    fill(client, "truncated", 20)
    client.truncate("test", "truncated", 0)
    assert client.scan("test", "truncated").results() == []
    fill(client, "truncated", 3)
    assert len(client.scan("test", "truncated").results()) == 3


def test_background_udf(client: Any) -> None:
    put_module(client, "compat_records.lua", MODULE)
    fill(client, "background", 50)
    job = client.scan_apply("test", "background", "compat_records", "twice")
    while client.job_info(job, aerospike.JOB_SCAN)["status"] != aerospike.JOB_STATUS_COMPLETED:
        pass
    found = client.scan("test", "background").results()
    assert sorted(bins["v"] for _, _, bins in found) == [2 * number for number in range(50)]


def test_module_commands(client: Any) -> None:
    put_module(client, "compat_listed.lua", "return 1")
    assert "compat_listed.lua" in {module["name"] for module in client.udf_list()}
    assert client.udf_get("compat_listed.lua") == "return 1"
    with pytest.raises(exception.UDFError, match="not_found"):
        client.udf_get("no_such.lua")
