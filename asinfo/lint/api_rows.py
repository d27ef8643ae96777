"""The rows of what a module sees beside Lua's own libraries (`asinfo.lint.standard_rows`)."""

from __future__ import annotations

from asinfo.lint.api import ApiClass, ApiFunction, ApiLibrary

F = ApiFunction

CLASSES = (
    ApiClass("Record", "A record: its bins are its fields. An assignment is kept when aerospike:create or aerospike:update is called.", fields="[string] Value"),
    ApiClass("List", "A list of the server: `l[i]` counts from 1, `#l` is its length. It has no methods: list.append(l, v).", fields="[integer] Value"),
    ApiClass("Map", "A map of the server: `m[key]`, with keys that are integers, strings or Bytes; `#m` is its size.", fields="[integer|string|Bytes] Value"),
    ApiClass("Bytes", "Bytes: `b[i]` is the byte at i, from 1. `#b` is always 0: bytes.size(b) tells the size.", fields="[integer] integer"),
    ApiClass("GeoJSON", "A geographic value; its text is not checked."),
    ApiClass("Iterator", "The state of a loop over a list or a map."),
    ApiClass(
        "Stream",
        "What a stream function gets, and returns with the operations that it wants.",
        (
            F("filter(f: fun(value: any): boolean)", "Stream", "Lets only values pass for which f is true."),
            F("map(f: fun(value: any): any)", "Stream", "Replaces each value by f(value); nil ends the stream."),
            F("aggregate(init: any, f: fun(sum: any, value: any): any)", "Stream", "Gathers all values of a partition in one, from a copy of init on; a number from 1000 on is given out, and a new one begins."),
            F("reduce(f: fun(one: any, other: any): any)", "Stream", "Makes one value of two, until one is left; what follows the first reduce runs in the client."),
            F("groupby(f: fun(value: any): any)", "Stream", "Gathers the values in a map of lists, by f(value)."),
        ),
    ),
)  # fmt: skip

AEROSPIKE = ApiClass(
    "Aerospike",
    "What a record function asks of the node; written with a colon: aerospike:update(rec).",
    (
        F("exists(rec: Record)", "boolean", "Whether the record is there."),
        F("create(rec: Record)", "integer", "Keeps a new record with the bins assigned so far; 0, or 1 if it has bins already, or -1."),
        F("update(rec: Record)", "integer", "Keeps the bins assigned so far; 0, or -2 if there is no record, or -1."),
        F("remove(rec: Record)", "integer", "Removes the record with all its bins; 0, or 1 if there is none."),
        F("log(level?: integer, text?: string)", "", "Writes a log line; levels are 0 critical, 1 warning, 2 info, 3 debug, 4 detail."),
        F("get_current_time()", "integer", "The time in milliseconds since 1970; 0 in streams."),
        F("set_context(rec: Record, context?: integer)", "integer", "Changes nothing; always 2."),
        F("get_config(rec: Record, name?: string)", "integer", "Tells nothing; always 0."),
    ),
)  # fmt: skip

_LIST = ApiLibrary(
    "list",
    "Lists: what bins, arguments and results have, unlike tables of Lua.",
    (
        F("new(capacity: integer, step?: integer)", "List?", "A list with room for so many elements; nothing for a negative capacity. With step 0 it never grows beyond."),
        F("create(capacity: integer, step?: integer)", "List?", "The same as list.new."),
        F("append(l: List, value: Value)", "", "Adds a value at the end; nil is kept as NIL, tables and functions are ignored."),
        F("prepend(l: List, value: Value)", "", "Adds a value at the beginning."),
        F("insert(l: List, i: integer, value: Value)", "", "Puts a value before place i, counted from 1; past the end NILs fill the gap.", "a very large i ends the server"),
        F("remove(l: List, i: integer)", "", "Removes the element at place i; a place that there is not is ignored."),
        F("concat(l: List, other: List)", "", "Adds the elements of the other list at the end.", "list.concat(l, l) ends the server; here it is an error"),
        F("trim(l: List, i: integer)", "", "Removes the elements from place i on."),
        F("take(l: List, n: integer)", "List?", "A new list of the first n elements; nil if n is below 1."),
        F("drop(l: List, n: integer)", "List?", "A new list without the first n elements; nil if n is below 1."),
        F("size(l: List)", "integer", "The number of elements, as #l."),
        F("iterator(l: List)", "function, Iterator", "For a loop: for value in list.iterator(l) do. It stops at the first NIL."),
        F("clone(l: List)", "List", "A new list of the elements up to the first NIL; what is in them is shared."),
        F("merge(one: List, other: List)", "List", "A new list of the elements of both, each up to its first NIL."),
        F("tostring(l: List)", "string", 'Its text: [1, "a", NIL].'),
        F("nbytes(l: List)", "integer", "Its size as it is stored."),
    ),
    F("list(values?: table)", "List", "A list of the elements of a table."),
)  # fmt: skip

