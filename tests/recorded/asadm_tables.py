"""The tables of asadm beside those of the vendor's, made of the same recorded replies of three real nodes.

The vendor's documents hold each value as it was read (``raw``). Every value that both tables have is compared; where they
differ on purpose, a row of `DIFFERENT` says why.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.recorded.asadm_differences import ABSENT, DIFFERENT, Difference
from tests.recorded.asadm_maps import MAPS, VALUES, TableMap, ValueMap
from tests.recorded.verdict import Row, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FILE = "asadm_tables.jsonl.gz"

Record = dict[str, Any]
"""A row of a table of the vendor's: values by the path of their column, as ``Cluster/Size``."""

NOTHING = {"null", "error", "--", None}
"""The vendor's texts for a value that a node has not, or did not tell."""


ADDRESS = "IP"
"""A column that is not compared: where a node was asked, which is its name here."""


def cases() -> list[Row]:
    """The recorded runs, in order."""
    return read(FILE)


def records(document: dict[str, Any], also: Record) -> Iterator[Record]:
    """The rows of a table of the vendor's, each with what is told of all."""
    for group in document["groups"]:
        for record in group["records"]:
            yield {**also, **dict(_flat(record, ""))}


def sums(document: dict[str, Any], also: Record, keys: Collection[str]) -> Iterator[Record]:
    """What it says that the rows of each group come to; its keys are those of the first of them."""
    for group in document["groups"]:
        if "aggregates" in group:
            first = dict(_flat(group["records"][0], ""))
            told = {key: first[key] for key in keys if key in first}
            if "error" not in told.values():  # that is a group of nodes that failed
                yield {**also, **dict(_flat(group["aggregates"], "")), **told}


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if "raw" in value and not isinstance(value["raw"], dict):
            yield before + name, value["raw"]
        else:
            yield from _flat(value, f"{before}{name}/")


