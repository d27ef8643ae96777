"""The sandbox in which libraries run without a node: what fails is an error of ours."""

from __future__ import annotations

import pytest

from asadm.target.valkey.sandbox import OfflineCall
from asinfo.errors import Error


def test_a_library_that_cannot_be_loaded_is_an_error_and_no_traceback() -> None:
    with pytest.raises(Error, match="the library cannot be loaded: ERR Error compiling function"):
        OfflineCall(b"#!lua name=a\nx = = 1", 5, lambda _: None)
