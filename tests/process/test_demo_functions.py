"""`make demo-functions`: the library of the guide through the real valkey-cli, and nothing left behind."""

from pathlib import Path

from tests.demo import lines_that_are_not_printed, run_demo
from tests.processes import ROOT


def test_the_demo_of_functions(tmp_path: Path) -> None:
    printed = run_demo("demo_functions.sh", tmp_path / "demo")
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    session = printed.replace(str(tmp_path / "demo"), ".demo-functions")
    assert lines_that_are_not_printed(session, page, "From the output of `make demo-functions`") == []
    steps = printed.split("\n# ")
    assert [step.count("\nready 127.0.0.1:") for step in steps] == [0, 1, 0, 0, 1, 0, 1, 0]
    assert "\nmylib\n" in steps[2]
    assert "\nWho's there?\n" in steps[2]
    assert "\n3\n" in steps[3]
    assert "\nmyfield\nsome value\n" in steps[3]
    assert "\nHash key name not provided\n" in steps[3]
    assert "functions_count\n3\n" in steps[4]
    assert "BUSY Valkey is busy running a script." in steps[5]
    assert "ERR Script killed by user with FUNCTION KILL. script: on @user_function:2." in steps[5]
    assert steps[6].count("functions_count\n3\n") == 3
    assert steps[6].rstrip().endswith("name\nAda")
