"""Numbers in what comes from outside."""

from __future__ import annotations

from asinfo.text import NUMBER_MAX, number


def test_digits_are_a_number() -> None:
    assert [number("0"), number(b"0042"), number("65535", 65_535), number(b"9" * 18)] == [
        0, 42, 65_535, NUMBER_MAX - 1,
    ]  # fmt: skip


def test_all_else_is_none() -> None:
    for said in (
        "",
        "-1",
        "+1",
        "1.0",
        "x",
        " 1",
        "1_0",
        "\u00b2",
        "\u0661",
        "9" * 5000,
        str(NUMBER_MAX + 1),
    ):
        assert number(said) is None, said
        assert number(said.encode()) is None, said
    assert number("65536", 65_535) is None
