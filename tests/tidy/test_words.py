"""One meaning for each word: a class name stands once, and the glossary names classes that there are."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for package in ("asinfo", "asadm", "daemon/asudfd")
    for path in sorted((ROOT / package).rglob("*.py"))
]
CLASSES = Counter(
    node.name
    for path in SOURCES
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
)
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_a_class_name_stands_once() -> None:
    """Also where one of them is private: whoever searches for the word finds both."""
    names = Counter(name.removeprefix("_") for name in CLASSES.elements())
    assert not [name for name, count in names.items() if count > 1]


def test_the_glossary_names_classes() -> None:
    words = re.findall(r"^\| ([^|`]+) \| `(\w+)` \|", GLOSSARY, re.MULTILINE)
    assert words
    assert len({word for word, _ in words}) == len({name for _, name in words}) == len(words)
    assert not [name for _, name in words if CLASSES[name] != 1]


def test_the_glossary_is_a_page() -> None:
    assert len(GLOSSARY.splitlines()) <= 60
