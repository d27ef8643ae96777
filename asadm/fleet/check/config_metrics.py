"""The result of ``check config`` as metrics, for the textfile collector of node_exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.cron.metrics import Metric, labels
from asadm.fleet.check.prometheus import of_check
from asadm.fleet.check.report import BASELINE, CONFIG_DRIFT, NOT_TOLD

if TYPE_CHECKING:
    from asadm.fleet.check.parameter_check import ParameterCheck

PREFIX = "asudf_config"


def text_of(checked: ParameterCheck, _label: str) -> str:
    """The metrics."""
    whole = labels(cluster=checked.cluster)
    counts = (
        ("parameters", "Parameters that were compared.", checked.subjects),
        ("drift", "Parameters on which the nodes that were read disagree.", checked.count(CONFIG_DRIFT)),
        ("baseline_drift", "Parameters that a node does not have as the file says.", checked.count(BASELINE)),
        ("not_told", "Parameters of the file that no node has.", checked.count(NOT_TOLD)),
    )
    metrics = [
        Metric(
            f"{PREFIX}_node_read",  # a name of its own: the collector refuses a sample that two files have
            "Whether the node told its configuration.",
            tuple(
                (labels(cluster=checked.cluster, node=each.node.name), float(each.good))
                for each in checked.answers
            ),
        ),
        *(Metric(f"{PREFIX}_{name}", help_, ((whole, count),)) for name, help_, count in counts),
        Metric(
            f"{PREFIX}_nodes_differing",
            "Nodes on which the parameter is not as on the most of them, or as in the file.",
            tuple(
                (labels(cluster=checked.cluster, context=each.context, parameter=each.name), float(count))
                for each, count in checked.differing.items()
            ),
        ),
        *of_check(checked, PREFIX),
    ]
    return "".join(str(metric) for metric in metrics if metric.samples)
