"""The template of fish."""

from __future__ import annotations

from asinfo.terminal.completion import OPTIONAL, fill, shown, takes_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from asinfo.terminal.completion import Command, CompletionModel
    from asinfo.terminal.options import Option

TEMPLATE = r"""# fish completion of @program@; load it with: @program@ --completion fish | source
function __@program@_state --description 'The command typed so far, and one a line the words behind it'
    set -l command ''
    set -l another ''
    set -l given
    set -l skip none
    set -l typed (commandline -opc)
    set -e typed[1]
    for word in $typed
        set -l value $skip
        set skip none
        if test $value = next
            continue
        else if test $value = perhaps; and not string match -q -- '-*' $word
            continue
        end
        switch $word
            case @optional@
                set skip perhaps
            case @valued@
                set skip next
            case '-*'
            case '*'
                set -l phrase (string trim -- "$command $word")
                if not set -q given[1]; and contains -- "$phrase" @known@
                    set command $phrase
                else if contains -- "$command" @whole@
                    set -a given $word
                else if contains -- "$phrase" @prefaces@
                    set another $word
                else if not string match -qr '^[0-9.]+$' -- $word # what watch takes
                    set command '?'
                end
        end
    end
    test -n "$command"; or set command $another
    printf '%s\n' "$command" $given
end
@offer@
function __@program@_at --description 'Whether the command typed so far is this one'
    set -l line (commandline -cp)
    if test "$line" != "$__@program@_line" # else it was asked for this Tab: once for each command with options
        set -g __@program@_line $line
        set -g __@program@_words (__@program@_state)
    end
    test "$__@program@_words[1]" = "$argv[1]"
end
function __@program@_file --description 'Whether the name of a file comes next'
    set -l given (__@program@_state)
    set -l command $given[1]
    set -e given[1]
    contains -- "$command $given[-1]" @files@; or contains -- "$command "(count $given) @first@
end
function __@program@_next --description 'The words that may come next'
    set -l given (__@program@_state)
    set -l command $given[1]
    set -e given[1]
    set -l needs 0
    set -l keywords
    switch "$command"
@cases@
    end
@places@
    test (count $given) -ge $needs; or return
    contains -- "$given[-1]" $keywords; and return
    for keyword in $keywords
        contains -- $keyword $given; or echo $keyword
    end
end
complete -c @program@ -e
complete -c @program@ -f -a '(__@program@_next)'
complete -c @program@ -n __@program@_file -F
@options@
complete -c @program@ -l help -d 'Print the help.'
@flags@
"""


OFFER = r"""function __@program@_offer --description 'What the program knows of a kind, one a line; asks no node'
    set -l typed (commandline -opc)
    $typed[1] --offer $argv[1] -- $typed[2..-1] 2>/dev/null </dev/null
end
"""

PLACES = r"""    set -l where (count $given)
    for word in $given
        contains -- $word $keywords; and set where $word
    end
    switch "$command $where"
@of_places@
    end
"""


def script(source: CompletionModel) -> str:
    """The script for ``source``."""
    following = [
        f"        case {_quoted(start)}\n            printf '%s\\n' {' '.join(words)}"
        for start, words in source.following.items()
        if words and start not in source.groups
    ]
    whole = [command for command in source.commands if command.needs or command.keywords]
    flags = [
        _line(source, option, f" -n '__{source.program}_at \"{command.words}\"'")
        for command in source.commands
        for option in shown(command.options)
    ]
    return fill(
        TEMPLATE,
        program=source.program,
        valued=_words(source.valued),
        optional=_words(source.optional),
        whole=_words(source.whole),
        known=_words(source.known),
        prefaces=_words(source.prefaces),
        files=_words(source.before_files),
        first=_words(source.begun_with_files),
        cases="\n".join([*following, *(_case(source, command) for command in whole)]),
        options="\n".join(_line(source, option) for option in source.shown),
        flags="\n".join(flags),
        **_asking(source),
    )


def _asking(source: CompletionModel) -> dict[str, str]:
    """The parts about values that the program tells; empty where it tells none."""
    if not source.offered:
        return {"offer": "", "places": ""}
    of_places = [
        f"        case {' '.join(map(_place, found))}\n            __{source.program}_offer {kind}"
        for kind, found in source.of_places.items()
    ]
    places = fill(PLACES, of_places="\n".join(of_places))
    return {"offer": fill(OFFER, program=source.program).rstrip("\n"), "places": places.rstrip("\n")}


def _place(place: tuple[str, str]) -> str:
    return _quoted(" ".join(place))


def _case(source: CompletionModel, command: Command) -> str:
    lines = [f"        case {_quoted(command.words)}", f"            set needs {command.needs}"]
    if command.words in source.groups:
        lines.append(
            f"            test (count $given) -eq 0; and printf '%s\\n' {' '.join(source.groups[command.words])}"
        )
    return "\n".join([*lines, f"            set keywords {' '.join(command.keywords)}"])


def _line(source: CompletionModel, option: Option, condition: str = "") -> str:
    program = source.program
    short = f" -s {option.short}" if option.short else ""
    if option.kind in {"flag", *OPTIONAL}:
        value = ""
    elif words := source.values(option):
        value = f" -x -a '{' '.join(words)}'"
    elif kind := source.kind(option):
        value = f" -x -a '(__{program}_offer {kind})'"
    else:
        value = " -r -F" if takes_path(option) else " -x"
    text = _quoted(" ".join(option.help.split()))
    return f"complete -c {program}{condition}{short} -l {option.name}{value} -d {text}"


def _words(words: Iterable[str]) -> str:
    """``words`` for `case` and `contains`; where there are none, one that no word is."""
    return " ".join(map(_quoted, words)) or "' '"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
