"""Filter expressions, operations on lists and maps, and secondary indexes, as the real Python client sends them."""

from __future__ import annotations

from typing import Any

import pytest

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)

from aerospike import exception, predicates  # noqa: E402 - after importorskip
from aerospike_helpers import cdt_ctx  # noqa: E402 - the same
from aerospike_helpers import expressions as e  # noqa: E402 - the same
from aerospike_helpers.operations import expression_operations as expressions  # noqa: E402 - the same
from aerospike_helpers.operations import list_operations as lists  # noqa: E402 - the same
from aerospike_helpers.operations import map_operations as maps  # noqa: E402 - the same
from aerospike_helpers.operations import operations  # noqa: E402 - the same

KEY = ("test", "selections", "k")
BINS = {
    "i": 5, "f": 2.5, "s": "Hello", "b": True, "y": bytearray(b"xy"), "l": [1, 2, 3], "m": {"a": 1},
    "o": aerospike.KeyOrderedDict({"a": 1}),
}  # fmt: skip
FILTERED_OUT, PARAMETER, UNSUPPORTED, ELEMENT_EXISTS, NO_INDEX = 27, 4, 16, 24, 201
BIN_EXISTS, NOT_APPLICABLE = 6, 26
VALUE, COUNT = aerospike.LIST_RETURN_VALUE, aerospike.LIST_RETURN_COUNT
INTEGER = e.ResultType.INTEGER


@pytest.fixture
def stored(client: Any) -> Any:
    policy = {"key": aerospike.POLICY_KEY_SEND, "exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE}
    client.put(KEY, BINS, policy=policy)
    return client


def code_of(call: Any) -> int:
    """The result code of a call."""
    try:
        call()
    except exception.AerospikeError as error:
        return int(error.code)
    return 0


TRUE = [
    e.Eq(e.IntBin("i"), 5), e.NE(e.IntBin("i"), 6), e.GT(e.FloatBin("f"), 2.0), e.GE(e.StrBin("s"), "Hello"),
    e.LT(e.IntBin("i"), 6), e.LE(e.IntBin("i"), 5), e.BoolBin("b"), e.Eq(e.BlobBin("y"), b"xy"),
    e.Eq(e.ListBin("l"), [1, 2, 3]), e.Eq(e.MapBin("o"), aerospike.KeyOrderedDict({"a": 1})),
    e.Eq(e.ListBin("l"), [1, aerospike.CDTWildcard()]), e.LT(e.ListBin("l"), [1, aerospike.CDTInfinite()]),
    e.Eq(e.MapBin("o"), aerospike.KeyOrderedDict({"a": aerospike.CDTWildcard()})), e.NE(e.ListBin("l"), [2, aerospike.CDTWildcard()]),
    e.And(e.Eq(e.IntBin("i"), 5), e.Not(e.BinExists("nope"))), e.Or(e.Eq(e.IntBin("nope"), 5), e.BinExists("i")),
    e.Exclusive(e.BinExists("i"), e.BinExists("nope")), e.Eq(e.BinType("s"), 3),
    e.Eq(e.SetName(), "selections"), e.KeyExists(), e.Eq(e.KeyStr(), "k"), e.Eq(e.TTL(), -1), e.Eq(e.VoidTime(), -1),
    e.LT(e.SinceUpdateTime(), 60_000), e.GT(e.LastUpdateTime(), 0), e.Not(e.IsTombstone()), e.GT(e.RecordSize(), 10),
    e.LT(e.DigestMod(7), 7), e.Eq(e.Add(e.IntBin("i"), 1, 2), 8), e.Eq(e.Sub(e.IntBin("i"), 1), 4),
    e.Eq(e.Mul(e.FloatBin("f"), 2.0), 5.0), e.Eq(e.Div(e.IntBin("i"), 2), 2), e.Eq(e.Mod(e.IntBin("i"), 3), 2),
    e.Eq(e.Pow(e.FloatBin("f"), 2.0), 6.25), e.Eq(e.Floor(e.FloatBin("f")), 2.0), e.Eq(e.Ceil(e.FloatBin("f")), 3.0),
    e.Eq(e.ToInt(e.FloatBin("f")), 2), e.Eq(e.ToFloat(e.IntBin("i")), 5.0), e.Eq(e.Abs(e.Sub(e.IntBin("i"))), 5),
    e.Eq(e.IntAnd(e.IntBin("i"), 4), 4), e.Eq(e.IntNot(e.IntBin("i")), -6), e.Eq(e.IntLeftShift(e.IntBin("i"), 1), 10),
    e.Eq(e.IntCount(e.IntBin("i")), 2), e.Eq(e.Min(e.IntBin("i"), 3), 3), e.Eq(e.Max(e.IntBin("i"), 3), 5),
    e.Cond(e.Eq(e.IntBin("i"), 5), True, False),
    e.Let(e.Def("x", e.IntBin("i")), e.Eq(e.Add(e.Var("x"), e.Var("x")), 10)),
    e.Eq(e.ListSize(None, e.ListBin("l")), 3), e.Eq(e.MapSize(None, e.MapBin("m")), 1),
    e.Eq(e.ListGetByIndex(None, VALUE, INTEGER, -1, e.ListBin("l")), 3),
    e.Eq(e.ListGetByValueRange(None, COUNT, 1, 3, e.ListBin("l")), 2),
    e.Eq(e.MapGetByKey(None, aerospike.MAP_RETURN_VALUE, INTEGER, "a", e.MapBin("m")), 1),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(TRUE)))
