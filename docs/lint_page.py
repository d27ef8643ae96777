"""The page of what `asadm udf lint` finds, from the table of codes."""

from __future__ import annotations

from asinfo.lint.codes import CODES
from docs.program import GENERATED

_HEAD = f"""# asadm udf lint

<!-- {GENERATED} -->

`asadm udf lint DIR|FILE...` checks Lua modules without any node: whether a node takes them, and what in them is likely a mistake. `asadm udf plan`
and `asadm udf apply` do the same with what they are about to send; `--no-lint` leaves it out.

An **error** is what a node refuses when the module is registered. A **warning** is what fails, or surprises, when a function is called.

## Ignore a finding

- `-- lint: ignore CODE` at the end of a line, or on a line of its own above it; several codes stand between commas,
  and a reason behind another `--`
- `-- lint: ignore-file CODE` anywhere in a file, for all of it

## Where it runs

- an editor: [aerospike.d.lua](../config/lua/aerospike.d.lua) has what a module sees for the Lua language server, with
  [.luarc.json](../config/lua/.luarc.json) for the root of a project; [.luacheckrc](../config/lua/.luacheckrc) is for luacheck
- a node beside an editor: `asudfd --udf DIR` has what is found in its log, at the start and at each save
- before each commit: the hook `asadm-udf-lint` of [.pre-commit-hooks.yaml](../.pre-commit-hooks.yaml)
- GitHub: the [action](../config/ci/lint-action/action.yml), or `--format github` for annotations and `--format sarif` for code scanning

## Codes
"""


def page() -> str:
    """docs/lint.md."""
    sections = [_HEAD, "| code | | |\n|---|---|---|"]
    sections += [f"| [{code.name}](#{code.name}) | {code.level} | {code.title} |" for code in CODES.values()]
    for code in CODES.values():
        sections.append(f"\n### {code.name}\n\n{code.title} ({code.level}). {code.text}")
        if code.wrong:
            sections.append(f"\n```lua\n{code.wrong}```\n\nWithout it:\n\n```lua\n{code.right}```")
    return "\n".join(sections) + "\n"
