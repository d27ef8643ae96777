"""The members of the JSON documents of asadm, and their page. Tests compare every document that they see with these rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from docs.program import GENERATED


class Member(NamedTuple):
    """A member: its name, what it holds, and what that means. ``always`` is False where it may be left out."""

    name: str
    kind: str
    text: str
    always: bool = True


def sometimes(name: str, kind: str, text: str) -> Member:
    """One that may be left out."""
    return Member(name, kind, text, always=False)


COMMON = (
    Member("command", "string", "the command, as it was typed"),
    Member("version", "integer", "of this form: it grows when a member goes, or means something else"),
    Member("code", "integer", "the exit code of the command"),
    sometimes("complete", "boolean", "whether every node that was asked was read"),
    sometimes("nodes_read", "integer", "how many were"),
    sometimes("nodes_asked", "integer", "of how many"),
    Member("nodes", "array", "what each node said; see below"),
    sometimes("messages", "array of strings", "what stands on standard error, too"),
)

NODE = (
    Member("node", "string", "its name"),
    Member("address", "string", "its address, `host:port`"),
    Member("status", "string", "`ok`, `error` when it answered one, or the kind of the failure"),
    Member(
        "answer", "string or null", "its answer to the first command, where answers are shown as they are"
    ),
    Member("error", "string or null", "the reason of a failure, in words"),
    Member("ms", "number", "milliseconds from the start of the connect to the end of the reply"),
    sometimes("answers", "array", "command, answer and error of each of several commands"),
    sometimes("note", "string", "a warning, for instance that the node wanted no login"),
    sometimes("answer_base64", "string", "an answer that is not UTF-8"),
    sometimes(
        "role, primary, product, version, slots, flags, link, offset", "", "of servers of Valkey and Redis"
    ),
)

_STEPS = Member(
    "steps",
    "array",
    "each module with the action on each node, the hash that it has and the one that it gets",
)
_STEPS_SOMETIMES = _STEPS._replace(always=False)
_PLAN = (
    sometimes("directory", "string", "the directory of the plan"),
    sometimes("pending", "boolean", "whether there is something to change"),
    sometimes("prune", "boolean", "whether modules that the directory does not have are removed"),
    _STEPS_SOMETIMES,
    sometimes("differing", "array", "modules that are not the same on all nodes"),
    sometimes("foreign", "array", "modules that nodes have and the directory has not"),
    sometimes("missing", "array", "modules that are required and nobody has"),
    sometimes("lint", "array", "findings in what is about to be sent"),
    sometimes("diffs", "array", "with `--diff`: what differs, line by line"),
)
_CHANGE = (
    sometimes("changed", "boolean", "whether anything was sent that a node took"),
    sometimes("modules", "array", "each module that was to be changed, with how and when each node had it"),
    *_PLAN,
)
_CHECK = (
    Member("status", "string", "`ok`, `warning`, `critical` or `unknown`"),
    Member("summary", "string", "the same in a line"),
    sometimes("seconds", "number", "how long it took"),
    sometimes("findings", "array", "level, what, module, nodes and detail of each"),
    sometimes("modules", "array", "the versions of each module, and which nodes have which"),
)
_CHECK_CONFIG = (
    *(each._replace(always=False) for each in _CHECK if each.name != "modules"),
    sometimes("compared", "integer", "how many parameters were compared"),
    sometimes(
        "parameters",
        "array",
        "each parameter that differs: context, name, what the file says (`wanted`) and the value on each node",
    ),
    sometimes("baseline", "string", "with `--write-baseline`: the file"),
)
_STATUS = (
    Member("directory", "string or null", "the directory that it was compared with"),
    Member("verified", "boolean", "whether contents were read, and not just hashes"),
    Member("modules", "array", "each module with its state and hash on each node"),
)
_GET = (
    Member("name", "string", "the module"),
    sometimes("hash", "string", "the hash that nodes list"),
    sometimes("from", "string", "the node that it was read from"),
    sometimes("size", "integer", "in bytes"),
    sometimes("source", "string", "the source as text"),
    sometimes("content", "string", "the source in base64"),
    sometimes("versions", "object", "where nodes differ: the nodes of each hash"),
)
_DIFF = (
    Member("name", "string", "the module"),
    Member("hashes", "array", "the hash that each of the two nodes lists"),
    sometimes("served", "array", "the hash of what each serves"),
    sometimes("diff", "string", "a unified diff"),
)
_HISTORY = (
    sometimes("history", "string", "the file of the history"),
    sometimes("entries", "array", "id, number of the change, time, user, cluster, module, hashes and nodes of each entry, the newest first"),
    sometimes("id, state, change, run, undoes, at, user, host, cluster, action, hash, sha256, ok, failed, note, module", "",
              "with `show ID`: the entry"),
    sometimes("ok_nodes, failed_nodes", "arrays", "with `show ID`: its nodes"),
    sometimes("source", "string", "with `show ID`: the content as text"),
    sometimes("source_base64", "string", "with `show ID`: the content"),
)  # fmt: skip
TABLE = (
    Member("name", "string", "what the table is of; the same in every release"),
    Member("title", "string", "the same for a person"),
    Member("rows", "array", "one for each node, and namespace, set or index where the table has several of a node"),
    sometimes("columns", "array", "of a table of figures: `name`, `title` and `unit` of each"),
    sometimes("keys", "array", "the columns that rows are grouped by"),
    sometimes("totals", "array", "what each group comes to: its keys, `nodes_read`, `nodes_asked`, and columns that have a total"),
    sometimes("namespace, set, index, dc, sink", "string", "of configuration and statistics: what their table is of"),
)  # fmt: skip
TABLE_ROW = (
    sometimes("node", "string", "its node"),
    sometimes("nodes", "array", "the nodes that say the same of their cluster, as of its indexes"),
    Member("state", "string", "`ok`, or the kind of the failure"),
    sometimes("reason", "string", "why there are no values"),
    sometimes("values", "object or null", "of configuration and statistics: values by name"),
)
TABLE_NOTES = """\
A row of a table of figures has a member for each column, but where the node was not read. Values are raw, and null where a node has none. Units:
`text`, `flag` (a boolean), `number`, `count`, `bytes`, `percent` (0 to 100), `per second`, `seconds`, `milliseconds`, or `as NAME says`: the member
NAME of the row has the unit. Totals of configuration and statistics (`-t`) are an object with `nodes_read`, `nodes_asked` and `values`."""
TABLES = Member("tables", "array", "each [table](#a-table) that a person sees")
_MANAGED = (
    TABLES._replace(
        text="one table `change`: a row a node (and query) with `before`, `after` and `result`, which says in words what became of it",
        always=False,
    ),
)
_RECORD = Member("record", "object", "namespace, set, key, key_type and digest")
_ERROR = sometimes(
    "error", "object", "of a function that failed: message, file, line and the source of the line"
)

COMMANDS: dict[str, tuple[Member, ...]] = {
    "asinfo": (),
    "show udfs": (
        sometimes("modules", "array", "each module with its state and its hash on each node"),
        sometimes("name", "string", "the module that was asked for"),
        sometimes("source", "string", "its source"),
        sometimes("content", "string", "its source in base64"),
        sometimes("differs", "boolean", "whether nodes have different sources of it"),
        sometimes("damaged", "array", "nodes that serve something else than they list"),
        sometimes("functions", "array", "with `--stats`: the figures of each function"),
    ),
    "info": (TABLES,),
    "info network": (TABLES,),
    "show config": (TABLES,),
    "show statistics": (TABLES,),
    "info namespace": (TABLES,),
    "info namespace object": (TABLES,),
    "info namespace usage": (TABLES,),
    "info set": (TABLES,),
    "info sindex": (TABLES,),
    "info release": (TABLES,),
    "info transactions": (TABLES,),
    "info xdr": (TABLES,),
    "summary": (TABLES,),
    "features": (TABLES,),
    "show latencies": (TABLES,),
    "show distribution": (TABLES,),
    "show sindex": (TABLES,),
    "show jobs": (TABLES,),
    "show stop-writes": (TABLES,),
    "show best-practices": (TABLES,),
    "show pmap": (TABLES,),
    "show racks": (TABLES,),
    "show roster": (TABLES,),
    "show user-agents": (TABLES,),
    "show mapping": (TABLES,),
    "show users": (TABLES,),
    "show roles": (TABLES,),
    "show masking": (TABLES,),
    "manage udfs add": (
        Member("name", "string", "the module"),
        Member("hash", "string", "the hash that nodes list"),
        Member("how", "object", "by address how a node got it: `sent`, `replicated` or `same`"),
    ),
    "manage udfs remove": (
        Member("name", "string", "the module"),
        Member("how", "object", "by address how it went"),
    ),
    "manage config service": _MANAGED,
    "manage config network": _MANAGED,
    "manage config namespace": _MANAGED,
    "manage config security": _MANAGED,
    "manage config logging": _MANAGED,
    "manage config mod-lua": (),
    "manage config rollback": _MANAGED,
    "manage sindex create": _MANAGED,
    "manage sindex delete": _MANAGED,
    "manage truncate": _MANAGED,
    "manage jobs kill": _MANAGED,
    "manage recluster": (TABLES,),
    "udf plan": _PLAN,
    "udf apply": _CHANGE,
    "udf rollback": _CHANGE,
    "udf remove": _CHANGE,
    "udf repair": (sometimes("repairs", "array", "what was done for each module"),),
    "udf rewarm": (
        sometimes("rewarmed", "array", "nodes whose cache is on again"),
        sometimes("rewarms", "array", "with `--dry-run`: nodes whose cache would be switched on"),
    ),
    "udf run": (
        sometimes("record", "object", _RECORD.text),
        sometimes("result", "any", "what the function returned"),
        sometimes(
            "before",
            "object or null",
            "the record before the call: generation, ttl in seconds (null: never), bins",
        ),
        sometimes("after", "object or null", "the record after it"),
        _ERROR,
        sometimes("node", "string", "with `--repeat`: the node"),
        sometimes("calls", "integer", "with `--repeat`: how many were answered"),
        sometimes("errors", "object", "with `--repeat`: how often each reason came"),
        sometimes("milliseconds", "object", "with `--repeat`: median, p99 and max"),
        sometimes("calls_per_second", "integer", "with `--repeat`"),
        sometimes("job", "integer", "with `--all`: the id of the job"),
        sometimes("set", "string", "with `--all`: the set"),
        sometimes("records", "object", "with `--all`: how many are done, and how many failed"),
        sometimes("jobs", "array", "with `--all`: the part of each node"),
    ),
    "udf aggregate": (
        sometimes("set", "string", "the set"),
        sometimes("values", "array", "what the aggregation came to"),
    ),
    "record get": (
        _RECORD,
        sometimes("found", "object or null", "generation, ttl in seconds (null: never) and bins"),
    ),
    "record put": (_RECORD, sometimes("generation", "integer", "of the record after it")),
    "record delete": (_RECORD, sometimes("generation", "integer", "always 0")),
    "udf history": _HISTORY,
    "udf status": _STATUS,
    "udf get": _GET,
    "udf diff": _DIFF,
    "udf check": _CHECK,
    "udf init": (
        Member("directory", "string", "where it is"),
        Member("files", "array of strings", "what was written"),
    ),
    "udf lint": (
        Member("modules", "integer", "how many were checked"),
        Member("errors", "integer", "how many findings a node would refuse"),
        Member("warnings", "integer", "how many others"),
        Member("findings", "array", "path, line, column, code, level and text of each"),
    ),
    "function plan": _PLAN,
    "function apply": _CHANGE,
    "function rollback": _CHANGE,
    "function remove": _CHANGE,
    "function verify": _CHECK,
    "function check": _CHECK,
    "function status": _STATUS,
    "function get": _GET,
    "function diff": _DIFF,
    "function history": _HISTORY,
    "function dump": (
        sometimes("file", "string", "the file that was written"),
        sometimes("libraries", "integer", "how many are in it"),
    ),
    "function restore": _CHANGE,
    "function stats": (),
    "function kill": (sometimes("killed", "array", "node and status of each"),),
    "function lint": (
        Member("libraries", "array", "name and path of each"),
        Member("problems", "array", "path, line and message of each"),
        Member("others", "array of strings", "files that are no libraries"),
    ),
    "function run": (
        sometimes(
            "reply", "any", "what the function returned; an error in it is an object with the member `error`"
        ),
        sometimes("after", "object", "with `--after`: the keys"),
        _ERROR,
    ),
    "function rdb": (
        sometimes("libraries", "array", "name and path of each"),
        sometimes("file", "string", "the file that was written"),
        sometimes("size", "integer", "its size in bytes"),
    ),
    "cache clear": (
        sometimes("cache_left_off", "array", "nodes that had no cache after it"),
        sometimes("rewarmed", "array", "nodes whose cache was switched on again"),
    ),
    "bundle": (
        Member("file", "string", "the archive, `-` for standard output"),
        Member("bytes", "integer", "its size"),
        Member("files", "integer", "how many files it has"),
    ),
    "check config": _CHECK_CONFIG,
    "check all": (Member("clusters", "array", "a document of a check for each cluster, with its name"),),
    "schedule print": (Member("files", "object", "the content of each file, by its name"),),
    "top": (
        sometimes("functions", "array", "calls, errors and time of each function since the look before"),
    ),
    "watch": (),
    "enable": (),
    "disable": (),
    "help": (sometimes("help", "string", "the text"),),
    "exit": (),
    "quit": (),
}
"""By command, what stands beside the common members. A command that fails before it begins has just these."""

OFFLINE_RUN = (
    Member("version", "integer", "of this form"),
    Member(
        "before",
        "object or null",
        "the record before the call: generation, ttl in seconds (null: never), bins",
    ),
    Member("after", "object or null", "the record after it"),
    sometimes("result", "any", "what the function returned"),
    sometimes("error", "object", "of a function that failed: message, file, line and the source of the line"),
    sometimes("calls", "integer", "with `--repeat`: how many there were"),
    sometimes("milliseconds", "object", "with `--repeat`: median, p99 and max"),
)
"""What `asudfd run --json` writes."""


def known(command: str) -> set[str]:
    """The names of all members that a document of ``command`` may have."""
    return _names((*COMMON, *COMMANDS[command]))


def unknown_of_table(table: dict[str, Any]) -> set[str]:
    """The members of a table, and of its rows and totals, that are not in the page."""
    columns = {column["name"] for column in table.get("columns", ())}
    totals = table.get("totals", [])
    unknown = table.keys() - _names(TABLE)
    for row in table["rows"]:
        unknown |= row.keys() - columns - _names(TABLE_ROW)
    for each in totals if isinstance(totals, list) else [totals]:
        unknown |= each.keys() - columns - {"nodes_read", "nodes_asked", "values"}
    return unknown


def _names(rows: Sequence[Member]) -> set[str]:
    return {name for row in rows for name in row.name.split(", ")}


_HEAD = f"""# JSON documents

