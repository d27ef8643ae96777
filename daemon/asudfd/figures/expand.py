"""Names of counters, written shortly: ``a_{b,c}_{d,e}`` stands for a_b_d, a_b_e, a_c_d and a_c_e."""

from collections.abc import Iterator
from itertools import product


def expand(text: str) -> Iterator[str]:
    """Every name that the words of ``text`` stand for, in order."""
    for word in text.split():
        parts = [part.split(",") for part in word.replace("}", "{").split("{")]
        yield from map("".join, product(*parts))
