---@meta
-- What modules of Aerospike see, for the Lua language server. Made by asudf from the rows that `asadm udf lint` checks by.
-- The .luarc.json of a project names the directory of this file: "workspace": {"library": ["PATH"]}.

---@alias Value nil|boolean|number|string|List|Map|Bytes|GeoJSON
---@alias Key integer|string|Bytes

---A record: its bins are its fields. An assignment is kept when aerospike:create or aerospike:update is called.
---@class Record
---@field [string] Value
local RecordClass = {}

---A list of the server: `l[i]` counts from 1, `#l` is its length. It has no methods: list.append(l, v).
---@class List
---@field [integer] Value
local ListClass = {}

---A map of the server: `m[key]`, with keys that are integers, strings or Bytes; `#m` is its size.
---@class Map
---@field [integer|string|Bytes] Value
local MapClass = {}

---Bytes: `b[i]` is the byte at i, from 1. `#b` is always 0: bytes.size(b) tells the size.
---@class Bytes
---@field [integer] integer
local BytesClass = {}

---A geographic value; its text is not checked.
---@class GeoJSON
local GeoJSONClass = {}

---The state of a loop over a list or a map.
---@class Iterator
local IteratorClass = {}

---What a stream function gets, and returns with the operations that it wants.
---@class Stream
local StreamClass = {}

---Lets only values pass for which f is true.
---@param f fun(value: any): boolean
---@return Stream
function StreamClass:filter(f) end

---Replaces each value by f(value); nil ends the stream.
---@param f fun(value: any): any
---@return Stream
function StreamClass:map(f) end

---Gathers all values of a partition in one, from a copy of init on; a number from 1000 on is given out, and a new one begins.
---@param init any
---@param f fun(sum: any, value: any): any
---@return Stream
function StreamClass:aggregate(init, f) end

---Makes one value of two, until one is left; what follows the first reduce runs in the client.
---@param f fun(one: any, other: any): any
---@return Stream
function StreamClass:reduce(f) end

---Gathers the values in a map of lists, by f(value).
---@param f fun(value: any): any
---@return Stream
function StreamClass:groupby(f) end

---What a record function asks of the node; written with a colon: aerospike:update(rec).
---@class Aerospike
aerospike = {}

---Whether the record is there.
---@param rec Record
---@return boolean
function aerospike:exists(rec) end

---Keeps a new record with the bins assigned so far; 0, or 1 if it has bins already, or -1.
---@param rec Record
---@return integer
function aerospike:create(rec) end

---Keeps the bins assigned so far; 0, or -2 if there is no record, or -1.
---@param rec Record
---@return integer
function aerospike:update(rec) end

---Removes the record with all its bins; 0, or 1 if there is none.
---@param rec Record
---@return integer
function aerospike:remove(rec) end

---Writes a log line; levels are 0 critical, 1 warning, 2 info, 3 debug, 4 detail.
---@param level? integer
---@param text? string
function aerospike:log(level, text) end

---The time in milliseconds since 1970; 0 in streams.
---@return integer
function aerospike:get_current_time() end

---Changes nothing; always 2.
---@param rec Record
---@param context? integer
---@return integer
function aerospike:set_context(rec, context) end

---Tells nothing; always 0.
---@param rec Record
---@param name? string
---@return integer
function aerospike:get_config(rec, name) end

---What there is to know of a record beside its bins.
---@class recordLibrary
record = {}

---Seconds that it lives still; 0 if it never expires, or is new.
---@param rec Record
---@return integer
function record.ttl(rec) end

---Sets how long it lives, from the next update on: -1 for ever, -2 as it is, 0 as the namespace has it.
---@param rec Record
---@param seconds integer
function record.set_ttl(rec, seconds) end

---Its generation when the call began.
---@param rec Record
---@return integer
function record.gen(rec) end

---Milliseconds since 2010 of the latest write.
---@param rec Record
---@return integer
function record.last_update_time(rec) end

---Its size as it is stored.
---@param rec Record
---@return integer
function record.size(rec) end

---Its size where the namespace keeps records in memory, else 0.
---@param rec Record
---@return integer
function record.memory_size(rec) end

---Its size where the namespace keeps records in a file, else 0.
---@param rec Record
---@return integer
function record.device_size(rec) end

---The key, if it is stored or was sent with the call.
---@param rec Record
---@return integer|string|Bytes|nil
function record.key(rec) end

---The next update removes the stored key.
---@param rec Record
function record.drop_key(rec) end

---The name of its set.
---@param rec Record
---@return string?
function record.setname(rec) end

---The 20 bytes that it is found by.
---@param rec Record
---@return Bytes
function record.digest(rec) end

---How many bins it has; what is only assigned does not count.
---@param rec Record
---@return integer
function record.numbins(rec) end

---The names of its bins, as a table of Lua; an error where there is no record.
---@param rec Record
---@return string[]
function record.bin_names(rec) end