_MAP = ApiLibrary(
    "map",
    "Maps: what bins, arguments and results have, unlike tables of Lua.",
    (
        F("new(capacity: integer)", "Map?", "A map with room for so many entries; nothing for a capacity below 1."),
        F("create(capacity: integer)", "Map?", "The same as map.new."),
        F("size(m: Map)", "integer", "The number of entries, as #m; those with NIL count."),
        F("remove(m: Map, key: Key)", "", "Removes an entry; m[key] = nil keeps the key, with NIL."),
        F("pairs(m: Map)", "function, Iterator", "For a loop: for key, value in map.pairs(m) do, in the order of keys."),
        F("iterator(m: Map)", "function, Iterator", "The same as map.pairs."),
        F("keys(m: Map)", "function, Iterator", "For a loop over the keys, in their order."),
        F("values(m: Map)", "function, Iterator", "For a loop over the values, in the order of keys; it stops at the first NIL."),
        F("clone(m: Map)", "Map", "A new map of the entries, without those that are NIL; what is in them is shared."),
        F("merge(one: Map, other: Map, f?: fun(one: any, other: any): any)", "Map", "A new map of both; of a key in both the second value, or what f gives."),
        F("diff(one: Map, other: Map)", "Map", "A new map of the entries whose keys are in only one of them."),
        F("tostring(m: Map)", "string", 'Its text: {"a":1}.'),
        F("nbytes(m: Map)", "integer", "Its size as it is stored."),
    ),
    F("map(values?: table)", "Map", "A map of the entries of a table; keys and values that it cannot have are left out."),
)  # fmt: skip

_WIDTHS = ("int16", "int16_be", "int16_le", "int32", "int32_be", "int32_le", "int64", "int64_be", "int64_le")


def _order(width: str) -> str:
    return "lowest byte first" if width.endswith("le") else "highest byte first"


def _bits(width: str) -> str:
    return width[3:5]


_BYTES = ApiLibrary(
    "bytes",
    "Bytes of a blob. Places count from 1; a call with another number of arguments does nothing.",
    (
        F("size(b: Bytes)", "integer", "How many bytes there are."),
        F("set_size(b: Bytes, n: integer)", "boolean", "Whether n bytes have room; the size stays as it is."),
        F("get_type(b: Bytes)", "integer", "The type of the particle: 4 for a blob."),
        F("set_type(b: Bytes, type: integer)", "boolean", "Sets the type of the particle; 0 is refused."),
        F("get_byte(b: Bytes, i: integer)", "integer?", "The byte at place i; nothing past the end."),
        *(F(f"get_{each}(b: Bytes, i: integer)", "integer?", f"The signed integer of {_bits(each)} bits at place i, {_order(each)}.") for each in _WIDTHS),
        F("get_string(b: Bytes, i: integer, n: integer)", "string?", "At most n bytes from place i on, as a string.", "it reads past the end of the bytes"),
        F("get_bytes(b: Bytes, i: integer, n: integer)", "Bytes?", "At most n bytes from place i on.", "it reads past the end of the bytes"),
        F("set_byte(b: Bytes, i: integer, value: integer)", "boolean", "Sets the byte at place i, and grows where it has to."),
        *(F(f"set_{each}(b: Bytes, i: integer, value: integer)", "boolean", f"Sets a signed integer of {_bits(each)} bits at place i, {_order(each)}.") for each in _WIDTHS),
        F("set_string(b: Bytes, i: integer, s: string)", "boolean", "Writes a string at place i; an empty one is refused."),
        F("set_bytes(b: Bytes, i: integer, from: Bytes, n: integer)", "boolean", "Writes the first n bytes of others at place i."),
        F("append_byte(b: Bytes, value: integer)", "boolean", "Adds a byte at the end."),
        *(F(f"append_{each}(b: Bytes, value: integer)", "boolean", f"Adds a signed integer of {_bits(each)} bits at the end, {_order(each)}.") for each in _WIDTHS),
        F("append_string(b: Bytes, s: string)", "boolean", "Adds a string at the end; an empty one is refused."),
        F("append_bytes(b: Bytes, from: Bytes, n: integer)", "boolean", "Adds the first n bytes of others at the end."),
        F("set_var_int(b: Bytes, i: integer, value: integer)", "integer", "Writes an integer in groups of 7 bits; how many bytes that took. The size stays as it is."),
        F("append_var_int(b: Bytes, value: integer)", "integer", "The same behind the last byte."),
        F("get_var_int(b: Bytes, i: integer)", "integer?, integer?", "The integer in groups of 7 bits at place i, and how many bytes it takes."),
    ),
    F("bytes(capacity?: integer)", "Bytes", "Bytes of size 0, with room for so many."),
)  # fmt: skip

