"""Plans and changes know the nodes only as a target: here are servers of another kind, whose protocol is made up.

Their commands are words, their hashes are no digests, and a put is seen by the node that got it alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asadm.cluster import ClusterNode, TargetCluster, select
from asadm.fleet.change.deliver import deliver
from asadm.fleet.change.planned import items
from asadm.fleet.change.rollout import Rollout
from asadm.fleet.change.stuck import forcing
from asadm.fleet.desired.directory import read
from asadm.fleet.observed.fetch import fetch
from asadm.fleet.observed.served import ServedModules
from asadm.fleet.observed.survey import survey
from asadm.fleet.plan.plan import examine
from asadm.outcome import NodeAnswer
from asadm.target.interface import Deliver, Delivery, ForcedPut, Rules, Warn
from asadm.target.results import DONE, REFUSED, Judgement, Listing, LockAnswer
from asinfo.exchange import Endpoint
from asinfo.lint.findings import LintFinding
from asinfo.lint.known_modules import OtherModules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from asadm.target.interface import NamedSource, Target
    from asinfo.errors import Problem


class WordRules:
    """Any name will do; a hash is the size of the content and its first byte."""

    SOURCE_SIZE_MAX = 1000
    ALLOWED = "anything"
    NOUN = "module"
    FAMILY = "udf"
    NO_FILE = "no file called *.lua"
    SETTINGS_FILE = "udf.yaml"

    def name_of(self, file: bytes, content: bytes) -> bytes | None:
        return file

    def problems(
        self,
        sources: Sequence[NamedSource],
        present: Mapping[bytes, bytes | None],
        nodes: Sequence[Endpoint],
    ) -> list[Problem]:
        return []

    def can_register(self, name: bytes) -> bool:
        return bool(name)

    def registrable(self, name: bytes) -> bytes:
        return name

    def sendable(self, name: bytes) -> bytes:
        return name

    def hash(self, name: bytes, content: bytes) -> str:
        return f"{len(content)} from {content[:1]!r}"

    def lint(self, sources: Sequence[NamedSource], others: OtherModules) -> Sequence[LintFinding]:
        return ()

    def required(self, content: bytes) -> tuple[bytes, ...]:
        return tuple(
            line.removeprefix(b"needs ") for line in content.split(b"\n") if line.startswith(b"needs ")
        )


class NoLeftovers:
    """These servers see every put: nothing temporary is ever on them."""

    def held(
        self, listings: Sequence[Listing], known: Iterable[tuple[bytes, bytes]] = ()
    ) -> dict[bytes, list[Endpoint]]:
        return {}

    def original(self, content: bytes) -> bytes | None:
        return None

    def content(self, hash_: str) -> bytes | None:
        return None

    def end(self, name: bytes, content: bytes) -> None:
        pass

    def lines(self, found: Mapping[bytes, Sequence[Endpoint]]) -> Sequence[str]:
        return []


def words(members: Sequence[ClusterNode], *, name: str, timeout: float, mode: str) -> Words:
    assert not mode
    return Words(members, name=name, timeout=timeout)


class Words(TargetCluster):
    """A cluster of nodes that hold their modules in this process."""

    leftovers = NoLeftovers()
    rules: Rules = WordRules()
    held: dict[str, dict[bytes, bytes]]

    def only(self, words: Sequence[str]) -> Self:
        return self.part(select(self.members, words))

    def add_peers(self, *, alternate: bool = False) -> None:
        pass

    def list_command(self) -> bytes:
        return b"list"

    def put_command(self, name: bytes, content: bytes) -> bytes:
        return b"put %b %b" % (name, content)

    def get_command(self, name: bytes) -> bytes:
        return b"get %b" % name

    def remove_command(self, name: bytes) -> bytes:
        return b"remove %b" % name

    def lock_command(self, owner: str, seconds: int) -> bytes:
        return b"lock"

    def unlock_command(self, owner: str) -> bytes:
        return b"unlock"

    def each(
        self,
        commands: Sequence[bytes],
        *,
        nodes: Iterable[Endpoint] | None = None,
        timeout: float | None = None,
    ) -> list[NodeAnswer]:
        return self.ask([(node, tuple(commands)) for node in nodes or self.nodes], timeout=timeout)

    def ask(
        self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        return [NodeAnswer(node, "ok", [self.say(node, each) for each in words]) for node, words in asks]

    def say(self, node: Endpoint, command: bytes) -> bytes:
        modules = self.held[node.name]
        word, _, rest = command.partition(b" ")
        name, _, content = rest.partition(b" ")
        if word == b"put" and content.startswith(b"wrong"):
            return b"NO: that is wrong"
        if word == b"put":
            modules[name] = content
        elif word == b"remove":
            modules.pop(name, None)
        elif word == b"get":
            return modules[name]
        return repr(modules).encode() if word == b"list" else b"done"

    def groups(self, nodes: Sequence[Endpoint], *, timeout: float | None = None) -> list[list[Endpoint]]:
        return [[node] for node in nodes]

    def cluster_names(self) -> list[str]:
        return ["words"]

    def judge(self, answer: bytes) -> Judgement:
        return Judgement(REFUSED, answer.decode()) if answer.startswith(b"NO") else Judgement(DONE)

    def judge_lock(self, answer: bytes) -> LockAnswer:
        return LockAnswer()

    def content(self, answer: bytes) -> bytes:
        return answer

    def listings(self, found: Sequence[NodeAnswer]) -> list[Listing]:
        return [
            Listing(
                each,
                {name: self.hash(name, content) for name, content in self.held[each.node.name].items()},
            )
            for each in found
        ]

    def hash(self, name: bytes, content: bytes) -> str:
        return self.rules.hash(name, content)

    def force_put(
        self,
        groups: Sequence[Sequence[Endpoint]],
        name: bytes,
        content: bytes,
        *,
        wait: float,
        warn: Warn,
        deliver: Deliver,
    ) -> ForcedPut:
        made: Delivery = deliver(self, groups, name, content, wait)
        return ForcedPut([NodeAnswer(node, "ok") for node in made.good], [], 0)

    def changed(self, nodes: Mapping[bytes, Sequence[Endpoint]]) -> None:
        pass

    def cache_warnings(self, listings: Sequence[Listing]) -> Sequence[ClusterNode]:
        return []


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Words:
    made = Words([ClusterNode(Endpoint(f"10.0.0.{number}", 1, name=f"w{number}")) for number in range(3)])
    monkeypatch.setattr(Words, "held", {node.name: {} for node in made.nodes}, raising=False)
    return made


def directory(path: Path, **files: bytes) -> str:
    for name, content in files.items():
        (path / f"{name}.lua").write_bytes(content)
    return str(path)


def test_a_directory_is_applied_in_the_order_of_its_requirements(cluster: Words, tmp_path: Path) -> None:
    target: Target = cluster  # mypy compares it with the interface here
    wanted = read(directory(tmp_path, a=b"needs b.lua\n", b=b"first"), cluster.rules)
    cluster.held["w1"][b"old.lua"] = b"left over"
    plan = examine(target, wanted, prune=True)
    assert [step.name for step in plan.steps] == [b"b.lua", b"a.lua", b"old.lua"]
    rollout = Rollout(target, items(plan), plan.survey, wait=10, stuck=forcing(pytest.fail), verify=True)
    rollout.run()
    assert cluster.held == {f"w{n}": {b"b.lua": b"first", b"a.lua": b"needs b.lua\n"} for n in range(3)}
    assert all(state.proven for state in rollout.states)
    assert not examine(target, wanted, prune=True).pending


def test_the_refusal_is_the_text_of_the_target(cluster: Words, tmp_path: Path) -> None:
    plan = examine(cluster, read(directory(tmp_path, a=b"wrong"), cluster.rules))
    rollout = Rollout(cluster, items(plan), plan.survey, wait=10)
    rollout.run()
    assert {state.cells[b"a.lua"].error for state in rollout.states} == {"NO: that is wrong"}


def test_contents_are_read_and_compared(cluster: Words) -> None:
    cluster.held["w0"][b"a.lua"] = b"one"
    cluster.held["w2"][b"a.lua"] = b"other"
    found = survey(cluster)
    assert found.hashes(b"a.lua") == ["3 from b'o'", None, "5 from b'o'"]
    assert (
        fetch(cluster, {(b"a.lua", "5 from b'o'"): [cluster.nodes[2]]})[b"a.lua", "5 from b'o'"].content
        == b"other"
    )
    assert not ServedModules(cluster, found).damaged
    made = deliver(cluster, [[node] for node in cluster.nodes], b"a.lua", b"new", 5)
    assert made.good == set(cluster.nodes)
