"""A process that stores changes is killed at random instants: what it acknowledged is there, and the file is whole.

Its log is written anew every few changes, so that a good part of the kills meets that.
"""

import random
import subprocess
import sys
from pathlib import Path

from asudfd.smd import file

ROUNDS = 12

WRITER = """
import asyncio, os, pathlib, sys
from asudfd.smd.interface import UDF
from asudfd.smd import module
from asudfd.smd.local import LocalSmd

module.GARBAGE_MIN = 500

async def client(smd, name, round_number):
    for count in range(100_000):
        value = f"{round_number} {count}"
        await smd.set(UDF, name, value)
        os.write(1, f"{name} {value}\\n".encode())

async def main():
    smd = LocalSmd(pathlib.Path(sys.argv[1]))
    smd.subscribe(UDF, lambda items: None)
    await smd.start()
    await asyncio.gather(*(client(smd, f"m{number}", sys.argv[2]) for number in range(4)))

asyncio.run(main())
"""


def storm(directory: Path, number: int, lines: int) -> list[str]:
    """Run the writer until it acknowledged ``lines`` changes, kill it, and give all that it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(directory), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        acknowledged = [writer.stdout.readline() for _ in range(lines)]
        file.parse((directory / "UDF.smd").read_bytes())  # a copy that is taken meanwhile is whole, too
        writer.kill()
        acknowledged += writer.stdout.readlines()
    assert len(acknowledged) >= lines
    return acknowledged


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: dict[str, str] = {}
    for number in range(ROUNDS):
        for line in storm(tmp_path, number, chance.randrange(1, 120)):
            if line.endswith("\n"):
                name, _, value = line.strip().partition(" ")
                acknowledged[name] = value
        stored = {item.key: item.value for item in file.parse((tmp_path / "UDF.smd").read_bytes()).items}
        for name, value in acknowledged.items():
            # A change may be stored and the kill come before its acknowledgement.
            round_number, count = map(int, value.split())
            later = stored[name] or ""
            assert [round_number, count] <= [int(part) for part in later.split()], (name, value, later)
