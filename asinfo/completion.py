"""Completion scripts of bash, zsh and fish, made from an option table and a list of commands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.options import Option


def script(shell: str, program: str, options: Sequence[Option], phrases: Sequence[str] = ()) -> str:
    """The script of ``shell`` (bash, zsh or fish).

    ``phrases`` are the commands of the program, words with blanks between: ``show udfs``.
    """
    shown = [option for option in options if not option.hidden]
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](program, shown, phrases)


def _names(option: Option) -> list[str]:
    return ([f"-{option.short}"] if option.short else []) + [f"--{option.name}"]


def _takes_path(option: Option) -> bool:
    return option.metavar in {"PATH", "FILE", "DIRECTORY"}


def _next_words(phrases: Sequence[str]) -> dict[str, list[str]]:
    """The words that may follow each beginning of a phrase."""
    found: dict[str, list[str]] = {}
    for phrase in phrases:
        words = phrase.split()
        for position, word in enumerate(words):
            after = found.setdefault(" ".join(words[:position]), [])
            if word not in after:
                after.append(word)
    return found


def _bash(program: str, options: Sequence[Option], phrases: Sequence[str]) -> str:
    valued = [name for option in options if option.kind != "flag" for name in _names(option)]
    paths = [name for option in options if _takes_path(option) for name in _names(option)]
    names = " ".join(name for option in [*options] for name in _names(option))
    choices = "".join(
        f"        {'|'.join(_names(option))}) COMPREPLY=($(compgen -W '{' '.join(option.choices)}' -- \"$word\")); return ;;\n"
        for option in options
        if option.choices
    )
    follow = "".join(
        f"        '{start}') words='{' '.join(words)}' ;;\n" for start, words in _next_words(phrases).items()
    )
    return f"""\
# bash completion of {program}; load it with: source <({program} --completion bash)
_{program}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} phrase='' words='' i
    COMPREPLY=()
    case $before in
{choices}        {"|".join(paths) or "--"}) COMPREPLY=($(compgen -f -- "$word")); return ;;
        {"|".join(valued)}) return ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W '{names} --help' -- "$word"))
        return
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            {"|".join(valued)}) ((i++)) ;;
            -*) ;;
            *) phrase="${{phrase:+$phrase }}${{COMP_WORDS[i]}}" ;;
        esac
    done
    case $phrase in
{follow}        *) ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _{program} {program}
"""


def _zsh(program: str, options: Sequence[Option], phrases: Sequence[str]) -> str:
    lines: list[str] = []
    for option in options:
        text = option.help.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        action = f":{option.metavar.replace(':', ' ')}:" if option.kind != "flag" else ""
        if option.choices:
            action += f"({' '.join(option.choices)})"
        elif _takes_path(option):
            action += "_files"
        many = "*" if option.kind == "list" else ""
        lines.extend(f"        '{many}{name}[{text}]{action}' \\\n" for name in _names(option))
    follow = "".join(
        f"        '{start}') compadd -- {' '.join(words)} ;;\n"
        for start, words in _next_words(phrases).items()
    )
    return f"""\
#compdef {program}
# zsh completion of {program}; load it with: source <({program} --completion zsh)
_{program}() {{
    local context state state_descr phrase
    local -a line
    local -A opt_args
    _arguments -C \\
{"".join(lines)}        '(-E --help)'{{-E,--help}}'[Print the help.]' \\
        '*::word:->words'
    [[ $state == words ]] || return
    phrase="${{words[1,CURRENT-1]}}"
    case $phrase in
{follow}        *) ;;
    esac
}}
if [[ $funcstack[1] == _{program} ]]; then
    _{program} "$@"
else
    compdef _{program} {program}
fi
"""


def _fish(program: str, options: Sequence[Option], phrases: Sequence[str]) -> str:
    lines = [
        f"# fish completion of {program}; load it with: {program} --completion fish | source",
        f"complete -c {program} -f",
    ]
    for option in options:
        text = option.help.replace("\\", "\\\\").replace("'", "\\'")
        short = f" -s {option.short}" if option.short else ""
        value = "" if option.kind == "flag" else " -x"
        if option.choices:
            value += f" -a '{' '.join(option.choices)}'"
        elif _takes_path(option):
            value = " -r -F"
        lines.append(f"complete -c {program}{short} -l {option.name}{value} -d '{text}'")
    for start, words in _next_words(phrases).items():
        condition = f"__fish_seen_subcommand_from {start.split()[-1]}" if start else "__fish_use_subcommand"
        lines.append(f"complete -c {program} -n '{condition}' -a '{' '.join(words)}'")
    return "\n".join(lines) + "\n"
