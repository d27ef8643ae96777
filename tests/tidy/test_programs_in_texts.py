"""Programs that tests and pages run as a text import only what there is: no type checker looks into a string."""

import ast
import importlib
import importlib.util
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from tests.each import for_each

ROOT = Path(__file__).parents[2]
OURS = ("asinfo", "asadm", "asudfd", "tests")
PATHS = sorted(path for folder in ("tests", "docs") for path in (ROOT / folder).rglob("*.py"))


def programs(source: str) -> Iterator[ast.Module]:
    """The texts in ``source`` that are programs which import something of ours."""
    for node in ast.walk(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "_1"
            for part in parts
            if isinstance(part, (ast.Constant, ast.FormattedValue))
        )
        if "import" in text and any(name in text for name in OURS):
            try:
                yield ast.parse(textwrap.dedent(text))
            except SyntaxError:
                continue  # prose


def imported(program: ast.Module) -> dict[str, object]:
    """What a program imports of ours, by the names that it has there. Raises ImportError and AssertionError."""
    found: dict[str, object] = {}
    for node in ast.walk(program):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    assert importlib.util.find_spec(f"{node.module}.{alias.name}"), (node.module, alias.name)
                    importlib.import_module(f"{node.module}.{alias.name}")
                found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


@for_each(PATHS)
def test_a_program_names_only_what_there_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for program in programs(source) if "import" in source else ():
        names = imported(program)
        for node in ast.walk(program):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                owner = names.get(node.value.id)
                assert not isinstance(owner, ModuleType) or hasattr(owner, node.attr), ast.unparse(node)
