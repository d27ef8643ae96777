r"""Regular expressions of filters: those of the GNU C library, as on the real server, in time linear in the text.

The library itself takes exponential time to compile some patterns (`^((a*)*)*+{6}`), and time that grows with the square
of the text to match others; Python's `re` has another grammar, and exponential time to match. Here a pattern becomes an
automaton, in steps that are counted (asudfd.aerospike.message.filter.regex.automaton). A search follows all ways through it at once: for
each byte one look into a table, whose entries are made when they are first needed, each charged for what it costs.

RE2 was judged, and is not used: what an anchor like `\<` asks of the next byte it cannot ask, its time for a byte of text
depends on the pattern as well (23 us within 1 MiB of memory), and its package for Python has no wheels for musl.
"""
