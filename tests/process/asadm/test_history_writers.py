"""The history of changes, with several processes that write to it at the same time."""

import subprocess
import sys
from pathlib import Path

from asadm.fleet.history.history import History, new_run

ROOT = Path(__file__).parents[3]


WRITER = """
import sys
from asadm.fleet.history.history import History, HistoryRecord, new_run
sys.stdin.readline()
for number in range(40):
    with History(sys.argv[1], write=True) as history:
        history.record(new_run(), "c", [HistoryRecord("apply", b"m", f"{sys.argv[2]} {number}", b"%d" % number, nodes=["n"])] * 2)
"""


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=ROOT, stdin=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with History(str(path)) as history:
        entries = history.entries()
        assert len(entries) == 240
        assert len({entry.id for entry in entries}) == 240
        for name in ("one", "two", "three"):
            hashes = [entry.hash for entry in reversed(entries) if (entry.hash or "").startswith(name + " ")]
            assert hashes == [f"{name} {number}" for number in range(40) for _ in range(2)]
        assert new_run() != new_run()
