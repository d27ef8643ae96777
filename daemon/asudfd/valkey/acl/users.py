"""All users of a node's Valkey face."""

from __future__ import annotations

from asudfd.valkey.acl.check import AclLog
from asudfd.valkey.acl.rules import apply_rules
from asudfd.valkey.acl.user import AclUser

USERS_MAX = 10000
"""Users that may be made: a client with that right must not be able to fill the memory."""


class AclUsers:
    """Users by name; `default` is always there, and is who a client is that has not logged in."""

    def __init__(self) -> None:
        self.default = AclUser(b"default")
        apply_rules(self.default, (b"on", b"nopass", b"~*", b"&*", b"+@all"))
        self._users = {b"default": self.default}
        self.log = AclLog()

    def get(self, name: bytes) -> AclUser | None:
        """The user of that name."""
        return self._users.get(name)

    def names(self) -> list[bytes]:
        """All names, in order."""
        return sorted(self._users)

    def all(self) -> list[AclUser]:
        """All users, in the order of their names."""
        return [self._users[name] for name in self.names()]

    def change(self, name: bytes, rules: list[bytes]) -> AclUser:
        """Apply rules to a user, who is made if need be: all or none. Raises RuleError."""
        user = self._users.get(name) or AclUser(name)
        changed = user.copy()
        apply_rules(changed, rules)
        user.take(changed)
        self._users[name] = user
        return user

    def is_full(self) -> bool:
        """Whether no user may be added."""
        return len(self._users) >= USERS_MAX

    def remove(self, name: bytes) -> AclUser | None:
        """Remove a user; returns who it was."""
        return self._users.pop(name, None)

    def require_password(self, password: bytes) -> None:
        """The password of the default user from now on; empty: none is needed."""
        apply_rules(self.default, (b"resetpass", b">" + password) if password else (b"nopass",))

    def authenticated(self, name: bytes, password: bytes) -> AclUser | None:
        """The user of that name, if the password is right and the user is enabled."""
        user = self._users.get(name)
        if user is None or not user.accepts(password) or not user.enabled:
            return None
        return user
