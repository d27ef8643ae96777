"""Digests and partitions, with OpenSSL's RIPEMD-160 and with our own."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import digest as digests
from asinfo.wire.digest import digest, partition
from asinfo.wire.request import Key
from asinfo.wire.ripemd import Ripemd160

KNOWN = [
    (-128, "93191e549f8f3548d7e2cfc958ddc8c65bcbe4c6"),
    (-1, "22116d253745e29fc63fdf760b6e26f7e197e01d"),
    (0, "93d943aae37b017ad7e011b0c1d2e2143c2fb37d"),
    (1, "82d7213b469812947c109a6d341e3b5b1dedec1f"),
    ("", "2819b1ff6e346a43b4f5f6b77a88bc3eaac22a83"),
]
"""Keys of set ``set`` and the digests that client libraries publish for them."""

PAPER = {
    b"": "9c1185a5c5e9fc54612808977ee8f548b2258d31",
    b"a": "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe",
    b"abc": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    b"message digest": "5d0689ef49d2fae572b881b123a85ffa21595f36",
    b"1234567890" * 8: "9b752e45573d4b39f4dbd3323cab82bf63326bfb",
}
"""Hashes that the paper on RIPEMD-160 gives."""


@pytest.fixture(params=["as installed", "our own"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ValueError("unsupported hash type ripemd160")

    monkeypatch.setattr(digests, "_begun", {})
    monkeypatch.setattr(digests, "_new", None)
    if request.param == "our own":
        monkeypatch.setattr(hashlib, "new", refused)


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize(("value", "wanted"), KNOWN)
def test_known_digests(value: int | str, wanted: str) -> None:
    assert Key("namespace", "set", value).digest.hex() == wanted
    assert Key("another", "set", value).digest.hex() == wanted


@pytest.mark.usefixtures("_either")
def test_the_kind_of_a_key_counts() -> None:
    assert len({digest(b"set", kind, bytes(8)) for kind in (1, 3, 4)}) == 3


@pytest.mark.parametrize("data", PAPER)
def test_hashes_of_the_paper(data: bytes) -> None:
    assert Ripemd160(data).digest().hex() == PAPER[data]


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_our_own_hash_in_pieces(pieces: list[bytes]) -> None:
    hashing = Ripemd160()
    for piece in pieces:
        other = hashing.copy()
        hashing.update(piece)
        other.update(b"not of this one")
    assert hashing.digest() == Ripemd160(b"".join(pieces)).digest()


def test_our_own_hash_is_the_hash() -> None:
    try:
        known = hashlib.new("ripemd160", usedforsecurity=False)
    except ValueError:
        pytest.skip("no RIPEMD-160 here to compare with")
    for size in range(200):
        data = bytes(range(256))[:size]
        other = known.copy()
        other.update(data)
        assert Ripemd160(data).digest() == other.digest()


@pytest.mark.parametrize(
    ("kind", "key"), [(1, bytes(7)), (1, b""), (2, bytes(8)), (0, b""), (20, b"\x90"), (17, b"\1")]
)
def test_no_key(kind: int, key: bytes) -> None:
    with pytest.raises(WireError):
        digest(b"set", kind, key)


def test_names_of_sets_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_begun", {})
    for number in range(3000):
        digest(b"%d" % number, 3, b"key")
    assert len(digests._begun) <= 1024


def test_partitions() -> None:
    assert partition(bytes.fromhex("0000") + bytes(18)) == 0
    assert partition(bytes.fromhex("FFFF") + bytes(18)) == 4095
    assert partition(bytes.fromhex("34F2") + bytes(18)) == 0x234
