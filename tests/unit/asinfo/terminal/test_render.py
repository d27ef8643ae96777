"""A sheet on a terminal, in a pipe and as JSON."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.terminal.render import Cell, Sheet, plain, show
from asinfo.text import visible

SHEET = Sheet(
    "Modules",
    ["module", "n1", "calls"],
    [["a.lua", Cell("ok", "good"), 3], [Cell("evil\x1b[31m\n", "bad"), None, 1234567], ["ünï.lua", "", 2.5]],
    note="2 of 3",
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain() -> None:
    assert plain(SHEET) == (
        "Modules\n"
        "module          n1  calls\n"
        "a.lua           ok  3\n"
        "evil\\x1b[31m\\n  -   1234567\n"
        "ünï.lua         -   2.5\n"
        "2 of 3\n"
    )
    stream = io.StringIO()
    show(SHEET, stream)
    assert stream.getvalue() == plain(SHEET)
    assert plain(Sheet("", ["a"], [])) == "a\n"


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    colours = Terminal()
    show(SHEET, colours)
    assert "\x1b[32m" in colours.getvalue()
    assert "\x1b[31m\n" not in colours.getvalue()
    for argument, variable in ((False, None), (None, "1")):
        if variable:
            monkeypatch.setenv("NO_COLOR", variable)
        stream = Terminal()
        show(SHEET, stream, colour=argument)
        assert "\x1b[32m" not in stream.getvalue()
        assert "1234567" in stream.getvalue()


def test_columns_without_content_go_first_and_then_the_widest_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = ["Node", "Empty", "Name", "State"]
    rows = [["10.0.0.1:3000", None, "a-very-long-name-indeed", "ok"], ["10.0.0.2:3000", None, "b", "ok"]]

    def shown(width: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        stream = Terminal()
        show(Sheet("", columns, rows), stream, colour=False)
        return [line.rstrip() for line in stream.getvalue().splitlines()]

    assert "Empty" in shown(80)[0]
    assert shown(50)[2] == "10.0.0.1:3000  a-very-long-name-indeed  ok"
    assert shown(35)[2] == "10.0.0.1:3000  a-very-long-\u2026  ok"
    assert shown(31)[2] == "\u20260.0.1:3000  a-very-lon\u2026  ok"
    assert shown(30)[0] == "10.0.0.1:3000"


def test_a_long_word_in_the_last_column_takes_no_room_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    show(Sheet("", ["Name", "Note"], [["a-long-name-indeed", "w" * 30]]), stream, colour=False)
    lines = [line.split() for line in stream.getvalue().splitlines()[2:]]
    assert lines == [["a-long-name-indeed", "w" * 20], ["w" * 10]]


def test_the_last_name_is_cut_as_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    names = [f"db{number}.vienna.example.net" for number in (1, 2)]
    show(Sheet("", ["Module", *names], [["a.lua", "0123456789", "w" * 20]]), stream, colour=False)
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert lines[0] == ["Module", "db1.vienna.ex\u2026", "db2.vienna.exam\u2026"]
    assert lines[2:] == [["a.lua", "0123456789", "w" * 16], ["w" * 4]]


def test_long_texts_are_cut_then_details_go_then_the_rest_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["a-long-name-indeed", "1", "2", "ok"]
    sheet = Sheet("", ["Name", "One", "Two", "State"], [row], details=["One", "Two"])

    def shown(width: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        stream = Terminal()
        show(sheet, stream, colour=False)
        return [line.rstrip() for line in stream.getvalue().splitlines()]

    assert shown(35)[2] == "a-long-name-indeed  1    2    ok"
    assert shown(30)[2] == "a-long-name-\u2026  1    2    ok"
    assert shown(29)[2:] == ["a-long-name-inde\u2026  1    ok", "1 column more on a wider", "terminal"]
    assert shown(25)[2] == "a-long-name-\u2026  1    ok"
    assert shown(22)[2:] == ["a-long-name-in\u2026  ok", "2 columns more on a", "wider terminal"]
    assert shown(18)[2] == "a-long-nam\u2026  ok"


def test_details_go_before_addresses_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"host-of-the-rack.example-{number}:3000", "1", "ok"] for number in (1, 2)]
    sheet = Sheet("", ["Node", "One", "State"], rows, details=["One"])
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    show(sheet, stream, colour=False)
    shown = stream.getvalue()
    assert "host-of-the-rack.example-1:3000" in shown
    assert "One" not in shown


def test_names_and_ids_stay_whole_while_a_detail_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = Terminal()
    row = ["12344938642282475805", "detail", "ok"]
    show(Sheet("", ["ID", "One", "State"], [row], details=["One"], whole=["ID"]), stream, colour=False)
    assert "12344938642282475805  ok" in stream.getvalue()
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    show(Sheet("", ["ID", "One", "State"], [row], details=["One"], whole=["ID"]), stream, colour=False)
    assert "123449386422\u2026" in stream.getvalue()


@pytest.mark.parametrize(
    ("columns", "tall"),
    [("80", False), ("47", False), ("40", False), ("38", False), ("37", True), ("20", True)],
)
def test_a_row_that_does_not_fit_becomes_a_block(
    monkeypatch: pytest.MonkeyPatch, columns: str, tall: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    stream = Terminal()
    row: list[Cell | str | float | None] = [
        "127.0.0.1:3000",
        "8.1.2.0",
        Cell("refused: connection refused by the peer", "bad"),
    ]
    show(Sheet("Network", ["Node", "A long column", "State"], [row], "0 of 1"), stream, colour=False)
    lines = stream.getvalue().splitlines()
    assert all(len(line) <= int(columns) for line in lines)
    assert ("127.0.0.1:3000" in lines) == tall
    assert ("  A long column  8.1.2.0" in map(str.rstrip, lines)) == (columns == "37")
    assert lines[-1] == "0 of 1"


def test_markup_is_text() -> None:
    stream = Terminal()
    show(Sheet("[bold]t[/]", ["[red]c"], [["[/nope]"]]), stream, colour=False)
    assert all(text in stream.getvalue() for text in ("[bold]t[/]", "[red]c", "[/nope]"))


@given(st.text())
def test_visible(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)
