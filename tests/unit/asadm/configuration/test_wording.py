"""When a file and a node mean the same value."""

from asadm.configuration.wording import portable, same
from tests.each import for_each_row


@for_each_row(
    ("wanted", "told"),
    [
        ("5", "5"),
        ("4G", "4294967296"),
        ("4g", "4294967296"),
        ("1T", "1099511627776"),
        ("30d", "2592000"),
        ("5m", "300"),  # of a time
        ("5m", "5242880"),  # what a server makes of it where the parameter is a plain number
        ("yes", "true"),
        ("True", "true"),
        ("no", "false"),
        ("off", "off"),
        ("null", "null"),
        ("", "null"),
        ("b,a", "a,b"),
        ("010", "10"),
    ],
)
def test_the_same(wanted: str, told: str) -> None:
    assert same(wanted, told)


@for_each_row(
    ("wanted", "told"),
    [
        ("5", "6"),
        ("4G", "4000000000"),
        ("yes", "false"),
        ("true", "1"),
        ("x", "null"),
        ("a", "A"),
        ("a,b", "a"),
        ("5x", "5"),
        ("9" * 60, "9"),
        ("\N{ARABIC-INDIC DIGIT FIVE}", "5"),
    ],
)
def test_another_value(wanted: str, told: str) -> None:
    assert not same(wanted, told)


def test_paths_below_the_directory_of_a_node_are_told_from_there_on() -> None:
    assert portable("/srv/1/smd/x", "/srv/1") == "{work-directory}/smd/x"
    assert portable("/srv/1/smd/x", "/srv/1/") == "{work-directory}/smd/x"
    assert portable("/srv/10/smd", "/srv/1") == "/srv/10/smd"
    assert portable("/srv/1/x", "") == "/srv/1/x"
    assert portable("/srv/1/x", "/") == "/srv/1/x"
