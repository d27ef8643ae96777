"""The table of findings: its examples have what they say, and nothing else."""

import pytest

from asinfo.lint.codes import CODES
from asinfo.lint.findings import ERROR, WARNING, FindingCode
from tests.unit.asinfo.lint.sources import found

EXAMPLES = [code for code in CODES.values() if code.wrong]
IDS = [code.name for code in EXAMPLES]


@pytest.mark.parametrize("code", EXAMPLES, ids=IDS)
def test_the_wrong_example_has_just_that(code: FindingCode) -> None:
    findings = found(code.wrong)
    assert {(finding.code, finding.level) for finding in findings} == {(code.name, code.level)}


@pytest.mark.parametrize("code", EXAMPLES, ids=IDS)
def test_the_right_example_has_nothing(code: FindingCode) -> None:
    assert found(code.right) == []


def test_every_code_is_a_row() -> None:
    assert {code.level for code in CODES.values()} == {ERROR, WARNING}
    assert set(CODES) - {code.name for code in EXAMPLES} == {"file", "require-cycle"}  # more than one file
