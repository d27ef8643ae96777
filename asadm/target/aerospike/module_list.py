"""The answers of many nodes to ``udf-list``.

Many nodes list the same modules, so names and hashes are kept once however many nodes name them: 300 nodes with 200
modules each are 60,000 entries, and they cost a dictionary a node.
"""

from __future__ import annotations

from asadm.target.results import Listing
from asinfo.errors import WireError
from asinfo.wire.udf import modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer

MODULES_MAX = 100_000
"""Most modules that a node may list: an answer with more is no list, and would fill the memory."""

HASH_SIZE = 40
HEXADECIMAL = frozenset("0123456789abcdef")


def listings(answers: Sequence[NodeAnswer]) -> list[Listing]:
    """What ``answers`` to ``udf-list`` say. One that is no list becomes a failure of its node."""
    parser = _ListParser()
    return [Listing(answer, parser.read(answer)) for answer in answers]


class _ListParser:
    """Reads lists, each different one once, and each different entry once."""

    def __init__(self) -> None:
        self.lists: dict[bytes, dict[bytes, str]] = {}
        self.entries: dict[bytes, tuple[bytes, str]] = {}

    def read(self, answer: NodeAnswer) -> dict[bytes, str] | None:
        if not answer.good:
            return None
        text = answer.answer
        found = self.lists.get(text)
        if found is None:
            try:
                found = self.lists[text] = self.parse(text)
            except WireError as error:
                answer.status, answer.error = "protocol", str(error)
                return None
        return found

    def parse(self, text: bytes) -> dict[bytes, str]:
        if text.count(b";") > MODULES_MAX:
            raise WireError(f"udf-list: more than {MODULES_MAX} modules")
        entries = self.entries
        found = {}
        for entry in text.split(b";"):
            pair = entries.get(entry)
            if pair is None:
                if not entry:
                    continue
                [module] = modules(entry)
                if len(module.hash) != HASH_SIZE or set(module.hash) - HEXADECIMAL:
                    raise WireError(f"udf-list: a hash is not {HASH_SIZE} hexadecimal digits")
                pair = entries[entry] = (module.filename, module.hash)
            name, hash_ = pair
            found[name] = hash_
        return found
