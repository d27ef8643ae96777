"""The plugin for pytest, in projects of its users."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNTER = """
function increment(rec, bin, by)
  warn("incrementing %s", bin)
  rec[bin] = (rec[bin] or 0) + by
  if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
  return rec[bin]
end
"""

SECONDS = 120


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "counter.lua").write_text(COUNTER)
    (tmp_path / "tests").mkdir()
    return tmp_path


def run(project: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (project / "tests" / "test_it.py").write_text(test)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "asudfd.pytest_plugin",
            "-p",
            "no:cacheprovider",
            "-q",
            *arguments,
        ],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def passed(ran: subprocess.CompletedProcess[str], count: int) -> bool:
    assert f"{count} passed" in ran.stdout, ran.stdout + ran.stderr
    return ran.returncode == 0


RECORDS = """
import pytest

KEY = ("test", "demo", "k")

@pytest.mark.parametrize("turn", range(4))
def test_records_are_gone_after_each_test(udf, asudf_client, turn):
    assert udf("udf/counter.lua") == ["counter"]
    assert asudf_client.apply(KEY, "counter", "increment", ["count", 5]) == 5
    assert asudf_client.get(KEY)[2] == {"count": 5}

def test_the_client_registers_modules_itself(asudf_client, tmp_path):
    path = tmp_path / "own.lua"
    path.write_text("function f() return 7 end")
    assert asudf_client.udf_put(str(path)) == 0
    assert asudf_client.apply(KEY, "own", "f", []) == 7
"""


@pytest.mark.parametrize("arguments", [[], ["-p", "xdist.plugin", "-n", "2"]], ids=["one process", "xdist"])
def test_functions_and_records(project: Path, arguments: list[str]) -> None:
    pytest.importorskip("aerospike", reason="the aerospike client is not installed")
    assert passed(run(project, RECORDS, *arguments), 5)


LOG = """
def test_before(udf, asudf_node):
    udf.text("earlier.lua", "function f() end")

def test_bad(udf, asudf_node):
    udf.text("m.lua", "function f() end")
    assert False

def test_good(udf, asudf_node):
    udf.text("another.lua", "function f() end")

def test_of_something_else():
    assert False
"""


def test_a_report_has_the_lines_of_its_test(project: Path) -> None:
    out = run(project, LOG).stdout
    assert "2 failed, 2 passed" in out
    bad, other = out.split("test_of_something_else", 1)
    section = bad.partition("Log of asudfd")[2]
    assert "m.lua" in section
    assert "another.lua" not in section
    assert "earlier.lua" not in section
    assert "Log of asudfd" not in other


AGAIN = """
import pytest

@pytest.mark.parametrize("turn", range(2))
def test_bad(udf, asudf_client, turn):
    udf("udf/counter.lua")
    for _ in range(3):
        with pytest.raises(Exception):
            asudf_client.apply(("test", "demo", "k"), "counter", "increment", ["count", "x"])
    assert False
"""


def test_tests_that_fail_alike_have_their_lines_each(project: Path) -> None:
    pytest.importorskip("aerospike", reason="the aerospike client is not installed")
    first, second = run(project, AGAIN).stdout.split("Log of asudfd")[1:]
    for section in (first, second):
        assert section.count("counter.increment failed: ") == 1
        assert section.count("incrementing count") == 1
        assert "log-message" not in section


MODULES = """
import pytest
from asinfo.errors import Error

def test_modules_in_the_order_in_which_they_require_each_other(udf, asudf_node):
    assert udf("udf") == ["a_first", "counter", "z_last"]
    (listed,) = asudf_node.info("udf-list")
    assert listed.count("filename=") == 3

def test_what_does_not_compile(udf):
    with pytest.raises(Error, match=r"bad.lua:2: "):
        udf.text("bad.lua", "x = 1\\nfunction f( end")

def test_a_path_that_is_none(udf):
    with pytest.raises(Error, match=r"no.lua: neither in .*tests nor in "):
        udf("no.lua")

def test_a_file_beside_the_test(udf):
    assert udf("beside.lua") == ["beside"]
"""


def test_files_and_directories(project: Path) -> None:
    (project / "udf" / "a_first.lua").write_text("local z = require('z_last')\n")
    (project / "udf" / "z_last.lua").write_text("return {}\n")
    (project / "tests" / "beside.lua").write_text("function f() end\n")
    assert passed(run(project, MODULES), 4)


def test_a_path_where_pytest_was_started(project: Path) -> None:
    """Without a file for pytest, the directory that is named is its root directory; a failure shows the test alone."""
    (project / "pytest.ini").unlink()
    test = (
        "def test(udf):\n    assert udf('udf') == ['counter']\n\ndef test_none(udf):\n    udf('none.lua')\n"
    )
    ran = run(project, test, "tests", "-c", os.devnull, "--rootdir", "tests")  # and no file further up
    assert "1 failed, 1 passed" in ran.stdout
    assert "udf('none.lua')" in ran.stdout
    assert "_files" not in ran.stdout


def test_a_failing_call_without_a_node_shows_the_test_alone(project: Path) -> None:
    test = "import asudfd\n\ndef test():\n    asudfd.call('udf/counter.lua', 'incremen')\n"
    ran = run(project, test)
    assert "CallError: udf/counter.lua has no function 'incremen'; did you mean increment?" in ran.stdout
    assert "module.py" not in ran.stdout


CLUSTER = """
import socket

