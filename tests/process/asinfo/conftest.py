"""asinfo inside the test and the fixtures of its unit tests, for tests that start it as a process."""

from tests.unit.asinfo.test_cli import node, run

__all__ = ["node", "run"]
