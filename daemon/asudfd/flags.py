"""Options and environment variables that say how a node is to be where a configuration file would be too much."""

from __future__ import annotations

import os

from asinfo.terminal.options import Option

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping

    from asinfo.terminal.options import Values
    from asudfd.config.assignment import ParameterAssignment
    from asudfd.config.schema import Config

NAMESPACE = Option(
    "namespace",
    kind="list",
    metavar="NAME",
    help="A namespace in memory, in place of test and bar; repeatable. Not with a configuration file.",
)
DEFAULT_TTL = Option(
    "default-ttl",
    metavar="TTL",
    help="Time to live of records whose client names none, in every namespace: seconds, or with s m h d; 0 is for ever.",
)
CLUSTER_NAME = Option("cluster-name", metavar="NAME", help="Name of the cluster.")
SET = Option(
    "set",
    kind="list",
    metavar="CONTEXT.PARAMETER=VALUE",
    help="Set a parameter, on top of the configuration file if there is one: service.cluster-name=demo, "
    "namespace.test.default-ttl=30d, namespace.*.nsup-period=10; repeatable.",
)
NODE = (NAMESPACE, DEFAULT_TTL, CLUSTER_NAME, SET)

ASSIGNED = {DEFAULT_TTL.name: "namespace.*.default-ttl", CLUSTER_NAME.name: "service.cluster-name"}
"""The parameters that options stand for."""

VARIABLES = {
    "DEFAULT_TTL": "namespace.*.default-ttl",
    "CLUSTER_NAME": "service.cluster-name",
    "MEM_GB": "namespace.*.storage-engine.data-size",
    "SERVICE_ADDRESS": "network.service.address",
    "SERVICE_PORT": "network.service.port",
}
"""Environment variables of the vendor's container image, and the parameters that they stand for."""

NAMESPACE_VARIABLE = "NAMESPACE"
"""One more of these, which names the namespace."""


def configuration(values: Values, path: str | None, directory: str) -> Config:
    """The configuration: of the file ``path``, or the built-in one as the environment wants it, and what options say.

    Raises UsageError, ConfigError.
    """
    from asudfd.config.load import NAMESPACES, embedded, load

    if path is None:
        origin = f"--{NAMESPACE.name}" if values.texts(NAMESPACE.name) else NAMESPACE_VARIABLE
        return embedded(directory, namespaces(values) or NAMESPACES, assigned(values, path), origin)
    if values.texts(NAMESPACE.name):
        raise _usage("--namespace: the configuration file says what namespaces there are")
    return load(path, directory or None, assigned(values, path))


def namespaces(values: Values) -> list[str]:
    """The namespaces that the options or else the environment name; none if neither does."""
    named = os.environ.get(NAMESPACE_VARIABLE)
    return values.texts(NAMESPACE.name) or ([named] if named else [])


def assigned(values: Values, path: str | None) -> list[ParameterAssignment]:
    """What the environment, where there is no file ``path``, and then the options say of parameters. Raises UsageError."""
    return [*(_environment(os.environ) if path is None else ()), *assignments(values)]


def assignments(values: Values) -> list[ParameterAssignment]:
    """What the options say of parameters. Raises UsageError."""
    from asudfd.config.assignment import ParameterAssignment

    found = [
        ParameterAssignment(path, text, f"--{name}")
        for name, path in ASSIGNED.items()
        if (text := values.text(name)) is not None
    ]
    for each in values.texts(SET.name):
        path, equals, value = each.partition("=")
        if not equals:
            raise _usage(f"--set: {each!r} is no CONTEXT.PARAMETER=VALUE")
        found.append(ParameterAssignment(path, value))
    return found


def _environment(variables: Mapping[str, str]) -> list[ParameterAssignment]:
    """What the environment says of parameters."""
    from asudfd.config.assignment import ParameterAssignment

    return [
        ParameterAssignment(path, f"{text}G" if name == "MEM_GB" else text, name)
        for name, path in VARIABLES.items()
        if (text := variables.get(name))
    ]


def _usage(what: str) -> Exception:
    from asinfo.terminal.usage import wrong

    return wrong(what, "asudfd --help")
