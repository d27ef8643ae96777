"""Queries of a range of values, and the definitions that allow them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any, cast

import pytest

from asinfo.wire import message, msgpack, request
from asinfo.wire.message import INFO3_PARTITION_DONE
from asinfo.wire.particle import GEOJSON
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.info import sindex
from asudfd.aerospike.info.request import Request
from asudfd.errors import CommandError
from asudfd.network.session import ClientSession
from asudfd.record.indexes import Index, key_of, value_of
from asudfd.record.metadata import accept_indexes
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.smd.interface import SINDEX, SmdFailed, SmdItem, SmdTimeout
from tests.fakes.world import World

pytestmark = pytest.mark.usefixtures("beside")

ALL = b"".join(number.to_bytes(2, "little") for number in range(4096))
NUMERIC = Index("demo", "n", "numeric", "default")


class Metadata:
    """System metadata that hands every change to one node."""

    connected = True

    def __init__(self, world: World) -> None:
        self.namespaces = world.node.namespaces
        self.failure: Exception | None = None

    async def set(self, module: str, key: str, value: str | None) -> None:
        assert module == SINDEX
        if self.failure is not None:
            raise self.failure
        accept_indexes(self.namespaces, [SmdItem(key, value, 1, 0)])


@pytest.fixture
def stored(world: World) -> World:
    world.node.smd = cast("Any", Metadata(world))
    for number in range(-5, 15):
        bins: dict[str, Any] = {
            "n": number,
            "s": f"s{number % 3}",
            "l": [number, "x"],
            "m": {f"k{number % 4}": number},
        }
        world.ask(request.put(Key("test", "demo", number), bins))
    world.ask(request.put(Key("test", "demo", "float"), {"n": 3.0}))
    world.ask(request.put(Key("test", "other", 1), {"n": 3}))
    return world


def info(world: World, name: bytes, parameters: bytes = b"") -> bytes:
    handler = next(row.handler for row in sindex.ROWS if row.name == name)
    answer = handler(world.node, Request(name, parameters, ClientSession()))
    return cast("bytes", asyncio.run(cast("Any", answer)) if asyncio.iscoroutine(answer) else answer)


def refused(world: World, name: bytes, parameters: bytes) -> str:
    with pytest.raises(CommandError) as caught:
        info(world, name, parameters)
    return caught.value.answer.decode()


def within(name: bytes, kind: int, low: bytes, high: bytes) -> bytes:
    parts = b"".join(len(each).to_bytes(4, "big") + each for each in (low, high))
    return bytes((1, len(name))) + name + bytes([kind]) + parts


def numbers(low: int, high: int, name: bytes = b"n") -> bytes:
    return within(name, 1, low.to_bytes(8, "big", signed=True), high.to_bytes(8, "big", signed=True))


def query(world: World, wanted: bytes, *more: tuple[int, bytes], set_name: bytes = b"demo") -> Any:
    fields = [(0, b"test"), (1, set_name), (11, ALL), (22, wanted), *more]
    body = message.request(3, 0, INFO3_PARTITION_DONE, fields=fields)
    *found, last = [each for reply in world.bodies(body) for each in request.replies(reply)]
    assert last.last or last.result
    return sorted(reply.bins["n"] for reply in found) if not last.result else last.result


def create(world: World, index: Index = NUMERIC, name: bytes = b"i") -> None:
    accept_indexes(world.node.namespaces, [SmdItem(key_of(b"test", name), value_of(index), 1, 0)])


def test_a_range_of_numbers(stored: World) -> None:
    create(stored)
    assert query(stored, numbers(-2, 3)) == [-2, -1, 0, 1, 2, 3]
    assert query(stored, numbers(100, 200)) == []
    assert stored.count("si_query_long_basic_complete") == 2
    assert stored.count("pi_query_long_basic_complete") == 0


def test_a_string(stored: World) -> None:
    create(stored, Index("demo", "s", "string", "default"))
    assert query(stored, within(b"s", 3, b"s0", b"s0")) == [-3, 0, 3, 6, 9, 12]


def test_elements_keys_and_values(stored: World) -> None:
    create(stored, Index("demo", "l", "numeric", "list"), b"l")
    create(stored, Index("demo", "m", "string", "mapkeys"), b"k")
    create(stored, Index("demo", "m", "numeric", "mapvalues"), b"v")
    assert query(stored, numbers(1, 2, b"l"), (26, b"\1")) == [1, 2]
    assert query(stored, within(b"m", 3, b"k1", b"k1"), (26, b"\2")) == [-3, 1, 5, 9, 13]
    assert query(stored, numbers(4, 5, b"m"), (26, b"\3")) == [4, 5]


SQUARE = b'{"type":"Polygon","coordinates":[[[0.5,0],[9.5,0],[9.5,10],[0.5,10],[0.5,0]]]}'


def geo(text: bytes, name: bytes = b"g") -> bytes:
    return within(name, GEOJSON, text, text)


@pytest.fixture
def places(stored: World) -> World:
    for number in range(20):
        point = msgpack.GeoJSON(f'{{"type":"Point","coordinates":[{number},5]}}')
        circle = msgpack.GeoJSON(f'{{"type":"AeroCircle","coordinates":[[{number},0],300000]}}')
        stored.ask(
            request.put(
                Key("test", "demo", f"g{number}"), {"n": number, "g": point, "r": circle, "p": [1, point]}
            )
        )
    stored.ask(
        request.put(
            Key("test", "demo", "none"), {"n": 99, "g": msgpack.GeoJSON('{"type":"Polygon"}'), "r": "x"}
        )
    )
    return stored


def test_points_in_a_region(places: World) -> None:
    create(places, Index("demo", "g", "geo2dsphere", "default"))
    create(places, Index("demo", "p", "geo2dsphere", "list"), b"p")
    assert query(places, geo(SQUARE)) == list(range(1, 10))
    assert query(places, geo(SQUARE, b"p"), (26, b"\1")) == list(range(1, 10))
    assert query(places, geo(b'{"type":"AeroCircle","coordinates":[[3,5],150000]}')) == [2, 3, 4]


def test_regions_with_a_point(places: World) -> None:
    create(places, Index("demo", "r", "geo2dsphere", "default"))
    assert query(places, geo(b'{"type":"Point","coordinates":[7,0.1]}', b"r")) == [5, 6, 7, 8, 9]


def polygon(corners: int) -> bytes:
    """A square from 0.5 to 9.5 degrees of longitude whose first side has so many corners."""
    side = ",".join(f"[{0.5 + 9 * number / corners:.6f},0]" for number in range(corners))
    return f'{{"type":"Polygon","coordinates":[[{side},[9.5,0],[9.5,10],[0.5,10],[0.5,0]]]}}'.encode()


def test_a_large_region(places: World) -> None:
    create(places, Index("demo", "g", "geo2dsphere", "default"))
    create(places, Index("demo", "r", "geo2dsphere", "default"), b"r")
    for corners in (4095, 4096, 60_000):
        assert query(places, geo(polygon(corners))) == list(range(1, 10))
    large: dict[str, Any] = {"n": 77, "r": msgpack.GeoJSON(polygon(60_000).decode())}
    assert places.ask(request.put(Key("test", "demo", "large"), large)).result == Result.OK
    assert query(places, geo(b'{"type":"Point","coordinates":[5,5]}', b"r")) == [77]
    assert query(places, geo(b'{"type":"Point","coordinates":[5,0.01]}', b"r")) == [3, 4, 5, 6, 7, 77]
    longer = polygon(60_000).replace(b"[9.5,0]", b"[999,9,9]") + b"]"
    assert query(places, geo(longer)) == Result.GEOJSON


def test_what_is_no_region_or_larger_than_a_record(places: World) -> None:
    create(places, Index("demo", "g", "geo2dsphere", "default"))
    assert query(places, geo(b"{}")) == Result.GEOJSON
    assert query(places, geo(b"[" * 5000)) == Result.GEOJSON
    assert query(places, geo(SQUARE + b" " * RECORD_SIZE_MAX)) == Result.UNSUPPORTED_FEATURE
    large = msgpack.GeoJSON('{"type":"Polygon","a":[' + "[]," * 5000 + "1]}")
    assert places.ask(request.put(Key("test", "demo", "large"), {"g": large})).result == Result.OK
    assert query(places, geo(SQUARE)) == list(range(1, 10))


def test_records_have_the_value_by_which_they_were_found(stored: World) -> None:
    create(stored)
    fields = [(0, b"test"), (1, b"demo"), (11, ALL), (22, numbers(3, 3))]
    [body] = stored.bodies(message.request(3, 0, INFO3_PARTITION_DONE, fields=fields))
    assert message.replies(body)[0][9][15] == (3).to_bytes(8, "little")


def test_an_index_without_a_set_is_for_all(stored: World) -> None:
    create(stored, Index("", "n", "numeric", "default"))
    assert query(stored, numbers(3, 3)) == [3]
    assert query(stored, numbers(3, 3), set_name=b"") == [3, 3]


@pytest.mark.parametrize(
    ("wanted", "more", "code"),
    [
        (numbers(1, 2, b"z"), (), Result.INDEX_NOT_FOUND),
        (within(b"n", 3, b"x", b"x"), (), Result.INDEX_NOT_FOUND),
        (within(b"n", 23, b"{}", b"{}"), (), Result.INDEX_NOT_FOUND),
        (numbers(1, 2), ((26, b"\1"),), Result.INDEX_NOT_FOUND),
        (numbers(1, 2), ((21, b"other"),), Result.INDEX_NOT_FOUND),
        (numbers(1, 2), ((23, b"\x92\x10\0"),), Result.INDEX_NOT_FOUND),
        (numbers(1, 2), ((23, b"\x91\x10"),), Result.PARAMETER),
        (numbers(1, 2), ((24, b"\x92\x10\0"),), Result.INDEX_NOT_FOUND),
        (numbers(1, 2)[:-1], (), Result.PARAMETER),
        (numbers(1, 2) + b"x", (), Result.PARAMETER),
        (within(b"n", 1, b"\1", b"\2"), (), Result.PARAMETER),
        (within(b"n", 3, b"a", b"b"), (), Result.PARAMETER),
        (within(b"n", 2, bytes(8), bytes(8)), (), Result.PARAMETER),
        (b"\1", (), Result.PARAMETER),
        (b"", (), Result.PARAMETER),
    ],
    ids=str,
)
def test_refusals(stored: World, wanted: bytes, more: Any, code: int) -> None:
    create(stored)
    assert query(stored, wanted, *more) == code


def test_a_background_query(stored: World) -> None:
    create(stored)
    fields = [(0, b"test"), (1, b"demo"), (7, b"\1"), (22, numbers(1, 4))]
    stored.bodies(message.request(0, 1, fields=fields, ops=[request.op(2, "new", 1)]))
    assert stored.node.jobs[1].succeeded == 4
    assert stored.count("si_query_ops_bg_complete") == 1


def test_the_life_of_an_index(stored: World) -> None:
    what = b"namespace=test;indexname=i"
    assert info(stored, b"sindex-exists", what) == b"false"
    assert refused(stored, b"sindex-stat", what) == "ERROR:201:no index"
    definition = what + b";set=demo;bin=n;type=NUMERIC"
    assert info(stored, b"sindex-create", definition) == b"ok"
    assert info(stored, b"sindex-create", definition) == b"ok"
    assert stored.namespace.indexes == {b"i": NUMERIC}
    assert (
        refused(stored, b"sindex-create", what + b";bin=z;type=string")
        == "ERROR:200:'indexname' already exists with different definition"
    )
    line = b"ns=test:indexname=i:set=demo:bin=n:type=numeric:indextype=default:context=null:exp=null:state=RW"
    assert info(stored, b"sindex-list") == info(stored, b"sindex-list", b"ns=test") == line
    assert info(stored, b"sindex-list", b"namespace=bar") == b""
    assert info(stored, b"sindex-exists", what) == b"true"
    assert b";load_pct=100;" in info(stored, b"sindex-stat", what)
    assert info(stored, b"sindex", b"test/i") == info(stored, b"sindex-stat", what)
    assert info(stored, b"sindex-delete", what) == b"ok"
    assert info(stored, b"sindex-delete", what) == b"ok"
    assert info(stored, b"sindex-list") == b""


def test_an_index_within_lists_and_maps(stored: World) -> None:
    for number in range(4):
        bins: dict[str, Any] = {"n": number, "d": {"a": [[number, "x"], 7], "k": {number: "x"}}}
        assert stored.ask(request.put(Key("test", "deep", number), bins)).result == 0
    first = msgpack.pack([0x22, "a", 0x10, 0, 0x10, 0])
    keys = msgpack.pack([0x22, "k"])
    for name, context, kind in ((b"first", first, b""), (b"keys", keys, b"indextype=mapkeys;")):
        definition = b"namespace=test;set=deep;bin=d;type=numeric;%bindexname=%b;context=%b"
        assert info(stored, b"sindex-create", definition % (kind, name, b64encode(context))) == b"ok"
    assert b":indextype=default:context=%b:" % b64encode(first) in info(stored, b"sindex-list")
    within_first, of_keys = (23, first), ((23, keys), (26, b"\2"))
    assert query(stored, numbers(1, 2, b"d"), within_first, set_name=b"deep") == [1, 2]
    assert query(stored, numbers(2, 9, b"d"), *of_keys, set_name=b"deep") == [2, 3]
    assert query(stored, numbers(1, 2, b"d"), set_name=b"deep") == Result.INDEX_NOT_FOUND


def test_an_index_on_an_expression(stored: World) -> None:
    total = msgpack.pack([20, [81, 2, msgpack.Raw(b"n")], 100])
    items = msgpack.pack([81, 4, msgpack.Raw(b"l")])
    for name, expression, kind in ((b"s", total, b""), (b"l", items, b"indextype=list;")):
        definition = b"namespace=test;set=demo;type=numeric;%bindexname=%b;exp=%b"
        assert info(stored, b"sindex-create", definition % (kind, name, b64encode(expression))) == b"ok"
    line = b"indexname=s:set=demo:bin=null:type=numeric:indextype=default:context=null:exp=%b" % b64encode(
        total
    )
    assert line in info(stored, b"sindex-list", b"namespace=test")
    assert query(stored, numbers(101, 103, b""), (24, total)) == [1, 2, 3]
    assert query(stored, numbers(1, 3, b""), (24, items), (26, b"\1")) == [1, 2, 3]
    assert query(stored, numbers(1, 3, b""), (24, items)) == Result.INDEX_NOT_FOUND
    assert query(stored, numbers(101, 103)) == Result.INDEX_NOT_FOUND


def test_a_query_names_its_index(stored: World) -> None:
    first = msgpack.pack([0x10, 0])
    total = msgpack.pack([20, [81, 2, msgpack.Raw(b"n")], 100])
    create(stored, Index("demo", "l", "numeric", "default", b64encode(first).decode()), b"f")
    create(stored, Index("demo", "", "numeric", "default", "", b64encode(total).decode()), b"s")
    assert query(stored, numbers(1, 2, b""), (21, b"f")) == [1, 2]
    assert query(stored, numbers(1, 2, b"l"), (21, b"f")) == [1, 2]
    assert query(stored, numbers(101, 102, b""), (21, b"s")) == [1, 2]
    assert query(stored, numbers(101, 102, b"n"), (21, b"s")) == Result.INDEX_NOT_FOUND
    assert query(stored, within(b"", 3, b"x", b"x"), (21, b"s")) == Result.INDEX_NOT_FOUND


def test_a_second_name_for_the_same_replaces_the_first(stored: World) -> None:
    for name in (b"i", b"j"):
        definition = b"namespace=test;indexname=" + name + b";set=demo;bin=n;type=numeric"
        assert info(stored, b"sindex-create", definition) == b"ok"
    assert stored.namespace.indexes == {b"j": NUMERIC}


LONG = b"x" * 64


@pytest.mark.parametrize(
    ("command", "parameters", "answer"),
    [
        (b"sindex-create", b"indexname=i;bin=xxxxxxxxxxxxxxxx;type=numeric", "ERROR:4:'bin' value too long"),
        (
            b"sindex-create",
            b"indexname=i;indexdata=xxxxxxxxxxxxxxxx,numeric",
            "ERROR:4:'indexdata' bin name too long",
        ),
        (b"sindex-create", b"indexname=i;indexdata=,numeric", "ERROR:4:'indexdata' missing bin name"),
        (b"sindex-create", b"indexname=i;bin=b;type=numeric;set=" + LONG, "ERROR:4:'set' value too long"),
        (b"sindex-create", b"bin=b;type=numeric;indexname=" + LONG, "ERROR:4:'indexname' value too long"),
        (
            b"sindex-create",
            b"indexname=i;bin=b;type=numeric;context=????",
            "ERROR:4:'context' invalid cdt context",
        ),
        (
            b"sindex-create",
            b"indexname=i;bin=b;type=numeric;context=kQE=",
            "ERROR:4:'context' invalid cdt context",
        ),
        (
            b"sindex-create",
            b"indexname=i;bin=b;type=numeric;context=kgQA",
            "ERROR:4:'context' invalid cdt context",
        ),
        (b"sindex-create", b"indexname=i;type=numeric;exp=AA==", "ERROR:4:bad 'exp'"),
        (
            b"sindex-create",
            b"indexname=i;type=numeric;exp=" + b64encode(b"\x91\x51"),
            "ERROR:4:bad 'exp' - a call with too many or too few arguments",
        ),
        (
            b"sindex-create",
            b"indexname=i;type=numeric;context=khAA;exp=" + b64encode(b"\x91\x46"),
            "ERROR:4:both 'context' and 'exp' are specified",
        ),
        (b"sindex-stat", b"indexname=" + LONG, "ERROR:4:'indexname' value too longERROR:201:no index"),
    ],
    ids=str,
)
def test_definitions_that_are_refused(stored: World, command: bytes, parameters: bytes, answer: str) -> None:
    assert refused(stored, command, b"namespace=test;" + parameters) == answer
    assert stored.namespace.indexes == {}


@pytest.mark.parametrize("command", [b"sindex-exists", b"sindex-stat"])
def test_an_unknown_namespace(stored: World, command: bytes) -> None:
    assert refused(stored, command, b"namespace=nope;indexname=i") == "ERROR:20:namespace not found on node"


def test_a_name_that_is_missing_removes_nothing(stored: World) -> None:
    create(stored, name=b"")
    assert info(stored, b"sindex-delete", b"namespace=test") == b"ERROR:4:missing 'indexname'ok"
    assert stored.namespace.indexes == {b"": NUMERIC}


def test_the_older_spelling(stored: World) -> None:
    assert info(stored, b"sindex-create", b"ns=test;indexname=i;set=demo;indexdata=n,numeric") == b"ok"
    assert stored.namespace.indexes == {b"i": NUMERIC}


@pytest.mark.parametrize(
    ("failure", "answer"), [(SmdTimeout(), "ERROR:9:timeout"), (SmdFailed("disk full"), "ERROR::disk full")]
)
def test_metadata_that_is_not_stored(stored: World, failure: Exception, answer: str) -> None:
    cast("Any", stored.node.smd).failure = failure
    assert refused(stored, b"sindex-create", b"ns=test;indexname=i;bin=n;type=numeric") == answer


@pytest.mark.parametrize("value", ["", "[", "[1,2,3,4]", '["a","b","geo3d","default"]', "{}", '["a"]'])
def test_metadata_that_is_no_definition(world: World, value: str) -> None:
    accept_indexes(
        world.node.namespaces, [SmdItem("test|i", value, 1, 0), SmdItem("nope|i", value_of(NUMERIC), 1, 0)]
    )
    assert world.namespace.indexes == {}
