"""Libraries as bytes for servers: payloads of FUNCTION RESTORE and RDB files."""

from asinfo.wire.functions import dump, portable, rdb_file, restored

__all__ = ["dump", "portable", "rdb_file", "restored"]
