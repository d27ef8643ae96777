"""The grammar of random programs for hashes, lists, sets, sorted sets, streams and positions (tests.compat.valkey_programs)."""

from __future__ import annotations

COLLECTION_KINDS: dict[str, list[bytes]] = {
    "hash key": [b"h", b"h", b"g", b"a"],
    "list key": [b"l", b"l", b"k", b"a"],
    "set key": [b"s", b"s", b"t", b"u", b"a"],
    "zset key": [b"z", b"z", b"y", b"s", b"a"],
    "geo key": [b"e", b"e", b"f", b"a"],
    "stream key": [b"x", b"x", b"w", b"a"],
    "name": [b"f1", b"f2", b"f3", b"f4", b"", b"5", b"x" * 70],
    "item": [b"a", b"b", b"c", b"1", b"-2", b"30", b"", b"\x00\xff", b"9223372036854775807", b"y" * 65, b"z" * 3000],
    "member": [b"a", b"b", b"c", b"d", b"e", b"10", b"-3", b"7", b"007", b"n" * 70],
    "score": [b"1", b"2", b"3", b"-1.5", b"0.1", b"1e3", b"inf", b"-inf", b"-0", b"nan", b"x", b"1e400", b"3.0000000000000004"],
    "min": [b"-inf", b"0", b"1", b"(1", b"2", b"(0.1", b"x", b""],
    "max": [b"+inf", b"3", b"(3", b"2", b"1000", b"(inf", b"y"],
    "low": [b"-", b"[a", b"(a", b"[b", b"[", b"+", b"a"],
    "high": [b"+", b"[d", b"(c", b"[e", b"-", b"e"],
    "count": [b"0", b"1", b"2", b"3", b"100", b"-1", b"x"],
    "few": [b"1", b"2", b"3", b"5"],
    "id": [b"1-1", b"1-2", b"2-1", b"3", b"5-0", b"7-7", b"0-0", b"18446744073709551615-18446744073709551614", b"x", b"1-x"],
    "from": [b"-", b"0", b"1-1", b"(1-1", b"2", b"(x", b"7"],
    "to": [b"+", b"9", b"2", b"(2-1", b"5-0", b"1"],
    "after": [b"0", b"1-1", b"2", b"0-0", b"9"],
    "group": [b"g1", b"g1", b"g2", b"none"],
    "consumer": [b"c1", b"c2", b"c3"],
    "longitude": [b"0", b"13.361389", b"15.087269", b"-179.99", b"180", b"2.5", b"181", b"x"],
    "latitude": [b"0", b"38.115556", b"37.502669", b"-85", b"85.05112878", b"-33.3", b"86"],
    "distance": [b"0", b"1", b"200", b"5000", b"30000", b"-1", b"x"],
    "unit": [b"m", b"km", b"mi", b"ft", b"parsec"],
}  # fmt: skip

HASHES = """
4* HSET|HMSET <hash key> <name> <item> [<name> <item>] [<name> <item>]
HSETNX <hash key> <name> <item>
2* HDEL <hash key> <name>...
HGET|HEXISTS|HSTRLEN <hash key> <name>
HMGET <hash key> <name>...
HLEN|HKEYS|HVALS|HGETALL <hash key>
HINCRBY <hash key> <name> <int>|<not int>
HINCRBYFLOAT <hash key> <name> <float>
HRANDFIELD <hash key> 100 [WITHVALUES] [x]
HRANDFIELD <hash key> 0|x [WITHVALUES]
HSCAN <hash key> 0 COUNT 1000 [MATCH f*] [NOVALUES]
HEXPIRE <hash key> 100|1000|x|-1 [NX|XX|GT|LT] [GT|LT] FIELDS 1|2 <name> [<name>]
HEXPIREAT|HPEXPIREAT <hash key> 33177117420|1 [NX|XX|GT|LT] FIELDS 1|2 <name> <name>
HTTL|HEXPIRETIME|HPERSIST <hash key> FIELDS 2 <name> <name>
HSETEX <hash key> [EX 100] [KEEPTTL] [NX|XX] [FNX|FXX] FIELDS 1|2 <name> <item> [<name> <item>]
HGETEX <hash key> [EX 100|0] [PERSIST] [PXAT 33177117420000|1] FIELDS 2 <name> <name>
HGETDEL <hash key> FIELDS 1 <name>
"""

