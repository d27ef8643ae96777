"""The lists of peers that nodes give."""

from hypothesis import given
from hypothesis import strategies as st

from asadm.target.aerospike.discovery import peers
from tests.each import for_each_row


@for_each_row(
    ("answer", "expected"),
    [
        ("0,3000,[]", []),
        (
            "4,3000,[[A2,,[127.0.0.1:3210]],[A3,name,[10.0.0.1,10.0.0.2:3001]]]",
            [("", [("127.0.0.1", 3210)]), ("name", [("10.0.0.1", 3000), ("10.0.0.2", 3001)])],
        ),
        ("4,4333,[[A2,,[[::1]:3210,[fe80::1]]]]", [("", [("::1", 3210), ("fe80::1", 4333)])]),
        ("4,x,[[A2,,[db.example]]]", [("", [("db.example", 3000)])]),
        ("4,99999,[[A2,,[db.example]]]", [("", [("db.example", 3000)])]),
        ("4,3000,[[A2,,[]]]", [("", [])]),
        ("", []),
        ("ERROR:4:unrecognized command", []),
        ("4,3000,[[A2,,[127.0.0.1:3210", []),
        ("4,3000,[[A2]]", []),
        ("4,3000,[[A2,,127.0.0.1]]", []),
        ("[" * 100_000, []),
    ],
)
def test_peers(answer: str, expected: list[tuple[str, list[tuple[str, int]]]]) -> None:
    assert peers(answer) == expected


@given(st.text(alphabet="0123,[]:.ab \n"))
def test_any_answer_is_read(answer: str) -> None:
    for _, addresses in peers(answer):
        assert all(1 <= port <= 65535 for _, port in addresses)
