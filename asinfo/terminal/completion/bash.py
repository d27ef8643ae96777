"""The template of bash; it keeps to what version 3.2 has, whose missing `compopt` only means more names of files."""

from __future__ import annotations

from asinfo.terminal.completion import fill, names, quoted, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asinfo.terminal.completion import Command, CompletionModel

TEMPLATE = r"""# bash completion of @program@; load it with: source <(@program@ --completion bash)
@offer@
_@program@() {
    local line=$COMP_LINE words=() used=' ' piece word before command='' another='' i
    local next='' flags='' keywords='' needs=0 given=0 clause='' kind=''
    # bash cuts words at = and : too; here they become what the program will get.
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ ${#words[@]} == 0 || $line == [[:space:]]* ]]; then
            words+=("$piece")
        else
            words[${#words[@]}-1]+=$piece
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"$piece"}
    done
    local last=$((${#words[@]} - 1))
    word=${words[last]} before=${words[last-1]}
    if [[ $word == --*=* ]]; then
        before=${word%%=*} word=${word#*=}
    fi
    COMPREPLY=()
    compopt +o default 2>/dev/null
    case $before in
@choices@
        @asked@) ;; # see below
        @paths@) compopt -o default 2>/dev/null; return ;; # readline knows best how file names are quoted
        @valued@) return ;;
        @optional@) [[ $word == -* ]] || return ;;
    esac
    for ((i = 1; i < last; i++)); do
        piece=${words[i]}
        case $piece in
            @optional@) [[ ${words[i+1]} == -* ]] || ((i++)); continue ;;
            @valued@) ((i++)); continue ;;
            -*) continue ;;
        esac
        if [[ $given == 0 ]]; then
            case "${command:+$command }$piece" in
                @known@) command+=${command:+ }$piece; continue ;;
            esac
        fi
        case $command in
            @whole@) used+="$piece " given=$((given + 1)); continue ;;
        esac
        case "${command:+$command }$piece" in
            @prefaces@) another=$piece ;;
            [0-9]*) ;; # what watch takes
            *) command='?' ;;
        esac
    done
    case ${command:-$another} in
@cases@
    esac
    [[ $given == 0 ]] || next=''
@kinds@
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "@options@ --help $flags" -- "$word"))
        return
    fi
    case "$command $before" in
        @files@) compopt -o default 2>/dev/null; return ;;
    esac
    case "$command $given" in
        @first@) compopt -o default 2>/dev/null; [[ $word ]] || return ;;
    esac
    if [[ $given -ge $needs && " $keywords " != *" $before "* ]]; then
        for piece in $keywords; do
            [[ $used == *" $piece "* ]] || next+=" $piece"
        done
    fi
    COMPREPLY=($(compgen -W "$next" -- "$word"))
@places@
}
complete -o default -F _@program@ @program@
"""


OFFER = r"""# Adds to COMPREPLY what the program knows of the kind $1; words and word are those of its caller. Asks no node.
_@program@_offer() {
    local value begun=${word#[\'\"]} cut=''
    [[ $COMP_WORDBREAKS == *:* ]] && cut=${begun%"${begun##*:}"} # bash puts what stands before a colon there itself
    while IFS= read -r value; do
        [[ $value && $value == "$begun"* ]] || continue
        value=${value#"$cut"}
        [[ $word == [\'\"]* ]] || printf -v value %q "$value"
        COMPREPLY+=("$value")
    done <<< "$("${words[0]}" --offer "$1" -- "${words[@]:1:last-1}" 2>/dev/null </dev/null)"
    if [[ $1 == functions ]]; then compopt -o nospace 2>/dev/null; fi
}
"""

KINDS = r"""    case $before in
@of_options@
    esac
    case "$command $before" in
@of_commands@
    esac
    if [[ $kind ]]; then
        _@program@_offer $kind
        return
    fi
"""

