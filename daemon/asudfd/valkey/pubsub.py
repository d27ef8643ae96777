"""Publish and subscribe: who listens to which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.glob import glob
from asudfd.valkey.reply import Push, encode

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.settings import ValkeySettings

Audience = dict[bytes, dict["Client", None]]


class PubSub:
    """The subscribers of channels, of patterns and of the channels of shards.

    Who takes messages more slowly than they come is cut off: ``settings`` say how much may wait.
    """

    def __init__(self, settings: ValkeySettings) -> None:
        self._settings = settings
        self.channels: Audience = {}
        self.patterns: Audience = {}
        self.shard_channels: Audience = {}

    @staticmethod
    def add(audience: Audience, own: dict[bytes, None], client: Client, name: bytes) -> None:
        """The client listens to a channel or pattern; ``own`` is the client's own list of that kind."""
        own[name] = None
        audience.setdefault(name, {})[client] = None

    @staticmethod
    def remove(audience: Audience, own: dict[bytes, None], client: Client, name: bytes) -> None:
        """The client listens to it no more."""
        if own.pop(name, name) is None:
            listeners = audience[name]
            del listeners[client]
            if not listeners:
                del audience[name]

    def leave(self, client: Client) -> None:
        """The client listens to nothing more."""
        for audience, own in (
            (self.channels, client.channels),
            (self.patterns, client.patterns),
            (self.shard_channels, client.shard_channels),
        ):
            for name in tuple(own):
                self.remove(audience, own, client, name)

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message to all who listen to the channel, or to a pattern that matches it; returns how many."""
        sent = self._send(self.channels.get(channel), [b"message", channel, message])
        for pattern, listeners in tuple(self.patterns.items()):
            if glob(pattern).fullmatch(channel):
                sent += self._send(listeners, [b"pmessage", pattern, channel, message])
        return sent

    def publish_to_shard(self, channel: bytes, message: bytes) -> int:
        """Send a message to all who listen to the channel of a shard; returns how many."""
        return self._send(self.shard_channels.get(channel), [b"smessage", channel, message])

    def _send(self, listeners: dict[Client, None] | None, parts: list[object]) -> int:
        """Send a message, encoded once for each protocol."""
        if not listeners:
            return 0
        frames = {resp: encode(Push(parts), resp) for resp in (2, 3)}
        most = self._settings.messages_max
        for client in tuple(listeners):
            client.push(frames[client.resp])
            if client.connection is not None and client.connection.backlog > most:
                client.connection.cut()
        return len(listeners)
