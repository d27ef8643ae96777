"""One meaning for each word: a class name stands once, and the glossary names classes that there are."""

import builtins
import re
from collections import Counter

from tests.tidy.facts import ROOT, SOURCES, facts

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def classes() -> list[str]:
    return [name for path in SOURCES for name in facts(path).top_classes]


def test_a_class_name_stands_once() -> None:
    """Also where one of them is private: whoever searches for the word finds both."""
    names = Counter(name.removeprefix("_") for name in classes())
    assert not [name for name, count in names.items() if count > 1]


RAISED = re.compile(r"\bRaises? ([A-Z]\w+(?:(?:, (?:and |or )?| and | or )[A-Z]\w+)*)")


def test_docstrings_name_errors_that_there_are() -> None:
    known = {*classes(), *dir(builtins)}
    unknown = []
    for path in SOURCES:
        text = (ROOT / path).read_text(encoding="utf-8")
        named = {name for found in RAISED.findall(text) for name in re.findall(r"\b[A-Z]\w+", found)}
        unknown += [
            f"{path}: {name}" for name in named - known if not re.search(rf"import [^#\n]*\b{name}\b", text)
        ]
    assert not unknown


def test_the_glossary_names_classes() -> None:
    words = re.findall(r"^\| ([^|`]+) \| `(\w+)` \|", GLOSSARY, re.MULTILINE)
    assert words
    assert len({word for word, _ in words}) == len({name for _, name in words}) == len(words)
    counts = Counter(classes())
    assert not [name for _, name in words if counts[name] != 1]


def test_the_glossary_is_a_page() -> None:
    assert len(GLOSSARY.splitlines()) <= 60
