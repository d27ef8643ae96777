"""`manage recluster`: every node is told, since only the principal of the cluster does it, and a node may be wrong about who that is."""

from __future__ import annotations

from asadm.tables.table import Column, Table, TableRow
from asadm.target.aerospike.views.asking import ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

RECLUSTER = "recluster:"
IGNORED = "ignored-by-non-principal"
COMMANDS = ("node", "statistics")

COLUMNS = (
    Column("id", "Node ID", detail=2),
    Column("principal", "Principal"),
    Column("cluster_key", "Cluster Key", detail=1),
    Column("answer", "Answer"),
)


class Reclustering:
    """What every node said: ``look`` before it, ``told`` when it was told; None for a dry run."""

    def __init__(self, look: Sequence[NodeInfo], told: Sequence[NodeInfo] | None) -> None:
        self.look = look
        self.told = told

    @property
    def answers(self) -> list[NodeAnswer]:
        """Whether each node spoke: the later word counts."""
        return [each.answer for each in (self.look if self.told is None else self.told)]

    def unmoved(self) -> list[str]:
        """The keys of clusters of which no node said ok."""
        done: dict[str, bool] = {}
        for before, told in zip(self.look, self.told or (), strict=False):
            key = before.fields("statistics").get("cluster_key")
            if key is not None:
                done[key] = done.get(key, False) or told.text(RECLUSTER) == "ok"
        return [key for key, moved in done.items() if not moved]

    @property
    def moved(self) -> bool:
        """Whether a node said ok."""
        return any(each.text(RECLUSTER) == "ok" for each in self.told or ())

    def table(self) -> Table:
        """A row a node."""
        told = self.look if self.told is None else self.told
        rows = [
            _row(before, after if self.told is not None else None)
            for before, after in zip(self.look, told, strict=True)
            if after.good
        ]
        return Table("recluster", "Recluster", COLUMNS, [each.answer for each in told], rows)


def recluster(cluster: AerospikeCluster, *, dry_run: bool) -> Reclustering:
    """Tell every node."""
    look = ask(cluster, COMMANDS)
    if dry_run or any(each.answer.status == "interrupted" for each in look):
        return Reclustering(look, None)
    return Reclustering(look, ask(cluster, [RECLUSTER]))


def _row(before: NodeInfo, told: NodeInfo | None) -> TableRow:
    statistics = before.fields("statistics")
    answer = None if told is None else told.text(RECLUSTER) or told.error(RECLUSTER)
    mark = "" if told is None else {"ok": "good", IGNORED: "quiet"}.get(answer or "", "bad")
    values = {
        "id": before.text("node"),
        "principal": statistics.get("paxos_principal"),
        "cluster_key": statistics.get("cluster_key"),
        "answer": answer,
    }
    return TableRow((told or before).answer, values, {"answer": mark})