def test_a_filter_that_is_true(stored: Any, number: int) -> None:
    expression = TRUE[number]
    assert stored.get(KEY, policy={"expressions": expression.compile()})[2]["i"] == 5
    policy = {"expressions": e.Not(expression).compile()}
    assert code_of(lambda: stored.get(KEY, policy=policy)) == FILTERED_OUT


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (e.Unknown(), FILTERED_OUT),
        (e.Eq(e.IntBin("s"), 5), FILTERED_OUT),
        (e.Eq(e.Div(e.IntBin("i"), 0), 0), FILTERED_OUT),
        (e.Eq(e.IntBin("i"), "x"), PARAMETER),
        (e.IntBin("i"), PARAMETER),
        (e.Eq(e.MapBin("m"), {"a": 1}), FILTERED_OUT),  # maps that are not ordered are not compared
        (e.CmpGeo(e.GeoBin("g"), aerospike.geojson('{"type":"Point","coordinates":[1,2]}')), FILTERED_OUT),
    ],
)  # fmt: skip
def test_other_filters(stored: Any, expression: Any, code: int) -> None:
    assert code_of(lambda: stored.get(KEY, policy={"expressions": expression.compile()})) == code


def test_a_filter_with_every_kind_of_request(stored: Any) -> None:
    policy = {"expressions": e.Eq(e.IntBin("i"), 6).compile()}
    calls = [
        lambda: stored.put(KEY, {"i": 1}, policy=policy),
        lambda: stored.remove(KEY, policy=policy),
        lambda: stored.operate(KEY, [operations.increment("i", 1)], policy=policy),
        lambda: stored.exists(KEY, policy=policy),
        lambda: stored.select(KEY, ["i"], policy=policy),
    ]
    assert [code_of(call) for call in calls] == [FILTERED_OUT] * len(calls)
    assert stored.get(KEY)[1]["gen"] == stored.exists(KEY)[1]["gen"]
    few = {"expressions": e.Eq(e.IntBin("i"), 5).compile()}
    assert len(stored.query("test", "selections").results(policy=few)) == 1
    assert stored.query("test", "selections").results(policy=policy) == []
    rows = stored.batch_read([KEY, ("test", "selections", "none")], policy=policy).batch_records
    assert [row.result for row in rows] == [FILTERED_OUT, 2]


