"""What a call may do to its record, and what comes of it: layers, commit rules, limits, times to live, keys."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asudfd.lua.aerospike.udf_result import DELETE, NOTHING, WRITE
from asudfd.record.record import Record
from asudfd.record.stored_size import stored_size
from tests.unit.asudfd.lua.aerospike.conftest import stored

RULES: list[tuple[str, dict[str, Any] | None, int, Any, dict[str, Any] | None, int]] = [
    # body, record before, code, result, record afterwards, action
    ("rec.a = 2", {"a": 1}, 0, None, {"a": 1}, NOTHING),
    ("rec.a = 2 return aerospike:update(rec)", {"a": 1}, 0, 0, {"a": 2}, WRITE),
    ("return aerospike:create(rec)", {"a": 1}, 0, 1, {"a": 1}, NOTHING),
    ("return aerospike:create(rec)", None, 2, None, None, NOTHING),
    ("return aerospike:remove(rec)", None, 0, 1, None, NOTHING),
    ("rec.a = 1 return aerospike:update(rec)", None, 0, -2, None, NOTHING),
    ("aerospike:remove(rec) rec.b = 1 return aerospike:create(rec)", {"a": 1}, 0, 0, {"b": 1}, WRITE),
    ("aerospike:remove(rec) return aerospike:update(rec)", {"a": 1}, 0, 0, None, DELETE),
    (
        "rec.a = nil aerospike:update(rec) rec.b = 1 return aerospike:update(rec)",
        {"a": 1},
        0,
        0,
        {"b": 1},
        WRITE,
    ),
    ("rec.a = rec return aerospike:update(rec)", {"a": 1}, 12, None, {"a": 1}, NOTHING),
    ("rec.a = rec aerospike:create(rec)", None, 12, None, None, NOTHING),
    (
        "rec.b = 1 aerospike:update(rec) rec.a = rec rec.c = aerospike:update(rec) aerospike:update(rec) return rec.b",
        {"a": 0},
        0,
        None,
        {"a": 0, "c": -1},
        WRITE,
    ),
    (
        "for i = 1, 512 do rec['b' .. i] = nil end return aerospike:update(rec)",
        {"a": 1},
        0,
        0,
        {"a": 1},
        WRITE,
    ),
    (
        "for i = 1, 1025 do rec['b' .. i] = nil end aerospike:update(rec)",
        {"a": 1},
        21,
        None,
        {"a": 1},
        NOTHING,
    ),
    ("rec.a = 2 aerospike:update(rec) error('x', 0)", {"a": 1}, 100, "x", {"a": 1}, NOTHING),
    (
        "rec.z = 1 rec.b = 2 rec.a = 3 aerospike:update(rec)",
        {"b": 0},
        0,
        None,
        {"b": 2, "z": 1, "a": 3},
        WRITE,
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule[0] for rule in RULES])
def test_rule(apply: Any, rule: tuple[str, Any, int, Any, Any, int]) -> None:
    body, before, code, result, after, action = rule
    called = apply(body, bins=before)
    assert (called.code, called.value, called.raw.action) == (code, result, action)
    assert called.bins == after
    if after:
        assert list(called.bins) == list(after)


STEPS = """
function run(rec, steps)
    for step in list.iterator(steps) do
        if step[1] == "set" then
            rec[step[2]] = step[3]
        else
            aerospike[step[1]](aerospike, rec)
        end
    end
