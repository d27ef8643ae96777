"""`asudfd run` as a process."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("asudfd")
MODULE = "function add(rec, n)\n  rec.n = (rec.n or 0) + n\n  aerospike:update(rec)\n  return rec.n\nend\n"


def run(*words: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, "run", *words], input=text, capture_output=True, text=True, check=False)


def test_bins_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "m.lua"
    path.write_text(MODULE)
    ran = run(path, "add", "2", "--stdin", text='{"n": 3}')
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "5",
        "--- before: generation 1, ttl never",
        "+++ after: generation 2, ttl never",
        "-n: 3",
        "+n: 5",
    ]


def test_a_reader_that_has_had_enough(tmp_path: Path) -> None:
    path = tmp_path / "m.lua"
    path.write_text(MODULE)
    process = subprocess.Popen(
        [SCRIPT, "run", path, "add", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert "Traceback" not in err
