"""TLS as a layer without I/O over the same dialogue."""

from __future__ import annotations


class TlsSettings:
    """How to speak TLS: files as paths, ``protocols`` in Apache's SSLProtocol syntax."""

    __slots__ = (
        "cafile", "capath", "certfile", "cipher_suite", "crl_check", "crl_check_all", "keyfile", "keyfile_password",
        "protocols",
    )  # fmt: skip

    def __init__(
        self,
        *,
        cafile: str | None = None,
        capath: str | None = None,
        certfile: str | None = None,
        keyfile: str | None = None,
        keyfile_password: str | None = None,
        protocols: str | None = None,
        cipher_suite: str | None = None,
        crl_check: bool = False,
        crl_check_all: bool = False,
    ) -> None:
        self.cafile = cafile
        self.capath = capath
        self.certfile = certfile
        self.keyfile = keyfile
        self.keyfile_password = keyfile_password
        self.protocols = protocols
        self.cipher_suite = cipher_suite
        self.crl_check = crl_check
        self.crl_check_all = crl_check_all
