"""Cron's five fields and what systemd calls the same times."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.cron.times import KINDS, every, parse
from asinfo.errors import UsageError
from tests.each import for_each_row


@for_each_row(
    ("text", "crontab", "calendars"),
    [
        ("* * * * *", "* * * * *", ["*-*-* *:*:00"]),
        ("7 * * * *", "7 * * * *", ["*-*-* *:07:00"]),
        ("*/15 * * * *", "*/15 * * * *", ["*-*-* *:00/15:00"]),
        ("5,35 3 * * *", "5,35 3 * * *", ["*-*-* 03:05,35:00"]),
        ("0 */6 * * *", "0 */6 * * *", ["*-*-* 00/6:00:00"]),
        ("0 9-17 * * mon-fri", "0 9-17 * * 1-5", ["Mon,Tue,Wed,Thu,Fri*-*-* 09,10,11,12,13,14,15,16,17:00:00"]),
        ("0 0 * * 7", "0 0 * * 7", ["Sun*-*-* 00:00:00"]),
        ("0 0 * * 5-7", "0 0 * * 5-7", ["Sun,Fri,Sat*-*-* 00:00:00"]),
        ("0 0 1 jan,jul *", "0 0 1 1,7 *", ["*-01,07-01 00:00:00"]),
        ("0 0 1 * mon", "0 0 1 * 1", ["*-*-01 00:00:00", "Mon*-*-* 00:00:00"]),
        ("0 0 1-31 * mon", "0 0 1-31 * 1", ["*-*-* 00:00:00", "Mon*-*-* 00:00:00"]),
        ("0 0 */2 * mon", "0 0 */2 * 1", ["Mon*-*-01/2 00:00:00"]),
        ("0 0 30 2 mon", "0 0 30 2 1", ["*-02-30 00:00:00", "Mon*-02-* 00:00:00"]),
        ("@hourly", "0 * * * *", ["*-*-* *:00:00"]),
        (" @Weekly ", "0 0 * * 0", ["Sun*-*-* 00:00:00"]),
        ("10-30/10 * * * *", "10-30/10 * * * *", ["*-*-* *:10,20,30:00"]),
        ("40-59/10 * * * *", "40-59/10 * * * *", ["*-*-* *:40,50:00"]),
    ],
)  # fmt: skip
def test_times(text: str, crontab: str, calendars: list[str]) -> None:
    found = parse(text)
    assert found.crontab == crontab
    assert [calendar.replace(" *-", "*-") for calendar in found.calendars] == calendars


@for_each_row(
    "text",
    ["", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
     "-1 * * * *", "5-1 * * * *", "*/0 * * * *", "*/61 * * * *", "1/5 * * * *", "a * * * *", ", * * * *", "1,,2 * * * *",
     "1- * * * *", "-5 * * * *", "*/ * * * *", "*-5 * * * *", "1-2-3 * * * *", "1.5 * * * *", "٣ * * * *", "0 0 30 2 *",
     "0 0 31 4,6,9,11 *", "@reboot", "@often", "* * * * noday", "99999999999999999999 * * * *", "0 0 30 2 */2"],
)  # fmt: skip
def test_senseless_times(text: str) -> None:
    with pytest.raises(UsageError, match="--schedule"):
        parse(text)


@for_each_row(
    ("text", "crontab"),
    [
        ("1m", "* * * * *"),
        ("15m", "*/15 * * * *"),
        ("60m", "0 * * * *"),
        ("1h", "0 * * * *"),
        ("120m", "0 */2 * * *"),
        ("6h", "0 */6 * * *"),
        ("24h", "0 0 * * *"),
        ("1d", "0 0 * * *"),
        ("1440m", "0 0 * * *"),
    ],
)
def test_every(text: str, crontab: str) -> None:
    assert every(text).crontab == crontab


@for_each_row(
    "text",
    [
        "",
        "m",
        "0m",
        "7m",
        "90m",
        "5h",
        "0h",
        "2d",
        "0d",
        "1w",
        "15",
        "-5m",
        "1.5h",
        "٣h",
        "15 m",
        "9" * 30 + "m",
    ],
)
def test_senseless_every(text: str) -> None:
    with pytest.raises(UsageError, match="--every"):
        every(text)


@given(st.text(alphabet="0123456789*/,- @montuejan", max_size=30))
def test_any_text_is_times_or_a_usage_error(text: str) -> None:
    try:
        found = parse(text)
    except UsageError:
        return
    assert parse(found.crontab).calendars == found.calendars


def expanded(text: str, low: int, high: int) -> set[int]:
    """The numbers that one part of systemd's expression means."""
    if text == "*":
        return set(range(low, high + 1))
    start, slash, step = text.partition("/")
    if slash:
        return set(range(int(start), high + 1, int(step)))
    return {int(number) for number in text.split(",")}


@pytest.mark.parametrize("index", range(4))
@given(data=st.data())
def test_systemd_means_the_same_numbers(index: int, data: st.DataObject) -> None:
    kind = KINDS[index]
    low = data.draw(st.integers(kind.low, kind.high))
    high = data.draw(st.integers(low, kind.high))
    step = data.draw(st.integers(1, kind.high))
    item = data.draw(
        st.sampled_from([f"{low}", f"{low}-{high}", f"{low}-{high}/{step}", f"*/{step}", f"{low},{high}"])
    )
    fields = ["1"] * 4 + ["*"]
    fields[index] = item
    try:
        found = parse(" ".join(fields))
    except UsageError:
        return  # the 30th of February
    match = re.fullmatch(r"\*-(.+)-(.+) (.+):(.+):00", found.calendars[0])
    assert match
    month, day, hour, minute = match.groups()
    meant = (found.minute, found.hour, found.day, found.month)[index]
    assert expanded((minute, hour, day, month)[index], kind.low, kind.high) == meant.numbers
