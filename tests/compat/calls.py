"""What several tests ask of a connected Python client."""

import base64
from typing import Any


def put_module(client: Any, filename: str, source: str) -> None:
    """Register a module without the client's `udf_put`, which takes two seconds."""
    content = base64.b64encode(source.encode()).decode()
    put = f"udf-put:filename={filename};content={content};content-len={len(content)};udf-type=LUA;"
    assert client.info_random_node(put).endswith("\tok\n")


def codes(batch: Any) -> list[int]:
    """Result codes of the rows of a batch, in the order of its keys."""
    return [row.result for row in batch.batch_records]


def records(batch: Any) -> list[Any]:
    """Bins of the rows of a batch; None where there is no record."""
    return [row.record and row.record[2] for row in batch.batch_records]
