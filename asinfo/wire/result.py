"""Result codes of record messages. Source: the specification of the wire protocol, section 3.7."""

from enum import IntEnum, unique


@unique
class Result(IntEnum):
    """Result codes; the names are Aerospike's. Security codes are in ``asinfo.wire.security``."""

    OK = 0
    SERVER_ERROR = 1
    NOT_FOUND = 2
    GENERATION = 3
    PARAMETER = 4
    RECORD_EXISTS = 5
    BIN_EXISTS = 6
    CLUSTER_KEY_MISMATCH = 7
    OUT_OF_SPACE = 8
    TIMEOUT = 9
    PARTITION_UNAVAILABLE = 11
    BIN_TYPE = 12
    RECORD_TOO_BIG = 13
    KEY_BUSY = 14
    QUERY_ABORT = 15
    UNSUPPORTED_FEATURE = 16
    BIN_NOT_FOUND = 17
    DEVICE_OVERLOAD = 18
    KEY_MISMATCH = 19
    NAMESPACE = 20
    BIN_NAME = 21
    FORBIDDEN = 22
    ELEMENT_NOT_FOUND = 23
    ELEMENT_EXISTS = 24
    ENTERPRISE_ONLY = 25
    OP_NOT_APPLICABLE = 26
    FILTERED_OUT = 27
    LOST_CONFLICT = 28
    XDR_KEY_BUSY = 32
    NOT_AUTHENTICATED = 80
    ROLE_VIOLATION = 81
    UDF = 100
    BATCH_DISABLED = 150
    BATCH_MAX_REQUESTS = 151
    BATCH_QUEUES_FULL = 152
    GEOJSON = 160
    INDEX_EXISTS = 200
    INDEX_NOT_FOUND = 201
    INDEX_NOT_READABLE = 203
    INDEX_OTHER = 204
    INDEX_MAX = 206
