"""The image of asudfd without a Docker engine: each instruction of its Dockerfile is checked and, where that can be, carried out."""

import argparse
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from asudfd import flags
from asudfd.config.load import load
from asudfd.config.schema import Config
from tests.each import for_each
from tests.image import Ignored, Instruction, copy, instructions
from tests.processes import ROOT, Daemon, log_path

INSTRUCTIONS = instructions((ROOT / "config" / "Dockerfile").read_text(encoding="utf-8"))
IGNORED = Ignored((ROOT / ".dockerignore").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SECONDS_MAX = 300
"""For an installation, on a machine that is busy."""

USERADD = argparse.ArgumentParser("useradd", add_help=False, exit_on_error=False)
USERADD.add_argument("--system", action="store_true")
USERADD.add_argument("--create-home", action="store_true")
USERADD.add_argument("--home-dir")
USERADD.add_argument("name")


def the(name: str) -> Instruction:
    """The only instruction of this name."""
    (found,) = [each for each in INSTRUCTIONS if each.name == name]
    return found


def variables() -> dict[str, str]:
    """What ENV sets."""
    pairs = [word.partition("=") for each in INSTRUCTIONS if each.name == "ENV" for word in each.words]
    return {name: value for name, _, value in pairs}


class Image(NamedTuple):
    """What the instructions have made, with its root directory somewhere else."""

    root: Path
    programs: Path
    user: argparse.Namespace

    def inside(self, text: str) -> str:
        """``text`` with the paths of the image in their place under its root."""
        for path in (the("COPY").words[-1], the("VOLUME").text):
            text = text.replace(path, str(self.root) + path)
        return text

    def environment(self, **given: str) -> dict[str, str]:
        """What Docker gives a process: the image's variables, those of `docker run --env`, and the user's home directory."""
        path = f"{self.programs}:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": path, "HOME": self.inside(self.user.home_dir), **variables(), **given}

    def is_healthy(self, **given: str) -> bool:
        check = the("HEALTHCHECK")
        kind, command = check.text.split(maxsplit=1)
        assert kind == "CMD"
        done = subprocess.run(
            Instruction("CMD", [], command).command,
            env=self.environment(**given), capture_output=True, text=True, check=False, timeout=SECONDS_MAX,
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr  # all that Docker knows
        return done.returncode == 0

    def start(self, name: str, **given: str) -> Daemon:
        log = log_path(self.root / name)
        with log.open("ab") as messages:
            process = subprocess.Popen(
                the("ENTRYPOINT").command,
                cwd=self.root, env=self.environment(SERVICE_PORT="0", **given),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages,
            )  # fmt: skip
        return Daemon(process, Path(self.inside(self.user.home_dir)), log)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """COPY and RUN, carried out: pip installs into a fresh environment, and useradd only notes what it is to do."""
    root = tmp_path_factory.mktemp("image")
    environment, programs, noted = root / "environment", root / "programs", root / "useradd"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    programs.mkdir()
    script(programs / "pip", f"exec '{sys.executable}' -m pip --python '{environment}/bin/python' \"$@\"")
    script(programs / "useradd", f"printf '%s\\n' \"$@\" >'{noted}'")
    made = Image(root, environment / "bin", argparse.Namespace())
    source, target = the("COPY").words
    copy(ROOT, source, Path(made.inside(target)), IGNORED)
    done = subprocess.run(
        [made.inside(word) for word in the("RUN").command],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PIP_NO_COMPILE": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS_MAX,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    user = USERADD.parse_args(noted.read_text().splitlines())
    user.home_dir = user.home_dir.removeprefix(str(root))
    Path(made.inside(user.home_dir)).mkdir(parents=True)
    return made._replace(user=user)


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def node(image: Image) -> Iterator[Daemon]:
    daemon = image.start("node")
    yield daemon
    daemon.kill()


def check_base(each: Instruction) -> None:
    version = re.fullmatch(
        r"python:(3\.\d+)-slim", each.text
    )  # Debian, which has useradd, and wheels are there
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]


def check_sources(each: Instruction) -> None:
    *sources, target = each.words
    assert target.startswith("/")
    assert each.options == []
    for source in sources:
        assert (ROOT / source).exists()
        assert Path(source) not in IGNORED
    for needed in ("pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], "daemon/asudfd/cli.py"):
        assert Path(needed) not in IGNORED
    for secret in (".git/config", ".venv/bin/python", "daemon/asudfd/__pycache__/cli.pyc"):
        assert Path(secret) in IGNORED


def check_variables(each: Instruction) -> None:
    assert each.words
    for word in each.words:
        name, equals, value = word.partition("=")
        assert name in {flags.NAMESPACE_VARIABLE, *flags.VARIABLES}
        assert equals
        assert value


def check_ports(each: Instruction) -> None:
    compose = load(str(ROOT / "config" / "asudfd-compose.conf"))
    assert each.words == [str(Config().network.service.port), str(compose.network.http.port)]


def check_health(each: Instruction) -> None:
    for option in each.options:
        assert re.fullmatch(r"--(interval|timeout|start-period|start-interval)=\d+s|--retries=\d+", option)


def check_program(each: Instruction) -> None:
    assert each.text.startswith("[")  # no shell between Docker's signals and the node
    assert each.command[0] in PROJECT["scripts"]


CHECKS = {
    "FROM": check_base,
    "COPY": check_sources,
    "RUN": lambda each: each.command,  # the fixture runs it
    "USER": lambda each: each.words,  # compared with what RUN has made
    "ENV": check_variables,
    "VOLUME": lambda each: each.words,  # likewise
    "EXPOSE": check_ports,
    "HEALTHCHECK": check_health,
    "ENTRYPOINT": check_program,
}


@for_each(INSTRUCTIONS)
def test_every_instruction(each: Instruction) -> None:
    assert each.name in CHECKS, "write a check for it"
    CHECKS[each.name](each)


def test_the_user_owns_the_volume(image: Image) -> None:
    names = [each.name for each in INSTRUCTIONS]
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")
    assert image.user.name == the("USER").text
    assert image.user.create_home
    assert image.user.home_dir == the("VOLUME").text


def test_what_is_installed(image: Image) -> None:
    for program in PROJECT["scripts"]:
        done = subprocess.run([image.programs / program, "--version"], capture_output=True, text=True, check=True, env={})  # fmt: skip
        assert done.stdout.startswith(program)
    code = "import asinfo, asudfd.server; print(asinfo.__file__, asudfd.server.loop_factory().__module__)"
    done = subprocess.run([image.programs / "python", "-P", "-c", code], capture_output=True, text=True, check=True, env={})  # fmt: skip
    place, loop = done.stdout.split()
    assert Path(place).is_relative_to(image.root)
    assert loop == "uvloop"
    for place in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].values():
        assert (image.programs.parent / place).is_file(), place  # hatchling says nothing of what is not there


def test_it_can_be_reached_from_outside_and_sigterm_ends_it(image: Image, node: Daemon) -> None:
    with socket.create_connection(("127.0.0.2", node.port)):  # not where the tools would look
        assert image.is_healthy(SERVICE_PORT=str(node.port))
    assert (node.work_directory / ".local/state/asudf/asudfd.pid").is_file()  # in the volume
    assert node.stop() == 0, node.log.read_text()


@pytest.mark.parametrize("address", ["127.0.0.9", "localhost", ""])
def test_the_check_asks_where_the_node_listens(image: Image, address: str) -> None:
    daemon = image.start("elsewhere", SERVICE_ADDRESS=address)
    try:
        assert image.is_healthy(SERVICE_PORT=str(daemon.port), SERVICE_ADDRESS=address)
        assert not image.is_healthy(SERVICE_PORT=str(daemon.port), SERVICE_ADDRESS="127.0.0.8")
    finally:
        daemon.kill()


def test_nothing_that_listens_is_not_healthy(image: Image) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # so that nobody else gets it
        assert not image.is_healthy(SERVICE_PORT=str(taken.getsockname()[1]))


def test_the_compose_file_keeps_state_in_the_volume() -> None:
    compose = yaml.safe_load((ROOT / "config" / "compose.yaml").read_text(encoding="utf-8"))
    volume = the("VOLUME").text
    for name in ("node1", "node2", "node3"):
        service = compose["services"][name]
        assert f"{name}:{volume}" in service["volumes"]
        assert service["ports"][0].endswith(f":{Config().network.service.port}")
    assert load(str(ROOT / "config" / "asudfd-compose.conf")).service.work_directory == volume
