"""A page of documentation is run: every shell session in it, in order, in one shell, on real nodes.

    python -m tests.guide docs/fleet.md      writes the page anew, with what its commands print now

A page has fenced blocks, of which these are run:

    console   ``$ COMMAND`` and what it prints, both streams; ``[exit code N]`` ends the output of one that fails;
              ``127.0.0.1:6379> COMMAND`` is typed to a valkey-cli
    sh        commands without a session around them; they must succeed
    crontab   jobs of /etc/cron.d, started as cron would; they must be silent and succeed

and ``<!-- test: WORDS -->``, which stands for what happens to the nodes meanwhile.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol, Self

from tests.fakes.fleet import Fleet
from tests.processes import Daemon, log_path, spawn
from tests.valkey_guide import ValkeyWorld

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config/fleet"
NODES = {"vienna1": "10.0.1.1", "vienna2": "10.0.1.2", "vienna3": "10.0.1.3", "linz1": "10.0.2.1"}
"""The nodes of the example's inventory."""

PROGRAMS = {"asadm": "asadm.cli", "asinfo": "asinfo.cli", "asudfd": "asudfd.cli"}
PLACES = ("/srv/", "/var/lib/")
"""Directories that a page may name: those of a world lie in its own directory."""

COMMAND_SECONDS = 30
BLOCK = re.compile(r"^```(console|sh|crontab)\n(.*?)^```\n|^<!-- test: (.+?) -->\n", re.MULTILINE | re.DOTALL)

PROMPT = re.compile(r"^(\$|127\.0\.0\.1:6379>) ((?:.*\\\n)*.*\n)", re.MULTILINE)


class GuideWorld(Protocol):
    """Where a page is run: a directory, a place in it where the shell starts, and what the page's names stand for here."""

    directory: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """That of the shell."""

    def ours(self, text: str) -> str:
        """A command of a page, as it is run here."""

    def theirs(self, text: str) -> str:
        """What a command printed, as the page has it."""

    def happen(self, words: str) -> None:
        """What ``<!-- test: WORDS -->`` says."""


class World:
    """The four nodes, a directory with the places that pages name, and a shell in it.

    ``home``  where the shell starts: a clone of this repository, as far as pages use it
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "clone"
        self.addresses: dict[str, tuple[str, int]] = {}
        self._stack = ExitStack()
        self._linz: Daemon | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            vienna = self._daemon(stack, "vienna", "--nodes", "3")
            self._linz = self._daemon(stack, "linz")
            self.addresses = dict(zip(NODES, [*vienna.addresses, *self._linz.addresses], strict=True))
            self._prepare()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _daemon(self, stack: ExitStack, name: str, *arguments: str) -> Daemon:
        work = self.directory / name
        daemon = Daemon(spawn(work, arguments), work, log_path(work))
        stack.callback(daemon.kill)
        return daemon

    def _prepare(self) -> None:
        self.home.mkdir()
        (self.home / "config").symlink_to(ROOT / "config")
        for place in (
            *PLACES,
            "/var/lib/prometheus/node-exporter/",
            "/srv/asudf/",
            "/bin/",
            "/home/",
            "/tmp/",
        ):
            (self.directory / place[1:]).mkdir(parents=True, exist_ok=True)
        for name, module in PROGRAMS.items():
            program = self.directory / "bin" / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
            program.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """That of the shell: nothing of ours takes part."""
        person = {"NAME": "Anna", "EMAIL": "anna@example.org"}
        return {
            "PATH": f"{self.directory}/bin:{os.environ['PATH']}",
            "HOME": f"{self.directory}/home",
            "TMPDIR": f"{self.directory}/tmp",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **{f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in person.items()},
        }

    # ---- between a page and this machine

    def ours(self, text: str) -> str:
        """``text`` of a page with the directories of this world."""
        for place in PLACES:
            text = text.replace(place, f"{self.directory}{place}")
        return text

    def theirs(self, text: str) -> str:
        """What a command printed, as the page has it: its addresses, directories and people."""
        for place in PLACES:
            text = text.replace(f"{self.directory}{place}", place)
        for name, (host, port) in self.addresses.items():
            text = text.replace(f"{host}:{port}", f"{NODES[name]}:3000")
        return text

    # ---- what happens to the nodes

    def happen(self, words: str) -> None:
        """What ``<!-- test: WORDS -->`` says."""
        events: dict[str, Callable[[], None]] = {
            "the nodes are ours": self.take_nodes,
            "linz1 stops": self.stop_linz,
            "linz1 starts": self.start_linz,
            "real servers": self.real_servers,
        }
        events[words]()

    def take_nodes(self, repository: Path | None = None) -> None:
        """The inventory names the nodes of this world; the working copy follows its own main branch."""
        place = repository or self.directory / "srv/fleet"
        inventory = place / "asadm.yaml"
        text = (EXAMPLE / "asadm.yaml").read_text()
        for name, (host, port) in self.addresses.items():
            text = text.replace(f"host: {NODES[name]}, port: 3000", f"host: {host}, port: {port}")
        inventory.write_text(text)
        if (place / ".git").exists():
            for words in ("update-index --assume-unchanged asadm.yaml", "config branch.main.remote .",
                          "config branch.main.merge refs/heads/main"):  # fmt: skip
                subprocess.run(["git", *words.split()], cwd=place, env=self.environment(), check=True)

    def stop_linz(self) -> None:
        """The node that stands alone ends; nobody listens there."""
        assert self._linz is not None
        assert self._linz.stop() == 0

    def start_linz(self) -> None:
        """It comes back with what it had."""
        self._linz = self._daemon(self._stack, "linz", "--port", str(self.addresses["linz1"][1]))

    def real_servers(self) -> None:
        """From now on the nodes are scripted servers of the real kind, with the modules of the directory."""
        fleet = Fleet(len(NODES))
        for node in fleet.nodes[1:3]:  # vienna
            node.agreed, node.cluster_key = fleet[0].agreed, fleet[0].cluster_key
        self._stack.enter_context(fleet)
        udf = self.directory / "srv/fleet/udf"
        for path in udf.glob("*.lua"):
            if not path.name.endswith("_test.lua"):
                fleet.load(path.name.encode(), path.read_bytes())
        self.addresses = {name: (node.host, node.port) for name, node in zip(NODES, fleet.nodes, strict=True)}
        self.take_nodes()


class Shell:
    """One bash for a whole page."""

    def __init__(self, world: GuideWorld) -> None:
        self._world = world
        self._output = world.directory / "output"
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=world.home, env=world.environment(), text=True,
        )  # fmt: skip

    def run(self, command: str) -> tuple[str, int]:
        """What ``command`` prints on both streams, and its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        text = self._world.ours(command)
        self._process.stdin.write(f"{{ {text}\n}} </dev/null >{self._output} 2>&1; echo $?\n")
        self._process.stdin.flush()
        code = self._process.stdout.readline()
        return self._world.theirs(self._output.read_text()), int(code)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(COMMAND_SECONDS)


