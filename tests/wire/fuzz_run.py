"""Runs one target under atheris for a while: `python -m tests.wire.fuzz_run TARGET SECONDS DIRECTORY`.

DIRECTORY keeps what the fuzzer finds worth going on with, and the input of a failure. An input that takes more than 5
seconds, or the process over 1 GiB, is a failure too.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]  # make fuzz installs it

with atheris.instrument_imports(include=["asinfo.wire", "asudfd.aerospike.message"]):
    from tests.wire.fuzz_targets import TARGETS


def main(name: str, seconds: str, directory: str) -> None:
    target, seeds = TARGETS[name]
    corpus = Path(directory) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = ["-max_len=4096", "-timeout=5", "-rss_limit_mb=1024", f"-max_total_time={seconds}"]
    arguments = [
        sys.argv[0],
        *limits,
        "-print_final_stats=1",
        f"-artifact_prefix={corpus}-failure-",
        str(corpus),
    ]
    atheris.Setup(arguments, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
