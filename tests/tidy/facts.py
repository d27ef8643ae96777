"""What the rules want to know of a source file, read once for all of them.

Facts and not the syntax tree: the trees of all files would fill the memory, and each look at them takes long.
"""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = {"asadm": ROOT / "asadm", "asinfo": ROOT / "asinfo", "asudfd": ROOT / "daemon/asudfd"}
SOURCES = sorted(path.relative_to(ROOT) for folder in PACKAGES.values() for path in folder.rglob("*.py"))


class Function(NamedTuple):
    name: str
    size: int
    nesting: int


class Import(NamedTuple):
    module: str
    names: list[str]
    """What `from module import ...` takes of it."""


class Facts(NamedTuple):
    has_docstring: bool
    functions: list[Function]
    classes: dict[str, int]
    """Lines of each."""

    top_classes: list[str]
    """Those that stand in no other class or function."""

    broad: list[int]
    """Lines where anything is caught and not raised again."""

    prints: list[int]
    imports: list[Import]
    """Wherever they stand."""


@cache
def facts(path: Path) -> Facts:
    """Of a file, whose path begins at the root of the repository."""
    return examine(ast.parse((ROOT / path).read_text(encoding="utf-8")))


def examine(module: ast.Module) -> Facts:
    tops = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
    found = Facts(ast.get_docstring(module) is not None, [], {}, tops, [], [], [])
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.functions.append(Function(node.name, size(node), nesting(node)))
            case ast.ClassDef():
                found.classes[node.name] = (node.end_lineno or 0) - node.lineno
            case ast.ExceptHandler(type=caught) if is_broad(caught) and not passes_on(node):
                found.broad.append(node.lineno)
            case ast.Call(func=ast.Name(id="print")):
                found.prints.append(node.lineno)
            case ast.Import(names=names):
                found.imports.extend(Import(alias.name, []) for alias in names)
            case ast.ImportFrom(module=str(owner), names=names, level=0):
                found.imports.append(Import(owner, [alias.name for alias in names]))
    return found


def is_broad(caught: ast.expr | None) -> bool:
    return caught is None or ast.unparse(caught) in {"Exception", "BaseException"}


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only tidies up and raises what it caught again."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def size(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep the blocks of a function stand in one another; an `elif` is no deeper than its `if`."""
    blocks = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)
    deepest = depth
    for name, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        chained = name == "orelse" and len(children) == 1 and isinstance(children[0], ast.If)
        for child in children:
            if isinstance(child, ast.AST):
                inner = depth + (isinstance(child, blocks) and not chained)
                deepest = max(deepest, nesting(child, inner))
    return deepest
