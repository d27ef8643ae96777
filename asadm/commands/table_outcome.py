"""Tables as what a command gives: sheets for a person, a document for programs."""

from __future__ import annotations

from asadm.outcome import FAILED, CommandOutcome, exit_code

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.commands.modifiers import FigureSelection
    from asadm.outcome import NodeAnswer
    from asadm.tables.shared import SharedTable
    from asadm.tables.table import Table
    from asadm.tables.values import ValueTable


def tables_outcome(
    answers: Sequence[NodeAnswer],
    tables: Sequence[Table | SharedTable | ValueTable],
    *,
    nothing: str = "there is nothing to show",
    messages: Sequence[str] = (),
    code: int | None = None,
    empty: int = FAILED,
) -> CommandOutcome:
    """What is shown of ``tables``. Where there are none, ``nothing`` says so, and the exit code is ``empty`` at least, 1 as grep's is.

    Failed nodes are rows of each table; where there is none, they are named on standard error.
    """
    said = list(messages)
    code = exit_code(answers) if code is None else max(code, exit_code(answers))
    if not tables:
        if any(answer.good for answer in answers):
            said.append(nothing)
        code = max(code, empty)
    return CommandOutcome(
        answers,
        [table.sheet() for table in tables],
        messages=said,
        code=code,
        extra={"tables": [table.document() for table in tables]},
        told=bool(tables),
    )


def tables_or_nothing(
    answers: Sequence[NodeAnswer], tables: Sequence[Table | SharedTable], asked: FigureSelection
) -> CommandOutcome:
    """Those of ``tables`` that have rows, or tell of nodes that failed; where patterns match nothing, what says so.

    That there is nothing at all is a good answer, and an empty table.
    """
    shown = [table for table in tables if table.rows or table.failed or not asked.words]
    return tables_outcome(answers, shown, nothing=asked.nothing)