def test_three_nodes(udf, asudf_cluster):
    assert len(asudf_cluster.addresses) == 3
    assert asudf_cluster.addresses[0] == (asudf_cluster.host, asudf_cluster.port)
    udf("udf/counter.lua")
    assert asudf_cluster.info("cluster-name", "namespaces") == ["demo", "users"]
    assert "counter.lua" in asudf_cluster.info("udf-list")[0]
"""


def test_a_cluster_with_options(project: Path) -> None:
    with (project / "pytest.ini").open("a") as file:
        file.write("asudf_node_options = --namespace users --cluster-name demo\n")
    assert passed(run(project, CLUSTER), 1)


def test_options_that_are_wrong(project: Path) -> None:
    with (project / "pytest.ini").open("a") as file:
        file.write("asudf_node_options = --namespace a:b\n")
    ran = run(project, "def test(asudf_node):\n    pass\n")
    assert ran.returncode == 1
    assert "--namespace: 'a:b' cannot be a name" in ran.stdout


def test_a_client_that_is_not_installed(project: Path) -> None:
    (project / "conftest.py").write_text("import sys\nsys.modules['aerospike'] = None\n")
    ran = run(project, "def test(asudf_client):\n    pass\n", "-rs")
    assert ran.returncode == 0
    assert "the client library aerospike is not installed" in ran.stdout


UNUSED = """
import sys

def test():
    own = {name for name in sys.modules if name.split(".")[0] in {"asudfd", "asinfo", "lupa"}}
    assert own == {"asudfd", "asudfd.pytest_plugin"}
"""


def test_nothing_is_imported_where_it_is_not_used(project: Path) -> None:
    assert passed(run(project, UNUSED), 1)


COVERED = """
import asudfd
import pytest

SOURCE = '''
function f(rec, x)
  if x then
    return 1
  end
  return 2
end
'''

def test_without_a_node():
    assert asudfd.call("udf/part.lua", "f", None, True).result == 1
    assert asudfd.call(SOURCE, "f").result == 2

@pytest.mark.parametrize("turn", range(2))
def test_on_a_node(udf, asudf_node, turn):
    udf("udf/counter.lua", "udf/never.lua")
    call(asudf_node, "counter", "increment")

def call(node, module, function):
    import socket
    from asinfo.wire import frame, request
    key = request.Key("test", "demo", "k")
    with socket.create_connection((node.host, node.port)) as connection:
        connection.sendall(frame.pack(frame.MESSAGE, request.apply(key, module, function, ["count", 1])))
        assert connection.recv(4096)
"""

PART = "function f(rec, x)\n  if x then\n    return 1\n  end\n  return 2\nend\n"


@pytest.mark.parametrize("arguments", [[], ["-p", "xdist.plugin", "-n", "2"]], ids=["one process", "xdist"])
def test_coverage(project: Path, arguments: list[str]) -> None:
    (project / "udf" / "part.lua").write_text(PART)
    (project / "udf" / "never.lua").write_text("function g()\n  return 1\nend\n")
    ran = run(project, COVERED, "--lua-coverage", "--lua-coverage-lcov", "lines.info", *arguments)
    assert passed(ran, 3)
    rows = dict(line.split(maxsplit=1) for line in ran.stdout.partition("Missing\n")[2].splitlines()[:3])
    assert rows["udf/counter.lua"] == "5       0   100%"
    assert rows["udf/never.lua"] == "2       2     0%  1-2"
    assert rows["udf/part.lua"] == "4       1    75%  5"
    lcov = (project / "lines.info").read_text()
    assert (
        f"SF:{project.resolve() / 'udf' / 'part.lua'}\nDA:1,1\nDA:2,1\nDA:3,1\nDA:5,0\nLH:3\nLF:4\nend_of_record\n"
        in lcov
    )


def test_a_report_that_cannot_be_written(project: Path) -> None:
    test = "def test():\n    pass\n"
    ran = run(project, test, "--lua-coverage-lcov", "none/lines.info")
    assert ran.returncode == 4
    assert "--lua-coverage-lcov: there is no directory none" in ran.stderr
    ran = run(project, test, "--lua-coverage-lcov", "udf")
    assert "--lua-coverage-lcov: cannot write udf: Is a directory" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_coverage_of_a_module_whose_lines_are_followed(project: Path) -> None:
    """A function with 255 upvalues: the report has its lines, and says why it is slow."""
    rows = [", ".join(f"{letter}{number}" for number in range(128)) for letter in "ab"]
    upvalues = ", ".join(rows).removesuffix(", b127")
    text = f"local {rows[0]}\nlocal function inner()\n  local {rows[1]}\n  return function() return {{{upvalues}}} end\nend\n"
    (project / "udf" / "wide.lua").write_text(f"{text}function f(rec)\n  return 1\nend\n")
    test = "import asudfd\n\ndef test():\n    assert asudfd.call('udf/wide.lua', 'f').result == 1\n"
    ran = run(project, test, "--lua-coverage")
    assert passed(ran, 1)
    assert (
        "udf/wide.lua: each line was followed, which is slow: the function at line 4 has 255 upvalues"
        in ran.stdout
    )
