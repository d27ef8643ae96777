"""Regular expressions of filters: when their code is imported, and how long the worst of them search."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_of_it_is_imported_before_the_first_pattern() -> None:
    program = "import sys, asudfd.aerospike.message.filter.compiled; sys.exit('asudfd.aerospike.message.filter.regex.search' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_pattern_takes_long() -> None:
    program = "from tests.unit.asudfd.aerospike.message.filter import test_regex as test; test.run_all()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2  # some 0.03 on a quiet machine; what hung took 9 and more
