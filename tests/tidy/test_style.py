"""The project's style, as tests over its own source: sizes, names, and who may do what."""

import re
import statistics
from pathlib import Path

import pytest

from tests.each import for_each
from tests.tidy.facts import ROOT, SOURCES, facts

TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))

FILE_LINES_MAX = 450
TEST_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_MEDIAN, FUNCTION_LINES_P90 = 6, 17
CLASS_LINES_MAX = 350
NESTING_MAX = 4

BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|common|base|misc)(_|$)")
BANNED_CLASSES = re.compile(r"(Utils?|Helpers?|Manager|Common|Base|Handler)$")

POSSESSIVE_GROUP = re.compile(r"\)[*+?]\+(?!\{)")
"""What Python up to 3.11.4 matches wrongly where the group may be matched in several ways. A POSIX pattern may have it before a count."""

BROAD_EXCEPT = {
    "daemon/asudfd/embedded.py": "the edge of a thread: whatever ends it is raised in the thread that waits for the node",
    "daemon/asudfd/network/reactor.py": "the edge of a loop of sockets: one connection's fault ends no other",
    "daemon/asudfd/aerospike/info/dispatch.py": "the edge of the info protocol: a fault in one command may not end a connection",
    "daemon/asudfd/smd/etcd/watch_cache.py": "the edge of etcd: one key that somebody else wrote may not stop all that follow",
    "daemon/asudfd/lua/context.py": "the edge to Lua: an exception that crossed it would be a Python object in the sandbox",
    "daemon/asudfd/lua/line_watch.py": "the same edge to Lua",
    "daemon/asudfd/aerospike/message/single/executor.py": "the edge of the record protocol: a fault in one request may not end a connection",
    "daemon/asudfd/aerospike/message/single/call_cache.py": "the same edge, for plain calls",
    "daemon/asudfd/aerospike/message/single/udf_soon.py": "the same edge, for plain calls that go to a worker together",
    "daemon/asudfd/aerospike/message/single/write_cache.py": "the same edge, for plain puts",
}
"""Where any exception may be caught, and why; the edges are the connection and the worker thread."""


@for_each(SOURCES)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert facts(path).has_docstring


@for_each(SOURCES + TESTS)
def test_a_file_is_not_too_long(path: Path) -> None:
    limit = TEST_FILE_LINES_MAX if path.parts[0] == "tests" else FILE_LINES_MAX
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= limit


@for_each(SOURCES)
def test_a_function_is_not_too_long_nor_too_deep(path: Path) -> None:
    for function in facts(path).functions:
        assert function.size <= FUNCTION_LINES_MAX, function.name
        assert function.nesting <= NESTING_MAX, function.name


@for_each(SOURCES)
def test_no_regular_expression_repeats_a_group_possessively(path: Path) -> None:
    assert not POSSESSIVE_GROUP.search((ROOT / path).read_text(encoding="utf-8"))


@for_each(SOURCES)
def test_a_class_is_not_too_long(path: Path) -> None:
    for name, lines in facts(path).classes.items():
        assert lines < CLASS_LINES_MAX, name


def test_most_functions_are_short() -> None:
    sizes = [function.size for path in SOURCES for function in facts(path).functions]
    assert statistics.median(sizes) <= FUNCTION_LINES_MEDIAN
    assert sorted(sizes)[len(sizes) * 9 // 10] <= FUNCTION_LINES_P90


@for_each(SOURCES + TESTS)
def test_names_say_something(path: Path) -> None:
    assert not BANNED_NAMES.search(path.stem)
    classes = re.findall(r"^ *class (\w+)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert not [name for name in classes if BANNED_CLASSES.search(name)]


@for_each(SOURCES)
def test_only_the_edges_catch_everything(path: Path) -> None:
    assert not facts(path).broad or str(path) in BROAD_EXCEPT, f"lines {facts(path).broad}"


@for_each(SOURCES)
def test_nobody_prints(path: Path) -> None:
    """Commands return data; the edges of the programs write it, and know what happens when nobody reads."""
    assert facts(path).prints == []


@pytest.mark.parametrize("name", BROAD_EXCEPT)
def test_the_list_of_edges_is_up_to_date(name: str) -> None:
    assert re.search(r"except (Base)?Exception", (ROOT / name).read_text(encoding="utf-8"))


@for_each(SOURCES + TESTS)
def test_a_suppression_has_its_reason_beside_it(path: Path) -> None:
    for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
        found = re.search(r"#\s*(noqa|type:\s*ignore)(.*)", line)
        if found:
            assert re.match(r"(: [A-Z0-9, ]+|\[[a-z-]+(, ?[a-z-]+)*\])\s+[-#] ?\S", found[2]), (
                f"line {number}: {line}"
            )


@for_each(SOURCES + TESTS)
def test_work_left_over_has_a_name(path: Path) -> None:
    left = re.compile(r"\b([T]ODO|[F]IXME|[X]XX)\b(?!\([a-z])")  # written so that it does not find itself
    assert not left.search((ROOT / path).read_text(encoding="utf-8"))
