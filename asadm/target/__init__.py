"""Targets: the kinds of servers whose modules asadm looks at and changes."""
