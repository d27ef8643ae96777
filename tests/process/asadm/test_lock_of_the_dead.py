"""The lock of one run at a time: a holder that is killed frees it."""

import subprocess
import sys
from pathlib import Path

import pytest

from asadm.cron.lock import LockFile, LockHeldError


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    code = f"import sys,time\nfrom asadm.cron.lock import LockFile\nwith LockFile({path!r}):\n print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockHeldError, match=f"process {holder.pid}"), LockFile(path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with LockFile(path):
        pass
