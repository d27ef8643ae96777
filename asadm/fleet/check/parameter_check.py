"""The findings of ``check config``: parameters that differ between nodes, or from what a file wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.configuration.baseline import ANY
from asadm.configuration.parameters import LOGGING, NAMESPACE, SET, UNTOLD, NodeParameter, by_design, ignored
from asadm.configuration.secret_names import secret
from asadm.configuration.wording import portable_settings, same
from asadm.fleet.check.report import BASELINE, CONFIG_DRIFT, NOT_TOLD, CheckReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.configuration.parameters import Settings
    from asadm.outcome import NodeAnswer
    from asinfo.exchange import Endpoint

ABSENT = "has no such parameter"


class ParameterCheck(CheckReport):
    """The result of one check of configuration.

    ``settings``  of each node, None where it was not read
    ``wanted``    what the file has; what it names is compared with it, and all else between the nodes
    ``ignore``    patterns of parameters that are not compared
    """

    member = "parameter"
    long = True

    def __init__(
        self,
        cluster: str,
        answers: Sequence[NodeAnswer],
        settings: Sequence[Settings | None],
        wanted: Settings | None = None,
        ignore: Sequence[str] = (),
    ) -> None:
        super().__init__(cluster, answers, "parameter")
        self.compared: dict[NodeParameter, str | None] = {}
        """Every parameter that was compared, with what the file says."""
        self.differing: dict[NodeParameter, int] = {}
        """On how many nodes each is not as on the most of them, or as in the file. A whole context has no name."""
        self._nowhere: set[str] = set()
        self._ignore = ignore
        self._wanted = wanted or {}
        self._told = [
            (answer.node, portable_settings(each))
            for answer, each in zip(answers, settings, strict=True)
            if each is not None
        ]
        self.note_unread()
        self._compare_contexts()
        for parameter in self._parameters():
            self._compare(parameter)
        self.subjects = len(self.compared)

    # ---- what is compared

    def _parameters(self) -> list[NodeParameter]:
        """All that any node or the file has, in order."""
        found: dict[NodeParameter, None] = {}
        for settings in (*(each for _, each in self._told), self._wanted):
            for context, values in settings.items():
                found.update(dict.fromkeys(NodeParameter(context, name) for name in values))
        return sorted((each for each in found if self._is_compared(each)), key=lambda each: each.place)

    def _is_compared(self, parameter: NodeParameter) -> bool:
        if parameter.context.startswith(LOGGING) and parameter.name == ANY:
            return False  # it stands for others
        if secret(parameter.name):
            return False  # what is found is shown
        return not by_design(parameter) and not ignored(parameter, self._ignore)

    def _compare_contexts(self) -> None:
        """A context that only some nodes have is one finding; but a set without records is nowhere."""
        for context in sorted({context for _, settings in self._told for context in settings}):
            whole = NodeParameter(context, "")
            without = [node for node, settings in self._told if context not in settings]
            if without and SET not in context and self._is_compared(whole):
                self.differing[whole] = len(without)
                self.add(CONFIG_DRIFT, context, without, "has no such context, and others do")

    def _compare(self, parameter: NodeParameter) -> None:
        context, name = parameter
        versions: dict[str | None, list[Endpoint]] = {}
        for node, settings in self._told:
            if context in settings:
                versions.setdefault(settings[context].get(name), []).append(node)
        wanted = self._said(parameter)
        if not versions.keys() - {None}:
            self._note_nowhere(parameter, told=bool(versions))
            return
        self.compared[parameter] = wanted
        if wanted is not None:
            self._compare_with_file(parameter, wanted, versions)
        elif len(versions) > 1:
            before = len(self.findings)
            self.note_versions(CONFIG_DRIFT, str(parameter), versions, missing=ABSENT)
            self.differing[parameter] = sum(len(each.nodes) for each in self.findings[before:])

    def _said(self, parameter: NodeParameter) -> str | None:
        """What the file says; of a level of the log that it does not name, what it says of any."""
        values = self._wanted.get(parameter.context, {})
        any_ = values.get(ANY) if parameter.context.startswith(LOGGING) else None
        return values.get(parameter.name, any_)

    def _compare_with_file(
        self, parameter: NodeParameter, wanted: str, versions: Mapping[str | None, list[Endpoint]]
    ) -> None:
        for told, nodes in versions.items():
            if told is None or not same(wanted, told):
                has = ABSENT if told is None else f"has {told}"
                self.differing[parameter] = self.differing.get(parameter, 0) + len(nodes)
                self.add(BASELINE, str(parameter), nodes, f"{has}; the file says {wanted}")

    def _note_nowhere(self, parameter: NodeParameter, *, told: bool) -> None:
        """No node has what the file names. Not every server tells every context (``told``), and a set may have no records."""
        if parameter.name in UNTOLD.get(parameter.context, ()):
            return
        namespace = parameter.context.startswith(NAMESPACE) and SET not in parameter.context
        subject = str(parameter) if told else parameter.context
        if self._told and (told or namespace) and subject not in self._nowhere:
            self._nowhere.add(subject)
            nodes = [node for node, _ in self._told]
            self.add(NOT_TOLD, subject, nodes, "is in the file, and no node has it")

    # ---- how it is told

    def figures(self, family: str) -> list[str]:  # noqa: ARG002 - there is one family
        """Of parameters."""
        return [
            f"config_drift={self.count(CONFIG_DRIFT)};0;;0",
            f"baseline={self.count(BASELINE)};0;;0",
            f"not_told={self.count(NOT_TOLD)};0;;0",
            f"parameters={self.subjects};;;0",
        ]

    def members(self) -> dict[str, object]:
        """Every parameter that differs, with its value on every node."""
        return {
            "compared": self.subjects,
            "parameters": [
                {
                    "context": parameter.context,
                    "name": parameter.name,
                    "wanted": self.compared.get(parameter),
                    "values": {
                        node.name: settings.get(parameter.context, {}).get(parameter.name)
                        for node, settings in self._told
                    },
                }
                for parameter in self.differing
                if parameter.name
            ],
        }
