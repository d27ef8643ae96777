"""`make docs`: pages and manual pages, from tables in the source and the figures of the benchmarks."""

from __future__ import annotations

from pathlib import Path

import asinfo
from asinfo.lint import definitions
from asudfd.config import full, page
from docs import (
    bench_page,
    completions,
    info_commands,
    json_documents,
    lint_page,
    lua_api,
    programs,
    valkey_commands,
)
from docs.program import manual, markdown

ROOT = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    """Every generated file: path from the root, and content."""
    found = {
        "docs/parameters.md": page.page(),
        "docs/info-commands.md": info_commands.page(),
        "docs/valkey-commands.md": valkey_commands.page(),
        "docs/json.md": json_documents.page(),
        "docs/lint.md": lint_page.page(),
        "docs/lua-api.md": lua_api.page(),
        "config/lua/aerospike.d.lua": definitions.definitions(),
        "config/lua/.luarc.json": definitions.luarc("."),
        "config/lua/.luacheckrc": definitions.luacheckrc(),
        "docs/benchmarks.md": bench_page.page(),
        "config/asudfd-full.conf": full.text(),
    }
    found |= completions.scripts()
    for program in programs.programs():
        found[f"docs/{program.name}.md"] = markdown(program)
        found[f"docs/man/{program.name}.1"] = manual(program, asinfo.__version__)
    return found


def main() -> None:
    """Write what changed."""
    for name, content in pages().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main()
