"""`show user-agents`: clients by what they say they are."""

from __future__ import annotations

from base64 import b64encode

from asadm.target.aerospike.views import user_agents
from tests.each import for_each_row
from tests.fakes.said import node, rows


def said(*agents: tuple[bytes, int]) -> dict[str, str]:
    return {
        user_agents.COMMAND: "".join(
            f"user-agent={b64encode(agent).decode()}:count={count};" for agent, count in agents
        )
    }


def test_connections_of_a_client_are_added_over_nodes() -> None:
    found = [
        node("a", said((b"1,python-19.3.0,shop", 2))),
        node("b", said((b"1,python-19.3.0,shop", 3), (b"1,go-8.0.0,not-set", 1))),
    ]
    table = user_agents.table(found)
    assert [
        (total["client_version"], total["app_id"], total["count"]) for total in rows(table, "totals")
    ] == [
        ("go-8.0.0", "not-set", 1),
        ("python-19.3.0", "shop", 5),
    ]


@for_each_row(
    ("agent", "version", "app"),
    [
        (b64encode(b"1,java,a,b=c").decode(), "java", "a,b=c"),
        (b64encode(b"\xff\xfe").decode(), "\\xff\\xfe", None),
        (b64encode(b"just a text").decode(), "just a text", None),
        ("not base64!", "not base64!", None),
        ("", "", None),
    ],
)
def test_whatever_a_client_says_is_shown(agent: str, version: str, app: str | None) -> None:
    (row,) = rows(user_agents.table([node("a", {user_agents.COMMAND: f"user-agent={agent}:count=1;"})]))
    assert (row["client_version"], row["app_id"]) == (version, app)
