"""Clusters of Aerospike servers and of asudfd as a type of the inventory."""

from __future__ import annotations

from asadm.target.aerospike import rules
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.types import TargetType

TYPE = TargetType(AerospikeCluster, rules)
