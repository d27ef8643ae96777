"""Crontab files and systemd units: every word arrives as it was."""

import re
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.cron.printed import CronJob, crontab, service, timer
from asadm.cron.times import parse
from asinfo.errors import UsageError
from tests.each import for_each_row

SUMMARY = "Clear the Lua caches of all configured nodes"
HOURLY = parse("@hourly")
WORDS = ("/usr/local/bin/asadm", "cache", "clear", "--quiet")


def job(*more: str, **given: Any) -> CronJob:
    usual: dict[str, Any] = {
        "name": "asudf",
        "summary": SUMMARY,
        "schedule": HOURLY,
        "command": (*WORDS, *more),
    }
    return CronJob(**usual | given)


def as_cron_reads_it(text: str) -> tuple[str, list[str]]:
    """User and words: cron ends a command at a bare %, takes the backslash from \\%, and gives the rest to sh."""
    line = text.splitlines()[-1]
    _, _, _, _, _, user, command = line.split(" ", 6)
    assert not re.search(r"(?<!\\)%", command)
    return user, shlex.split(command.replace("\\%", "%"))


def as_systemd_reads_it(text: str) -> list[str]:
    """Words of ExecStart: quotes and C escapes taken away, then doubled % and $ halved."""
    line = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert line
    words = [
        re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        for quoted, bare in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line[1])
    ]
    return [word.replace("%%", "%").replace("$$", "$") for word in words]


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40)


@given(st.lists(TEXT, max_size=4))
def test_cron_gets_every_word(more: list[str]) -> None:
    if any("\\" in word for word in more):
        with pytest.raises(UsageError, match="backslash"):
            crontab(job(*more))
    else:
        assert as_cron_reads_it(crontab(job(*more))) == ("nobody", [*WORDS, *more])


@given(st.lists(TEXT.filter(lambda word: word != ";"), max_size=4))
def test_systemd_gets_every_word(more: list[str]) -> None:
    assert as_systemd_reads_it(service(job(*more))) == [*WORDS, *more]


def test_a_file_for_cron() -> None:
    assert crontab(
        job("--lock", "/run/lock/a b%.lock", user="asudf", ping_url="https://hc.example/uu%20id")
    ) == (
        "# Clear the Lua caches of all configured nodes. Made by: asadm schedule print --cron\n"
        "# Install as /etc/cron.d/asudf, owned by root and writable by root alone.\n"
        "SHELL=/bin/sh\n"
        "PATH=/usr/bin:/bin\n"
        "# Whoever knows this address can ping: mode 0600.\n"
        'ASADM_PING_URL="https://hc.example/uu%20id"\n'
        "0 * * * * asudf /usr/local/bin/asadm cache clear --quiet --lock '/run/lock/a b\\%.lock'\n"
    )


def test_the_timer() -> None:
    text = timer(job(splay=30.0))
    assert "\nOnCalendar=*-*-* *:00:00\nRandomizedDelaySec=30s\n" in text
    assert timer(job(schedule=parse("0 0 1 * mon"))).count("OnCalendar=") == 2
    assert "RandomizedDelaySec" not in timer(job())


def test_the_service() -> None:
    text = service(job(written=("/run/lock/x.lock", "/var/lib/p q/asudf.prom"), deadline=300.0))
    assert '\nReadWritePaths=/run/lock "/var/lib/p q"\n' in text
    assert "\nTimeoutStartSec=360s\n" in text
    assert "\nDynamicUser=yes\n" in text
    assert "\nPrivateTmp=yes\n" in text
    assert "\nUser=asudf\n" in service(job(user="asudf"))
    assert "PrivateTmp" not in service(job(written=("/tmp/x.lock",)))


def test_the_address_of_pings_is_not_on_the_command_line() -> None:
    text = service(job(ping_url="https://hc.example/uu%20id"))
    assert "\nEnvironment=ASADM_PING_URL=https://hc.example/uu%%20id\n" in text
    assert "hc.example" not in "".join(as_systemd_reads_it(text))


@for_each_row("name", ["", "a.b", "a/b", "../a", "a b", "-a", "a" * 65, "ä"])
def test_senseless_names(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        job(name=name)


@for_each_row("user", ["a b", "root;", "-u", "a\nb", "Ä", "0" * 40])
def test_senseless_users(user: str) -> None:
    with pytest.raises(UsageError, match="--user"):
        job(user=user)


@pytest.mark.parametrize("word", ["a\nb", "a\0b", "\udcff", "\t", "\x1b[2J"])
def test_no_control_characters(word: str) -> None:
    with pytest.raises(UsageError, match="is not text"):
        job(word)


def test_a_command_that_cron_would_cut() -> None:
    with pytest.raises(UsageError, match="998 bytes"):
        crontab(job("x" * 1000))


def test_a_quote_in_the_address_of_pings() -> None:
    with pytest.raises(UsageError, match="crontab"):
        crontab(job(ping_url="http://h/'"))


def test_a_lone_semicolon() -> None:
    with pytest.raises(UsageError, match="lone"):
        service(job(";"))