---Lists: what bins, arguments and results have, unlike tables of Lua.
---@class listLibrary
---@overload fun(values?: table): List
list = {}

---A list with room for so many elements; nothing for a negative capacity. With step 0 it never grows beyond.
---@param capacity integer
---@param step? integer
---@return List?
function list.new(capacity, step) end

---The same as list.new.
---@param capacity integer
---@param step? integer
---@return List?
function list.create(capacity, step) end

---Adds a value at the end; nil is kept as NIL, tables and functions are ignored.
---@param l List
---@param value Value
function list.append(l, value) end

---Adds a value at the beginning.
---@param l List
---@param value Value
function list.prepend(l, value) end

---Puts a value before place i, counted from 1; past the end NILs fill the gap.
---@param l List
---@param i integer
---@param value Value
function list.insert(l, i, value) end

---Removes the element at place i; a place that there is not is ignored.
---@param l List
---@param i integer
function list.remove(l, i) end

---Adds the elements of the other list at the end.
---@param l List
---@param other List
function list.concat(l, other) end

---Removes the elements from place i on.
---@param l List
---@param i integer
function list.trim(l, i) end

---A new list of the first n elements; nil if n is below 1.
---@param l List
---@param n integer
---@return List?
function list.take(l, n) end

---A new list without the first n elements; nil if n is below 1.
---@param l List
---@param n integer
---@return List?
function list.drop(l, n) end

---The number of elements, as #l.
---@param l List
---@return integer
function list.size(l) end

---For a loop: for value in list.iterator(l) do. It stops at the first NIL.
---@param l List
---@return function
---@return Iterator
function list.iterator(l) end

---A new list of the elements up to the first NIL; what is in them is shared.
---@param l List
---@return List
function list.clone(l) end

---A new list of the elements of both, each up to its first NIL.
---@param one List
---@param other List
---@return List
function list.merge(one, other) end

---Its text: [1, "a", NIL].
---@param l List
---@return string
function list.tostring(l) end

---Its size as it is stored.
---@param l List
---@return integer
function list.nbytes(l) end

---Maps: what bins, arguments and results have, unlike tables of Lua.
---@class mapLibrary
---@overload fun(values?: table): Map
map = {}

---A map with room for so many entries; nothing for a capacity below 1.
---@param capacity integer
---@return Map?
function map.new(capacity) end

---The same as map.new.
---@param capacity integer
---@return Map?
function map.create(capacity) end

---The number of entries, as #m; those with NIL count.
---@param m Map
---@return integer
function map.size(m) end

---Removes an entry; m[key] = nil keeps the key, with NIL.
---@param m Map
---@param key Key
function map.remove(m, key) end

---For a loop: for key, value in map.pairs(m) do, in the order of keys.
---@param m Map
---@return function
---@return Iterator
function map.pairs(m) end

---The same as map.pairs.
---@param m Map
---@return function
---@return Iterator
function map.iterator(m) end

---For a loop over the keys, in their order.
---@param m Map
---@return function
---@return Iterator
function map.keys(m) end

---For a loop over the values, in the order of keys; it stops at the first NIL.
---@param m Map
---@return function
---@return Iterator
function map.values(m) end

---A new map of the entries, without those that are NIL; what is in them is shared.
---@param m Map
---@return Map
function map.clone(m) end

---A new map of both; of a key in both the second value, or what f gives.
---@param one Map
---@param other Map
---@param f? fun(one: any, other: any): any
---@return Map
function map.merge(one, other, f) end

---A new map of the entries whose keys are in only one of them.
---@param one Map
---@param other Map
---@return Map
function map.diff(one, other) end

---Its text: {"a":1}.
---@param m Map
---@return string
function map.tostring(m) end

---Its size as it is stored.
---@param m Map
---@return integer
function map.nbytes(m) end

---Bytes of a blob. Places count from 1; a call with another number of arguments does nothing.
---@class bytesLibrary
---@overload fun(capacity?: integer): Bytes
bytes = {}

---How many bytes there are.
---@param b Bytes
---@return integer
function bytes.size(b) end

---Whether n bytes have room; the size stays as it is.
---@param b Bytes
---@param n integer
---@return boolean
function bytes.set_size(b, n) end

---The type of the particle: 4 for a blob.
---@param b Bytes
---@return integer
function bytes.get_type(b) end

---Sets the type of the particle; 0 is refused.
---@param b Bytes
---@param type integer
---@return boolean
function bytes.set_type(b, type) end

---The byte at place i; nothing past the end.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_byte(b, i) end

---The signed integer of 16 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int16(b, i) end

---The signed integer of 16 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int16_be(b, i) end

---The signed integer of 16 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int16_le(b, i) end

---The signed integer of 32 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int32(b, i) end

---The signed integer of 32 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int32_be(b, i) end

---The signed integer of 32 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int32_le(b, i) end

---The signed integer of 64 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int64(b, i) end

---The signed integer of 64 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int64_be(b, i) end

---The signed integer of 64 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@return integer?
function bytes.get_int64_le(b, i) end

