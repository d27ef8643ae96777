"""Completion scripts for bash, zsh and fish, made from the table of commands and the table of options.

The scripts hold the words themselves: pressing Tab starts no program.
"""

from __future__ import annotations

from asadm import commands, statement
from asadm.flags import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.options import Option


def script(shell: str) -> str:
    """The script for ``shell`` (``bash``, ``zsh`` or ``fish``), to be sourced."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def paths() -> dict[str, list[str]]:
    """What may follow each beginning of a command: ``{"": ["asinfo", ...], "manage": ["udfs"], ...}``.

    After a whole command stand its keywords and flags.
    """
    found: dict[str, list[str]] = {}
    for row in commands.TABLE:
        for position, word in enumerate(row.words):
            nexts = found.setdefault(" ".join(row.words[:position]), [])
            if word not in nexts:
                nexts.append(word)
        options: tuple[Option, ...] = getattr(statement.load(row), "OPTIONS", ())
        keywords = [clause.strip("[]").split()[0] for clause in row.clauses]
        found[row.name] = [*keywords, *(f"--{option.name}" for option in options if not option.hidden)]
    return found


def _spellings() -> list[str]:
    return [
        spelling
        for option in OPTIONS
        if not option.hidden
        for spelling in ([f"-{option.short}"] if option.short else []) + [f"--{option.name}"]
    ]


def _valued() -> str:
    """The options that take a value, as a pattern of ``case``."""
    return "|".join(
        spelling
        for option in OPTIONS
        if option.kind not in {"flag", "optional"}
        for spelling in ([f"-{option.short}"] if option.short else []) + [f"--{option.name}"]
    )


def _cases() -> str:
    return "\n".join(f'    "{path}") words="{" ".join(words)}" ;;' for path, words in paths().items())


_BODY = """\
  local path="" word words skip=""
  for word in "${before[@]}"; do
    if [ -n "$skip" ]; then skip=""; continue; fi
    case "$word" in
    VALUED) skip=1 ;;
    -*) ;;
    *) path="${path:+$path }$word" ;;
    esac
  done
  while :; do
    case "$path" in
CASES
    *) if [ "$path" = "${path% *}" ]; then words=""; else path="${path% *}"; continue; fi ;;
    esac
    break
  done
  [ -z "$path" ] && words="$words OPTIONS"
"""


def _body() -> str:
    return (
        _BODY.replace("VALUED", _valued())
        .replace("CASES", _cases())
        .replace("OPTIONS", " ".join(_spellings()))
    )


def _bash() -> str:
    return f"""\
# bash completion of asadm; use: source <(asadm --completion bash)
_asadm() {{
  local before=("${{COMP_WORDS[@]:1:COMP_CWORD-1}}") current="${{COMP_WORDS[COMP_CWORD]}}"
{_body()}\
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${{#COMPREPLY[@]}} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _asadm asadm
"""


def _zsh() -> str:
    """Zsh runs the script of bash through the adapter that comes with it."""
    return f"""\
# zsh completion of asadm; use: source <(asadm --completion zsh)
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
{_bash()}"""


def _fish() -> str:
    lines = ["# fish completion of asadm; use: asadm --completion fish | source"]
    for option in OPTIONS:
        if not option.hidden:
            short = f" -s {option.short}" if option.short else ""
            value = "" if option.kind == "flag" else " -r"
            lines.append(f"complete -c asadm{short} -l {option.name}{value} -d {_quoted(option.help)}")
    summaries = {row.name: row.summary for row in commands.TABLE}
    for path, words in paths().items():
        seen = " and ".join(f"__fish_seen_subcommand_from {word}" for word in path.split())
        for word in words:
            if not word.startswith("--"):
                about = summaries.get(f"{path} {word}".strip(), "")
                condition = seen or "__fish_use_subcommand"
                lines.append(f"complete -c asadm -n '{condition}' -a {word} -d {_quoted(about)}")
            else:
                lines.append(f"complete -c asadm -n '{seen}' -l {word[2:]}")
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