class Comparison:
    """One recorded run beside ours: ``compared`` counts values, ``differences`` are those that are not the same, ``explained`` counts
    those on purpose, by their reason.

    ``nodes`` is where each node of the run listens now, by its port; ``unmapped`` are titles and columns that nothing of ours is for.
    """

    def __init__(self, command: str, addresses: dict[str, str]) -> None:
        self.command = command
        self.nodes = {name.rpartition(":")[2]: address for name, address in addresses.items()}
        self.compared: Counter[str] = Counter()
        self.explained: Counter[str] = Counter()
        self.differences: list[Difference] = []
        self.unmapped: set[str] = set()

    def compare(self, documents: list[dict[str, Any]], tables: list[dict[str, Any]]) -> None:
        """Each of the vendor's tables with ours."""
        for document in documents:
            title = re.sub(r" ?\(\d{4}-.*", "", document["title"])
            if match := next(filter(None, (each.title.fullmatch(title) for each in MAPS)), None):
                map_ = next(each for each in MAPS if each.title is match.re)
                self._table(map_, title, document, match.groupdict(), tables)
            elif values := next((each for each in VALUES if each.title.fullmatch(title)), None):
                self._values(values, title, list(records(document, {})), tables)
            else:
                self.unmapped.add(title)

    def _table(
        self,
        map_: TableMap,
        title: str,
        document: dict[str, Any],
        also: Record,
        tables: list[dict[str, Any]],
    ) -> None:
        mine = [table for table in tables if map_.name.fullmatch(table["name"])]
        totals = [{"state": "ok", **total} for table in mine for total in table.get("totals", ())]
        rows = totals if map_.totals else [row for table in mine for row in table["rows"]]
        self._rows(map_, title, list(records(document, also)), rows)
        if not map_.totals:
            theirs = list(sums(document, also, map_.keys))
            self._rows(map_, f"{title}, sums", theirs, totals if theirs else [])

    def _rows(self, map_: TableMap, title: str, theirs: list[Record], mine: list[dict[str, Any]]) -> None:
        rows = {self._own_key(map_, row): row for row in mine}
        failed = {row["node"] for row in mine if row.get("state", "ok") != "ok"}
        namespaces = {record.get("Namespace") for record in theirs}
        for record in theirs:
            key = self._their_key(map_, record)
            if key[0] in failed:
                continue
            if key not in rows:
                self._differs(title, key, record, ABSENT)
            else:
                self._row(map_, title, key, record, rows.pop(key))
        for key, row in rows.items():
            if key[0] not in failed and theirs and row.get("namespace") in {None, *namespaces}:
                self._differs(title, key, ABSENT, row)

    def _row(
        self, map_: TableMap, title: str, key: tuple[str, ...], record: Record, row: dict[str, Any]
    ) -> None:
        for theirs, vendor in record.items():
            name = map_.column(theirs)
            if theirs in {*map_.keys, map_.node, ADDRESS} or (_is_nothing(vendor) and name is None):
                continue
            if name is None:
                self.unmapped.add(f"{title}: {theirs}")
                continue
            share = theirs in map_.shares and isinstance(vendor, float)
            found = Difference(
                self.command, title, " ".join(key), theirs, vendor * 100 if share else vendor, row.get(name)
            )
            self._value(map_.name.pattern, found)

    def _values(self, map_: ValueMap, title: str, theirs: list[Record], tables: list[dict[str, Any]]) -> None:
        match = map_.title.fullmatch(title)
        assert match
        mine = [
            table
            for table in tables
            if table["name"] == map_.name
            and all(table.get(name) == value for name, value in match.groupdict().items())
        ]
        rows = {row["node"]: row for table in mine for row in table["rows"]}
        for record in theirs:
            node = self._node(record)
            if node not in rows:
                self._differs(title, (node,), record, ABSENT)
            elif rows[node]["state"] == "ok":
                self._row_of_values(map_, title, node, record, rows[node]["values"] or {})

    def _row_of_values(
        self, map_: ValueMap, title: str, node: str, record: Record, values: dict[str, Any]
    ) -> None:
        for name in record.keys() - {"Node"}:
            ours = values.get(name)
            text = {True: "true", False: "false"}[ours] if isinstance(ours, bool) else ours
            vendor = map_.words.get(record[name], record[name]) if map_.words else record[name]
            self._value(map_.name, Difference(self.command, title, node, name, vendor, text))
        for name in values.keys() - record.keys():
            self._note(Difference(self.command, title, node, name, ABSENT, values[name]))

    def _value(self, name: str, found: Difference) -> None:
        """One value of both; texts of the vendor's that stand for none are none."""
        self.compared[name] += 1
        if _is_nothing(found.vendor):
            found = found._replace(vendor=None)
        if not same(found.vendor, found.ours):
            self._note(found)

    def _differs(self, table: str, key: tuple[str, ...], vendor: object, ours: object) -> None:
        """One of both has no such row."""
        self._note(Difference(self.command, table, " ".join(key), "", vendor, ours))

    def _note(self, found: Difference) -> None:
        reason = next((each for each in DIFFERENT if each.explains(found)), None)
        if reason is None:
            self.differences.append(found)
        else:
            self.explained[reason.text] += 1

    def _node(self, record: Record, column: str = "Node") -> str:
        node = str(record.get(column, ""))
        return self.nodes.get(node.rpartition(":")[2], node)

    def _their_key(self, map_: TableMap, record: Record) -> tuple[str, ...]:
        return (self._node(record, map_.node), *(_key(record.get(each)) for each in map_.keys))

    @staticmethod
    def _own_key(map_: TableMap, row: dict[str, Any]) -> tuple[str, ...]:
        return (row.get("node", ""), *(_key(row.get(each)) for each in map_.keys.values()))


def _is_nothing(value: object) -> bool:
    """Whether it stands for no value."""
    return isinstance(value, str | None) and value in NOTHING


def _key(value: object) -> str:
    return "" if _is_nothing(value) else str(value)


def same(vendor: object, ours: object) -> bool:
    """Whether both say the same; numbers that were computed may differ in their last digits."""
    if isinstance(vendor, float) and isinstance(ours, int | float) and not isinstance(ours, bool):
        return abs(vendor - ours) <= 1e-9 * max(1.0, abs(vendor))
    return vendor == ours and isinstance(vendor, bool) == isinstance(ours, bool)