LISTS = """
4* RPUSH|LPUSH <list key> <item>... [<item>...]
RPUSHX|LPUSHX <list key> <item>...
2* LPOP|RPOP <list key> [<count>]
LRANGE <list key> <index> <index>
LLEN <list key>
LINDEX <list key> <index>
LSET <list key> <index> <item>
LINSERT <list key> BEFORE|AFTER|x <item> <item>
LREM <list key> <index> <item>
LTRIM <list key> <index> <index>
LPOS <list key> <item> [RANK <index>] [COUNT <count>] [MAXLEN <count>]
LMOVE <list key> <list key> LEFT|RIGHT|x LEFT|RIGHT
RPOPLPUSH <list key> <list key>
LMPOP 1|2 <list key> [<list key>] LEFT|RIGHT [COUNT <count>]
BLPOP|BRPOP <list key> l 0.01
BLMOVE <list key> <list key> LEFT|RIGHT LEFT|RIGHT 0.01
BLMPOP 0.01 1 <list key> LEFT|RIGHT [COUNT <few>]
"""

SETS = """
4* SADD <set key> <member>... [<member>...]
2* SREM <set key> <member>...
SCARD|SMEMBERS <set key>
SISMEMBER <set key> <member>
SMISMEMBER <set key> <member>...
SMOVE <set key> <set key> <member>
SPOP <set key> 0|100|-1|x
SRANDMEMBER <set key> 0|100|x
SINTER|SUNION|SDIFF <set key>...
SINTERSTORE|SUNIONSTORE|SDIFFSTORE <set key> <set key>...
SINTERCARD <few> <set key>... [LIMIT <count>]
SSCAN <set key> 0 COUNT 1000 [MATCH *[a-c0-9]]
"""

SORTED_SETS = """
4* ZADD <zset key> [NX|XX] [GT|LT] [CH] <score> <member> [<score> <member>] [<score> <member>]
ZADD <zset key> [XX] [GT] INCR <score> <member>
ZINCRBY <zset key> <score> <member>
2* ZREM <zset key> <member>...
ZCARD <zset key>
ZSCORE <zset key> <member>
ZMSCORE <zset key> <member>...
ZRANK|ZREVRANK <zset key> <member> [WITHSCORE]
ZCOUNT <zset key> <min> <max>
ZLEXCOUNT <zset key> <low> <high>
ZRANGE|ZREVRANGE <zset key> <index> <index> [WITHSCORES] [REV]
ZRANGE <zset key> <min> <max> BYSCORE [LIMIT <index> <index>] [WITHSCORES]
ZRANGE <zset key> <max> <min> BYSCORE REV [LIMIT <index> <index>] [WITHSCORES]
ZRANGEBYSCORE <zset key> <min> <max> [WITHSCORES] [LIMIT <index> <index>]
ZREVRANGEBYSCORE <zset key> <max> <min> [LIMIT <index> <index>]
ZRANGESTORE <zset key> <zset key> <index> <index> [REV] [BYLEX]
ZRANGESTORE <zset key> <zset key> <min> <max> BYSCORE [LIMIT <index> <index>]
ZREMRANGEBYRANK <zset key> <index> <index>
ZREMRANGEBYSCORE <zset key> <min> <max>
ZPOPMIN|ZPOPMAX <zset key> [<count>]
ZMPOP 1|2 <zset key> [<zset key>] MIN|MAX [COUNT <count>]
BZPOPMIN|BZPOPMAX <zset key> z 0.01
ZUNION|ZINTER 1|2 <zset key> [<zset key>] [WEIGHTS 2 <score>] [AGGREGATE MIN|MAX|SUM] [WITHSCORES]
ZUNIONSTORE|ZINTERSTORE <zset key> 2 <zset key> <zset key> [WEIGHTS 2 -0.5] [AGGREGATE MIN|MAX]
ZDIFF 1|2 <zset key> [<zset key>] [WITHSCORES]
ZDIFFSTORE <zset key> 2 <zset key> <zset key>
ZINTERCARD 1|2 <zset key> [<zset key>] [LIMIT <count>]
ZRANDMEMBER <zset key> 100|0 [WITHSCORES]
ZSCAN <zset key> 0 COUNT 1000 [NOSCORES]
SADD s <member>...
"""

