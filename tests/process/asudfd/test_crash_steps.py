"""A process that dies at any step of its start, of a commit or of its stop leaves files that start cleanly, with everything."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.records import digest, make, new
from tests.processes import ROOT

DRIVER = """
import asyncio, os, sys
from pathlib import Path
from asudfd.record import journal
from asudfd.record.database import Database
from tests.fakes.records import device, digest, make, new

journal.ROOM = 1 << 14
directory, stride, before = Path(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]]
left = 0

def step():
    global left
    left -= 1
    if not left:
        os._exit(9)

def stepped(act):
    def wrapped(*args, **values):
        step()
        done = act(*args, **values)
        step()
        return done
    return wrapped

for name in ("pwrite", "ftruncate", "fsync", "fdatasync", "open"):
    setattr(os, name, stepped(getattr(os, name)))
Database._transact = stepped(Database._transact)

async def life(path, first):
    namespace = make(path, flush_max_ms=1000)
    await namespace.start()
    for number in range(first, first + 3):
        namespace.put(digest(number), new(number))
        print(number, file=said)
    device(namespace)._schedule(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for number in range(first + 3, first + 6):
        namespace.put(digest(number), new(number))
        print(number, file=said)
    await namespace.stop()

number = 0
ended = False
while not ended:
    number += stride
    for life_number, steps in enumerate([*before, number]):  # each life in a process of its own
        child = os.fork()
        if not child:
            said = open(directory / f"{number}.said", "a", buffering=1)
            left = steps
            asyncio.run(life(directory / f"{number}.dat", 100 * life_number))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, 9), status
    ended = status == 0
"""


def check(path: Path, acknowledged: list[int]) -> None:
    async def run() -> None:
        namespace = make(path)
        for number in acknowledged:
            assert namespace.get(digest(number)) == new(number)
        await namespace.start()
        await namespace.stop()

    asyncio.run(run())


@pytest.mark.parametrize(("before", "stride"), [([], 1), ([10_000], 3), ([60], 3)])
def test_any_step_may_be_the_last(tmp_path: Path, before: list[int], stride: int) -> None:
    """A first life, which dies or ends, and a second one that dies: every third step of those is enough."""
    command = [sys.executable, "-c", DRIVER, str(tmp_path), str(stride), *map(str, before)]
    subprocess.run(command, cwd=ROOT, check=True)
    lives = sorted(tmp_path.glob("*.dat"))
    assert len(lives) > 30 // stride
    for path in lives:
        check(path, [int(word) for word in path.with_suffix(".said").read_text().split()])
