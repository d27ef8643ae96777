"""The template of zsh; it works sourced and as a file `_asadm` in a directory of `fpath`."""

from __future__ import annotations

from asinfo.terminal.completion import fill, names, quoted, shown
from asinfo.terminal.completion.bash import asking, patterns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.terminal.completion import Command, CompletionModel
    from asinfo.terminal.options import Option

TEMPLATE = r"""#compdef @program@
# zsh completion of @program@; load it with: source <(@program@ --completion zsh)
@offer@
_@program@() {
    local piece command another clause kind before=${(Q)words[CURRENT-1]}
    local -a next keywords used flags
    integer i needs=0
    if [[ $PREFIX == --*=* ]]; then
        before=${PREFIX%%=*}
        compset -P '*='
    fi
    case $before in
@choices@
        (@asked@) ;; # see below
        (@paths@) _files; return ;;
        (@valued@) return 1 ;;
        (@optional@) [[ $PREFIX == -* ]] || return 1 ;;
    esac
    for ((i = 2; i < CURRENT; i++)); do
        piece=${(Q)words[i]}
        case $piece in
            (@optional@) [[ ${words[i+1]} == -* ]] || (( i += 1 )); continue ;;
            (@valued@) (( i += 1 )); continue ;;
            (-*) continue ;;
        esac
        if (( ! $#used )); then
            case "${command:+$command }$piece" in
                (@known@) command+=${command:+ }$piece; continue ;;
            esac
        fi
        case $command in
            (@whole@) used+=("$piece"); continue ;;
        esac
        case "${command:+$command }$piece" in
            (@prefaces@) another=$piece ;;
            ([0-9]*) ;; # what watch takes
            (*) command='?' ;;
        esac
    done
    flags=(
@options@
        '--help:Print the help.'
    )
    case ${command:-$another} in
@cases@
    esac
    (( $#used )) && next=()
@kinds@
    if [[ $PREFIX == -* ]]; then
        _describe -o option flags
        return
    fi
    case "$command $before" in
        (@files@) _files; return ;;
    esac
    case "$command $#used" in
        (@first@) (( needs )) || compadd -- $keywords; _files; return ;;
    esac
    if (( $#used >= needs && ! ${keywords[(Ie)$before]} )); then
        next+=(${keywords:|used})
    fi
    compadd -- $next
@places@
}
if [[ $funcstack[1] == _@program@ ]]; then
    _@program@ "$@"
else
    compdef _@program@ @program@
fi
"""


OFFER = r"""_@program@_offer() { # offers what the program knows of the kind $1; words are those of its caller. Asks no node
    local -a found=(${(f)"$("${(Q)words[1]}" --offer $1 -- "${words[@]:1:$((CURRENT - 2))}" 2>/dev/null </dev/null)"})
    if [[ $1 == functions ]]; then
        compadd -S '' -- $found
    else
        compadd -- $found
    fi
}
"""

KINDS = r"""    case $before in
@of_options@
    esac
    case "$command $before" in
@of_commands@
    esac
    if [[ -n $kind ]]; then
        _@program@_offer $kind
        return
    fi
"""

PLACES = r"""    for piece in $used; do
        (( ${keywords[(Ie)$piece]} )) && clause=$piece
    done
    case "$command ${clause:-$#used}" in
@of_places@
    esac
    if [[ -n $kind ]]; then _@program@_offer $kind; fi
"""


def script(source: CompletionModel) -> str:
    """The script for ``source``."""
    choices = [
        f"        ({'|'.join(spellings)}) compadd -- {' '.join(values)}; return ;;"
        for spellings, values in source.choices
    ]
    following = [
        f"        ({quoted(start)}) next=({' '.join(words)}) ;;"
        for start, words in source.following.items()
        if start not in source.prefaces and start not in source.groups
    ]
    return fill(
        TEMPLATE,
        program=source.program,
        choices="\n".join(choices),
        **patterns(source),
        cases="\n".join([*following, *(_case(source, command) for command in source.commands)]),
        options=_described(source.shown, 8),
        **asking(source, (OFFER, KINDS, PLACES), "("),
    )


def _case(source: CompletionModel, command: Command) -> str:
    settings = (
        [f"next=({' '.join(source.following[command.words])})"] if command.words in source.following else []
    )
    settings += [f"needs={command.needs}"] if command.needs else []
    settings += [f"keywords=({' '.join(command.keywords)})"] if command.keywords else []
    own = shown(command.options)
    if own:
        settings.append(f"flags+=(\n{_described(own, 16)}\n            )")
    return "\n            ".join([f"        ({quoted(command.words)})", *settings, ";;"])


def _described(options: Sequence[Option], indent: int) -> str:
    """Every name with what it does behind a colon, as `_describe` wants it."""
    rows = [f"{name}:{' '.join(option.help.split())}" for option in options for name in names(option)]
    return "\n".join(" " * indent + quoted(row) for row in rows)
