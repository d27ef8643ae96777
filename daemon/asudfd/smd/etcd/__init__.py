"""System metadata in etcd: nodes on several machines that know the same modules.

    wire           requests and replies of etcd's JSON gateway, as plain data
    gateway        the HTTP client: choice of an endpoint, retries, TLS, log-in; the one module that imports httpx
    watch_cache    a copy of all keys under the cluster's prefix: read once, then kept up to date by a watch
    identity       detects an etcd that lost its data or was restored from a copy
    lease          keys that exist in etcd only as long as this process lives
    liveness       whether the lease of this process is believed to be alive
    applied_index  the revision up to which each process has applied all changes
    store          the SMD backend: changes metadata and waits until all live nodes have applied the change
    lock           the advisory lock for clients that change many modules
    membership     the live nodes and their addresses

Nothing here is imported unless the configuration names etcd.

Keys, all under PREFIX/CLUSTER-NAME/:

    smd/MODULE/KEY      the value as it is; empty once it is removed. etcd's own figures for the key say the rest: how
                        often it was written is the generation, when it was created gives its place in the order
    time/MODULE/KEY     when that was, written with it in one transaction: milliseconds since 2010-01-01 UTC
    applied/NODE        up to which revision of etcd the node has applied everything; gone with the lease of its process.
                        Nobody watches it; whoever waits for a change asks
    nodes/NODE          JSON: host and port of the node; gone with the lease
    id                  a random name, given once: an etcd without it is another one
    head                written with every change, at random: an etcd that had it then has the history up to there
    lock                who changes many modules just now; gone with a lease of its own
"""
