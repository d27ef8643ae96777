"""Bits of strings against the same by a text of ones and zeros."""

from hypothesis import given
from hypothesis import strategies as st

from asudfd.valkey.bitmap import combine_bits, count_bits, find_bit

TEXTS = st.binary(min_size=1, max_size=20) | st.sampled_from([b"\0" * 9, b"\xff" * 9])


def digits(text: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in text)


@given(TEXTS, st.integers(0, 200), st.integers(0, 200), st.sampled_from([0, 1]))
def test_counting_and_finding(text: bytes, first: int, last: int, bit: int) -> None:
    first, last = sorted((first % (8 * len(text)), last % (8 * len(text))))
    part = digits(text)[first : last + 1]
    assert count_bits(text, first, last) == part.count("1")
    found = part.find(str(bit))
    assert find_bit(text, bit, first, last) == (found + first if found >= 0 else -1)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_combining(texts: list[bytes]) -> None:
    size = max(map(len, texts))
    padded = [text.ljust(size, b"\0") for text in texts]
    for operation, combine in ((b"AND", min), (b"OR", max)):
        expected = [combine(bits) for bits in zip(*map(digits, padded), strict=True)]
        assert digits(combine_bits(operation, texts, size)) == "".join(expected)
    odd = ["1" if bits.count("1") % 2 else "0" for bits in zip(*map(digits, padded), strict=True)]
    assert digits(combine_bits(b"XOR", texts, size)) == "".join(odd)
    assert combine_bits(b"NOT", texts[:1], len(texts[0])) == bytes(255 - byte for byte in texts[0])
