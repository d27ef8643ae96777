"""``check config --write-baseline``: the configuration of a running cluster as a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asadm.configuration.parameters import SET, SINK, NodeParameter, by_design, ignored
from asadm.configuration.secret_names import secret
from asadm.configuration.wording import portable_settings
from asadm.configuration.yaml_writer import written
from asadm.outcome import CommandOutcome, exit_code
from asadm.save_file import STANDARD_OUTPUT, save
from asadm.target.aerospike.views import node_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.configuration.parameters import Settings
    from asadm.target.aerospike.cluster import AerospikeCluster


def write(cluster: AerospikeCluster, path: str, ignore: Sequence[str]) -> CommandOutcome:
    """Ask all nodes, and write what the most of them have to ``path``. Nothing is written where one was not read."""
    answers, found = node_settings.read(cluster)
    if not all(answer.good for answer in answers):
        return CommandOutcome(answers, messages=["nothing was written: not every node was read"])
    merged, differing = merge([portable_settings(each) for each in found if each is not None], ignore)
    text = written(merged)
    messages = [_told_of(each, merged) for each in differing]
    extra: dict[str, object] = {
        "baseline": text,
        "parameters": [{"context": each.context, "name": each.name} for each in differing],
    }
    file = None if path == STANDARD_OUTPUT else path
    show = b""
    if file is None:
        show = text.encode("utf-8", "backslashreplace")
    else:
        save(file, text.encode("utf-8", "backslashreplace"))
        count = sum(map(len, merged.values()))
        messages.append(f"wrote {count} parameters to {os.path.normpath(file)}")
    return CommandOutcome(answers, show, messages=messages, code=exit_code(answers), extra=extra)


def _told_of(parameter: NodeParameter, merged: Settings) -> str:
    """What became of a parameter on which the nodes differ."""
    if parameter.name in merged.get(parameter.context, {}):
        return f"{parameter}: the nodes differ, and the value of the most of them was written"
    return f"{parameter}: the nodes differ, and it was left out: the most of them have no such parameter"


def merge(found: Sequence[Settings], ignore: Sequence[str]) -> tuple[Settings, list[NodeParameter]]:
    """What the most of the nodes have, and the parameters on which they differ. Left out is what a check does not compare, and secrets."""
    parameters = dict.fromkeys(
        NodeParameter(context, name) for each in found for context, values in each.items() for name in values
    )
    merged: Settings = {}
    differing = []
    for parameter in sorted(parameters, key=lambda each: each.place):
        if _left_out(parameter, ignore):
            continue
        values = _told(parameter, found)
        usual = max(dict.fromkeys(values), key=values.count, default=None)  # the first of several
        if usual is not None:
            merged.setdefault(parameter.context, {})[parameter.name] = usual
        if len(set(values)) > 1 and not by_design(parameter):
            differing.append(parameter)
    return merged, differing


def _told(parameter: NodeParameter, found: Sequence[Settings]) -> list[str | None]:
    """What each node has; of a set, what those have that know it: one without records is nowhere."""
    context = parameter.context
    known = [each for each in found if context in each or SET not in context]
    return [each.get(context, {}).get(parameter.name) for each in known]


def _left_out(parameter: NodeParameter, ignore: Sequence[str]) -> bool:
    """What a check does not compare, but for the place of a sink: without one, the file would not say what it is about."""
    if secret(parameter.name) or ignored(parameter, ignore):
        return True
    return by_design(parameter) and parameter.name != SINK
