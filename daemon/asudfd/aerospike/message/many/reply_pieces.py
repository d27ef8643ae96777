"""Replies in pieces, as batches and queries have them."""

from asinfo.wire.message import INFO3_LAST, reply

PIECE_SIZE = 128 << 10
"""Bytes of rows or records after which a piece of the reply goes to the client: two of the pieces that a connection writes
at once (`asudfd.fairness`)."""

LAST_REPLY = reply(0, info3=INFO3_LAST)
"""The message that ends a reply in which nothing failed."""
