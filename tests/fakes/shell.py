"""Interactive shells on a terminal of their own, to see what their Tab key really does."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

SECONDS = 20.0
"""How long a shell may take to answer; generous, because the machine may be busy."""

INSTALL_SECONDS = 240.0

SHELLS = ("bash", "zsh", "fish")

COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}

SETUP = {
    # Ctrl-X Ctrl-D shows the line as it stands; Meta-* puts all that Tab would list into it.
    "bash": """
        bind 'set bell-style none' 'set enable-bracketed-paste off'
        bind -x '"\\C-x\\C-d": printf "\\n<<%s>>\\n" "$READLINE_LINE"'
    """,
    "zsh": """
        autoload -Uz compinit && compinit -u -D
        shown() { print -r -- "<<$BUFFER>>" }
        zle -N shown
        bindkey -e
        bindkey '^X^D' shown
        zstyle ':completion:*' completer _all_matches _complete
        zstyle ':completion:*' insert yes
        unsetopt beep list_beep
    """,
}
ALL = {"bash": "\x1b*", "zsh": "\t"}
SHOW = "\x18\x04"
PROMPT = "next?"
"""Once it is shown the shell listens to single keys."""

FISH_LOOP = "source {script}; while read line; complete -C $line; echo '{prompt}'; end"
"""Answers a line at a time: a start of fish for each would take longer than all it tells."""

EMPTY = "\x05\x15"
"""Ctrl-E and Ctrl-U: the line is empty again."""


def missing(shell: str) -> str:
    """Why ``shell`` cannot be tested; empty when it is there, if need be after Debian's package was installed."""
    if shutil.which(shell):
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"{shell} is not installed, and only root on Debian can install it"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    deadline = time.monotonic() + INSTALL_SECONDS
    absent = [name for name in SHELLS if not shutil.which(name)]  # all at once
    install = ["-y", "--no-install-recommends", "install", *absent]
    for words in (install, ["update"], install):  # the lists of packages may do as they are
        if shutil.which(shell):
            break
        try:
            subprocess.run(
                ["apt-get", "-qq", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=max(1.0, deadline - time.monotonic()),
            )
        except subprocess.TimeoutExpired:
            break
    return "" if shutil.which(shell) else f"{shell} could not be installed"


class _Shell:
    """What a shell writes, up to a mark."""

    def __init__(self, descriptor: int) -> None:
        self._written = descriptor
        self._seen = ""

    def _until(self, mark: str) -> str:
        deadline = time.monotonic() + SECONDS
        while mark not in self._seen:
            left = deadline - time.monotonic()
            assert left > 0, (mark, self._seen)
            if select.select([self._written], [], [], left)[0]:
                self._seen += os.read(self._written, 65536).decode(errors="replace")
        before, _, self._seen = self._seen.partition(mark)
        return before


class Terminal(_Shell):
    """bash or zsh with a completion script loaded; ends with the block."""

    def __init__(self, shell: str, script: Path, directory: Path, programs: str = "") -> None:
        self.shell = shell
        self.directory = directory
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            COMMANDS[shell],
            cwd=directory,
            env={**_environment(directory, programs), "TERM": "xterm", "COLUMNS": "4000"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        super().__init__(self._ours)
        setup = directory.parent / f"setup.{shell}"
        setup.write_text(
            f"stty cols 4000\n{SETUP[shell]}\nsource {shlex.quote(str(script))}\nPS1='{PROMPT}'\n"
        )
        self._type(f"source {shlex.quote(str(setup))}\n")
        self._until(PROMPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def after(self, line: str, keys: str) -> str:
        """The command line after ``line`` and then ``keys`` were typed."""
        self._type(line + keys + SHOW)
        self._until("<<")
        found = self._until(">>")
        if self.shell == "bash":  # it gave the terminal back for a moment, and would lose keys now
            self._until(PROMPT)
        self._type(EMPTY)
        return found

    def offered(self, line: str) -> list[str]:
        """All that Tab offers at the end of ``line``, without the quotes of the shell."""
        words = shlex.split(self.after(line, ALL[self.shell]))
        kept = len(shlex.split(line)) - (not line.endswith(" "))
        return [word for word in words[kept:] if word != line.rpartition(" ")[2]]

    def _type(self, text: str) -> None:
        os.write(self._ours, text.encode())


class Fish(_Shell):
    """fish, which tells what it would offer without a terminal; ends with the block."""

    def __init__(self, script: Path, directory: Path, programs: str = "") -> None:
        self.directory = directory
        self._process = subprocess.Popen(
            ["fish", "--no-config", "-c", FISH_LOOP.format(script=script, prompt=PROMPT)],
            cwd=directory,
            env=_environment(directory, programs),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._lines = self._process.stdin
        super().__init__(self._process.stdout.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def offered(self, line: str) -> list[str]:
        """All that Tab offers at the end of ``line``."""
        self._lines.write(f"{line}\n".encode())
        self._lines.flush()
        return [row.partition("\t")[0] for row in self._until(PROMPT).split("\n") if row]


def opened(shell: str, script: Path, directory: Path, programs: str = "") -> Terminal | Fish:
    """The shell called ``shell`` in ``directory``, with ``script`` loaded; it finds ``programs`` before all others."""
    if shell == "fish":
        return Fish(script, directory, programs)
    return Terminal(shell, script, directory, programs)


def _environment(directory: Path, programs: str) -> dict[str, str]:
    return {
        "PATH": f"{programs}:{os.environ['PATH']}" if programs else os.environ["PATH"],
        "HOME": str(directory.parent),
    }
