"""``show udfs``: the modules of several nodes compared, and the source of one."""

import base64

from tests.fakes.fleet import Fleet
from tests.fakes.modules import Store
from tests.fakes.node import refusing
from tests.unit.asadm.conftest import Asadm

SOURCE = b"-- caf\xc3\xa9, and no UTF-8: \xff\r\nfunction f(r)\n  return 1\nend\n"


def test_like_chooses_among_modules(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        for name in (b"a.lua", b"ab.lua", b"c.lua"):
            fleet.load(name, b"return 1\n")
        result = asadm("-h", fleet.hosts, "-j", "show", "udfs", "like", "^a")
        assert [each["name"] for each in result.document["modules"]] == ["a.lua", "ab.lua"]
        result = asadm("-h", fleet.hosts, "show", "udfs", "like", "x", "y")
        assert (result.code, result.out, result.err) == (1, "", "asadm: no module matches: x, y\n")
        for words in (["("], ["a", "--stats"]):
            assert asadm("-h", fleet.hosts, "show", "udfs", "like", *words).code == 2


def test_show_udfs_marks_what_differs(asadm: Asadm) -> None:
    left, right = Store(), Store()
    left.modules = {b"same.lua": b"LQ==", b"differs.lua": b"LQ==", b"only,one.lua": b"LQ=="}
    right.modules = {b"same.lua": b"LQ==", b"differs.lua": b"LS0="}
    dead = "{}:{}".format(*refusing())
    with left.node() as one, right.node() as two:
        hosts = f"{one.address},{two.address},{dead}"
        result = asadm("-h", hosts, "-e", "show udfs")
        assert result.code == 1
        lines = [line.split() for line in result.out.splitlines()]
        assert lines[1] == ["Module", "State", one.address, two.address, dead]
        assert [line[:2] for line in lines[2:5]] == [
            ["differs.lua", "differs"],
            ["only,one.lua", "missing"],
            ["same.lua", "same"],
        ]
        assert all(len(digest) == 40 for digest in (lines[2][2], lines[2][3], lines[4][2]))
        assert lines[3][3] == "missing"
        assert {line[4] for line in lines[2:5]} == {"refused"}
        assert result.out.splitlines()[-1] == "3 modules, 2 not the same on all nodes"
        (differs, *_) = asadm("-j", "-h", hosts, "-e", "show udfs").document["modules"]
        assert differs["state"] == "differs"
        assert differs["hashes"][dead] is None
        assert asadm("-h", f"{one.address},{two.address}", "-e", "show udfs").code == 0


def test_show_udfs_prints_the_source_byte_for_byte(asadm: Asadm) -> None:
    left, right = Store(), Store()
    left.modules = {b"a.lua": base64.b64encode(SOURCE)}
    right.modules = {b"a.lua": b"LS0="}
    with left.node() as one, right.node() as two, Store().node() as none:
        result = asadm("-h", one.address, "show", "udfs", "a.lua")
        assert (result.code, result.raw, result.err) == (0, SOURCE, "")
        differing = asadm("-h", f"{none.address},{one.address},{two.address}", "show", "udfs", "a.lua")
        assert (differing.code, differing.raw) == (1, SOURCE)
        assert f"a.lua: {two.address} holds other content than {one.address}, shown here" in differing.err
        assert f"{none.address}: there is no such module (not_found)" in differing.err
        missing = asadm("-h", one.address, "show", "udfs", "nosuch.lua")
        assert (missing.code, missing.out) == (1, "")
