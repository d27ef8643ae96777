"""The recogniser of command lines, and what is done with one that it does not understand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.cli import OPTIONS
from asinfo.errors import UsageError
from asinfo.terminal import application
from asinfo.terminal.options import Option, convert, recognise
from asinfo.terminal.usage import fault
from tests.each import for_each_row

ROWS = (
    Option("value", "v", "list", help="values"),
    Option("plain", "l", "flag", help="a flag"),
    Option("other", "o", "flag", help="a flag"),
    Option("password", "P", "optional", help="a secret"),
    Option("tls-name", "t", help="a name"),
    Option("tls-cafile", help="a file"),
    Option("timeout", kind="seconds", default=5.0, help="seconds"),
    Option("splay", kind="number", default=0.0, help="seconds or none"),
    Option("port", "p", "port", help="a port", environment="ASUDF_TEST_PORT"),
    Option("count", "c", "integer", help="a count"),
    Option("auth", kind="choice", choices=("INTERNAL", "PKI"), help="a mode"),
)

Understood = tuple[dict[str, object], list[str]] | None


def fast(argv: list[str], *, interspersed: bool = True) -> Understood:
    values = recognise(argv, ROWS, interspersed=interspersed)
    return None if values is None else (dict(values.given), values.words)


GOOD: list[tuple[list[str], dict[str, object], list[str]]] = [
    ([], {}, []),
    (["-v", "build"], {"value": ["build"]}, []),
    (["-vbuild", "--value=node", "--value", "x=y"], {"value": ["build", "node", "x=y"]}, []),
    (["-v", ""], {"value": [""]}, []),
    (["-v", "-"], {"value": ["-"]}, []),
    (["-"], {}, ["-"]),
    (["--val", "b"], {"value": ["b"]}, []),
    (["-l", "--oth"], {"plain": True, "other": True}, []),
    (["-P"], {"password": ""}, []),
    (["-P", "-l"], {"password": "", "plain": True}, []),
    (["-Psecret"], {"password": "secret"}, []),
    (["--password", "secret"], {"password": "secret"}, []),
    (["--password=-x"], {"password": "-x"}, []),
    (["--tls_name", "n", "--tls_cafile=f"], {"tls-name": "n", "tls-cafile": "f"}, []),
    (["-t", "a", "-t", "b"], {"tls-name": "b"}, []),
    (["--timeout", "0.5", "--splay", "0"], {"timeout": 0.5, "splay": 0.0}, []),
    (["--timeout=.5"], {"timeout": 0.5}, []),
    (["-p", "3000", "-c0"], {"port": 3000, "count": 0}, []),
    (["-t", "-all,+x", "-v", "-x"], {"tls-name": "-all,+x", "value": ["-x"]}, []),
    (["--auth", "pki"], {"auth": "PKI"}, []),
    (["-lo"], {"plain": True, "other": True}, []),
    (["-lvbuild", "-lop", "3"], {"plain": True, "other": True, "value": ["build"], "port": 3}, []),
    (["-loP"], {"plain": True, "other": True, "password": ""}, []),
    (["a", "-l", "b"], {"plain": True}, ["a", "b"]),
    (["-l", "--", "-v", "--"], {"plain": True}, ["-v", "--"]),
    (["-v", "udf-get:filename=ünï\udcff.lua"], {"value": ["udf-get:filename=ünï\udcff.lua"]}, []),
]


@pytest.mark.parametrize(("argv", "given_", "words"), GOOD, ids=lambda value: " ".join(map(str, value)))
def test_understood(argv: list[str], given_: dict[str, object], words: list[str]) -> None:
    assert fast(argv) == (given_, words)


BAD = [
    ["--nonsense"], ["-z"], ["-v"], ["--value"], ["--tls", "x"], ["--plain=x"], ["--timeout", "x"],
    ["--timeout", "0"], ["--timeout", "-1"], ["--timeout", "nan"], ["--timeout", "inf"], ["--timeout", "1e3"],
    ["-p", "0"], ["-p", "65536"], ["-p", "٣"], ["-p", "1_0"], ["-c", "-1"], ["-c", "1.0"], ["--auth", "x"],
    ["-c", "9" * 30], ["--timeout", "99999999999999999"], ["--timeout", "86400.1"], ["--timeout", ""], ["--=x"], ["-=x"],
]  # fmt: skip


@pytest.mark.parametrize("argv", BAD, ids=" ".join)
def test_refused(argv: list[str]) -> None:
    assert fast(argv) is None
    with pytest.raises(UsageError, match=r"^\S.*; see 'test --help'$"):
        application.explain("test", argv, ROWS, summary="s")


@for_each_row(
    ("argv", "what"),
    [
        (["--nonsense"], "unknown option --nonsense"),
        (["--nonsense=3"], "unknown option --nonsense"),
        (["--prot=3"], "unknown option --prot, did you mean --port?"),
        (["-z"], "unknown option -z"),
        (["-lz"], "unknown option -z"),
        (["-l--other"], "unknown option -l"),
        (["-v"], "--value needs a value"),
        (["-lv"], "--value needs a value"),
        (["--value", "-l"], "--value needs a value"),
        (["--timeout", "-1"], "--timeout: '-1' is not a number of seconds"),
        (["-c", "-x"], "--count: '-x' is not a whole number"),
        (["-t", "-1"], "--tls-name needs a value"),
        (["-t", "--x"], "--tls-name needs a value"),
        (["--plain=x"], "--plain takes no value"),
        (["--pla=x"], "--pla takes no value"),
        (["--help=x"], "--help takes no value"),
        (["--tls", "x"], "--tls may be --tls-name, --tls-cafile"),
        (["-l", "--auth", "x"], "--auth: 'x' is not one of INTERNAL, PKI"),
        (["-p", "0"], "--port: '0' is not a port (1 to 65535)"),
    ],
)
def test_what_is_wrong(argv: list[str], what: str) -> None:
    assert fault(argv, [*ROWS, application.HELP]) == what
    assert fast(argv) is None


ANY_WORDS = st.lists(
    st.sampled_from(
        ["-v", "--value", "build", "-l", "-P", "--password=x", "-t", "--tls_name", "--timeout", "1", "0.5", "-", "--",
         "-vx", "-lo", "-lx", "--port", "3", "x", "", "--pla", "--pla=", "--auth=PKI", "-c1", "--nope", "-h", "-l-", "-lo="]
    ),
    max_size=6,
)  # fmt: skip


@given(ANY_WORDS | st.lists(st.text(max_size=6), max_size=5), st.booleans())
def test_what_is_not_recognised_has_a_fault(argv: list[str], interspersed: bool) -> None:
    recognised = recognise(argv, ROWS, interspersed=interspersed) is not None
    assert recognised == (fault(argv, ROWS, interspersed=interspersed) == "")


@given(st.lists(st.text(max_size=6), max_size=5))
def test_any_words_are_understood_or_left(argv: list[str]) -> None:
    recognise(argv, OPTIONS)


def test_words_end_the_options_of_a_program_with_commands() -> None:
    assert fast(["-l", "cache", "clear", "--quiet", "-v"], interspersed=False) == (
        {"plain": True},
        ["cache", "clear", "--quiet", "-v"],
    )


def test_where_a_value_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    values = recognise([], ROWS)
    assert values is not None
    assert (values.number("timeout"), values.integer("port"), values.flag("plain")) == (5.0, None, False)
    assert (values.text("tls-name"), values.texts("value")) == (None, [])
    values.configured = {"timeout": 2.0, "port": 4}
    assert (values.number("timeout"), values.integer("port")) == (2.0, 4)
    monkeypatch.setenv("ASUDF_TEST_PORT", "77")
    assert values.integer("port") == 77
    values.given["port"] = 78
    assert values.integer("port") == 78


@pytest.mark.parametrize(
    "asked", [["--help"], ["-E"], ["-lE"], ["--hel"], ["-p", "abc", "--help"], ["a", "--help"]]
)
def test_help(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = application.explain(
        "prog",
        asked,
        ROWS,
        summary="What it does.",
        examples="Examples:\n  prog -v a      b",
    )
    written = capsys.readouterr()
    assert code == 0
    assert "What it does." in written.out
    assert "  prog -v a      b\n" in written.out
    assert all(f"--{option.name}" in written.out for option in ROWS)
    assert "[$ASUDF_TEST_PORT]" in written.out
    assert "_" not in written.out.replace("[$ASUDF_TEST_PORT]", "")


def test_convert_names_the_fault() -> None:
    with pytest.raises(ValueError, match="'x' is not one of INTERNAL, PKI"):
        convert(ROWS[-1], "x")


def test_a_day_is_the_longest_time() -> None:
    option = Option("timeout", kind="seconds", help="")
    assert convert(option, "86400") == 86400.0
    with pytest.raises(ValueError, match="is more than 86400 seconds, a day"):
        convert(option, "99999999999999999")
