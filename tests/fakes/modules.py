"""Fake nodes that store modules: a cluster that shares one store, or nodes that stand alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from asinfo.wire import udf
from asinfo.wire.info import parameter, split_line
from tests.fakes.node import FakeNode

FACTS = {
    b"build": b"8.1.2.0",
    b"node": b"A1",
    b"cluster-name": b"null",
    b"udf-clear-cache": b"ok",
    b"statistics": b"cluster_size=3;uptime=93784;client_connections=4;other=1",
}


class Store:
    """Modules by name, as base64. ``broken`` content does not compile; ``puts`` counts what arrived."""

    def __init__(self, broken: bytes = b"= =") -> None:
        self.modules: dict[bytes, bytes] = {}
        self.broken = broken
        self.puts = 0
        self.removes = 0

    def node(self, facts: Mapping[bytes, bytes] | None = None, *, follows: bool = True) -> FakeNode:
        """One more node of the store's cluster. With ``follows`` false it takes changes and never lists them."""
        seen: dict[bytes, bytes] = {}

        def answer(line: bytes) -> bytes | None:
            name, parameters = split_line(line)
            if name == b"cluster-stable":
                return b"%X" % id(self)
            known = self.modules if follows else seen
            if name == b"udf-list":
                return udf.module_list((key, udf.digest(key, value)) for key, value in known.items())
            if name == b"udf-get":
                stored = known.get(parameter(parameters, b"filename") or b"")
                return b"error=not_found" if stored is None else b"type=LUA;content=" + stored + b";"
            if name in {b"udf-put", b"udf-remove"}:
                return self.change(name, parameters)
            return {**FACTS, **(facts or {})}.get(name)

        return FakeNode(answer)

    def change(self, name: bytes, parameters: bytes) -> bytes:
        filename = parameter(parameters, b"filename") or b""
        if name == b"udf-remove":
            self.removes += 1
            self.modules.pop(filename, None)
            return b"ok"
        self.puts += 1
        content = parameter(parameters, b"content") or b""
        source = base64.b64decode(content)
        if self.broken in source:
            line = source.count(b"\n", 0, source.index(self.broken)) + 1
            message = base64.b64encode(b"unexpected symbol near '='")
            return b"error=compile_error;file=%s;line=%d;message=%s" % (filename, line, message)
        self.modules[filename] = content
        return b"ok"
