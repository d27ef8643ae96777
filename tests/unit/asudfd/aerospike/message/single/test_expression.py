"""Operations that are expressions: what they show and write, and what their flags change."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import batch, message, msgpack, request
from asinfo.wire import expression as x
from asinfo.wire.message import op
from asinfo.wire.msgpack import Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.operations import (
    ALLOW_DELETE,
    CREATE_ONLY,
    EVAL_NO_FAIL,
    POLICY_NO_FAIL,
    UPDATE_ONLY,
)
from tests.fakes.world import World

KEY = Key("test", "demo", "k")
PLACE = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
WRITE, RESPOND_ALL = message.INFO2_WRITE, message.INFO2_RESPOND_ALL_OPS
NULL = (0, b"")
UNKNOWN = [x.UNKNOWN]
OK, NOT_APPLICABLE = Result.OK, Result.OP_NOT_APPLICABLE
EXISTS, MISSING = Result.BIN_EXISTS, Result.BIN_NOT_FOUND


def integer(name: str) -> list[Any]:
    return [x.BIN, x.INTEGER, Raw(name.encode())]


def items(name: str) -> list[Any]:
    return [x.BIN, x.LIST, Raw(name.encode())]


def shows(expression: Any, flags: int = 0, name: bytes = b"r") -> bytes:
    return op(message.OP_EXPRESSION_READ, 4, name, msgpack.pack([expression, flags]))


def writes(name: bytes, expression: Any, flags: int = 0) -> bytes:
    return op(message.OP_EXPRESSION_MODIFY, 4, name, msgpack.pack([expression, flags]))


def ask(world: World, *ops: bytes, info2: int = WRITE | RESPOND_ALL, info1: int = message.INFO1_READ) -> Any:
    return world.ask(message.request(info1, info2, 0, fields=PLACE, ops=ops))


def bins(world: World) -> Any:
    return world.ask(request.get(KEY)).bins


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"n": 5, "s": "ab", "l": [3, 1], "m": {"a": 1}}, Policy(send_key=True)))
    return world


@pytest.mark.parametrize(
    ("expression", "particle"),
    [
        ([x.ADD, integer("n"), 1], (1, (6).to_bytes(8, "big"))),
        *[(number, (1, number.to_bytes(8, "big"))) for number in (253, 254, 255)],  # 254 is a path elsewhere
        (2.5, (2, bytes.fromhex("4004000000000000"))),
        ([x.BIN, x.STRING, Raw(b"s")], (3, b"ab")),
        (b"xy", (4, b"xy")),
        ([x.EQ, integer("n"), 5], (17, b"\1")),
        ([x.QUOTE, [1, "a"]], (20, b"\x92\1\xa2\3a")),
        ([x.CALL, x.LIST, 64, [1, integer("n")], items("l")], (20, b"\x93\3\1\5")),
        ([x.BIN, x.MAP, Raw(b"m")], (19, b"\x81\xa2\3a\1")),
        ([x.SET_NAME], (3, b"demo")),
        ([x.KEY, x.STRING], (3, b"k")),
        (None, NULL),
    ],
    ids=str,
)
def test_a_result_of_each_type_is_shown_and_written(
    stored: World, expression: Any, particle: tuple[int, bytes]
) -> None:
    shown = ask(stored, shows(expression), info2=RESPOND_ALL)
    assert (shown.result, shown.ops) == (OK, [(7, particle[0], b"r", particle[1])])
    written = ask(stored, writes(b"r", expression), op(1, 0, b"r"))
    assert (written.result, written.generation) == (OK, 2)
    assert written.ops == [(8, 0, b"r", b""), (1, particle[0], b"r", particle[1])]


RULES: list[tuple[str, Any, int, int, Any]] = [
    # bin, expression, flags, code, the bin afterwards
    ("n", 7, 0, OK, 7),
    ("n", 7, CREATE_ONLY, EXISTS, 5),
    ("n", 7, CREATE_ONLY | POLICY_NO_FAIL, OK, 5),
    ("n", 7, UPDATE_ONLY, OK, 7),
    ("r", 7, CREATE_ONLY, OK, 7),
    ("r", 7, UPDATE_ONLY, MISSING, None),
    ("r", 7, UPDATE_ONLY | POLICY_NO_FAIL, OK, None),
    ("r", UNKNOWN, UPDATE_ONLY, MISSING, None),  # before the expression
    ("r", UNKNOWN, 0, NOT_APPLICABLE, None),
    ("r", UNKNOWN, POLICY_NO_FAIL, NOT_APPLICABLE, None),
    ("r", UNKNOWN, EVAL_NO_FAIL, OK, None),
    ("n", UNKNOWN, EVAL_NO_FAIL | ALLOW_DELETE, OK, 5),
    ("n", None, 0, NOT_APPLICABLE, 5),
    ("n", None, POLICY_NO_FAIL, OK, 5),
    ("n", None, EVAL_NO_FAIL, OK, 5),
    ("n", None, ALLOW_DELETE, OK, None),
    ("r", None, 0, OK, None),
    ("r", None, ALLOW_DELETE, OK, None),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_flags(stored: World, rule: tuple[str, Any, int, int, Any]) -> None:
    name, expression, flags, code, after = rule
    answer = ask(stored, writes(name.encode(), expression, flags))
    assert (answer.result, answer.generation) == (code, 1 if code else 2)
    assert bins(stored).get(name) == after


def test_what_is_unknown_is_no_answer(stored: World) -> None:
    assert ask(stored, shows(UNKNOWN), info2=0).result == NOT_APPLICABLE
    assert ask(stored, shows(UNKNOWN, EVAL_NO_FAIL), info2=0).ops == []
    assert ask(stored, shows(UNKNOWN, EVAL_NO_FAIL), info2=RESPOND_ALL).ops == [(7, 0, b"r", b"")]


def test_an_expression_sees_what_was_done_before(stored: World) -> None:
    append = op(message.OP_CDT_MODIFY, 4, b"l", b"\x92\1\7")
    size = [x.CALL, x.INTEGER, 0, [16], items("l")]
    add = op(5, 1, b"n", (2).to_bytes(8, "big"))
    answer = ask(
        stored,
        *(shows(size), append, shows(size), add, shows(integer("n")), writes(b"n", size), append),
        *(shows(integer("n")), shows(size)),
    )
    shown = [int.from_bytes(value, "big") for code, _, _, value in answer.ops if code == 7]
    assert shown == [2, 3, 7, 3, 4]
    assert (bins(stored)["n"], bins(stored)["l"]) == (3, [3, 1, 7, 7])


def test_a_failure_undoes_all(stored: World) -> None:
    before = bins(stored)
    assert ask(stored, writes(b"n", 9), writes(b"r", UNKNOWN)).result == NOT_APPLICABLE
    assert bins(stored) == before


def test_a_record_that_is_not_there(world: World) -> None:
    assert ask(world, shows(7), info2=0).result == Result.NOT_FOUND
    assert ask(world, writes(b"r", [x.ADD, integer("n"), 1])).result == NOT_APPLICABLE
    assert bins(world) == {}
    assert ask(world, writes(b"r", [x.SET_NAME]), writes(b"t", [x.TTL])).result == OK
    assert bins(world)["r"] == "demo"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "90",
        "9107",
        "930700 00",
        "92 07 a0",
        "92 9152 00",
        "92 07",
        "92 9301 5102a16e 00",
        "07",
        "92 92ff01 00",
    ],
)
def test_what_is_no_expression(stored: World, value: str) -> None:
    for code, info2 in ((7, 0), (8, WRITE)):
        answer = ask(stored, op(code, 4, b"r", bytes.fromhex(value)), info2=info2)
        assert (answer.result, answer.ops) == (Result.PARAMETER, [])


def test_other_refusals(stored: World) -> None:
    assert ask(stored, writes(b"r", 7), info2=0).result == Result.PARAMETER
    assert ask(stored, shows(7), info1=0).result == Result.PARAMETER
    assert ask(stored, writes(b"b" * 16, 7)).result == Result.BIN_NAME
    assert ask(stored, shows(7, name=b"b" * 16), info2=0).result == OK
    nested = [x.QUOTE, [[1, msgpack.WILDCARD]]]  # as good as any to compare with, but not to store
    assert ask(stored, writes(b"r", [x.COND, True, nested, items("l")])).result == Result.SERVER_ERROR


def test_a_value_becomes_no_larger_than_a_record_may_be(stored: World) -> None:
    stored.ask(request.put(KEY, {"l": [bytes(500_000)]}))
    doubled: Any = items("l")
    for times in range(1, 6):
        name = Raw(b"v%d" % times)
        value = [x.VAR, name]
        doubled = [x.LET, name, doubled, [x.CALL, x.LIST, 64, [2, value], value]]
        shown = ask(stored, shows([x.CALL, x.INTEGER, 0, [16], doubled]), info2=RESPOND_ALL)
        assert shown.result == (OK if times < 5 else NOT_APPLICABLE)


def test_bins_become_no_larger_than_a_record_may_be(stored: World) -> None:
    def resized(name: bytes, size: int) -> bytes:
        return op(message.OP_BIT_MODIFY, 4, name, msgpack.pack([0, size]))

    removed = op(message.OP_DELETE, 0, b"")
    value = op(message.OP_WRITE, 1, b"n", bytes(8))
    again = [resized(b"a", size) for size in (7 << 20, 1, 7 << 20)]
    assert ask(stored, *again, removed, value, info2=WRITE).result == OK
    several = [resized(name, 3 << 20) for name in (b"a", b"b", b"c")]
    assert ask(stored, *several, removed, value, info2=WRITE).result == Result.RECORD_TOO_BIG
    copies = [writes(b"c%d" % number, [x.BIN, x.BLOB, Raw(b"a")]) for number in range(3)]
    assert ask(stored, several[0], *copies, removed, value, info2=WRITE).result == Result.RECORD_TOO_BIG


def test_in_a_batch(stored: World) -> None:
    fields = [(0, b"test"), (1, b"demo")]
    rows = [
        (KEY, batch.attributes(1, fields=fields, ops=[shows([x.ADD, integer("n"), 1])])),
        (KEY, batch.attributes(1, WRITE, fields=fields, ops=[writes(b"r", 8), shows(integer("r"))])),
        (KEY, batch.attributes(1, fields=fields, ops=[shows(UNKNOWN)])),
    ]
    answers = request.replies(stored.bodies(request.batch(rows))[0])
    assert [each.result for each in answers[:3]] == [OK, OK, NOT_APPLICABLE]
    assert [[int.from_bytes(value, "big") for _, _, _, value in each.ops] for each in answers[:2]] == [
        [6],
        [8],
    ]


def test_in_a_background_query(stored: World) -> None:
    fields = [(0, b"test"), (1, b"demo"), (7, bytes(8)), (9, bytes(4))]
    body = message.request(0, WRITE, fields=fields, ops=[writes(b"n", [x.MUL, integer("n"), 2])])
    assert stored.ask(body).result == OK
    assert bins(stored)["n"] == 10


def test_limits(stored: World) -> None:
    """All expressions of a request have together what one may have; what takes more than a turn is done in a thread."""
    many = [shows([x.ADD, *[integer("n")] * 40]) for _ in range(60)]
    assert ask(stored, *many[:20], info2=0).result == OK
    assert ask(stored, *many, info2=0).result in {Result.PARAMETER, Result.UNSUPPORTED_FEATURE}
    stored.ask(request.put(KEY, {"l": list(range(3000))}))
    sort = shows([x.CALL, x.LIST, 64, [13, 1], items("l")])
    assert ask(stored, sort, info2=0).result == OK
    beside = ask(stored, *[sort] * 20, writes(b"n", [x.CALL, x.INTEGER, 0, [16], items("l")]))
    assert (beside.result, len(beside.ops), bins(stored)["n"]) == (OK, 21, 3000)
    beside = ask(stored, *[sort] * 20, writes(b"n", UNKNOWN))
    assert (beside.result, beside.ops, bins(stored)["n"]) == (NOT_APPLICABLE, [], 3000)
