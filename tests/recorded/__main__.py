"""How many rows of each recording are answered as recorded: `python -m tests.recorded [--show]`, or `make rates`.

Writes the tables in docs/compatibility.md; --show prints the rows that are answered otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.errors import ConfigError
from asudfd.config.load import check
from tests.processes import ROOT
from tests.recorded import frames, info, valkey
from tests.recorded.jobs import Jobs
from tests.recorded.lua import cases, first_cases, snippets
from tests.recorded.node import UNSAFE, fresh
from tests.recorded.verdict import Outcome, Verdict, judged, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.processes import Daemon

PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- rates: made by make rates -->\n", "<!-- /rates -->\n"
BEGIN_VALKEY, END_VALKEY = "<!-- valkey rates: made by make rates -->\n", "<!-- /valkey rates -->\n"

HEAD = """\
| recorded on a real server | rows | refused with 16 | others as recorded |
|---|---|---|---|
"""

HEAD_VALKEY = """\
| recorded on a real Valkey 9.1.2 | rows | as recorded |
|---|---|---|
"""

VALKEY_TITLES = {
    "busy": "functions that do not end: BUSY, KILL, STATS",
    "cluster": "a cluster: slots, MOVED, CROSSSLOT",
    "connection": "the protocol, HELLO, CLIENT, MULTI, limits",
    "data": "commands on data of all types",
    "dump": "FUNCTION DUMP and RESTORE",
    "eval": "EVAL and SCRIPT",
    "fcall": "FCALL, flags, conversions of values",
    "function": "FUNCTION",
    "guide": "the guide of Valkey's functions",
    "lua_api": "the API of scripts: call, log, cjson, cmsgpack, bit, struct",
    "lua_more": "Lua itself: its library, errors, limits",
}


class Recording(NamedTuple):
    """What was recorded, its file, and who judges its rows: a node that was started with arguments and settings."""

    title: str
    file: str
    judge: Callable[[Daemon, Path], Iterable[Verdict]]
    arguments: tuple[str, ...] = ()
    settings: str = ""


def _jobs(node: Daemon, directory: Path) -> Iterator[Verdict]:
    jobs = Jobs(node, directory)
    yield from jobs.verdicts()
    jobs.close()


def _configurations(_node: Daemon, directory: Path) -> Iterator[Verdict]:
    path = directory / "aerospike.conf"
    for row in read("conf_cases.jsonl"):
        path.write_text(row["conf"].replace("WORKDIR", str(directory)), encoding="utf-8")
        try:
            check(str(path))
            accepted = True
        except ConfigError:
            accepted = False
        yield judged(row["id"], accepted, same=accepted == row["accepted"] or row.get("either", False))


def _frames(title: str, group: str = "") -> Recording:
    return Recording(title, frames.FILE, lambda node, _: frames.verdicts(node, group))


RECORDINGS = (
    Recording("calls of UDFs, first set", "lua_cases.jsonl", first_cases, settings=UNSAFE),
    Recording("calls of UDFs, second set", "lua_cases_2.jsonl", cases, settings=UNSAFE),
    Recording(
        "functions of Lua and the API, values of all kinds",
        "lua_snippets.jsonl.gz",
        snippets,
        settings=UNSAFE,
    ),
    Recording("info commands", info.FILE, lambda node, _: info.verdicts(node)),
    Recording(
        "info commands of a cluster of three",
        info.CLUSTER_FILE,
        lambda node, _: info.cluster_verdicts(node),
        ("--nodes", "3", "--node-id", "A1"),
    ),
    Recording("configuration files, accepted or not", "conf_cases.jsonl", _configurations),
    Recording("background queries, batches of UDFs, aggregations", "job_rows.jsonl", _jobs),
    _frames("lists, maps, expressions"),
    _frames("operations on bits", "bits"),
    _frames("operations on HyperLogLogs", "hll"),
    _frames("batches, in both encodings", "batch"),
)


def main() -> None:
    """Judge all rows, and write the tables."""
    lines = [_told(_line, recording, verdicts) for recording, verdicts in _judged()]
    _write(BEGIN, HEAD, lines, END)
    lines = [_told(_valkey_line, group, [*valkey.verdicts(group)]) for group in valkey.GROUPS]
    _write(BEGIN_VALKEY, HEAD_VALKEY, lines, END_VALKEY)


def _told(line: Callable[[Any, Counter[Outcome]], str], subject: object, verdicts: list[Verdict]) -> str:
    """The line of a table, which is also printed; with --show, so are the rows that are answered otherwise."""
    text = line(subject, Counter(each.outcome for each in verdicts))
    print(text, end="", flush=True)
    if "--show" in sys.argv:
        print(*(f"  {each.row}: {each.found[:300]}" for each in verdicts if each.found), sep="\n")
    return text


def _write(begin: str, head: str, lines: list[str], end: str) -> None:
    """Put a table between its marks in the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    PAGE.write_text(before + begin + head + "".join(lines) + end + rest.partition(end)[2], encoding="utf-8")


def _judged() -> Iterator[tuple[Recording, list[Verdict]]]:
    """The verdicts on all recordings, each with a fresh node.

    The clients' copies of modules lie in one directory: in a process, the first client's counts for all.
    """
    with tempfile.TemporaryDirectory() as name:
        modules = Path(name) / "modules"
        modules.mkdir()
        for number, recording in enumerate(RECORDINGS):
            directory = Path(name) / str(number)
            with fresh(directory, *recording.arguments, more=recording.settings) as node:
                yield recording, [*recording.judge(node, modules)]


def _line(recording: Recording, outcomes: Counter[Outcome]) -> str:
    offered = outcomes.total() - outcomes[Outcome.REFUSED]
    same = outcomes[Outcome.SAME]
    cells = (
        f"{recording.title} (`{recording.file}`)",
        f"{outcomes.total():,}",
        f"{outcomes[Outcome.REFUSED]:,}" if outcomes[Outcome.REFUSED] else "-",
        f"{same:,}, {_percent(same, offered)}",
    )
    return f"| {' | '.join(cells)} |\n"


def _valkey_line(group: str, outcomes: Counter[Outcome]) -> str:
    same, rows = outcomes[Outcome.SAME], outcomes.total()
    return f"| {VALKEY_TITLES[group]} (`valkey_{group}.jsonl.gz`) | {rows:,} | {same:,}, {_percent(same, rows)} |\n"


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % is all."""
    return f"{part * 1000 // whole / 10:g} %"


if __name__ == "__main__":
    main()
