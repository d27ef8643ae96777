"""The product and version of a server of functions, as far as it decides what libraries may do."""

from __future__ import annotations

from asinfo.errors import UsageError

PRODUCTS = ("valkey", "redis", "asudf")
"""Kinds of servers that have functions."""

RULE = "write PRODUCT-VERSION, as in valkey-9.1 or redis-7.0"


class ServerVersion:  # plain class: `typing` costs as much as a whole run of the tool
    """``product``, one of `PRODUCTS`, and ``version``, as in ``("valkey", (9, 1))``. Equal ones are the same in a set."""

    __slots__ = ("product", "version")

    def __init__(self, product: str, version: tuple[int, ...]) -> None:
        self.product = product
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerVersion) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return f"{self.product.capitalize()} {'.'.join(map(str, self.version))}".rstrip()

    @property
    def _key(self) -> tuple[str, tuple[int, ...]]:
        return self.product, self.version

    @property
    def is_valkey(self) -> bool:
        """Whether it is a real Valkey server."""
        return self.product == "valkey"

    @property
    def is_redis(self) -> bool:
        """Whether it is a real Redis server."""
        return self.product == "redis"

    @property
    def has_environments(self) -> bool:
        """Whether Lua has getfenv, setfenv and newproxy there: Valkey has not from 8.1 on, nor has asudfd."""
        return self.is_redis or (self.is_valkey and self.version < (8, 1))

    @property
    def ends_at_load_log(self) -> bool:
        """Whether ``server.log`` in the text of a library ends the server: seen with Valkey 9.1.2, not with 8.1.8."""
        return self.is_valkey and self.version >= (9,)


def parse(word: str) -> ServerVersion:
    """The server that ``word`` names, as in ``valkey-9.1``. Raises UsageError."""
    product, _, version = word.lower().partition("-")
    numbers = version.split(".")
    if product not in PRODUCTS or not all(
        each.isdecimal() and each.isascii() and len(each) < 6 for each in numbers
    ):
        raise UsageError(f"{word!r} is no server: {RULE}; the products are {', '.join(PRODUCTS)}")
    return ServerVersion(product, tuple(map(int, numbers)))
