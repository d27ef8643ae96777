"""asadm inside the test and the fixtures of its unit tests, against daemons and tools that are processes."""

from tests.unit.asadm.commands.test_udf_plan import fleet, modules
from tests.unit.asadm.commands.test_udf_rollback import apply
from tests.unit.asadm.commands.test_udf_status import fleet as drifted
from tests.unit.asadm.conftest import asadm

__all__ = ["apply", "asadm", "drifted", "fleet", "modules"]
