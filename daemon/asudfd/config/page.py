"""The documentation page about parameters.

python -m asudfd.config.page > docs/parameters.md
"""

import sys

from asudfd.config.full import default
from asudfd.config.parameter import Parameter
from asudfd.config.schema import CONTEXTS
from asudfd.config.walk import Section, sections

HEAD = """\
# Parameters

<!-- Made by: python -m asudfd.config.page -->

`asudfd --config-file FILE` reads an `aerospike.conf`-style file, or YAML when its name ends in `.yaml` or `.yml`.
`asudfd --check-config FILE` tells everything that is wrong with it as `FILE:LINE: message` and exits with 2, or with 0.
Wrong is also what this machine could not start, such as an address that it does not have; the directory of a log file
that is not there is a warning. Ports are 0 or from 1024 on, as on the real server.
Without a file the node has the defaults below, the namespaces `test` and `bar`, and all state under `--work-directory`.
A file with every parameter is `config/asudfd-full.conf`.

Names and defaults are those of a real server 8.1.2.0, so that its files load. Parameters marked *no effect* are accepted
and shown by `get-config`, but asudfd does not act on them; a file that sets them loads with a remark. Parameters that
older releases had load with a warning; the real 8.1 refuses most of them. What only the Enterprise Edition has is an
error, as on the Community Edition: the contexts `security` and `xdr`, any `tls` but the one that `tls-name` of
`network / resp` names, and the parameters marked *enterprise only*.
The one exception is `commit-to-device`, which works here; it loads with a warning. Unknown names are errors.

*dynamic* parameters can be changed in the running node, until its next start. A command changes one parameter: of
several the first in the order below. Parameters of a set are changed with `set=NAME` after the namespace:

    asinfo -v "set-config:context=service;ticker-interval=60"

Values are read with `get-config:context=service`, `network`, or `namespace;namespace=NS`. The parameters that only
asudfd has, and all of `mod-lua` and `smd`, are shown by `get-config:context=asudf`.

## The file

A line is a parameter with its value, opens a context (`name {` or `name word {`), or closes one (`}`). Tokens are
separated by blanks and tabs; there is no quoting, and words that a parameter or a context does not take are ignored with
a warning. `#` begins a comment. A line has at most 1023 bytes, a file at most
1 MiB. Booleans are `true` and `false`; other words have to be written as they are here. Numbers take the suffixes `K M G T P` (powers of 1024), times in seconds
`s m h d`. Later lines override earlier ones, with a warning.

In YAML contexts are mappings; `namespaces`, `sets` and `logging` are lists. Values have types: a text that looks like a
number or a boolean stands in quotes, a number or a boolean does not. A name stands once in its context:

    service:
      cluster-name: demo
    logging:
      - type: console
        contexts: {any: info, udf: debug}
    namespaces:
      - name: test
        storage-engine: {type: memory, data-size: 1G}
    mod-lua:
      user-path: /var/lib/asudf/lua

"""

LOGGING = f"""\
## logging

Any number of sinks: `file PATH {{ ... }}` or `console {{ ... }}` (standard error). Each has lines `context NAME LEVEL`
with the level `critical`, `warning`, `info`, `debug` or `detail`; `any` is every context. A sink without lines takes
`info`; in a sink with lines, contexts not named take `critical`. Without this context the console takes `info`.
`log-set:id=0;udf=debug` changes a level in the running node. SIGHUP opens the files again.
With a line `format valkey` a sink has lines in Valkey's form, `PID:M 30 Nov 2026 18:27:06.123 * text` in local time, where `#` is
critical or warning, `*` info, `-` debug and `.` detail.

Contexts: {", ".join(f"`{name}`" for name in CONTEXTS)}.
"""


def page() -> str:
    """The whole page."""
    tables = [_table(path, section) for top in sections() for path, section in top.all()]
    return HEAD + "\n".join([tables[0], LOGGING, *tables[1:]])


def _table(path: str, section: Section) -> str:
    lines = [f"## {path}", "", section.doc, ""]
    if section.parameters:
        lines += ["| parameter | default | values | change | meaning |", "|---|---|---|---|---|"]
        lines += [_row(declared) for declared in section.parameters]
        lines.append("")
    return "\n".join(lines)


def _row(declared: Parameter) -> str:
    change = "dynamic" if declared.dynamic else "static"
    doc = declared.doc + (" *asudfd only.*" if declared.own else "")
    if declared.enterprise:
        doc += " *Enterprise only; works here.*" if declared.effect else " *Enterprise only.*"
    elif not declared.effect:
        doc += " *No effect.*"
    return f"| `{declared.name}` | {default(declared)} | {declared.range()} | {change} | {doc} |"


if __name__ == "__main__":
    sys.stdout.write(page())
