"""Help texts for narrow terminals."""

from asinfo.terminal.reflow import LINE_WIDTH, reflowed

TEXT = """\
A line that fills a row of the text, and with that says that the next line is of the same paragraph as it
is, which ends here.
A short line.

Examples:
  a first column                 and a second one that does not fit into the line
  a                              second
  a first column that leaves little          for the second one
  a line without columns that is longer than all the others are"""


def test_a_wide_terminal_gets_the_text_as_it_is() -> None:
    assert reflowed(TEXT, LINE_WIDTH) == TEXT.splitlines()


def test_paragraphs_are_filled_and_columns_stay() -> None:
    assert reflowed(TEXT, 60) == [
        "A line that fills a row of the text, and with that says that",
        "the next line is of the same paragraph as it is, which ends",
        "here.",
        "A short line.",
        "",
        "Examples:",
        "  a first column                 and a second one that does",
        "                                 not fit into the line",
        "  a                              second",
        "  a first column that leaves little",
        "      for the second one",
        "  a line without columns that is longer than all the others",
        "      are",
    ]
