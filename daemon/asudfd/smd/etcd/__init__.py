"""System metadata in etcd: nodes on several machines that know the same modules.

    wire        what is said to etcd and what it answers, as plain data
    gateway     how it is said: HTTP, the choice of an endpoint, TLS, log-in; the one place that imports httpx
    feed        everything under the cluster's prefix, from a first read on and then by a watch
    identity    whether etcd still is the one that was known
    lease       what is in etcd only as long as this process lives
    standing    whether the others count on this process
    store       the metadata; changes, and who has applied them
    lock        the lock of those who change many modules
    membership  the nodes that are alive, and their addresses

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
