"""The interface of a target: what asadm needs of the servers whose modules it looks at and changes.

A target is a cluster of nodes of one kind of server. It makes the commands that list, put, get and remove modules, reads
the answers, and knows how nodes form clusters and lock them. Commands and answers are opaque bytes to everybody else, a
hash is an opaque text that two nodes share where they have the same content, and a reason is the target's own text.

Nothing on the way of the usual runs imports this module: `typing` costs as much as a whole run of the tool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.cluster import ClusterNode
    from asadm.outcome import NodeAnswer
    from asadm.progress import Progress
    from asadm.target.restorer import Restorer
    from asadm.target.results import Judgement, Listing, LockAnswer, NodeFault
    from asadm.time_budget import TimeBudget
    from asinfo.errors import Problem
    from asinfo.exchange import Endpoint
    from asinfo.lint.findings import LintFinding
    from asinfo.lint.known_modules import OtherModules


class NamedSource(Protocol):
    """A module that is to be put on nodes: its ``name``, the ``path`` of its file, and its ``content``."""

    @property
    def name(self) -> bytes:
        """As nodes call it."""

    @property
    def path(self) -> str:
        """Where it was read."""

    @property
    def content(self) -> bytes:
        """Its bytes."""


class Rules(Protocol):
    """Rules for names and contents of modules; no node is asked."""

    NOUN: str
    """What the servers call a module, for messages and tables."""

    NO_FILE: str
    """What a directory without any lacks."""

    FAMILY: str
    """First word of the commands for them, see `asadm.target.types`."""

    SETTINGS_FILE: str
    """Name of the file beside modules that says more of them, see `asadm.fleet.desired.udf_yaml`."""

    SOURCE_SIZE_MAX: int
    """Largest module in bytes."""

    ALLOWED: str
    """The rule of `can_register`, for messages."""

    def can_register(self, name: bytes) -> bool:
        """Whether every server of this kind takes a module of that name."""

    def registrable(self, name: bytes) -> bytes:
        """``name`` when every server takes a module of that name; UsageError with the rule otherwise."""

    def sendable(self, name: bytes) -> bytes:
        """``name`` when a server may have a module of that name; UsageError with the rule otherwise."""

    def hash(self, name: bytes, content: bytes) -> str:
        """What a node lists for a module that has just this content."""

    def name_of(self, file: bytes, content: bytes) -> bytes | None:
        """The name of the module in a file of that name; None where the file has none in it. Raises WireError for a wrong one."""

    def problems(
        self,
        sources: Sequence[NamedSource],
        present: Mapping[bytes, bytes | None],
        nodes: Sequence[Endpoint],
    ) -> list[Problem]:
        """What is wrong with ``sources``, found without a node, for ``nodes`` that have been read; empty where nothing is.

        ``present``: other modules that stay on the nodes, with their contents where these are known.
        """

    def lint(self, sources: Sequence[NamedSource], others: OtherModules) -> Sequence[LintFinding]:
        """What is found in ``sources``, which may require ``others``; empty where `problems` tells all that is to be told."""

    def required(self, content: bytes) -> tuple[bytes, ...]:
        """Names of the modules that ``content`` requires, without those that every node has."""


class Leftovers(Protocol):
    """Temporary versions of modules that a change which was cut off may have left on nodes; most targets have none."""

    def held(
        self, listings: Sequence[Listing], known: Iterable[tuple[bytes, bytes]] = ()
    ) -> dict[bytes, list[Endpoint]]:
        """The modules of which nodes list a temporary version, and these nodes; ``known``: names and true contents."""

    def original(self, content: bytes) -> bytes | None:
        """The true content, when ``content`` is a temporary version; None when it is none."""

    def content(self, hash_: str) -> bytes | None:
        """The true content of the temporary version that nodes list so; None when nothing is known of it."""

    def end(self, name: bytes, content: bytes) -> None:
        """All nodes have the true ``content`` again."""

    def lines(self, found: Mapping[bytes, Sequence[Endpoint]]) -> Sequence[str]:
        """What to tell of nodes that hold such versions: a line for each module."""


class Delivery(NamedTuple):
    """The results of one put on several clusters.

    ``good``         the nodes that list the new content
    ``failed``       why each other node does not
    ``interrupted``  whether a signal ended it
    """

    good: set[Endpoint]
    failed: dict[Endpoint, NodeAnswer]
    interrupted: bool


class ForcedPut(NamedTuple):
    """The result of a put that does not rely on the nodes to see a change.

    ``results``  an answer a node; good where the node has the content now
    ``left``     nodes that may hold a temporary version
    ``stopped``  the exit code of the signal that stopped it; 0 for none
    """

    results: Sequence[NodeAnswer]
    left: Sequence[Endpoint]
    stopped: int


Warn = Callable[[str], None]
"""Puts one line on standard error."""

Deliver = Callable[["Target", "Sequence[Sequence[Endpoint]]", bytes, bytes, float], Delivery]
"""Puts one content as a module on all nodes of some clusters, within some seconds."""


class CacheWarning(Protocol):
    """A node whose cache of compiled modules is known to be off; its text says since when and what helps."""

    @property
    def node(self) -> Endpoint:
        """Which one."""


class Target(Protocol):
    """A cluster of nodes of one kind of server.

    ``name``      that of the inventory, or empty
    ``timeout``   seconds that each node has for one request
    ``progress``  the line that a waiting terminal sees, if there is one
    ``budget``    what one command may wait for; None where it knows itself how often it asks a silent node
    """

    members: tuple[ClusterNode, ...]
    name: str
    timeout: float
    progress: Progress | None
    budget: TimeBudget | None

    @property
    def nodes(self) -> list[Endpoint]:
        """The nodes in the configured order."""

    @property
    def noun(self) -> str:
        """What its servers call a module; as `Rules.NOUN`, without the rules."""

    @property
    def rules(self) -> Rules:
        """The rules for names and contents."""

    @property
    def leftovers(self) -> Leftovers:
        """Temporary versions that a change which was cut off may have left."""

    def part(self, members: Sequence[ClusterNode]) -> Self:
        """The same for just ``members``: what is known of their nodes stays known."""

    def insistent(self) -> Self:
        """The same, but every node is asked, whatever is known of it."""

    def afresh(self, *, timeout: float | None = None) -> Self:
        """The same for a new command: nothing is known yet of silent nodes."""

    def only(self, words: Sequence[str]) -> Self:
        """The nodes that ``words`` select. Raises UsageError."""

    # ---- commands: opaque bytes, to be given to `each` and `ask`

    def list_command(self) -> bytes:
        """Asks for the modules of a node."""

    def put_command(self, name: bytes, content: bytes) -> bytes:
        """Registers a module."""

    def get_command(self, name: bytes) -> bytes:
        """Asks for the content of a module."""

    def remove_command(self, name: bytes) -> bytes:
        """Removes a module."""

    def lock_command(self, owner: str, seconds: int) -> bytes:
        """Takes the lock of a cluster for ``owner``; it ends by itself after ``seconds``. Empty where servers have none."""

    def unlock_command(self, owner: str) -> bytes:
        """Gives the lock of a cluster back."""

    # ---- asking

    def each(
        self,
        commands: Sequence[bytes],
        *,
        nodes: Iterable[Endpoint] | None = None,
        timeout: float | None = None,
    ) -> list[NodeAnswer]:
        """Ask every node (or just ``nodes``) all ``commands`` in one request; one answer a node, in order."""

    def ask(
        self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """As `each`, with commands for each node of its own."""

    def add_peers(self, *, alternate: bool = False) -> None:
        """Ask the nodes for their peers and add those that are new; ``alternate``: by their addresses for other networks."""

    def groups(self, nodes: Sequence[Endpoint], *, timeout: float | None = None) -> list[list[Endpoint]]:
        """``nodes``, those that pass a change on to each other together. Raises KeyboardInterrupt."""

    def cluster_names(self) -> list[str]:
        """The names that the nodes which answer give their cluster, each once. Raises KeyboardInterrupt."""

    # ---- reading answers

    def judge(self, answer: bytes) -> Judgement:
        """What an answer to a put, a get or a removal means."""

    def judge_lock(self, answer: bytes) -> LockAnswer:
        """What an answer to `lock_command` means."""

    def content(self, answer: bytes) -> bytes:
        """The content in a good answer to `get_command`. Raises WireError."""

    def known(self, hash_: str) -> bytes | None:
        """The content with that hash, where a list has told it already."""

    @property
    def restorer(self) -> Restorer | None:
        """Changes of many modules as one command, which only primaries take; None where nodes take them one by one."""

    def moved(self) -> Self:
        """The same after roles have moved: which nodes there are, and which take changes, is asked again."""

    def listings(self, answers: Sequence[NodeAnswer]) -> list[Listing]:
        """What nodes answered to `list_command`; an answer that is no list becomes a failure of its node."""

    def hash(self, name: bytes, content: bytes) -> str:
        """As `Rules.hash`."""

    # ---- what is peculiar to a kind of server

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
        """Give the nodes of ``groups`` a module that their clusters believe to have already.

        ``deliver`` puts one content on all of them. Whatever happens, the true content is put back at the end.
        """

    def changed(self, nodes: Mapping[bytes, Sequence[Endpoint]]) -> None:
        """Nodes took a put that changed a module, by name."""

    def faults(self, listings: Sequence[Listing]) -> Sequence[NodeFault]:
        """What is wrong with nodes beside their modules; they are asked for it."""

    def cache_warnings(self, listings: Sequence[Listing]) -> Sequence[CacheWarning]:
        """The nodes whose cache is off, as far as is known here."""
