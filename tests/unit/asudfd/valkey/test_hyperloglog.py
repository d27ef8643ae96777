"""HyperLogLogs: strings and counts as a real server's."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.valkey import hyperloglog
from asudfd.valkey.hyperloglog import (
    DENSE,
    DENSE_SIZE,
    ENCODING,
    HEAD,
    REGISTERS,
    SPARSE,
    CorruptHyperLogLogError,
    NotHyperLogLogError,
)

SPARSE_MAX = 3000


def holding(*elements: bytes, sparse_max: int = SPARSE_MAX) -> bytearray:
    text = hyperloglog.new()
    hyperloglog.add(text, elements, sparse_max)
    hyperloglog.invalidate(text)
    return text


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def test_a_new_one_is_eighteen_bytes() -> None:
    assert bytes(hyperloglog.new()) == b"HYLL\x01" + bytes(11) + b"\x7f\xff"
    assert hyperloglog.count(hyperloglog.new()) == 0


def test_one_element() -> None:
    text = holding(b"a")
    assert bytes(text) == b"HYLL\x01" + bytes(10) + b"\x80q\xa6\x84NW"
    assert hyperloglog.describe(text) == "Z:12711 v:2,1 Z:3672"
    assert hyperloglog.count(text) == 1
    assert text[8:16] == b"\x01" + bytes(7)


def test_many_elements() -> None:
    """The counts and strings are those of a real server."""
    text = holding(*numbers(100_000))
    assert hyperloglog.count(text) == 99565
    reply = b"$%d\r\n%b\r\n" % (len(text), bytes(text))
    assert hashlib.sha1(reply).hexdigest() == "9889c236051423cf7efe6e67726ab079d83cb1e5"


def test_a_sparse_string_becomes_dense_when_it_would_be_too_long() -> None:
    text = hyperloglog.new()
    for element in numbers(3000):
        hyperloglog.add(text, [element], SPARSE_MAX)
        assert len(text) <= SPARSE_MAX or len(text) == DENSE_SIZE
    assert text[ENCODING] == DENSE
    hyperloglog.invalidate(text)
    assert hyperloglog.count(text) == 3004


@given(st.lists(st.binary(max_size=12), max_size=60))
def test_sparse_and_dense_have_the_same_registers(elements: list[bytes]) -> None:
    sparse, dense = holding(*elements), hyperloglog.new()
    hyperloglog.make_dense(dense)
    hyperloglog.add(dense, elements, SPARSE_MAX)
    assert sparse[ENCODING] == SPARSE
    assert hyperloglog.registers(sparse) == hyperloglog.registers(dense)
    hyperloglog.make_dense(sparse)
    assert sparse[HEAD:] == dense[HEAD:]


@given(st.lists(st.binary(max_size=4), max_size=60), st.lists(st.binary(max_size=4), max_size=60))
def test_merged_is_as_if_all_had_been_added(first: list[bytes], second: list[bytes]) -> None:
    target = holding(*first)
    hyperloglog.merge_into(target, hyperloglog.merged([target, holding(*second)]), SPARSE_MAX)
    assert hyperloglog.registers(target) == hyperloglog.registers(holding(*first, *second))


@pytest.mark.parametrize(
    "text",
    [b"", b"HYLL", b"HYLX\x01" + bytes(11), b"HYLL\x02" + bytes(11), b"HYLL\x00" + bytes(DENSE_SIZE)],
)
def test_what_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(NotHyperLogLogError):
        hyperloglog.checked(text)


@pytest.mark.parametrize("runs", [b"", b"\x7f", b"\x7f\xff\x00", b"\x00", b"\xff" * 4097])
def test_broken_runs_are_refused(runs: bytes) -> None:
    text = hyperloglog.checked(b"HYLL\x01" + bytes(11) + runs)
    with pytest.raises(CorruptHyperLogLogError):
        hyperloglog.registers(text)


@given(st.binary(max_size=40))
def test_no_string_of_runs_fails_in_another_way(runs: bytes) -> None:
    text = hyperloglog.checked(b"HYLL\x01" + bytes(11) + runs)
    for register in (0, 5000, REGISTERS - 1):
        try:
            hyperloglog.raise_register(text, register, 3, SPARSE_MAX)
        except CorruptHyperLogLogError:
            continue


EXPECTED_REGISTERS = [5938, 16374, 4290, 5076, 2779, 10349, 13758]


def test_elements_of_every_length_have_their_hash() -> None:
    """The registers that a real server has given them."""
    assert [hyperloglog.place(b"x" * size)[0] for size in (0, 1, 7, 8, 9, 16, 17)] == EXPECTED_REGISTERS


@pytest.mark.parametrize(
    "runs",
    [
        b"\x7f",
        b"\x7f\xfe",
        b"\x7f\xff\x00",
        b"\x7f\xfe\x00\x40",
        b"\x7f\xff" * (50 << 20),
    ],
    ids=["half a run", "one too few", "one too many", "a second byte that is missing", "a terabyte"],
)
def test_runs_that_are_not_those_of_all_registers(runs: bytes) -> None:
    text = hyperloglog.new()
    text[hyperloglog.HEAD :] = runs
    with pytest.raises(hyperloglog.CorruptHyperLogLogError):
        hyperloglog.registers(text)


@given(st.lists(st.binary(max_size=4), max_size=40), st.lists(st.binary(max_size=4), max_size=40))
def test_the_larger_registers(first: list[bytes], second: list[bytes]) -> None:
    texts = [hyperloglog.new(), hyperloglog.new()]
    for text, elements in zip(texts, (first, second), strict=True):
        hyperloglog.add(text, elements, 3000)
    expected = bytes(map(max, *map(hyperloglog.registers, texts)))
    assert hyperloglog.merged(texts) == expected
