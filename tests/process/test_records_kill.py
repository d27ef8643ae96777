"""A process that writes records to a file is killed at random instants: what it acknowledged is there, all is whole."""

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from asinfo.wire.digest import PARTITIONS
from asudfd.config import schema
from asudfd.record.device import Device
from asudfd.record.namespace import Namespace
from tests.processes import ROOT

ROUNDS = 8
KEYS = 300
"""Few keys, so that most writes change or remove what is there."""

WRITER = """
import asyncio, os, random, sys
from pathlib import Path
from asudfd.config import schema
from asudfd.record.device import Device
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record

path, commit, first = sys.argv[1], sys.argv[2] == "true", int(sys.argv[3])
chance = random.Random(first)

async def client(namespace, name):
    number = first
    while True:
        number += 1
        key = chance.randrange(int(sys.argv[4]))
        if key % 8 != name:
            key += name - key % 8
        digest = key.to_bytes(20, "little")
        what = "gone" if chance.random() < 0.2 else "here"
        os.write(1, f"asked {key} {number} {what}\\n".encode())
        if what == "gone":
            namespace.delete(digest)
        else:
            bins = b"%d." % number * chance.choice((1, 20, 300))
            namespace.put(digest, Record(1, 0, number, b"set%d" % (key % 3), b"", bins))
        if (durable := namespace.durable()) is not None:
            assert await durable == 0
        else:
            await asyncio.sleep(0)
        os.write(1, f"acknowledged {key} {number} {what}\\n".encode())

async def main():
    engine = schema.StorageEngine(
        kind="device", file=(path,), filesize=64 << 20, commit_to_device=commit, flush_max_ms=5
    )
    config = schema.NamespaceConfig("test", storage_engine=engine)
    namespace = Namespace(config, Device(Path(path), b"test", engine, print))
    await namespace.start()
    await asyncio.gather(*(client(namespace, name) for name in range(8)))

asyncio.run(main())
"""


def storm(path: Path, commit: str, first: int, lines: int) -> list[str]:
    """Run the writer until it has said ``lines`` lines, kill it, and give all that it said."""
    command = [sys.executable, "-c", WRITER, str(path), commit, str(first), str(KEYS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        said += writer.stdout.readlines()
    assert len([line for line in said if line]) >= lines
    return [line.strip() for line in said if line.endswith("\n")]


def state(path: Path) -> dict[int, tuple[int, bytes]]:
    """Last update and bins of every record in the file, whose figures must agree with what is in it."""
    engine = schema.StorageEngine(kind="device", file=(str(path),), filesize=64 << 20)
    device = Device(path, b"test", engine, print)
    namespace = Namespace(schema.NamespaceConfig("test", storage_engine=engine), device)
    found = {}
    size = 0
    for partition in range(PARTITIONS):
        for digest, record in namespace.scan(partition):
            found[int.from_bytes(digest, "little")] = record.last_update, record.bins
            assert record.bins == b"%d." % record.last_update * record.bins.count(b".")
            size += len(device.get(digest) or b"")
    assert (device.sets.objects, device.sets.data_used_bytes) == (len(found), size)
    assert sum(figures.objects for figures in device.sets.values()) == len(found)
    device.close()
    return found


def judge(
    found: dict[int, tuple[int, bytes]], lines: Sequence[str], known: dict[int, list[int | None]]
) -> int:
    """Every record is as its last acknowledged write left it, or as one that was asked for later: 0 are lost.

    ``known`` has these possible states of every key: the number of a write, or None for no record.
    """
    for line in lines:
        word, key, number, what = line.split()
        here = int(number) if what == "here" else None
        if word == "acknowledged":
            known[int(key)] = [here]
        else:
            known.setdefault(int(key), [None]).append(here)
    for digest, possible in known.items():
        now = found[digest][0] if digest in found else None
        assert now in possible, (digest, now, possible)
        known[digest] = [now]
    assert found.keys() <= known.keys()
    return sum(line.startswith("acknowledged") for line in lines)


@pytest.mark.parametrize("commit", ["false", "true"])
def test_no_acknowledged_record_is_lost(tmp_path: Path, commit: str) -> None:
    chance = random.Random(5)
    path = tmp_path / "test.dat"
    known: dict[int, list[int | None]] = {}
    total = 0
    for number in range(ROUNDS):
        lines = storm(
            path, commit, number * 1_000_000, chance.randrange(1, 4000 if commit == "false" else 1500)
        )
        total += judge(state(path), lines, known)
    assert total > ROUNDS * 100