end
"""


class _Model:
    """What becomes of a record, in Python."""

    def __init__(self, bins: dict[str, Any] | None) -> None:
        self.present = bins is not None
        self.bins = dict(bins or {})
        self.pending: dict[str, Any] = {}
        self.touched = False

    def set(self, name: str, value: Any) -> None:
        self.pending[name] = value

    def update(self) -> None:
        if self.present:
            self._pass_on()

    def create(self) -> None:
        if not (self.present and self.bins):
            self._pass_on()
            self.present = True

    def remove(self) -> None:
        if self.present:
            self.bins, self.pending, self.touched = {}, {}, True

    def _pass_on(self) -> None:
        self.bins |= self.pending
        self.bins = {name: value for name, value in self.bins.items() if value is not None}
        self.pending, self.touched = {}, True


NAMES = st.sampled_from(["a", "b", "cc"])
VALUES = st.sampled_from([1, 2, "text", [1, 2], 1.5])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.none() | st.dictionaries(NAMES, VALUES, min_size=1),
    st.lists(
        st.tuples(st.just("set"), NAMES, VALUES | st.none())
        | st.tuples(st.sampled_from(["update", "create", "remove"])),
        max_size=8,
    ),
)
def test_steps_come_to_what_a_model_says(
    stepper: Any, bins: dict[str, Any] | None, steps: list[tuple[Any, ...]]
) -> None:
    model = _Model(bins)
    for step, *details in steps:
        getattr(model, step)(*details)
    called = stepper([list(step) for step in steps], bins)
    if not model.touched:
        assert (called.code, called.bins) == (0, bins)
    elif model.bins:
        assert (called.code, called.bins) == (0, model.bins)
    else:
        assert (called.code, called.bins) == (0 if bins else 2, None)


@pytest.fixture
def stepper(applier: Any) -> Any:
    context = applier.load(STEPS)
    return lambda steps, bins: applier.apply(context, "run", [steps], bins)


def test_what_is_saved_is_what_was_there_at_update(apply: Any) -> None:
    body = """
        local l = list{1}
        rec.l, rec.k = l, l
        list.append(l, 2)
        aerospike:update(rec)
        list.append(rec.l, 3)
        aerospike:update(rec)
        return rec.k
    """
    called = apply(body, bins={"a": 1})
    assert called.value == [1, 2, 3]
    assert called.bins == {"a": 1, "l": [1, 2], "k": [1, 2]}


def test_a_list_read_from_a_bin_is_one_list(apply: Any) -> None:
    called = apply("list.append(rec.l, 2) aerospike:update(rec) return rec.l", bins={"l": [1]})
    assert called.value == [1, 2]
    assert called.bins == {"l": [1]}


def test_bins_keep_their_bytes(apply: Any) -> None:
    """What is not assigned is not converted, whatever it is."""
    odd = {"x": (77, b"odd"), "l": (20, b"\x92\xd1\x00\x01\xc7\x00\x00"), "a": (1, bytes(8))}
    called = apply("rec.a = 1 aerospike:update(rec)", bins={**odd, "z": (3, b"\xff")})
    assert b"odd" in called.raw.bins
    assert b"\x92\xd1\x00\x01\xc7\x00\x00" in called.raw.bins


def test_more_bins_than_a_record_may_have(apply: Any) -> None:
    bins = {f"b{index}": 1 for index in range(513)}
    body = """
        local r = list{record.numbins(rec), aerospike:update(rec), aerospike:create(rec), aerospike:exists(rec)}
        return rec.b1 == nil and r
    """
    assert apply(body, bins=bins).value == [0, -2, 1, True]
    assert apply("return aerospike:remove(rec)", bins=bins).bins is None


TTLS = {
    "record.set_ttl(rec)": 0,
    "record.set_ttl(rec, 0)": 0,
    "record.set_ttl(rec, -1)": 0xFFFFFFFF,
    "record.set_ttl(rec, -2)": 0xFFFFFFFE,
    "record.set_ttl(rec, '30')": 30,
    "record.set_ttl(rec, 30.0)": 30,
    "record.set_ttl(rec, 315360000)": 315360000,
    "": None,
}


@pytest.mark.parametrize("body", TTLS)
def test_ttl(apply: Any, body: str) -> None:
    called = apply(f"{body} return aerospike:update(rec)", bins={"a": 1})
    assert called.code == 0
    assert called.raw.ttl == TTLS[body]


@pytest.mark.parametrize("seconds", [315360001, 4294967293, -3])
def test_ttl_out_of_range(apply: Any, seconds: int) -> None:
    assert apply(f"record.set_ttl(rec, {seconds}) aerospike:update(rec)", bins={"a": 1}).code == 4


def test_key(apply: Any) -> None:
    key = b"\3user"
    assert apply("return record.key(rec)", bins={"a": 1}, key=key).value == "user"
    assert apply("return record.key(rec)", key=key).value is None
    assert apply("rec.a = 1 aerospike:create(rec) return record.key(rec)", key=key).value == "user"
    called = apply(
        "record.drop_key(rec) aerospike:update(rec) return record.key(rec)", bins={"a": 1}, key=key
    )
    assert called.value is None
    assert called.raw.drop_key is True
    assert apply("record.drop_key(rec) rec.a = 1 aerospike:create(rec)", key=key).raw.drop_key is False


def test_lines_of_a_trial(applier: Any) -> None:
    """They are written when the call was quick enough to count, in order, and dropped otherwise."""
    context = applier.load(
        "function f(rec) info('%d', 1)\nwarn('two') aerospike:log(0, 'three') end\n"
        "function g(rec) info('lost') while true do end end"
    )
    applier.apply(context, "f", [], None, trial=True)
    assert applier.lines == [
        (2, "/udf/m.lua:1 m.f", "1"),
        (1, "/udf/m.lua:2 m.f", "two"),
        (0, "/udf/m.lua:2 m.f", "three"),
    ]
    assert applier.log_contexts == {"udf"}
    applier.lines.clear()
    called = applier.apply(context, "g", [], None, trial=True, seconds=0.01)
    assert called.raw.state
    assert applier.lines == []
    assert not context.usable


def test_a_bin_name_that_is_too_long_is_logged(applier: Any) -> None:
    context = applier.load("function f(rec)\nrec.abcdefghijklmnop = 1 return aerospike:update(rec) end")
    called = applier.apply(context, "f", [], {"a": 1})
    assert called.bins == {"a": 1}
    assert applier.lines == [(1, "/udf/m.lua:2 m.f", 'bin name "abcdefghijklmnop" is too long, ignored')]


SIZED: list[dict[str, Any]] = [
    {"a": value} for value in (0, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, -1, 1.5, True, "", "x" * 40)
]


@pytest.mark.parametrize("bins", [*SIZED, {f"b{number}": 1 << number for number in range(60)}])
@pytest.mark.parametrize("ttl", [0, 50])
@pytest.mark.parametrize("key", [b"", b"\3key", b"\3" + b"k" * 300])
def test_sizes_are_those_of_expressions(applier: Any, bins: dict[str, Any], ttl: int, key: bytes) -> None:
    context = applier.load("function f(rec) return record.size(rec) end")
    called = applier.apply(context, "f", [], bins, ttl=ttl, key=key)
    assert called.value == stored_size(Record(1, ttl, 1, b"conf", key, stored(bins)))