_RECORD = ApiLibrary(
    "record",
    "What there is to know of a record beside its bins.",
    (
        F("ttl(rec: Record)", "integer", "Seconds that it lives still; 0 if it never expires, or is new."),
        F("set_ttl(rec: Record, seconds: integer)", "", "Sets how long it lives, from the next update on: -1 for ever, -2 as it is, 0 as the namespace has it."),
        F("gen(rec: Record)", "integer", "Its generation when the call began."),
        F("last_update_time(rec: Record)", "integer", "Milliseconds since 2010 of the latest write."),
        F("size(rec: Record)", "integer", "Its size as it is stored."),
        F("memory_size(rec: Record)", "integer", "Its size where the namespace keeps records in memory, else 0."),
        F("device_size(rec: Record)", "integer", "Its size where the namespace keeps records in a file, else 0."),
        F("key(rec: Record)", "integer|string|Bytes|nil", "The key, if it is stored or was sent with the call."),
        F("drop_key(rec: Record)", "", "The next update removes the stored key."),
        F("setname(rec: Record)", "string?", "The name of its set."),
        F("digest(rec: Record)", "Bytes", "The 20 bytes that it is found by."),
        F("numbins(rec: Record)", "integer", "How many bins it has; what is only assigned does not count."),
        F("bin_names(rec: Record)", "string[]", "The names of its bins, as a table of Lua; an error where there is no record."),
    ),
)  # fmt: skip

LIBRARIES = (
    _RECORD,
    _LIST,
    _MAP,
    _BYTES,
    ApiLibrary(
        "geojson",
        "Geographic values.",
        (F("tostring(value: GeoJSON)", "string", "Its text in quotes."),),
        F("geojson(text: string)", "GeoJSON", "A value of that text, which is not checked."),
    ),
    ApiLibrary(
        "iterator",
        "Loops over lists and maps, step by step.",
        (
            F("next(state: Iterator)", "any, any", "What comes next; nothing at the end."),
            F("has_next(state: Iterator)", "boolean", "Whether something is left."),
        ),
    ),
    ApiLibrary(
        "stream",
        "Belongs to the engine; a module uses the methods of the stream that its function gets.",
        (
            F("read(s: Stream)", "any", "Belongs to the engine."),
            F("write(s: Stream, value: any)", "integer", "Belongs to the engine."),
            F("readable(s: Stream)", "boolean", "Belongs to the engine."),
            F("writable(s: Stream)", "boolean", "Belongs to the engine."),
            F("tostring(s: Stream)", "string", "Belongs to the engine."),
        ),
    ),
)

FUNCTIONS = (
    F("trace(format: string, ...: any)", "", "Logs a text of string.format at the level detail."),
    F("debug(format: string, ...: any)", "", "Logs a text of string.format at the level debug."),
    F("info(format: string, ...: any)", "", "Logs a text of string.format at the level info."),
    F("warn(format: string, ...: any)", "", "Logs a text of string.format at the level warning."),
)
"""Global functions that are not Lua's own; they are not there while a node checks or loads a module."""

CLASS_TABLES = {"List": "list", "Map": "map", "Bytes": "bytes", "Iterator": "iterator", "Aerospike": ""}
"""Globals that getmetatable gives for values, to tell their types: getmetatable(v) == List."""

ENGINE = (
    "StreamOps", "StreamOps_apply", "StreamOps_create", "StreamOps_mt", "StreamOps_select", "aggregate", "apply_record",
    "apply_stream", "filter", "reduce", "stream_iterator", "transform",
)  # fmt: skip
"""Globals that belong to the engine: they are there, and no module has a use for them."""

RESULTS = ("success", "result")
"""Globals that a call leaves behind: whether it went well, and what it gave."""
