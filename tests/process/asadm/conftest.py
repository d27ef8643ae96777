"""asadm inside the test and the fixtures of its unit tests, against daemons and tools that are processes."""

from tests.unit.asadm.conftest import asadm
from tests.unit.asadm.fleet.change.test_fleet_rollback import apply
from tests.unit.asadm.fleet.observed.test_fleet_udf_status import fleet as drifted
from tests.unit.asadm.fleet.plan.test_fleet_udf_plan import fleet, modules

__all__ = ["apply", "asadm", "drifted", "fleet", "modules"]
