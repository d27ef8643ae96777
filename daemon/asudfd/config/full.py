"""The full example file: every parameter with what it does, its values and its default.

python -m asudfd.config.full > config/asudfd-full.conf
"""

import sys
from collections.abc import Iterator
from textwrap import indent

from asudfd.config.parameter import Parameter, spell
from asudfd.config.walk import Section, sections

HEAD = """\
# Every parameter that asudfd knows, with its default.
# Made by: python -m asudfd.config.full

"""

NOT_IN_MEMORY = {"filesize", "flush-size", "data-size"}
"""Parameters that need a file, or whose default is no value."""

LOGGING = """\
logging {
    # Where log lines go: any number of sinks, "file PATH" or "console" (standard error).
    # Levels: critical, warning, info, debug, detail. Contexts: the answer of the info command "log".
    console {
        context any info
        context udf info
    }
    # file /var/log/aerospike/aerospike.log {
    #     context any info
    # }
    # file /var/log/valkey/valkey.log {
    #     format valkey             # lines in Valkey's form; aerospike: as above
    #     context udf info          # what functions log
    # }
}

"""


def text() -> str:
    """The whole file."""
    service, *others = (_block(section) + "\n" for section in sections())
    return (HEAD + service + LOGGING + "".join(others)).rstrip("\n") + "\n"


def _block(section: Section) -> str:
    parts = [
        *(_entry(declared) for declared in section.parameters),
        *(_block(inner) for inner in section.sections),
    ]
    lines = f"{section.opening} {{\n{indent(chr(10).join(parts), '    ')}}}\n"
    if section.opening.startswith("tls "):  # it cannot stand without the name of files
        lines = indent(lines, "# ")
    return f"# {section.doc}\n{lines}"


def _entry(declared: Parameter) -> str:
    """One parameter; commented out where the default cannot be written."""
    value = declared.default
    line = f"{declared.name} {default(declared)}"
    if value in {"", ()} or declared.varies:
        line = f"# {declared.name} ..."
    elif declared.enterprise or declared.engine == "device" or declared.name in NOT_IN_MEMORY:
        line = f"# {line}"
    return f"# {declared.doc}\n# {'; '.join(_facts(declared))}\n{line}\n"


def _facts(declared: Parameter) -> Iterator[str]:
    yield declared.range()
    yield f"default {default(declared)}"
    yield "dynamic" if declared.dynamic else "static"
    if declared.enterprise:
        yield "enterprise only on a real server" if declared.effect else "enterprise only: refused"
    elif not declared.effect:
        yield "accepted without effect"
    if declared.engine:
        yield f"storage-engine {declared.engine} only"


def default(declared: Parameter) -> str:
    """The default for a person."""
    if declared.varies:
        return declared.varies
    value = declared.default
    if isinstance(value, int) and not isinstance(value, bool):
        return declared.size(value)
    return "none" if value in {"", ()} else spell(value)


if __name__ == "__main__":
    sys.stdout.write(text())
