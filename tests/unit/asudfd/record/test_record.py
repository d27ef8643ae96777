"""The stored form of a record, and its partition."""

from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire.digest import PARTITIONS, partition
from asudfd.record.record import GENERATION_MAX, Record, pack, times, unpack

RECORDS = st.builds(
    Record,
    generation=st.integers(1, GENERATION_MAX),
    void_time=st.integers(0, 2**32 - 1),
    last_update=st.integers(0, 2**64 - 1),
    set_name=st.binary(max_size=63),
    key=st.binary(max_size=300),
    bins=st.binary(max_size=300),
)


def test_the_layout() -> None:
    record = Record(258, 3, 4, b"demo", b"\x03k1", b"bins")
    assert pack(record) == (
        b"\x01\x02" + b"\0\0\0\3" + b"\0\0\0\0\0\0\0\4" + b"\4" + b"\0\0\0\3" + b"demo" + b"\x03k1" + b"bins"
    )


@given(RECORDS)
def test_what_is_packed_comes_back(record: Record) -> None:
    value = pack(record)
    assert unpack(value) == record
    assert type(unpack(value)) is Record
    assert times(value) == (record.void_time, record.last_update, record.set_name)


def test_partitions_are_the_first_twelve_bits_of_a_digest() -> None:
    assert partition(b"\x12\x34" + bytes(18)) == 0x412
    assert partition(b"\xff" * 20) == PARTITIONS - 1
