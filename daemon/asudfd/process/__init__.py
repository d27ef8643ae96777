"""The daemon as a process of the system: its signals, its sockets over a restart, and the watchdog of its event loop."""