def replay(page: str, world: GuideWorld) -> str:
    """``page`` with what its commands print now. Raises AssertionError for a block that must succeed and does not."""
    shell = Shell(world)
    try:
        written, end = [], 0
        for match in BLOCK.finditer(page):
            kind, body, words = match.groups()
            written.append(page[end : match.start()])
            end = match.end()
            if words:
                world.happen(words)
            written.append(f"```{kind}\n{_block(kind, body, shell, world)}```\n" if kind else match[0])
        return "".join([*written, page[end:]])
    finally:
        shell.close()


def _block(kind: str, body: str, shell: Shell, world: GuideWorld) -> str:
    if kind == "console":
        return "".join(_session(body, shell))
    if kind == "crontab":
        _crontab(body, world)
    else:
        output, code = shell.run(body)
        assert code == 0, f"{body}{output}[exit code {code}]"
    return body


def _session(body: str, shell: Shell) -> Iterator[str]:
    """The commands of a session, each with its output."""
    for prompt, command in PROMPT.findall(body):
        output, code = shell.run(command if prompt == "$" else f"valkey-cli --no-raw <<'END'\n{command}END\n")
        ended = f"[exit code {code}]\n" if code else ""
        yield f"{prompt} {command}{output}{ended}"


def _crontab(body: str, world: GuideWorld) -> None:
    """Run each job as cron does: by sh, with nearly no environment."""
    for line in body.splitlines():
        if not line or line.startswith("#"):
            continue
        command = line.split(None, 6)[6]
        done = subprocess.run(
            ["/bin/sh", "-c", world.ours(command)],
            env=world.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, b""), f"{command}\n{done.stdout!r}"


VOLATILE = (
    (re.compile(r"\b[A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT"), "<time>"),
    (re.compile(r'"\d{10}"'), '"<time>"'),
    (re.compile(r'(duration_ms"?\n.*?)\d+$', re.MULTILINE), r"\1<number>"),
    (re.compile(r"\bcommit [0-9a-f]{12}\b"), "commit <commit>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\dZ)?"), "<time>"),
    (re.compile(r"\S+@\S+"), "<user>"),
    (re.compile(r"(Z|<time>) by \S+"), r"\1 by <user>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\d+\.\d+"), "<number>"),
    (re.compile(r"[\d.]+ ms\b"), "<number> ms"),
    (re.compile(r" +|-{4,}"), " "),
)
"""What differs from run to run, and the widths of columns that come of it."""


def steady(text: str) -> list[str]:
    """The lines of ``text`` without what differs from run to run."""
    for pattern, replacement in VOLATILE:
        text = pattern.sub(replacement, text)
    return [line.rstrip() for line in text.splitlines()]


def differences(page: str, now: str) -> str:
    """What a page says and what happened now, as a diff; empty when they agree."""
    return "\n".join(difflib.unified_diff(steady(page), steady(now), "the page", "now", lineterm=""))


def renewed(page: str, now: str) -> str:
    """``now``, with the lines of ``page`` where only what differs from run to run does."""
    old, new = page.splitlines(keepends=True), now.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, steady(page), steady(now), autojunk=False)
    return "".join(
        "".join(old[start:end] if kind == "equal" else new[start_now:end_now])
        for kind, start, end, start_now, end_now in matcher.get_opcodes()
    )


def world_of(page: str, directory: Path) -> AbstractContextManager[GuideWorld]:
    """The world of a page, by its name."""
    from tests.function_guide import FunctionWorld  # these are made of what is here
    from tests.write_guide import WriteWorld

    worlds: dict[str, Callable[[Path], AbstractContextManager[GuideWorld]]] = {
        "valkey.md": ValkeyWorld,
        "function-fleet.md": FunctionWorld,
        "write-a-udf.md": WriteWorld,
    }
    return worlds.get(Path(page).name, World)(directory)


def main() -> None:
    """Write the pages that are named anew."""
    for name in sys.argv[1:]:
        directory = Path(tempfile.mkdtemp(prefix="guide-"))
        try:
            page = Path(name).read_text()
            with world_of(name, directory) as world:
                now = replay(page, world)
            now = re.sub(r"\S+@[\w.-]+(?=  )", lambda who: "anna@ci".ljust(len(who[0])), now)
            Path(name).write_text(renewed(page, re.sub(r"(?<=Z by )\S+", "anna", now)))
        finally:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
