"""The example of a configuration for Valkey's protocol, and the one that the guide shows."""

import re
from pathlib import Path

import pytest

from asudfd.config.load import load

ROOT = Path(__file__).parents[5]
GUIDE = (ROOT / "docs/valkey.md").read_text()
BLOCKS = re.findall(r"^```nginx\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
(SHOWN,) = [block for block in BLOCKS if "storage file" in block]
EXAMPLE = (ROOT / "config/asudfd-valkey.conf").read_text()


@pytest.mark.parametrize("text", [EXAMPLE, f"namespace test {{\n}}\n{SHOWN}"], ids=["example", "guide"])
def test_it_loads(tmp_path: Path, text: str) -> None:
    path = tmp_path / "asudfd.conf"
    path.write_text(text)
    config = load(str(path))
    assert config.warnings == []
    assert config.network.resp.port == 6379
    assert (config.resp.storage, config.resp.commit_to_device) == ("file", False)
    assert (config.resp.lua_memory_max, config.resp.maxmemory) == (1 << 30, 768 << 20)
    assert config.resp.busy_reply_threshold == 5000


@pytest.mark.parametrize("text", [block for block in BLOCKS if block != SHOWN])
def test_the_others_of_the_guide_load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "asudfd.conf"
    path.write_text(f"namespace test {{\n}}\n{text}")
    assert load(str(path)).warnings == []
