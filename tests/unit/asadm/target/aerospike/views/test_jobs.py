"""`show jobs`: which come first, what they are called, and what of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.target.aerospike.views import jobs
from asinfo.terminal.render import plain
from tests.fakes.said import dead, node, rows

if TYPE_CHECKING:
    from asadm.tables.table import Table
    from asadm.target.aerospike.views.asking import NodeInfo


def job(trid: int, status: str = "done(ok)", ran: int = 1, ago: int = 0, **more: str) -> str:
    fields = {
        "trid": str(trid),
        "ns": "test",
        "status": status,
        "run-time": str(ran),
        "time-since-done": str(ago),
    }
    fields |= {"job-type": "basic"} | {name.replace("_", "-"): value for name, value in more.items()}
    return ":".join(f"{name}={value}" for name, value in fields.items())


def info(name: str, *found: str) -> NodeInfo:
    return node(name, {jobs.COMMAND: ";".join(found)})


def table(*found: NodeInfo) -> Table:
    return jobs.table(found, lambda _: True)


def order(made: Table) -> list[tuple[str, str]]:
    return [(row["transaction_id"], row["node"]) for row in rows(made) if row["state"] == "ok"]


def test_active_jobs_come_first_then_the_newest_with_the_parts_of_a_job_together() -> None:
    a = info("a", job(1, ago=5), job(2, ago=900), job(3, "active(ok)", ran=4000))
    b = info("b", job(3, ran=10, ago=1), job(1, ago=70), job(4, ago=50))
    assert order(table(a, b, dead("c"))) == [
        ("3", "a"), ("3", "b"), ("1", "a"), ("1", "b"), ("4", "b"), ("2", "a"),
    ]  # fmt: skip


def test_a_job_of_a_udf_has_the_name_of_its_function() -> None:
    made = table(
        info("a", job(1, job_type="background-udf", udf_filename="upd", udf_function="slow"), job(2))
    )
    assert sorted(row["job"] for row in rows(made)) == ["basic", "upd.slow"]


def test_ids_of_twenty_digits_are_texts_and_figures_are_numbers() -> None:
    (row,) = rows(
        table(info("a", job(12344938642282475805, job_progress="45.73", net_io_bytes="30", rps="20")))
    )
    assert row["transaction_id"] == "12344938642282475805"
    assert (row["progress"], row["net_io_bytes"], row["rps"], row["run_time"]) == (45.73, 30, 20, 1)


def test_an_aborted_job_stands_out() -> None:
    made = table(info("a", job(1, "done(user-aborted)"), job(2, "active(ok)"), job(3)))
    marks = {row.values["transaction_id"]: row.marks["status"] for row in made.rows}
    assert marks == {"1": "bad", "2": "changed", "3": ""}


def test_other_fields_are_for_programs_unless_they_are_named_or_everything_is() -> None:
    found = [info("a", job(1, recs_failed="3", net_io_bytes="30"))]
    assert "recs-failed" not in plain(jobs.table(found, lambda _: True).sheet())
    named = plain(jobs.table(found, lambda _: True, lambda name: "failed" in name).sheet())
    assert "recs-failed" in named
    assert "net-io-bytes" not in named
    assert "net-io-bytes" in plain(jobs.table(found, lambda _: True, everything=True).sheet())
    assert rows(jobs.table(found, lambda _: True))[0]["recs_failed"] == 3


def test_a_node_without_jobs_is_told() -> None:
    assert "nothing on b" in (table(info("a", job(1)), info("b")).sheet().note)
    assert table(info("a"), info("b")).note == "there are no jobs"
