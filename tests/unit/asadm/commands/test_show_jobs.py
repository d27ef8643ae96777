"""``show jobs``: which are wanted."""

from tests.fakes.node import FakeNode
from tests.unit.asadm.conftest import Asadm

JOBS = (
    "trid=11:ns=test:set=users:status=done(ok):job-type=basic:run-time=1:time-since-done=9:recs-failed=0;"
    "trid=12:ns=test:set=demo:status=active(ok):job-type=background-udf:run-time=1:time-since-done=0:recs-failed=4;"
    "trid=13:ns=bar:set=demo:status=done(user-aborted):job-type=aggregation:run-time=1:time-since-done=3"
)


def ids(asadm: Asadm, words: str) -> list[str]:
    """Of the jobs that are shown."""
    with FakeNode({"query-show": JOBS}) as node:
        result = asadm("--json", "-h", node.address, "-e", f"show jobs {words}")
        return [row["transaction_id"] for table in result.document["tables"] for row in table["rows"]]


def test_which_jobs_are_wanted(asadm: Asadm) -> None:
    assert ids(asadm, "") == ["12", "13", "11"]
    assert ids(asadm, "queries like failed") == ["12", "13", "11"]
    assert ids(asadm, "for test") == ["12", "11"]
    assert ids(asadm, "for . demo") == ["12", "13"]
    assert ids(asadm, "trid 11 13") == ["13", "11"]
    assert ids(asadm, "--where status=active") == ["12"]
    assert ids(asadm, "--where set=demo --where job-type=agg") == ["13"]


def test_none_that_matches_is_1_and_none_at_all_is_a_good_answer(asadm: Asadm) -> None:
    with FakeNode({"query-show": JOBS}) as node:
        for words in ("trid 99", "--where nosuch=x", "for nosuch"):
            assert asadm("-h", node.address, "-e", f"show jobs {words}").code == 1, words
    with FakeNode({"query-show": ""}) as node:
        result = asadm("-h", node.address, "-e", "show jobs")
        assert result.code == 0
        assert "there are no jobs" in result.out


def test_what_is_gone_says_what_to_use(asadm: Asadm) -> None:
    result = asadm("-h", "127.0.0.1:9", "-e", "show jobs scans")
    assert result.code == 2
    assert "show jobs queries" in result.err
    for words in ("--where status", "--where =x", "--where a=[", "trid x", "trid", "nosuch", "for a b c"):
        assert asadm("-h", "127.0.0.1:9", "-e", f"show jobs {words}").code == 2, words


def test_an_old_server_that_has_no_such_command_is_a_row_with_its_reason(asadm: Asadm) -> None:
    with FakeNode({}) as node:
        result = asadm("-h", node.address, "-e", "show jobs")
        assert result.code == 1
        assert "unrecognized command" in result.out


def test_every_field_of_a_job_with_one_dash_as_with_two(asadm: Asadm) -> None:
    with FakeNode({"query-show": JOBS}) as node:
        short = asadm("-h", node.address, "-e", "show jobs").out
        assert "recs-failed" not in short
        for flip in ("--flip", "-flip"):
            assert "recs-failed" in asadm("-h", node.address, "-e", f"show jobs {flip}").out
