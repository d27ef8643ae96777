"""Time limits for a change to arrive at the nodes; a rollout and a put with a marker share them."""

from __future__ import annotations

PROPAGATION_SECONDS = 0.4
"""Seconds a change has to pass from the node that took it to the others of its cluster; a real cluster of three needs 0.013."""

CONFIRM_SECONDS = 2.0
"""Seconds after its own put until a node that does not list it is stuck, and holds up the others no longer: a real server
waits as long for its cluster before it says that it did not confirm."""

POLL_SECONDS = 0.05
"""Seconds between two looks at the lists of modules: eight looks in `PROPAGATION_SECONDS`."""

RESTORE_SECONDS = 5.0
"""Longest time for putting the true content back after a put with a marker was cut off; a rollout keeps as much in reserve.
It is the time that a node has by default for one request."""

BYTES_PER_SECOND = 1_000_000
"""A request or a reply may take as much longer as it is large: 8 Mbit/s, a slow line between two sites."""
