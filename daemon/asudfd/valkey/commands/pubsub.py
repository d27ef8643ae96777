"""SUBSCRIBE, PUBLISH and their kin, and PUBSUB."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.commands.arguments import wrong_use
from asudfd.valkey.glob import glob
from asudfd.valkey.reply import CommandFailed, EncodedReply, Push, encode

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.pubsub import Audience, PubSub
    from asudfd.valkey.request import CommandRequest

CHANNELS_MAX = 100_000
"""Channels and patterns of one client, so that it cannot fill the memory."""


class _Kind(NamedTuple):
    """Channels, patterns, or channels of shards: what the replies call it."""

    prefix: bytes

    def audience(self, pubsub: PubSub) -> Audience:
        return {b"": pubsub.channels, b"p": pubsub.patterns, b"s": pubsub.shard_channels}[self.prefix]

    def own(self, client: Client) -> dict[bytes, None]:
        return {b"": client.channels, b"p": client.patterns, b"s": client.shard_channels}[self.prefix]

    def count(self, client: Client) -> int:
        return len(client.shard_channels) if self.prefix == b"s" else client.subscriptions


CHANNELS, PATTERNS, SHARDS = _Kind(b""), _Kind(b"p"), _Kind(b"s")


def _subscribe(request: CommandRequest, kind: _Kind) -> object:
    client, out = request.client, []
    for name in request.arguments[1:]:
        own = kind.own(client)
        if len(own) >= CHANNELS_MAX and name not in own:
            raise CommandFailed(f"ERR a client of asudfd subscribes to no more than {CHANNELS_MAX} channels")
        request.state.pubsub.add(kind.audience(request.state.pubsub), own, client, name)
        out.append(encode(Push([kind.prefix + b"subscribe", name, kind.count(client)]), client.resp))
    client.settle()
    return EncodedReply(b"".join(out))


def _unsubscribe(request: CommandRequest, kind: _Kind) -> object:
    client, out = request.client, []
    own = kind.own(client)
    names: list[bytes | None] = [*(request.arguments[1:] or own)]
    for name in names or [None]:
        if name is not None:
            request.state.pubsub.remove(kind.audience(request.state.pubsub), own, client, name)
        out.append(encode(Push([kind.prefix + b"unsubscribe", name, kind.count(client)]), client.resp))
    client.settle()
    return EncodedReply(b"".join(out))


def subscribe(request: CommandRequest) -> object:
    """SUBSCRIBE channel..."""
    return _subscribe(request, CHANNELS)


def psubscribe(request: CommandRequest) -> object:
    """PSUBSCRIBE pattern..."""
    return _subscribe(request, PATTERNS)


def ssubscribe(request: CommandRequest) -> object:
    """SSUBSCRIBE channel..."""
    return _subscribe(request, SHARDS)


def unsubscribe(request: CommandRequest) -> object:
    """UNSUBSCRIBE [channel...]."""
    return _unsubscribe(request, CHANNELS)


def punsubscribe(request: CommandRequest) -> object:
    """PUNSUBSCRIBE [pattern...]."""
    return _unsubscribe(request, PATTERNS)


def sunsubscribe(request: CommandRequest) -> object:
    """SUNSUBSCRIBE [channel...]."""
    return _unsubscribe(request, SHARDS)


def publish(request: CommandRequest) -> object:
    """PUBLISH channel message."""
    return request.state.pubsub.publish(*request.arguments[1:])


def spublish(request: CommandRequest) -> object:
    """SPUBLISH channel message."""
    return request.state.pubsub.publish_to_shard(*request.arguments[1:])


def _names(request: CommandRequest, audience: Audience) -> list[object]:
    if len(request.arguments) > 3:
        raise wrong_use(request.arguments)
    if len(request.arguments) == 2:
        return [*audience]
    matches = glob(request.arguments[2]).fullmatch
    return [name for name in audience if matches(name)]


def channels(request: CommandRequest) -> object:
    """PUBSUB CHANNELS [pattern]."""
    return _names(request, request.state.pubsub.channels)


def shard_channels(request: CommandRequest) -> object:
    """PUBSUB SHARDCHANNELS [pattern]."""
    return _names(request, request.state.pubsub.shard_channels)


def pattern_count(request: CommandRequest) -> object:
    """PUBSUB NUMPAT."""
    return len(request.state.pubsub.patterns)


def _counts(request: CommandRequest, audience: Audience) -> list[object]:
    return [part for name in request.arguments[2:] for part in (name, len(audience.get(name, ())))]


def subscriber_counts(request: CommandRequest) -> object:
    """PUBSUB NUMSUB [channel...]."""
    return _counts(request, request.state.pubsub.channels)


def shard_subscriber_counts(request: CommandRequest) -> object:
    """PUBSUB SHARDNUMSUB [channel...]."""
    return _counts(request, request.state.pubsub.shard_channels)


HANDLERS = {
    "subscribe": subscribe,
    "psubscribe": psubscribe,
    "ssubscribe": ssubscribe,
    "unsubscribe": unsubscribe,
    "punsubscribe": punsubscribe,
    "sunsubscribe": sunsubscribe,
    "publish": publish,
    "spublish": spublish,
    "pubsub|channels": channels,
    "pubsub|shardchannels": shard_channels,
    "pubsub|numpat": pattern_count,
    "pubsub|numsub": subscriber_counts,
    "pubsub|shardnumsub": shard_subscriber_counts,
}
