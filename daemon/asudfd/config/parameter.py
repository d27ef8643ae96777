"""Declares parameters, and converts their values from text and to text.

A context of the configuration file is a dataclass; its fields are made with `parameter`, or with `context` for a
context inside it. The attribute is the parameter's name with ``-`` written ``_``. Loading, validation, `get-config`,
`set-config`, the example file and the documentation page all read these declarations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from asinfo.conf_grammar import DURATIONS, SIZES, number

PLAIN_SECONDS = "seconds, without a unit"
"""The unit of times that take the suffixes of sizes, as on the real server: there 5m is 5242880 of these seconds."""

TEXT_SIZE_MAX = 1023
"""Longest text value, in bytes: no longer line can be written in aerospike.conf."""

NUMBER_MAX = (1 << 32) - 1
INT_MAX = (1 << 31) - 1
U64_MAX = (1 << 64) - 1
"""Limits of the real server's kinds of numbers; what is counted in bytes has 64 bits."""

NOT_SET = "null"
"""How the server writes a text that was not set."""

Value = bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    ``own`` parameters are asudfd's, unknown to the real server; ``shown`` says whether `get-config` lists it;
    ``effect`` whether asudfd acts on it (others are accepted so that users' files load); ``dynamic`` whether
    `set-config` may change it; ``check`` normalises a text and raises ValueError for a bad one; ``bare`` lets a
    boolean stand without a value, meaning true; ``varies`` says where a default comes from that no two machines
    share. ``enterprise`` parameters are the Enterprise Edition's: files and `set-config` may not name them.
    ``read`` makes a value of a number's text and ``live`` one of any text that `set-config` was given, both where the
    common way is not the real server's; they raise ValueError. ``engine`` is the storage engine that alone has the
    parameter; empty means both.
    """

    name: str
    default: Value
    doc: str
    unit: str
    low: int
    high: int
    choices: tuple[str, ...]
    dynamic: bool
    effect: bool
    own: bool
    shown: bool
    bare: bool
    check: Callable[[str], str] | None
    varies: str
    enterprise: bool
    read: Callable[[str], int] | None
    live: Callable[[str], Value] | None
    engine: str

    @property
    def attribute(self) -> str:
        """Name of the dataclass field."""
        return self.name.replace("-", "_")

    @property
    def repeats(self) -> bool:
        """Whether the parameter may stand several times, each adding a value."""
        return isinstance(self.default, tuple)

    def parse(self, text: str) -> Any:
        """The value that ``text`` spells (of a repeating parameter: one item). Raises ValueError saying what fits."""
        if isinstance(self.default, bool):
            return _boolean(text.lower())
        if isinstance(self.default, int):
            return self._number(text)
        return self._text(text)

    def parse_live(self, text: str) -> Any:
        """The value as `set-config` takes it: true and false in small letters only. Raises ValueError."""
        if self.live:
            return self.live(text)
        if isinstance(self.default, bool):
            return _boolean(text)
        if not text:
            raise ValueError("must not be empty")
        return self.parse(text)

    def _number(self, text: str) -> int:
        value = self.read(text) if self.read else number(text, self._suffixes())
        if not self.low <= value <= self.high:
            raise ValueError(f"must be {self.range()}, not {text}")
        return value

    def _suffixes(self) -> dict[str, int]:
        return DURATIONS if self.unit == "seconds" else SIZES

    def _text(self, text: str) -> str:
        if self.choices:
            if text not in self.choices:
                raise ValueError(f"must be {' or '.join(self.choices)}, not {text!r}")
            return text
        size = len(text.encode())
        if size > self.high:
            raise ValueError(f"is longer than {self.high} bytes")
        return self.check(text) if self.check else text

    def size(self, value: int) -> str:
        """``value`` for a person: bytes with the largest suffix that leaves a whole number."""
        suffix = ""
        if self.unit == "bytes" and value:
            for larger in SIZES:
                if value % 1024:
                    break
                value, suffix = value // 1024, larger.upper()
        return f"{value}{suffix}"

    def range(self) -> str:
        """The values that fit, for a person."""
        if isinstance(self.default, bool):
            return "true or false"
        if self.choices:
            return " or ".join(self.choices)
        if isinstance(self.default, int):
            return f"from {self.size(self.low)} to {self.size(self.high)}" + (
                f" {self.unit}" if self.unit else ""
            )
        return f"text of at most {self.high} bytes"


def between(low: int, high: int) -> Callable[[str], int]:
    """How `set-config` reads a number that has other limits there than in a file."""

    def read(text: str) -> int:
        value = number(text, SIZES)
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}, not {text}")
        return value

    return read


def power_of_two(text: str) -> int:
    """The number that ``text`` spells, which is to be a power of two. Raises ValueError."""
    value = number(text, SIZES)
    if value.bit_count() != 1:
        raise ValueError(f"must be a power of two, not {text}")
    return value


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"must be true or false, not {text!r}")
    return text == "true"


def parameter(
    default: Value,
    doc: str,
    *,
    low: int | None = None,
    high: int | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
    dynamic: bool = False,
    effect: bool = False,
    own: bool = False,
    shown: bool = True,
    bare: bool = False,
    check: Callable[[str], str] | None = None,
    varies: str = "",
    enterprise: bool = False,
    read: Callable[[str], int] | None = None,
    live: Callable[[str], Value] | None = None,
    engine: str = "",
) -> Any:
    """A dataclass field that declares a parameter; its kind is that of ``default``.

    Of a number ``low`` and ``high`` are its limits; of a text ``high`` is the limit of its bytes. The unit
    ``seconds`` allows the suffixes s m h d, any other K M G T P.
    """
    if high is None:
        number_max = U64_MAX if unit == "bytes" else NUMBER_MAX
        high = number_max if isinstance(default, int) else TEXT_SIZE_MAX
    listed = shown and not own
    declared = (
        default,
        doc,
        unit,
        low or 0,
        high,
        choices,
        dynamic,
        effect,
        own,
        listed,
        bare,
        check,
        varies,
        enterprise,
        read,
        live,
        engine,
    )
    return field(default=default, metadata={"parameter": declared})


def context(kind: type, doc: str, *, shown: bool = True) -> Any:
    """A dataclass field that declares a context inside a context."""
    return field(default_factory=kind, metadata={"context": ConfigContext(kind, doc, shown)})


@dataclass(frozen=True, slots=True)
class ConfigContext:
    """A context inside another: its dataclass, what it is for, and whether `get-config` lists it."""

    kind: type
    doc: str
    shown: bool


class _Declarations(NamedTuple):
    """The parameters and contexts that a dataclass declares, by name."""

    parameters: dict[str, Parameter]
    contexts: dict[str, ConfigContext]


_declared: dict[type, _Declarations] = {}


def _declarations(kind: type) -> _Declarations:
    """What ``kind`` declares; kept, since every `set-config` and every line of a file asks."""
    if kind not in _declared:
        own: dict[str, Parameter] = {}
        inner: dict[str, ConfigContext] = {}
        for item in fields(kind):
            name = item.name.replace("_", "-")
            if "parameter" in item.metadata:
                own[name] = Parameter(name, *item.metadata["parameter"])
            elif "context" in item.metadata:
                inner[name] = item.metadata["context"]
        _declared[kind] = _Declarations(own, inner)
    return _declared[kind]


def parameters(kind: type) -> dict[str, Parameter]:
    """The parameters of a context, by name, in the order `get-config` lists them."""
    return _declarations(kind).parameters


def contexts(kind: type) -> dict[str, ConfigContext]:
    """The contexts inside a context, by name."""
    return _declarations(kind).contexts


def spell(value: Value) -> str:
    """``value`` as `get-config` writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value) or NOT_SET
    return str(value) if value != "" else NOT_SET


class ListedParameter(NamedTuple):
    """A parameter with its present value and its description."""

    name: str
    value: Value
    doc: str


def listed(values: Any, *, own: bool = False, prefix: str = "") -> Iterator[ListedParameter]:
    """The parameters of a context in the order of `get-config`: the real server's, or only our own."""
    kind = type(values)
    for attribute in (item.name for item in fields(kind)):
        name = attribute.replace("_", "-")
        if declared := parameters(kind).get(name):
            if declared.own if own else declared.shown:
                yield ListedParameter(prefix + name, getattr(values, attribute), declared.doc)
        elif (inner := contexts(kind).get(name)) and inner.shown:
            yield from listed(getattr(values, attribute), own=own, prefix=f"{prefix}{name}.")


def listing(values: Any, *, own: bool = False, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of a context as `get-config` writes them; see `listed`."""
    return ((each.name, spell(each.value)) for each in listed(values, own=own, prefix=prefix))
