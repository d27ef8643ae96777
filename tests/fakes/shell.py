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
    for words in (["update"], ["-y", "--no-install-recommends", "install", shell]):
        try:
            subprocess.run(
                ["apt-get", "-qq", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,  # an old list of packages may do as well
                timeout=max(1.0, deadline - time.monotonic()),
            )
        except subprocess.TimeoutExpired:
            break
    return "" if shutil.which(shell) else f"{shell} could not be installed"


class Terminal:
    """bash or zsh with a completion script loaded; ends with the block."""

    def __init__(self, shell: str, script: Path, directory: Path) -> None:
        self.shell = shell
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            COMMANDS[shell],
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), "TERM": "xterm", "COLUMNS": "4000"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = ""
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

    def _until(self, mark: str) -> str:
        deadline = time.monotonic() + SECONDS
        while mark not in self._seen:
            left = deadline - time.monotonic()
            assert left > 0, (mark, self._seen)
            if select.select([self._ours], [], [], left)[0]:
                self._seen += os.read(self._ours, 65536).decode(errors="replace")
        before, _, self._seen = self._seen.partition(mark)
        return before


class Fish:
    """fish, which tells what it would offer without a terminal."""

    def __init__(self, script: Path, directory: Path) -> None:
        self._script = script
        self._directory = directory

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def offered(self, line: str) -> list[str]:
        """All that Tab offers at the end of ``line``."""
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {self._script}; complete -C {shlex.quote(line)}"],
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], "HOME": str(self._directory)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        assert not done.stderr
        return [row.partition("\t")[0] for row in done.stdout.splitlines()]


def opened(shell: str, script: Path, directory: Path) -> Terminal | Fish:
    """The shell called ``shell`` in ``directory``, with ``script`` loaded."""
    return Fish(script, directory) if shell == "fish" else Terminal(shell, script, directory)
