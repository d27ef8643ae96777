"""What a geo JSON text says of itself: whether it is one, and of which kind."""

from __future__ import annotations

from asinfo.wire.json_pieces import JsonError, JsonPieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = frozenset(("Point", "Polygon", "MultiPolygon", "AeroCircle"))

_NAMES = frozenset(("type", "geometry", "coordinates"))


class GeoOutline:
    """A geo JSON text that has been looked through once; of a feature, what is within it."""

    __slots__ = ("_pieces", "_places", "kind", "within_feature")

    def __init__(self, text: bytes, charge: Callable[[int], None]) -> None:
        """``charge`` as `JsonPieces` takes it. Raises JsonError for what is no JSON, or of no kind that there is, and what that raises."""
        try:
            decoded = str(text, "utf-8")
        except UnicodeDecodeError:
            raise JsonError("a text that is not UTF-8") from None
        self._pieces = JsonPieces(decoded, charge)
        self._places = self._pieces.members(_NAMES)
        self._pieces.end()
        self.kind = self._string("type")
        self.within_feature = self.kind == "Feature"
        if self.within_feature:
            self._go_to("geometry")
            self._places = self._pieces.members(_NAMES)
            self.kind = self._string("type")
        if self.kind not in KINDS:
            raise JsonError("a geo JSON value that is neither a point nor a region")

    def coordinates(self) -> JsonPieces:
        """The reader, where the coordinates begin. Raises JsonError where there are none."""
        return self._go_to("coordinates")

    def _go_to(self, name: str) -> JsonPieces:
        if name not in self._places:
            raise JsonError(f"a geo JSON value without {name}")
        self._pieces.go_to(self._places[name])
        return self._pieces

    def _string(self, name: str) -> str | None:
        return self._pieces.string(self._places[name]) if name in self._places else None
