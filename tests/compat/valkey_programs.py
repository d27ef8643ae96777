"""Random programs of Valkey commands, for a comparison of two servers.

A command is one line of a grammar. A word stands for itself; `<kind>` is a value of that kind (`KINDS`); `a|b` is one of these;
`[...]` is left out half of the time; `x...` comes one to three times. `3* LINE` makes a line three times as likely.
To add commands, add a family to `FAMILIES`, and what its arguments need to `KINDS`.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from tests.compat.valkey_collection_programs import COLLECTION_FAMILIES, COLLECTION_KINDS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Command = tuple[bytes, ...]

KINDS: dict[str, list[bytes]] = {
    "key": [b"a", b"b", b"c", b"d"],
    "number key": [b"n", b"m"],
    "bits key": [b"bits", b"more"],
    "counter key": [b"h1", b"h2", b"h3"],
    "value": [b"", b"0", b"5", b"-7", b"01", b"abc", b"Hello, world", b"\x00\xff\r\n", b"1.5", b"x" * 60, b"y" * 130],
    "int": [b"0", b"1", b"2", b"-1", b"-3", b"7", b"100", b"9223372036854775807", b"-9223372036854775808"],
    "large int": [b"9007199254740993", b"-9007199254740993", b"4611686018427387904", b"9223372036854775806"],
    "float": [b"0.1", b"-0.1", b"1.5", b"1e3", b"3.0e-5", b"5e-17", b"123456789.123456789", b"0x10", b"inf", b"x"],
    "not int": [b"", b"x", b"1.0", b" 1", b"+1", b"01", b"9223372036854775808"],
    "index": [b"0", b"1", b"2", b"5", b"-1", b"-2", b"-4", b"100", b"-100"],
    "offset": [b"0", b"1", b"3", b"20", b"-1", b"4294967296"],
    "seconds": [b"100", b"1000", b"-5", b"0", b"9223372036854775807", b"9223372036854775"],
    "milliseconds": [b"100000", b"1000000", b"-5", b"0", b"9223372036854775807"],
    "later": [b"33177117420000", b"9223372036854"],
    "time": [b"33177117420", b"33177117", b"9223372036854775807", b"1", b"-1"],
    "text": [b"ohmytext", b"mynewtext", b"abcabc", b"xaybzc"],
    "pattern": [b"*", b"?", b"[a-c]", b"[^a]", b"a*", b"*[bn]*", b"\\a", b"h[1-2]", b"**", b"[]", b"n"],
    "database": [b"0", b"1", b"15", b"16", b"-1", b"x"],
    "bit": [b"0", b"1", b"7", b"8", b"13", b"100", b"-1"],
    "field": [b"u1", b"u8", b"i8", b"u4", b"i5", b"u31", b"u32", b"i32", b"u33", b"i33", b"u63", b"i63", b"i64", b"u64", b"i0"],
    "place": [b"0", b"1", b"3", b"7", b"8", b"#0", b"#1", b"#2", b"40", b"-1"],
    "number": [b"1", b"2", b"3", b"x", b"10", b"-1.5", b"1e1", b"inf", b"0x1", b" 1", b"1 ", b"", b"1", b"2", b"3"],
    "sorted": [b"l1", b"l2", b"l3", b"s1", b"s2", b"l1", b"l2", b"w_1", b"none"],
    "element": [b"a", b"b", b"c", b"foo", b"bar", b"", b"12345678", b"a longer element of a set"],
} | COLLECTION_KINDS  # fmt: skip

STRINGS = """
3* SET <key> <value>
SET <number key> <int>|<large int>
SET <key> <value> [NX|XX] [GET] [KEEPTTL]
SET <key> <value> [GET] [EX <seconds>] [PX <milliseconds>] [EXAT|PXAT <time>]
SET <key> <value> IFEQ <value> [GET] [NX]
SETNX <key> <value>
SETEX <key> <seconds> <value>
PSETEX <key> <milliseconds> <value>
2* GET <key>
GET <number key>
MGET <key>...
MSET <key> <value> [<key> <value>] [<key>]
MSETNX <key> <value> [<key> <value>]
MSETEX 1|2|0 <key> <value> [<key> <value>] [NX|XX] [EXAT|PXAT <later>] [KEEPTTL]
GETSET <key> <value>
GETDEL <key>
GETEX <key> [PERSIST] [EX <seconds>] [PX <milliseconds>] [EXAT|PXAT <time>]
DELIFEQ <key> <value>
APPEND <key> <value>
STRLEN <key>
SETRANGE <key> <offset> <value>
GETRANGE|SUBSTR <key> <index> <index>
INCR|DECR <key>|<number key>
2* INCRBY|DECRBY <number key> <int>|<large int>|<not int>
INCRBYFLOAT <number key>|<key> <float>|<int>
SET <key> <text>
LCS <key> <key> [LEN] [IDX] [MINMATCHLEN <int>] [WITHMATCHLEN]
"""

GENERIC = """
DEL|UNLINK|EXISTS|TOUCH <key>...
TYPE <key>
KEYS <pattern>
SCAN 0 COUNT 1000 [MATCH <pattern>] [TYPE string|hash|list|set|zset|stream|none]
RENAME|RENAMENX <key> <key>
COPY <key> <key> [DB <database>] [REPLACE]
MOVE <key> <database>
DBSIZE
SWAPDB <database> <database>
FLUSHDB [SYNC|ASYNC|x]
EXPIRE <key> <seconds> [NX|XX|GT|LT|x] [XX|GT]
PEXPIRE <key> <milliseconds> [NX|XX|GT|LT]
EXPIREAT|PEXPIREAT <key> <time> [NX|XX|GT|LT]
EXPIRETIME|PEXPIRETIME <key>
TTL <key>
PERSIST <key>
OBJECT ENCODING|REFCOUNT|FREQ|NOSUCH <key>|<number key>
SORT|SORT_RO <key> [ALPHA] [DESC]
RPUSH|SADD <key> <element>...
ZADD <key> 1 <element> 2 <element>
HSET <key> <element> <value>
XADD <key> 1-1|2-1 <element> <value>
WAIT 0|-1|x <milliseconds>
WAITAOF 0|1|2 0|-1 <seconds>
"""

BITMAPS = """
SET <bits key> <value>
2* SETBIT <bits key> <bit> 0|1|2
GETBIT <bits key>|<key> <bit>
BITCOUNT <bits key> [<index> <index>] [BIT|BYTE]
BITPOS <bits key> 0|1|2 [<index>] [<index>] [BIT|BYTE]
BITOP AND|OR|XOR|NOT|DIFF <bits key> <bits key>|<key>...
2* BITFIELD <bits key> [OVERFLOW WRAP|SAT|FAIL] SET|INCRBY <field> <place> <int>|<large int> [GET <field> <place>]
BITFIELD|BITFIELD_RO <bits key> [GET <field> <place>] [SET <field> <place> <int>]
"""

SORTING = """
2* RPUSH l1|l2|l3 <number>... [<number>...]
SADD s1|s2 <number>... [<number>...]
SADD s1 x z y
MSET w_1 <number> w_2 <number> w_3 <number>
MSET w_x <number> v_1 <value> v_2 <value> v_3 <value>
HSET o_1|o_2|o_3|o_x name <number> other <value>
4* SORT <sorted> [BY w_*|v_*|o_*->name|nosort|*|o_*->|w_] [LIMIT <index> <index>] [GET #] [GET w_*|o_*->other|x] [ASC|DESC] [ALPHA]
2* SORT <sorted> [BY w_*|o_*->name|nosort] [LIMIT <index> <index>] [GET w_*] [DESC] [ALPHA] STORE l3|s2|new
SORT_RO <sorted> [BY w_*|v_*] [LIMIT <index> <index>] [ALPHA] [DESC] [STORE l3]
COPY|RENAME <sorted> <sorted> [REPLACE]
DEL <sorted>
"""

HYPERLOGLOGS = """
3* PFADD <counter key> [<element>...] [<element>...]
PFCOUNT <counter key>...
PFCOUNT <counter key>
PFMERGE <counter key> [<counter key>...]
PFADD|PFCOUNT|PFMERGE <key>
GET <counter key>
PFDEBUG TODENSE|ENCODING <counter key>
"""

FAMILIES: dict[str, str] = {
    "strings": STRINGS,
    "generic": GENERIC,
    "bitmaps": BITMAPS,
    "hyperloglogs": HYPERLOGLOGS,
    "sorting": SORTING,
    **COLLECTION_FAMILIES,
}

MIXED = {name: ["generic"] for name in COLLECTION_FAMILIES} | {
    "strings": ["generic"],
    "bitmaps": ["strings"],
    "hyperloglogs": ["generic"],
    "generic": ["strings"],
}
"""Families whose commands also occur in the programs of a family, so that keys have other types and times."""

_TOKEN = re.compile(r"[\[\]]|(?:<[a-z ]+>|[^\s\[\]<>])+")


class _Tokens(NamedTuple):
    words: list[str]

    def read(self) -> SearchStrategy[Command]:
        """The words up to the end, or up to the bracket that closes."""
        parts: list[SearchStrategy[Command]] = []
        while self.words:
            word = self.words.pop(0)
            if word == "]":
                break
            if word == "[":
                parts.append(st.one_of(st.just(()), self.read()))
            else:
                parts.append(_word(word))
        return reduce(_both, parts, st.just(()))


def _both(first: SearchStrategy[Command], second: SearchStrategy[Command]) -> SearchStrategy[Command]:
    return st.tuples(first, second).map(lambda pair: pair[0] + pair[1])


def _word(word: str) -> SearchStrategy[Command]:
    choices: list[bytes] = []
    for choice in word.removesuffix("...").split("|"):
        choices += KINDS[choice[1:-1]] if choice.startswith("<") else [choice.encode()]
    one = st.sampled_from(choices)
    if word.endswith("..."):
        return st.lists(one, min_size=1, max_size=3).map(tuple)
    return one.map(lambda text: (text,))


def _commands(family: str) -> list[SearchStrategy[Command]]:
    found = []
    for line in FAMILIES[family].strip().splitlines():
        weight, star, rest = line.partition("* ")
        times, text = (int(weight), rest) if star and weight.isdigit() else (1, line)
        found += [_Tokens(_TOKEN.findall(text)).read()] * times
    return found


def programs(family: str, size_max: int = 25) -> SearchStrategy[list[Command]]:
    """Programs of a family: lists of commands."""
    own = _commands(family)
    others = [command for other in MIXED.get(family, []) for command in _commands(other)]
    return st.lists(st.one_of(*own, *own, *others), min_size=1, max_size=size_max)