<!-- {GENERATED} -->

`asadm --json COMMAND` writes one document a command, each on a line. A script may rely on these names; new ones may come at any time. Tests
compare every document that they see with this page. `asinfo --json` writes the members of [a node](#a-node) and `version`.
"""


def page() -> str:
    """docs/json.md."""
    parts = [_HEAD, "## Every document", "", *_table(COMMON), "", "## A node", "", *_table(NODE), ""]
    parts += ["## A table", "", *_table(TABLE), "", "Its rows:", "", *_table(TABLE_ROW), "", TABLE_NOTES, ""]
    shared: dict[tuple[Member, ...], list[str]] = {}
    for command, rows in COMMANDS.items():
        shared.setdefault(rows, []).append(command)
    alone = shared.pop((), [])
    for rows, commands in shared.items():
        parts += [f"## {', '.join(commands)}", "", *_table(rows), ""]
    parts += ["## asudfd run", "", "`asudfd run --json` writes one document.", "", *_table(OFFLINE_RUN), ""]
    names = ", ".join(f"`{command}`" for command in alone)
    parts += ["## Nothing more", "", f"{names} add nothing.", ""]
    return "\n".join(parts)


def _table(rows: tuple[Member, ...]) -> list[str]:
    return [
        "| member | holds | |",
        "|---|---|---|",
        *(
            f"| `{row.name}`{'' if row.always else ' (not always)'} | {row.kind} | {row.text} |"
            for row in rows
        ),
    ]