PLACES = r"""    for piece in $used; do
        [[ " $keywords " == *" $piece "* ]] && clause=$piece
    done
    case "$command ${clause:-$given}" in
@of_places@
    esac
    if [[ $kind ]]; then _@program@_offer $kind; fi
"""


def script(source: CompletionModel) -> str:
    """The script for ``source``."""
    choices = [
        f'        {"|".join(spellings)}) COMPREPLY=($(compgen -W {quoted(" ".join(values))} -- "$word")); return ;;'
        for spellings, values in source.choices
    ]
    follow = [
        f"        {quoted(start)}) next={quoted(' '.join(words))}{_flags(source, start)} ;;"
        for start, words in source.following.items()
        if start not in source.groups
    ]
    return fill(
        TEMPLATE,
        program=source.program,
        choices="\n".join(choices),
        **patterns(source),
        cases="\n".join([*follow, *(_case(source, each) for each in source.commands if not each.another)]),
        options=" ".join(name for option in source.shown for name in names(option)),
        **asking(source, (OFFER, KINDS, PLACES)),
    )


def asking(source: CompletionModel, parts: tuple[str, str, str], opening: str = "") -> dict[str, str]:
    """The ``parts`` about values that the program tells; empty where it tells none."""
    if not source.offered:
        return {"offer": "", "kinds": "", "places": ""}
    filled = branches(source, opening)
    offer, kinds, places = (fill(part, program=source.program, **filled).rstrip("\n") for part in parts)
    return {"offer": offer, "kinds": kinds, "places": places}


def _case(source: CompletionModel, command: Command) -> str:
    keywords = " ".join(command.keywords)
    next_ = (
        f" next={quoted(' '.join(source.groups[command.words]))}" if command.words in source.groups else ""
    )
    return f"        {quoted(command.words)}) flags='{_own(command)}' needs={command.needs} keywords='{keywords}'{next_} ;;"


def _flags(source: CompletionModel, words: str) -> str:
    """The flags of a command that another follows."""
    own = [_own(command) for command in source.commands if command.another and command.words == words]
    return f" flags='{own[0]}'" if own and own[0] else ""


def _own(command: Command) -> str:
    return " ".join(name for option in shown(command.options) for name in names(option))


def branches(source: CompletionModel, opening: str = "") -> dict[str, str]:
    """The branches that find the kind of a value; zsh has its patterns behind an ``opening`` bracket."""

    def branch(found: Iterable[str], kind: str) -> str:
        return f"        {opening}{'|'.join(found)}) kind={kind} ;;"

    of_options = [branch(found, kind) for kind, found in source.of_options.items()]
    of_commands = [
        branch(map(quoted, map(" ".join, found)), kind) for kind, found in source.of_commands.items()
    ]
    of_places = [branch(map(_place, found), kind) for kind, found in source.of_places.items()]
    return {
        "of_options": "\n".join(of_options),
        "of_commands": "\n".join(of_commands),
        "of_places": "\n".join(of_places),
    }


def _place(place: tuple[str, str]) -> str:
    words, where = place
    return f"{quoted(f'{words} ')}*" if where == "*" else quoted(f"{words} {where}")


def patterns(source: CompletionModel) -> dict[str, str]:
    """The patterns of words that the templates of bash and zsh share."""
    return {
        "asked": _alternatives(source.asked),
        "paths": _alternatives(source.paths),
        "valued": _alternatives(source.valued),
        "optional": _alternatives(source.optional),
        "whole": _alternatives(map(quoted, source.whole)),
        "known": _alternatives(map(quoted, source.known)),
        "prefaces": _alternatives(map(quoted, source.prefaces)),
        "files": _alternatives(map(quoted, source.before_files)),
        "first": _alternatives(map(quoted, source.begun_with_files)),
    }


def _alternatives(words: Sequence[str] | map[str]) -> str:
    """``words`` for one branch of a `case`; where there are none, one that fits no word."""
    return "|".join(words) or "' '"