LEXICAL = """
6* ZADD z 0 <member> [0 <member>] [0 <member>]
ZRANGEBYLEX|ZLEXCOUNT|ZREMRANGEBYLEX z <low> <high>
ZRANGEBYLEX z <low> <high> LIMIT <index> <index>
ZREVRANGEBYLEX z <high> <low>
ZRANGE z <low> <high> BYLEX [LIMIT <index> <index>]
ZRANGE z <high> <low> BYLEX REV
"""

STREAMS = """
5* XADD <stream key> [NOMKSTREAM] [MAXLEN <few>] <id> <name> <item>
2* XADD <stream key> 9-* <name> <item> [<name> <item>]
XADD <stream key> MINID ~|= <id> <id> <name> <item>
XLEN <stream key>
XDEL <stream key> <id>...
XTRIM <stream key> MAXLEN|MINID [=|~] <few>
XRANGE <stream key> <from> <to> [COUNT <count>]
XREVRANGE <stream key> <to> <from> [COUNT <count>]
XREAD [COUNT <count>] STREAMS <stream key> <after>|$|+
XREAD BLOCK 1 STREAMS <stream key> w $ 0
3* XGROUP CREATE <stream key> <group> <after>|$ [MKSTREAM] [ENTRIESREAD <few>]
XGROUP SETID <stream key> <group> <after>|$ [ENTRIESREAD <few>]
XGROUP DESTROY <stream key> <group>
XGROUP CREATECONSUMER|DELCONSUMER <stream key> <group> <consumer>
4* XREADGROUP GROUP <group> <consumer> [COUNT <few>] [NOACK] STREAMS <stream key> >
XREADGROUP GROUP <group> <consumer> [COUNT <few>] STREAMS <stream key> <after>
2* XACK <stream key> <group> <id>...
XPENDING <stream key> <group>
XCLAIM <stream key> <group> <consumer> 0 <id>... [JUSTID] [FORCE] [LASTID <after>] [RETRYCOUNT <few>]
XAUTOCLAIM <stream key> <group> <consumer> 0 <after> [COUNT <few>] [JUSTID]
XSETID <stream key> <id> [ENTRIESADDED <count> MAXDELETEDID <after>]
XINFO GROUPS <stream key>
XINFO STREAM <stream key>
"""

POSITIONS = """
4* GEOADD <geo key> [NX|XX] [CH] <longitude> <latitude> <member> [<longitude> <latitude> <member>]
GEOPOS|GEOHASH <geo key> <member>...
GEODIST <geo key> <member> <member> [<unit>]
2* GEOSEARCH <geo key> FROMLONLAT <longitude> <latitude> BYRADIUS <distance> <unit> ASC|DESC [COUNT <few>] [WITHDIST] [WITHCOORD]
GEOSEARCH <geo key> FROMLONLAT <longitude> <latitude> BYBOX <distance> <distance> <unit> [WITHHASH]
GEOSEARCH <geo key> FROMMEMBER <member> BYBOX <distance> <distance> <unit> ASC [WITHDIST]
GEOSEARCH <geo key> BYPOLYGON 3|4 0 0 40 0 20 60 [0 30] ASC [WITHDIST]
GEOSEARCHSTORE <geo key> <geo key> FROMLONLAT 15 37 BYRADIUS <distance> km [STOREDIST]
GEORADIUS <geo key> <longitude> <latitude> <distance> <unit> [WITHDIST] ASC [STORE f]
GEORADIUSBYMEMBER <geo key> <member> <distance> km DESC [COUNT <count>]
"""

COLLECTION_FAMILIES: dict[str, str] = {
    "hashes": HASHES,
    "lists": LISTS,
    "sets": SETS,
    "sorted sets": SORTED_SETS,
    "lexical ranges": LEXICAL,
    "streams": STREAMS,
    "positions": POSITIONS,
}
