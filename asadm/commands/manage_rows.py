"""The commands that change nodes beside their modules: ``manage config``, ``sindex``, ``truncate``, ``jobs``, ``recluster``."""

from __future__ import annotations

from asadm.commands.row import CommandRow

_VALUE = ("param PARAMETER", "to VALUE", "[with NODE...]")

MANAGE_ROWS = (
    CommandRow(
        "manage config service",
        "asadm.commands.manage_config_service",
        "Change a parameter of the context service on every node, and see that all have it.",
        "manage config service param migrate-threads to 3",
        clauses=_VALUE,
        privileged=True,
    ),
    CommandRow(
        "manage config network",
        "asadm.commands.manage_config_network",
        "Change a parameter of the context network on every node, and see that all have it.",
        "manage config network heartbeat param interval to 200",
        names=("[CONTEXT]",),
        clauses=_VALUE,
        privileged=True,
    ),
    CommandRow(
        "manage config namespace",
        "asadm.commands.manage_config_namespace",
        "Change a parameter of a namespace, or of one of its sets, on every node, and see that all have it.",
        "manage config namespace test param nsup-period to 60",
        names=("NAMESPACE", "[CONTEXT]"),
        clauses=("[set SET]", *_VALUE),
        privileged=True,
    ),
    CommandRow(
        "manage config security",
        "asadm.commands.manage_config_security",
        "Change a parameter of the context security on every node; Enterprise servers have it.",
        "manage config security param privilege-refresh-period to 60",
        clauses=_VALUE,
        privileged=True,
    ),
    CommandRow(
        "manage config logging",
        "asadm.commands.manage_config_logging",
        "Change the level of a context of the log on every node, of one file or of all.",
        "manage config logging param udf to debug",
        clauses=("[file FILE]", *_VALUE),
        privileged=True,
    ),
    CommandRow(
        "manage config mod-lua",
        "asadm.commands.manage_config_mod_lua",
        "Say where to write a parameter of mod-lua: no node changes it while it runs.",
        "manage config mod-lua param cache-enabled to true",
        clauses=_VALUE,
        privileged=True,
    ),
    CommandRow(
        "manage config rollback",
        "asadm.commands.manage_config_rollback",
        "Give each node back the value that it had before a manage config.",
        "manage config rollback --yes",
        names=("[ID]",),
        clauses=("[with NODE...]",),
        privileged=True,
    ),
    CommandRow(
        "manage sindex create",
        "asadm.commands.manage_sindex_create",
        "Create a secondary index, and wait until every node lists it.",
        "manage sindex create numeric idx_age ns test set users bin age",
        names=("TYPE", "NAME"),
        clauses=(
            "ns NAMESPACE",
            "[set SET]",
            "[bin BIN]",
            "[in COLLECTION]",
            "[ctx WORD...]",
            "[ctx_base64 CONTEXT]",
            "[exp_base64 EXPRESSION]",
        ),
        privileged=True,
    ),
    CommandRow(
        "manage sindex delete",
        "asadm.commands.manage_sindex_delete",
        "Delete a secondary index, and wait until no node lists it.",
        "manage sindex delete idx_age ns test set users --yes",
        names=("NAME",),
        clauses=("ns NAMESPACE", "[set SET]"),
        privileged=True,
    ),
    CommandRow(
        "manage truncate",
        "asadm.commands.manage_truncate",
        "Remove all records of a set or a namespace, or those that are older than a moment.",
        "manage truncate ns test set users --yes",
        clauses=("ns NAMESPACE", "[set SET]", "[before TIME...]", "[undo]"),
        privileged=True,
    ),
    CommandRow(
        "manage jobs kill",
        "asadm.commands.manage_jobs_kill",
        "Stop queries by their ids, or all that run.",
        "manage jobs kill trids 12344938642282475805 --yes",
        clauses=("[trids ID...]", "[all queries]", "[with NODE...]"),
        privileged=True,
    ),
    CommandRow(
        "manage recluster",
        "asadm.commands.manage_recluster",
        "Have the nodes form their cluster anew.",
        "manage recluster",
        privileged=True,
    ),
)