def test_lists(stored: Any) -> None:
    def ask(*ops: Any) -> Any:
        return stored.operate(KEY, list(ops))[2].get("l")

    assert ask(lists.list_append("l", 0)) == 4
    assert ask(lists.list_append_items("l", [9, 8])) == 6
    assert ask(lists.list_insert("l", 0, "x")) == 7
    assert ask(lists.list_get("l", 0)) == "x"
    assert ask(lists.list_get_range("l", 1, 2)) == [1, 2]
    assert ask(lists.list_pop("l", 0)) == "x"
    ask(lists.list_remove("l", -1), lists.list_set("l", 0, 7), lists.list_sort("l"))
    assert ask(operations.read("l")) == [0, 2, 3, 7, 9]
    assert ask(lists.list_increment("l", 0, 10)) == 10
    assert ask(lists.list_get_by_rank("l", 0, VALUE)) == 2
    assert ask(lists.list_remove_by_value_range("l", COUNT, 3, 8)) == 2
    assert ask(lists.list_set_order("l", aerospike.LIST_ORDERED), operations.read("l")) == [2, 9, 10]
    assert ask(lists.list_trim("l", 0, 1)) == 2
    assert ask(lists.list_clear("l"), lists.list_size("l")) == 0
    unique = lists.list_append("l", 77, policy={"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE})
    assert [code_of(lambda: ask(unique)) for _ in range(2)] == [0, ELEMENT_EXISTS]
    assert (
        code_of(lambda: ask(lists.list_append("l", 1, ctx=[cdt_ctx.cdt_ctx_list_index(0)]))) == 12
    )  # an integer


def test_maps(stored: Any) -> None:
    def ask(*ops: Any) -> Any:
        return stored.operate(KEY, list(ops))[2].get("m")

    assert ask(maps.map_put("m", "b", 2)) == 2
    assert ask(maps.map_put_items("m", {"c": 3, "d": 4})) == 4
    assert ask(maps.map_get_by_key("m", "c", aerospike.MAP_RETURN_VALUE)) == 3
    assert ask(maps.map_increment("m", "a", 9)) == 10
    assert ask(maps.map_get_by_rank("m", -1, aerospike.MAP_RETURN_KEY)) == "a"
    assert ask(maps.map_get_by_index("m", 0, aerospike.MAP_RETURN_VALUE)) == 10
    assert ask(maps.map_remove_by_key("m", "d", aerospike.MAP_RETURN_VALUE)) == 4
    ask(maps.map_set_policy("m", {"map_order": aerospike.MAP_KEY_ORDERED}))
    assert ask(operations.read("m")) == {"a": 10, "b": 2, "c": 3}
    assert ask(maps.map_clear("m"), maps.map_size("m")) == 0


def test_an_index(client: Any) -> None:
    for number in range(20):
        client.put(("test", "indexed", number), {"n": number, "s": "even" if number % 2 == 0 else "odd"})
    query = client.query("test", "indexed")
    query.where(predicates.between("n", 3, 5))
    assert code_of(query.results) == NO_INDEX
    client.index_single_value_create("test", "indexed", "n", aerospike.INDEX_NUMERIC, "by_n")
    client.index_single_value_create("test", "indexed", "s", aerospike.INDEX_STRING, "by_s")
    assert sorted(bins["n"] for _, _, bins in query.results()) == [3, 4, 5]
    even = client.query("test", "indexed")
    even.where(predicates.equals("s", "even"))
    even.select("n")
    assert sorted(bins["n"] for _, _, bins in even.results()) == list(range(0, 20, 2))
    paged = client.query("test", "indexed")
    paged.where(predicates.between("n", 0, 9))
    paged.max_records = 4
    paged.paginate()
    found: list[int] = []
    while not paged.is_done():
        found += [bins["n"] for _, _, bins in paged.results()]
    assert sorted(found) == list(range(10))
    client.index_remove("test", "by_n")
    assert code_of(query.results) == NO_INDEX


SQUARE = {"type": "Polygon", "coordinates": [[[0.5, 0], [9.5, 0], [9.5, 10], [0.5, 10], [0.5, 0]]]}


def test_an_index_within_a_collection_and_one_on_an_expression(client: Any) -> None:
    for number in range(10):
        client.put(
            ("test", "nested", number), {"n": number, "l": [number, number + 100], "m": {"k": [number]}}
        )
    second = [cdt_ctx.cdt_ctx_list_index(1)]
    in_map = [cdt_ctx.cdt_ctx_map_key("k")]
    double = e.Mul(e.IntBin("n"), 2).compile()
    numeric, plain = aerospike.INDEX_NUMERIC, aerospike.INDEX_TYPE_DEFAULT
    client.index_single_value_create("test", "nested", "l", numeric, "by_second", ctx=second)
    client.index_list_create("test", "nested", "m", numeric, "by_item", ctx=in_map)
    client.index_expr_create("test", "nested", plain, numeric, double, "by_double")

    def found(ask: Any) -> list[int]:
        query = client.query("test", "nested")
        ask(query)
        return sorted(bins["n"] for _, _, bins in query.results())

    some = predicates.between("l", 103, 105)
    assert found(lambda query: query.where(some, second)) == [3, 4, 5]
    contains = predicates.contains("m", aerospike.INDEX_TYPE_LIST, 7)
    assert found(lambda query: query.where(contains, in_map)) == [7]
    assert found(lambda query: query.where_with_expr(double, predicates.between(None, 6, 9))) == [3, 4]
    assert found(lambda query: query.where_with_index_name("by_double", predicates.equals(None, 8))) == [4]
    assert code_of(lambda: found(lambda query: query.where(some))) == NO_INDEX


def test_expressions_as_operations(stored: Any) -> None:
    """Read and written, on nested collections, in paths, and in background queries."""

    def ask(*ops: Any) -> Any:
        return stored.operate(KEY, list(ops))[2]

    total = e.Add(e.IntBin("i"), e.ListSize(None, e.ListAppend(None, None, 4, e.ListBin("l")))).compile()
    assert ask(expressions.expression_read("r", total)) == {"r": 9}
    assert ask(expressions.expression_write("r", total), operations.read("r"))["r"] == 9
    once = expressions.expression_write("r", total, aerospike.EXP_WRITE_CREATE_ONLY)
    assert code_of(lambda: ask(once)) == BIN_EXISTS
    unknown = e.IntBin("s").compile()
    assert code_of(lambda: ask(expressions.expression_read("x", unknown))) == NOT_APPLICABLE
    quiet = expressions.expression_read("x", unknown, aerospike.EXP_READ_EVAL_NO_FAIL)
    assert ask(quiet) == {"x": None}
    larger = [
        cdt_ctx.cdt_ctx_all_children_with_filter(e.GT(e.LoopVarInt(aerospike.EXP_LOOPVAR_VALUE), 1).compile())
    ]
    assert ask(operations.select_by_path("l", larger, aerospike.EXP_PATH_SELECT_VALUE))["l"] == [2, 3]
    more = e.Add(e.LoopVarInt(aerospike.EXP_LOOPVAR_VALUE), 10).compile()
    ask(operations.modify_by_path("l", larger, more, aerospike.EXP_PATH_MODIFY_DEFAULT))
    assert ask(operations.read("l"))["l"] == [1, 12, 13]
    query = stored.query("test", "selections")
    query.add_ops([expressions.expression_read("x", total), lists.list_size("l")])
    assert [bins for _, _, bins in query.results()] == [{"x": 9, "l": 3}]
    query = stored.query("test", "selections")
    query.add_ops([expressions.expression_write("i", e.Mul(e.IntBin("i"), 2).compile())])
    job = query.execute_background()
    while stored.job_info(job, aerospike.JOB_QUERY)["status"] == aerospike.JOB_STATUS_INPROGRESS:
        pass
    assert ask(operations.read("i"))["i"] == 10


def test_a_geo_index(client: Any) -> None:
    for number in range(20):
        point = aerospike.GeoJSON({"type": "Point", "coordinates": [number, 5]})
        circle = aerospike.GeoJSON({"type": "AeroCircle", "coordinates": [[number, 0], 300_000]})
        client.put(("test", "places", number), {"n": number, "g": point, "r": circle, "l": [point]})

    def found(where: Any) -> list[int]:
        query = client.query("test", "places")
        query.where(where)
        return sorted(bins["n"] for _, _, bins in query.results())

    for name in ("g", "r"):
        client.index_single_value_create("test", "places", name, aerospike.INDEX_GEO2DSPHERE, f"by_{name}")
    client.index_list_create("test", "places", "l", aerospike.INDEX_GEO2DSPHERE, "by_l")
    assert found(predicates.geo_within_geojson_region("g", aerospike.GeoJSON(SQUARE).dumps())) == list(
        range(1, 10)
    )
    assert found(predicates.geo_within_radius("g", 3, 5, 150_000)) == [2, 3, 4]
    assert found(predicates.geo_contains_point("r", 7, 0.1)) == [5, 6, 7, 8, 9]
    near = e.CmpGeo(e.GeoBin("g"), aerospike.GeoJSON(SQUARE))
    records = client.query("test", "places").results(policy={"expressions": near.compile()})
    assert sorted(bins["n"] for _, _, bins in records) == list(range(1, 10))
    elements = predicates.geo_within_radius("l", 3, 5, 150_000, aerospike.INDEX_TYPE_LIST)
    assert found(elements) == [2, 3, 4]


PARTITION = 77


@pytest.fixture(scope="module")
def of_one_partition() -> list[int]:
    """Keys of records that are all in one partition."""
    digests = ((number, aerospike.calc_digest("test", "pages", number)) for number in range(80_000))
    return [number for number, digest in digests if digest[0] | digest[1] << 8 & 0xF00 == PARTITION]


@pytest.fixture(scope="module")
def paged(client: Any, of_one_partition: list[int]) -> Any:
    """Values go down as keys go up, and three records share each."""
    for place, number in enumerate(of_one_partition):
        client.put(("test", "pages", number), {"n": -(place // 3), "s": "same"})
    for name, kind in (("n", aerospike.INDEX_NUMERIC), ("s", aerospike.INDEX_STRING)):
        client.index_single_value_create("test", "pages", name, kind, f"pages_{name}")
    return client


def pages_of(client: Any, where: Any, most: int) -> Any:
    query = client.query("test", "pages")
    query.where(where)
    query.max_records = most
    query.paginate()
    return query


@pytest.mark.parametrize("most", [1, 4, 100])
@pytest.mark.parametrize("where", [predicates.between("n", -100, 0), predicates.equals("s", "same")])
def test_pages_of_an_index(paged: Any, of_one_partition: list[int], where: Any, most: int) -> None:
    query = pages_of(paged, where, most)
    policy = {"partition_filter": {"begin": PARTITION, "count": 1}}
    found: list[int] = []
    while not query.is_done():
        page = [bins["n"] for _, _, bins in query.results(policy=policy)]
        assert len(page) <= most
        found += page
    assert sorted(found) == sorted(-(place // 3) for place in range(len(of_one_partition)))
    assert len(found) > 8
    if "n" in where:
        assert found == sorted(found)


def test_a_page_goes_on_where_another_client_stopped(paged: Any, of_one_partition: list[int]) -> None:
    """Records change between the pages; the second query has only the status of the first one."""
    where = predicates.between("n", -100, 0)
    first = pages_of(paged, where, 5)
    seen = [
        bins["n"]
        for _, _, bins in first.results(policy={"partition_filter": {"begin": PARTITION, "count": 1}})
    ]
    values = [-(place // 3) for place in range(len(of_one_partition))]
    assert seen == sorted(values)[:5]
    paged.put(("test", "pages", of_one_partition[-1]), {"n": -100})  # seen already, and now before that page
    paged.put(("test", "pages", of_one_partition[0]), {"n": -1})
    paged.remove(("test", "pages", of_one_partition[1]))
    status = {"begin": PARTITION, "count": 1, "partition_status": first.get_partitions_status()}
    rest = pages_of(paged, where, 1000).results(policy={"partition_filter": status})
    assert [bins["n"] for _, _, bins in rest] == sorted([-1, *values[2:]])[5:]
