"""Whatever nodes answer: a change ends with a table or an error in words, and never with a traceback."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.changes.config_change import ConfigChange, ConfigRollback
from asadm.target.aerospike.changes.dynamic_parameter import DynamicParameter
from asadm.target.aerospike.changes.index_change import IndexCreation, IndexDefinition, IndexDeletion
from asadm.target.aerospike.changes.query_abort import QueryAbort
from asadm.target.aerospike.changes.recluster import recluster
from asadm.target.aerospike.changes.truncation import TruncationChange, TruncationUndo
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.managed_change import ManagedChange
from asinfo.dialogue import Endpoint
from asinfo.errors import Error

INDEX = IndexDefinition("test", "idx", "users", "a", "numeric")
HAD = {"n:3000": {"before": "1", "after": "3"}}

LOGGING = DynamicParameter("logging", "udf")
SET = DynamicParameter("namespace", "default-ttl", namespace="test", set_="users")

CHANGES: list[Callable[[AerospikeCluster], ManagedChange]] = [
    lambda cluster: ConfigChange(cluster, DynamicParameter("service", "x"), "3"),
    lambda cluster: ConfigChange(cluster, LOGGING, "3"),
    lambda cluster: ConfigChange(cluster, SET, "3"),
    lambda cluster: ConfigRollback(cluster, LOGGING, HAD, change=1, when="", force=True),
    lambda cluster: IndexCreation(cluster, INDEX),
    lambda cluster: IndexDeletion(cluster, INDEX),
    lambda cluster: TruncationChange(cluster, "test", "users", None),
    lambda cluster: TruncationChange(cluster, "test", "", 1_700_000_000_000_000_000),
    lambda cluster: TruncationUndo(cluster, "test", "users"),
    lambda cluster: QueryAbort(cluster, None),
    lambda cluster: QueryAbort(cluster, ["7"]),
]

PIECES = st.sampled_from([
    "", ";", ":", "=", "/", ",", ".", "test", "users", "idx", "ns=test:indexname=idx:", "set=users", "truncate_lut=", "99999999999999999999",
    "-1", "objects=", "x=1", "x=", "logs", "0:", "udf:INFO", "trid=7:", "status=active(ok)", "job-progress=", "ERROR:4:", "FAIL", "null", "é",
    "state=", "entries=5;entries_per_bval=0", "effective_replication_factor=0", "\x1b", "ok",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=8).map("".join)


class SayingCluster(AerospikeCluster):
    """One node, which says what the test has drawn."""

    __slots__ = ("draw",)

    draw: Callable[[], str]

    def each(self, commands: Sequence[bytes], **_: object) -> list[NodeAnswer]:
        return self._say([*commands])

    def follow_up(
        self, commands: Sequence[bytes], second: Callable[[dict[bytes, bytes]], Sequence[bytes]]
    ) -> list[NodeAnswer]:
        [answer] = self._say([*commands])
        more = list(second(dict(zip(answer.commands, answer.answers, strict=True))))
        [rest] = self._say(more)
        answer.answers += rest.answers
        answer.commands = [*commands, *more]
        return [answer]

    def ask(self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], **_: object) -> list[NodeAnswer]:
        return [self._say([*commands])[0] for _, commands in asks]

    def _say(self, commands: list[bytes]) -> list[NodeAnswer]:
        answer = NodeAnswer(self.nodes[0], "ok", [self.draw().encode() for _ in commands])
        answer.commands = commands
        return [answer]


def saying(draw: Callable[[], str]) -> SayingCluster:
    from asadm.cluster import ClusterNode

    cluster = SayingCluster([ClusterNode(Endpoint("n", 3000))])
    cluster.draw = draw
    return cluster


@pytest.mark.parametrize("number", range(len(CHANGES)))
@given(data=st.data())
def test_a_change(number: int, data: st.DataObject) -> None:
    cluster = saying(lambda: data.draw(TEXTS))
    change = CHANGES[number](cluster)
    try:
        seen = change.read()
        change.check(seen)
        pending = [state for state in seen.states if change.wanted(state) is not None]
        assert isinstance(change.question(pending, seen), str)
        assert isinstance(change.summary(pending), str)
        told = change.tell(pending, [[node] for node in cluster.nodes])
        assert set(told) == {id(state) for state in pending}
        for later in change.read().states:
            for state in pending:
                assert change.followed(state, later) in {True, False}
        for state in seen.states:
            assert change.kept(state)[0]
        change.afterwards(seen.states)
    except Error:
        pass  # in words


@given(data=st.data())
def test_a_reclustering(data: st.DataObject) -> None:
    found = recluster(saying(lambda: data.draw(TEXTS)), dry_run=False)
    assert found.table().document()
    assert found.table().sheet().title
    assert isinstance(found.unmoved(), list)
