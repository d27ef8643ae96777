"""The counters of a namespace: the real server's names, in its order. Source: info-protocol, Appendix B."""

from __future__ import annotations

from asudfd.figures.expand import expand

_READ = "{success,error,timeout,not_found,filtered_out}"
_WRITE = "{success,error,timeout,filtered_out}"
_UDF = "udf_{complete,error,timeout,filtered_out} "
_LANG = "lang_{read_success,write_success,delete_success,error} "
_DELETE = "{success,error,timeout,not_found,filtered_out}"
_QUERY = (
    "short_basic_{complete,error,timeout}",
    "long_basic_{complete,error,abort}",
    "aggr_{complete,error,abort}",
    "udf_bg_{complete,error,abort}",
    "ops_bg_{complete,error,abort}",
)


def _requests(prefix: str, *, xdr: bool, proxy: bool) -> str:
    """Counters of the requests that arrive one way: from clients, from other nodes, or inside a batch."""
    names = f"{prefix}_tsvc_{{error,timeout}} "
    if proxy:
        names += f"{prefix}_proxy_{{complete,error,timeout}} "
    names += f"{prefix}_read_{_READ} {prefix}_write_{_WRITE} "
    names += f"xdr_{prefix}_write_{{success,error,timeout}} " * xdr
    names += f"{prefix}_delete_{_DELETE} "
    names += f"xdr_{prefix}_delete_{{success,error,timeout,not_found}} " * xdr
    return f"{names}{prefix}_{_UDF}{prefix}_{_LANG}"


_WORDS = " ".join(
    (
        _requests("client", xdr=True, proxy=True),
        _requests("from_proxy", xdr=True, proxy=False),
        _requests("batch_sub", xdr=False, proxy=True),
        _requests("from_proxy_batch_sub", xdr=False, proxy=False),
        f"udf_sub_tsvc_{{error,timeout}} udf_sub_{_UDF}udf_sub_{_LANG}",
        "ops_sub_tsvc_{error,timeout} ops_sub_write_{success,error,timeout,filtered_out}",
        "dup_res_ask dup_res_respond_{read,no_read}",
        "retransmit_all_{read,write,delete,udf}_dup_res",
        "retransmit_all_batch_sub_{read,write,delete,udf}_dup_res retransmit_{udf_sub,ops_sub}_dup_res",
        "retransmit_all_{read,batch_sub_read}_repl_ping",
        "retransmit_all_{write,delete,udf,batch_sub_write,batch_sub_delete,batch_sub_udf}_repl_write",
        "retransmit_{udf_sub,ops_sub}_repl_write",
        *(f"{kind}_query_{job}" for kind in ("pi", "si") for job in _QUERY),
        "geo_region_query_{reqs,cells,points,falsepos}",
        "read_touch_{tsvc_error,tsvc_timeout,success,error,timeout,skip}",
        "re_repl_{tsvc_error,tsvc_timeout,success,error,timeout}",
        "{mrt_verify_read,mrt_roll_forward,mrt_monitor_roll_forward}_{success,error,timeout}",
        "{mrt_roll_back,mrt_monitor_roll_back}_{success,error,timeout}",
        "fail_{xdr_forbidden,key_busy,xdr_key_busy,generation,record_too_big}",
        "fail_{client_lost_conflict,xdr_lost_conflict,mrt_blocked,mrt_version_mismatch}",
        "deleted_last_bin mrt_monitor_roll_tombstone_creates ttl_reductions_{ignored,applied}",
    )
)

COUNTERS = tuple(expand(_WORDS))
"""Every name once."""


def counters() -> dict[str, int]:
    """All counters of a new namespace. Whoever counts adds to an entry; an unknown name is a fault."""
    return dict.fromkeys(COUNTERS, 0)