---At most n bytes from place i on, as a string.
---@param b Bytes
---@param i integer
---@param n integer
---@return string?
function bytes.get_string(b, i, n) end

---At most n bytes from place i on.
---@param b Bytes
---@param i integer
---@param n integer
---@return Bytes?
function bytes.get_bytes(b, i, n) end

---Sets the byte at place i, and grows where it has to.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_byte(b, i, value) end

---Sets a signed integer of 16 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int16(b, i, value) end

---Sets a signed integer of 16 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int16_be(b, i, value) end

---Sets a signed integer of 16 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int16_le(b, i, value) end

---Sets a signed integer of 32 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int32(b, i, value) end

---Sets a signed integer of 32 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int32_be(b, i, value) end

---Sets a signed integer of 32 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int32_le(b, i, value) end

---Sets a signed integer of 64 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int64(b, i, value) end

---Sets a signed integer of 64 bits at place i, highest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int64_be(b, i, value) end

---Sets a signed integer of 64 bits at place i, lowest byte first.
---@param b Bytes
---@param i integer
---@param value integer
---@return boolean
function bytes.set_int64_le(b, i, value) end

---Writes a string at place i; an empty one is refused.
---@param b Bytes
---@param i integer
---@param s string
---@return boolean
function bytes.set_string(b, i, s) end

---Writes the first n bytes of others at place i.
---@param b Bytes
---@param i integer
---@param from Bytes
---@param n integer
---@return boolean
function bytes.set_bytes(b, i, from, n) end

---Adds a byte at the end.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_byte(b, value) end

---Adds a signed integer of 16 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int16(b, value) end

---Adds a signed integer of 16 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int16_be(b, value) end

---Adds a signed integer of 16 bits at the end, lowest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int16_le(b, value) end

---Adds a signed integer of 32 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int32(b, value) end

---Adds a signed integer of 32 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int32_be(b, value) end

---Adds a signed integer of 32 bits at the end, lowest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int32_le(b, value) end

---Adds a signed integer of 64 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int64(b, value) end

---Adds a signed integer of 64 bits at the end, highest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int64_be(b, value) end

---Adds a signed integer of 64 bits at the end, lowest byte first.
---@param b Bytes
---@param value integer
---@return boolean
function bytes.append_int64_le(b, value) end

---Adds a string at the end; an empty one is refused.
---@param b Bytes
---@param s string
---@return boolean
function bytes.append_string(b, s) end

---Adds the first n bytes of others at the end.
---@param b Bytes
---@param from Bytes
---@param n integer
---@return boolean
function bytes.append_bytes(b, from, n) end

---Writes an integer in groups of 7 bits; how many bytes that took. The size stays as it is.
---@param b Bytes
---@param i integer
---@param value integer
---@return integer
function bytes.set_var_int(b, i, value) end

---The same behind the last byte.
---@param b Bytes
---@param value integer
---@return integer
function bytes.append_var_int(b, value) end

---The integer in groups of 7 bits at place i, and how many bytes it takes.
---@param b Bytes
---@param i integer
---@return integer?
---@return integer?
function bytes.get_var_int(b, i) end

---Geographic values.
---@class geojsonLibrary
---@overload fun(text: string): GeoJSON
geojson = {}

---Its text in quotes.
---@param value GeoJSON
---@return string
function geojson.tostring(value) end

---Loops over lists and maps, step by step.
---@class iteratorLibrary
iterator = {}

---What comes next; nothing at the end.
---@param state Iterator
---@return any
---@return any
function iterator.next(state) end

---Whether something is left.
---@param state Iterator
---@return boolean
function iterator.has_next(state) end

---Belongs to the engine; a module uses the methods of the stream that its function gets.
---@class streamLibrary
stream = {}

---Belongs to the engine.
---@param s Stream
---@return any
function stream.read(s) end

---Belongs to the engine.
---@param s Stream
---@param value any
---@return integer
function stream.write(s, value) end

---Belongs to the engine.
---@param s Stream
---@return boolean
function stream.readable(s) end

---Belongs to the engine.
---@param s Stream
---@return boolean
function stream.writable(s) end

---Belongs to the engine.
---@param s Stream
---@return string
function stream.tostring(s) end

---Logs a text of string.format at the level detail.
---@param format string
---@param ... any
function trace(format, ...) end

---Logs a text of string.format at the level debug.
---@param format string
---@param ... any
function debug(format, ...) end

---Logs a text of string.format at the level info.
---@param format string
---@param ... any
function info(format, ...) end

---Logs a text of string.format at the level warning.
---@param format string
---@param ... any
function warn(format, ...) end

---a * b; for reduce.
---@param a number
---@param b number
---@return number
function math.product(a, b) end

---a + b; for reduce.
---@param a number
---@param b number
---@return number
function math.sum(a, b) end

---@type table
List = nil

---@type table
Map = nil

---@type table
Bytes = nil

---@type table
Iterator = nil
