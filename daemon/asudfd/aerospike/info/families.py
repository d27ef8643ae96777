"""Every family of info commands: a new family is one file and one line here."""

from asudfd.aerospike.info import (
    absent,
    build,
    cluster,
    config,
    devices,
    dump,
    heartbeat,
    help,  # noqa: A004 - the command is called so
    log,
    namespaces,
    partitions,
    queries,
    services,
    sindex,
    smd,
    statistics,
    truncate,
    udf,
    udf_lock,
    unsupported,
    user_agent,
)
from asudfd.aerospike.info.table import InfoTable

FAMILIES = (
    absent.ROWS,
    build.ROWS,
    cluster.ROWS,
    config.ROWS,
    devices.ROWS,
    dump.ROWS,
    heartbeat.ROWS,
    help.ROWS,
    log.ROWS,
    namespaces.ROWS,
    partitions.ROWS,
    queries.ROWS,
    services.ROWS,
    sindex.ROWS,
    smd.ROWS,
    statistics.ROWS,
    truncate.ROWS,
    udf.ROWS,
    udf_lock.ROWS,
    unsupported.ROWS,
    user_agent.ROWS,
)


def table() -> InfoTable:
    """All info commands of a node."""
    return InfoTable(FAMILIES)
